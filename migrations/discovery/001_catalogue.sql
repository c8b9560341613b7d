-- The catalogue: finished documents, and beside each what it is searched by.
-- postgis must be there or creatable; btree_gist is a trusted extension and the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SEQUENCE document_version;              -- entity tags

CREATE TABLE collection (
    id          text PRIMARY KEY,
    version     bigint NOT NULL DEFAULT nextval('document_version'),
    document    text COMPRESSION lz4 NOT NULL  -- finished JSON; the mark urn:nadir:base: stands for the public URL
);

CREATE TABLE item (
    collection  text NOT NULL REFERENCES collection,
    id          text NOT NULL,
    owner       text,                          -- subject; NULL: public
    datetime    timestamptz NOT NULL,          -- nominal time, what lists are ordered by
    starts      timestamptz NOT NULL,          -- the time covered; starts = ends = datetime for an instant
    ends        timestamptz NOT NULL CHECK (ends >= starts),
    geom        geometry(Geometry, 4326),      -- valid, two-dimensional, cut at the antimeridian
    version     bigint NOT NULL DEFAULT nextval('document_version'),
    document    text COMPRESSION lz4 NOT NULL, -- as in collection
    storage     jsonb NOT NULL,                -- asset key -> nadir:path
    PRIMARY KEY (collection, id)
);
CREATE INDEX item_place_time ON item USING gist (geom, starts, ends);
CREATE INDEX item_newest ON item (datetime, collection, id);
CREATE INDEX item_newest_of_collection ON item (collection, datetime, id);
CREATE INDEX item_id ON item (id, collection);
CREATE INDEX item_owner ON item (owner) WHERE owner IS NOT NULL;

-- Our copy of sharing's shares.
CREATE TABLE item_share (
    share       text PRIMARY KEY,
    owner       text NOT NULL,                 -- counts only while this is the item's owner
    subject     text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL
);
CREATE INDEX item_share_subject ON item_share (subject, collection, item);

-- What PostGIS searches: valid and flat. A footprint whose bbox says that it crosses the antimeridian (RFC 7946 section 5.2)
-- but that was not cut there (section 3.1.9) is cut here.
CREATE FUNCTION footprint_of(geojson geometry, crosses boolean) RETURNS geometry LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN crosses AND ST_XMax(g) - ST_XMin(g) > 180
                THEN ST_WrapX(ST_MakeValid(ST_ShiftLongitude(g)), 180, -360)
                ELSE ST_MakeValid(g) END
    FROM (SELECT ST_SetSRID(ST_Force2D(geojson), 4326) AS g) AS flat
$$;
