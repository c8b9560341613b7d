-- What the public items of each collection cover, so that its extent, which its provider writes, is shown as wide as its items are
-- (STAC: an extent covers all that the collection holds). Writers only add rows, and only where they reach further than a row that
-- stands; counts_fold joins them. Removals leave an extent as it is: it still covers.
CREATE TABLE collection_extent (
    collection  text NOT NULL,
    side        smallint NOT NULL,             -- -1: west of Greenwich, 1: east, 0: on both sides, or nowhere
    box         geometry(Geometry, 4326),      -- what ST_Envelope gives: a polygon, a line or a point; NULL: items without a place
    during      tstzrange NOT NULL
);
CREATE INDEX collection_extent_collection ON collection_extent (collection, side);

CREATE FUNCTION extent_side(part geometry) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (CASE WHEN ST_XMax(part) <= 0 THEN -1 WHEN ST_XMin(part) >= 0 THEN 1 ELSE 0 END)::smallint
$$;
CREATE FUNCTION extent_box(extent box2d) RETURNS geometry LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ST_Envelope(ST_SetSRID(extent::geometry, 4326))
$$;

CREATE OR REPLACE FUNCTION counts_fold() RETURNS void LANGUAGE sql AS $$
    WITH many AS (SELECT collection FROM collection_count GROUP BY collection HAVING count(*) > 1 OR sum(items) = 0),
         gone AS (DELETE FROM collection_count c USING many m WHERE c.collection = m.collection RETURNING c.collection, c.items)
    INSERT INTO collection_count SELECT collection, sum(items) FROM gone GROUP BY collection HAVING sum(items) <> 0;
    WITH many AS (SELECT day, collection FROM item_count GROUP BY day, collection HAVING count(*) > 1 OR sum(items) = 0),
         gone AS (DELETE FROM item_count c USING many m WHERE c.day = m.day AND c.collection = m.collection
                  RETURNING c.day, c.collection, c.items)
    INSERT INTO item_count SELECT day, collection, sum(items) FROM gone GROUP BY day, collection HAVING sum(items) <> 0;
    WITH many AS (SELECT collection, side FROM collection_extent GROUP BY collection, side HAVING count(*) > 1),
         gone AS (DELETE FROM collection_extent e USING many m WHERE e.collection = m.collection AND e.side = m.side RETURNING e.*)
    INSERT INTO collection_extent SELECT collection, side, extent_box(ST_Extent(box)),
        range_merge(range_agg(during)) FROM gone GROUP BY collection, side;
$$;

CREATE OR REPLACE FUNCTION footprint_written() RETURNS trigger LANGUAGE plpgsql AS $$
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
        -- One that was cut at the antimeridian has a box on either side.
        INSERT INTO collection_extent
            SELECT a.collection, a.side, a.box, a.during
            FROM (SELECT p.collection, extent_side(p.part) AS side, extent_box(ST_Extent(p.part)) AS box,
                         tstzrange(min(lower(p.during)), max(upper(p.during)), '[]') AS during
                  FROM (SELECT collection, during, geom AS part FROM added
                        WHERE owner IS NULL AND (ST_XMax(geom) - ST_XMin(geom) > 180) IS NOT TRUE
                        UNION ALL
                        SELECT collection, during, (ST_Dump(geom)).geom FROM added
                        WHERE owner IS NULL AND ST_XMax(geom) - ST_XMin(geom) > 180) AS p GROUP BY 1, 2) AS a
            WHERE NOT EXISTS (SELECT FROM collection_extent e WHERE e.collection = a.collection AND e.side = a.side
                              AND e.during @> a.during AND (a.box IS NULL OR ST_Covers(e.box, a.box)));
    END IF;
    IF random() < 0.01 AND pg_try_advisory_xact_lock(hashtext('discovery.counts_fold')) THEN PERFORM counts_fold(); END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION footprint_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE collection_count, item_count, item_apart, collection_extent;
    RETURN NULL;
END $$;

CREATE FUNCTION collection_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM collection_extent WHERE collection = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER collection_gone AFTER DELETE ON collection FOR EACH ROW EXECUTE FUNCTION collection_gone();

-- Collections as they are shown and searched. Of a public collection: how many public items it has, and, where they reach further
-- than the document says, what they cover as well (geom, during, and reach for the document).
CREATE VIEW collection_shown AS
    SELECT c.id, c.owner, c.version, c.properties, c.words, c.document,
           CASE WHEN c.owner IS NULL THEN coalesce(n.items, 0) END AS items,
           CASE WHEN w.place THEN (SELECT ST_UnaryUnion(ST_Collect(array_agg(ST_Expand(box, 1e-7)) || c.geom)) FROM unnest(e.boxes) AS box)
                ELSE c.geom END AS geom,
           CASE WHEN w.time THEN lower(range_merge(c.during, e.during)) ELSE c.datetime END AS datetime,
           CASE WHEN w.time THEN range_merge(c.during, e.during) ELSE c.during END AS during,
           CASE WHEN w.place OR w.time THEN json_build_object('sides',
               (SELECT json_agg(json_build_array(ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box))) FROM unnest(e.boxes) AS box),
               'first', to_char(lower(e.during) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'last', to_char(upper(e.during) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) END AS reach
    FROM collection c
    LEFT JOIN (SELECT collection, sum(items)::bigint AS items FROM collection_count GROUP BY collection) AS n ON n.collection = c.id
    LEFT JOIN (SELECT collection, array_agg(box) FILTER (WHERE box IS NOT NULL) AS boxes, range_merge(range_agg(during)) AS during
               FROM (SELECT collection, side, extent_box(ST_Extent(box)) AS box, range_merge(range_agg(during)) AS during
                     FROM collection_extent GROUP BY collection, side) AS folded
               GROUP BY collection) AS e ON e.collection = c.id AND c.owner IS NULL AND n.items > 0
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM unnest(e.boxes) AS box WHERE NOT ST_Covers(c.geom, box)) AS place,
                               coalesce(NOT c.during @> e.during, false) AS time) AS w;

INSERT INTO collection_extent
    SELECT p.collection, extent_side(p.part), extent_box(ST_Extent(p.part)), tstzrange(min(lower(p.during)), max(upper(p.during)), '[]')
    FROM (SELECT collection, during, geom AS part FROM footprint WHERE owner IS NULL AND (ST_XMax(geom) - ST_XMin(geom) > 180) IS NOT TRUE
          UNION ALL
          SELECT collection, during, (ST_Dump(geom)).geom FROM footprint WHERE owner IS NULL AND ST_XMax(geom) - ST_XMin(geom) > 180) AS p
    GROUP BY 1, 2;
