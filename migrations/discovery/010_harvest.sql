-- Other catalogues that items are taken from, what each run of that did, and where an unfinished one goes on.
CREATE TABLE harvest (
    id             text PRIMARY KEY,
    name           text NOT NULL UNIQUE,
    kind           text NOT NULL CHECK (kind IN ('stac', 'odata', 'opensearch')),
    url            text NOT NULL,
    collections    jsonb NOT NULL DEFAULT '{}', -- the source's name -> ours; empty: all, by their own names
    query          jsonb NOT NULL DEFAULT '{}', -- bbox, datetime, filter (CQL2 JSON), limit (items a page)
    secret         text,                        -- NADIR_HARVEST_SECRET_<secret> holds the Authorization header's value
    every_minutes  integer CHECK (every_minutes BETWEEN 1 AND 525600), -- NULL: only when told to
    enabled        boolean NOT NULL DEFAULT true,
    removals       text NOT NULL DEFAULT 'keep' CHECK (removals IN ('keep', 'remove')),
    pause_ms       integer NOT NULL DEFAULT 250 CHECK (pause_ms BETWEEN 0 AND 60000), -- between pages
    due_at         timestamptz,                 -- NULL: not by itself
    since          text,                        -- the newest `updated` of the last complete run: the next asks for what came after it
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE harvest_run (
    run            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    harvest        text NOT NULL REFERENCES harvest ON DELETE CASCADE,
    state          text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at     timestamptz NOT NULL DEFAULT now(),
    ended_at       timestamptz,
    since          text,                        -- NULL: everything is asked for
    position       jsonb,                       -- the request that comes next, as the kind of source writes it; NULL: the first
    pages          bigint NOT NULL DEFAULT 0,   -- rises with every step: two runners cannot both take one
    tries          integer NOT NULL DEFAULT 0,  -- of the present step
    retry_at       timestamptz NOT NULL DEFAULT now(),
    newest         text,                        -- the greatest `updated` so far
    all_dated      boolean NOT NULL DEFAULT true, -- every item so far had `updated`
    created        bigint NOT NULL DEFAULT 0,
    updated        bigint NOT NULL DEFAULT 0,
    unchanged      bigint NOT NULL DEFAULT 0,
    duplicates     bigint NOT NULL DEFAULT 0,
    refused        bigint NOT NULL DEFAULT 0,
    removed        bigint NOT NULL DEFAULT 0,
    error          text
);
CREATE UNIQUE INDEX harvest_run_open ON harvest_run (harvest) WHERE ended_at IS NULL;
CREATE INDEX harvest_run_harvest ON harvest_run (harvest, run);

-- What was not taken, and why: the first thousand of a run.
CREATE TABLE harvest_refusal (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run            bigint NOT NULL REFERENCES harvest_run ON DELETE CASCADE,
    item           text,
    outcome        text NOT NULL,
    why            text NOT NULL
);
CREATE INDEX harvest_refusal_run ON harvest_refusal (run, id);

-- Which items a harvest brought, and in which run it last saw them: what a complete run did not see is gone there.
CREATE TABLE harvest_item (
    harvest        text NOT NULL REFERENCES harvest ON DELETE CASCADE,
    collection     text NOT NULL,
    item           text NOT NULL,
    run            bigint NOT NULL,
    PRIMARY KEY (harvest, collection, item),
    FOREIGN KEY (collection, item) REFERENCES item (collection, id) ON DELETE CASCADE
);
CREATE INDEX harvest_item_of ON harvest_item (collection, item);

CREATE FUNCTION run_json(r harvest_run) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('run', r.run, 'state', CASE WHEN r.ended_at IS NULL AND r.tries > 0 THEN 'waiting' ELSE r.state END,
        'started_at', to_char(r.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'ended_at', to_char(r.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'everything', r.since IS NULL,
        'pages', r.pages, 'created', r.created, 'updated', r.updated, 'unchanged', r.unchanged, 'duplicates', r.duplicates,
        'refused', r.refused, 'removed', r.removed, 'error', r.error)
$$;
