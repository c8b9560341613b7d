-- Services that providers offer beside data: maps, catalogues, processes of their own.

CREATE TABLE service (
    service     text PRIMARY KEY,              -- UUIDv7
    provider    text NOT NULL,                 -- subject
    title       text NOT NULL,
    description text NOT NULL,
    url         text NOT NULL,                 -- http or https, checked
    kind        text NOT NULL CHECK (kind IN ('wms', 'wmts', 'stac', 'process', 'other')),
    terms       text NOT NULL,
    price       text NOT NULL,                 -- words: what the provider asks is settled outside
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    words       tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || description || ' ' || kind)) STORED
);
CREATE INDEX service_provider ON service (provider, service);
CREATE INDEX service_words ON service USING gin (words);
