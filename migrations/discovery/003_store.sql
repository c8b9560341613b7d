-- The store for 100 million items. What is searched is parted from what is answered:
--   item       one row an item: its finished document. Found by its key only, so one table: a partitioned one must be planned anew at
--              each look-up, which costs three times the look-up itself; its rows are narrow, the documents lie in TOAST.
--   footprint  what items are found by, partitioned by time, so that a search plans, reads and keeps in memory only the years it is about.
-- Each write touches both in one transaction.

ALTER TABLE item RENAME TO item_before;
ALTER TABLE item_before RENAME CONSTRAINT item_pkey TO item_before_pkey;
DROP INDEX item_place_time, item_time, item_newest, item_newest_of_collection, item_id, item_owner;

ALTER TABLE collection ADD COLUMN owner text;  -- subject; NULL: public. What an item without an owner of its own takes over

CREATE TABLE item (
    collection  text NOT NULL REFERENCES collection,
    id          text NOT NULL,
    owner       text,                          -- subject; NULL: public
    version     bigint NOT NULL DEFAULT nextval('document_version'),
    datetime    timestamptz NOT NULL,          -- where its footprint lies
    document    text COMPRESSION lz4 NOT NULL, -- finished JSON; the mark urn:nadir:base: stands for the public URL
    storage     jsonb NOT NULL,                -- asset key -> nadir:path
    PRIMARY KEY (collection, id)
);
CREATE INDEX item_id ON item (id, collection);
ALTER TABLE item SET (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- Words that free text finds: title, description and keywords, in the three languages of the platform. NULL: there are none.
CREATE FUNCTION words_of(properties jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN properties ?| '{title,description,keywords}' THEN
        to_tsvector('english', t) || to_tsvector('french', t) || to_tsvector('german', t) || to_tsvector('simple', t) END
    FROM (SELECT concat_ws(' ', properties ->> 'title', properties ->> 'description', properties ->> 'keywords') AS t) AS said
$$;

CREATE TABLE footprint (
    collection  text NOT NULL,
    id          text NOT NULL,
    owner       text,
    datetime    timestamptz NOT NULL,          -- nominal time, what lists are ordered by
    during      tstzrange NOT NULL,            -- the time covered, both ends included
    geom        geometry(Geometry, 4326),      -- valid, two-dimensional, cut at the antimeridian
    cloud_cover float8 GENERATED ALWAYS AS
        (CASE WHEN jsonb_typeof(properties -> 'eo:cloud_cover') = 'number' THEN (properties ->> 'eo:cloud_cover')::float8 END) STORED,
    properties  jsonb COMPRESSION lz4 NOT NULL,
    words       tsvector GENERATED ALWAYS AS (words_of(properties)) STORED,
    PRIMARY KEY (datetime, collection, id)
) PARTITION BY RANGE (datetime);

-- A year each since the first Sentinels; before, there is less. The last part is open: a later migration cuts it.
DO $$
DECLARE
    bounds text[] := '{1990,2000,2005,2010,2013}' || ARRAY(SELECT y::text FROM generate_series(2014, 2027) AS y);
    lower_bound text := 'MINVALUE';
    upper_bound text;
    name text := 'footprint_oldest';
    year text;
BEGIN
    FOREACH year IN ARRAY bounds || 'end'::text LOOP
        upper_bound := CASE WHEN year = 'end' THEN 'MAXVALUE' ELSE quote_literal(year || '-01-01T00:00:00Z') END;
        EXECUTE format('CREATE TABLE %I PARTITION OF footprint FOR VALUES FROM (%s) TO (%s)', name, lower_bound, upper_bound);
        EXECUTE format('ALTER TABLE %I SET (toast_tuple_target = 128, autovacuum_vacuum_insert_scale_factor = 0.05,'
                       ' autovacuum_analyze_scale_factor = 0.02)', name);
        lower_bound := upper_bound;
        name := 'footprint_' || year;
    END LOOP;
END $$;

CREATE INDEX footprint_place_time ON footprint USING gist (geom, datetime);
CREATE INDEX footprint_collection ON footprint (collection, datetime, id);
CREATE INDEX footprint_words ON footprint USING gin (words) WHERE words IS NOT NULL;

-- ---- Counts. Writers only add rows, so that none waits for another; now and then one folds what has gathered. ----

CREATE TABLE collection_count (                -- public items; the sum of the rows counts
    collection  text NOT NULL,
    items       bigint NOT NULL
);
CREATE TABLE item_count (                      -- those of them that lie within one day (UTC); the sum of the rows counts
    day         date NOT NULL,
    collection  text NOT NULL,
    items       bigint NOT NULL
);
CREATE INDEX item_count_day ON item_count (day, collection);

-- Items that item_count leaves out: private ones, and those that cover more than one day.
CREATE TABLE item_apart (
    collection  text NOT NULL,
    id          text NOT NULL,
    owner       text,
    datetime    timestamptz NOT NULL,
    during      tstzrange NOT NULL,
    one_day     boolean NOT NULL,
    lasting     boolean NOT NULL,              -- reaches more than a day from its datetime
    PRIMARY KEY (collection, id)
);
CREATE INDEX item_apart_owner ON item_apart (owner) WHERE owner IS NOT NULL;
CREATE INDEX item_apart_days ON item_apart USING gist (during) WHERE owner IS NULL;
CREATE INDEX item_apart_lasting ON item_apart USING gist (during) WHERE lasting;

CREATE FUNCTION one_day(datetime timestamptz, during tstzrange) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (lower(during) AT TIME ZONE 'UTC')::date = (datetime AT TIME ZONE 'UTC')::date
       AND (upper(during) AT TIME ZONE 'UTC')::date = (datetime AT TIME ZONE 'UTC')::date
$$;
CREATE FUNCTION lasting(datetime timestamptz, during tstzrange) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT datetime - lower(during) > interval '24 hours' OR upper(during) - datetime > interval '24 hours'
$$;

CREATE FUNCTION counts_fold() RETURNS void LANGUAGE sql AS $$
    WITH many AS (SELECT collection FROM collection_count GROUP BY collection HAVING count(*) > 1 OR sum(items) = 0),
         gone AS (DELETE FROM collection_count c USING many m WHERE c.collection = m.collection RETURNING c.collection, c.items)
    INSERT INTO collection_count SELECT collection, sum(items) FROM gone GROUP BY collection HAVING sum(items) <> 0;
    WITH many AS (SELECT day, collection FROM item_count GROUP BY day, collection HAVING count(*) > 1 OR sum(items) = 0),
         gone AS (DELETE FROM item_count c USING many m WHERE c.day = m.day AND c.collection = m.collection
                  RETURNING c.day, c.collection, c.items)
    INSERT INTO item_count SELECT day, collection, sum(items) FROM gone GROUP BY day, collection HAVING sum(items) <> 0;
$$;

CREATE FUNCTION footprint_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        INSERT INTO collection_count SELECT collection, -count(*) FROM removed WHERE owner IS NULL GROUP BY collection;
        INSERT INTO item_count SELECT (datetime AT TIME ZONE 'UTC')::date, collection, -count(*) FROM removed
            WHERE owner IS NULL AND one_day(datetime, during) GROUP BY 1, 2;
        DELETE FROM item_apart a USING removed r WHERE a.collection = r.collection AND a.id = r.id
            AND (r.owner IS NOT NULL OR NOT one_day(r.datetime, r.during));
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO collection_count SELECT collection, count(*) FROM added WHERE owner IS NULL GROUP BY collection;
        INSERT INTO item_count SELECT (datetime AT TIME ZONE 'UTC')::date, collection, count(*) FROM added
            WHERE owner IS NULL AND one_day(datetime, during) GROUP BY 1, 2;
        INSERT INTO item_apart
            SELECT collection, id, owner, datetime, during, one_day(datetime, during), lasting(datetime, during) FROM added
            WHERE owner IS NOT NULL OR NOT one_day(datetime, during);
    END IF;
    IF random() < 0.01 AND pg_try_advisory_xact_lock(hashtext('discovery.counts_fold')) THEN PERFORM counts_fold(); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER footprint_inserted AFTER INSERT ON footprint REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION footprint_written();
CREATE TRIGGER footprint_updated AFTER UPDATE ON footprint REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION footprint_written();
CREATE TRIGGER footprint_deleted AFTER DELETE ON footprint REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION footprint_written();

CREATE FUNCTION footprint_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE collection_count, item_count, item_apart;
    RETURN NULL;
END $$;
CREATE TRIGGER footprint_emptied AFTER TRUNCATE ON footprint FOR EACH STATEMENT EXECUTE FUNCTION footprint_emptied();

-- ---- Rights. ----

CREATE TABLE collection_share (
    share       text PRIMARY KEY,
    owner       text NOT NULL,                 -- counts only while this is the collection's owner
    subject     text NOT NULL,
    collection  text NOT NULL
);
CREATE INDEX collection_share_subject ON collection_share (subject, collection);

-- A collection that becomes private, public or another's takes along the items that were as it was. Writers of items hold its row
-- (FOR SHARE), so none slips in between.
CREATE FUNCTION collection_handed_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE item SET owner = NEW.owner WHERE collection = NEW.id AND owner IS NOT DISTINCT FROM OLD.owner;
    UPDATE footprint SET owner = NEW.owner WHERE collection = NEW.id AND owner IS NOT DISTINCT FROM OLD.owner;
    RETURN NULL;
END $$;
CREATE TRIGGER collection_handed_over AFTER UPDATE OF owner ON collection
    FOR EACH ROW WHEN (OLD.owner IS DISTINCT FROM NEW.owner) EXECUTE FUNCTION collection_handed_over();

-- ---- What was there before. ----

INSERT INTO item SELECT collection, id, owner, version, datetime, document, storage FROM item_before;
INSERT INTO footprint (collection, id, owner, datetime, during, geom, properties)
    SELECT collection, id, owner, datetime, during, geom, COALESCE(document::jsonb -> 'properties', '{}') FROM item_before;
DROP TABLE item_before;
SELECT counts_fold();
ANALYZE item;
ANALYZE footprint;
