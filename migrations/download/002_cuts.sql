-- Parts of rasters that were bought for an area: made once by nadir-cutter, kept as long as someone fetches them.
CREATE TABLE cut (
    key         text PRIMARY KEY,              -- cut_key(): what is cut, and to what
    source      text NOT NULL,                 -- the asset's path
    areas       jsonb NOT NULL,                -- GeoJSON geometries
    path        text NOT NULL,                 -- where it will lie, below NADIR_DATA
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ready', 'failed')),
    size        bigint,
    sha256      text,
    reason      text,                          -- of a failure, for people
    asked_at    timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz,
    used_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cut_waiting ON cut (asked_at) WHERE state = 'waiting';
CREATE INDEX cut_used ON cut (used_at) WHERE state <> 'waiting';

-- The same part for everybody who bought the same area; another version of the item is another part.
CREATE FUNCTION cut_key(collection text, item text, asset text, version text, areas jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(collection, item, asset, version, areas)::text, 'UTF8')), 'hex')
$$;

-- Where it lies, below NADIR_DATA.
CREATE FUNCTION cut_path(key text, asset text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'cuts/' || left(key, 2) || '/' || key || '/' || regexp_replace(asset, '[^A-Za-z0-9_-]', '_', 'g') || '_area.tif'
$$;
