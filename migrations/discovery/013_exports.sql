-- Copies of the public catalogue as files: asked for at /discovery/v1/exports, made by `nadir-catalogue work`.
CREATE TABLE export (
    seq            bigint GENERATED ALWAYS AS IDENTITY UNIQUE, -- the order in which they are made and listed
    id             text PRIMARY KEY,
    format         text NOT NULL CHECK (format IN ('static', 'geoparquet', 'ndjson')),
    collections    jsonb NOT NULL DEFAULT '[]', -- empty: all
    state          text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'ready', 'failed')),
    created_at     timestamptz NOT NULL DEFAULT now(),
    started_at     timestamptz,
    ended_at       timestamptz,
    path           text,                        -- below NADIR_DATA, once ready
    items          bigint,
    bytes          bigint,
    sha256         text,
    reason         text                         -- why it failed
);
CREATE INDEX export_open ON export (seq) WHERE state IN ('waiting', 'running');

-- What the worker that makes exports can write; it tells at its start.
CREATE TABLE export_format (
    format         text PRIMARY KEY,
    able           boolean NOT NULL
);
INSERT INTO export_format VALUES ('static', true), ('ndjson', true), ('geoparquet', false);
