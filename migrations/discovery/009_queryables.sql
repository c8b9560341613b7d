-- What the public items of each collection hold: by which properties they can be searched, and within which bounds. Readers keep it up,
-- when it has grown old: writers do nothing for it.
CREATE TABLE queryable (
    collection  text PRIMARY KEY,          -- perhaps one that is gone
    items       bigint NOT NULL,               -- how many there were
    version     bigint NOT NULL,               -- document_version then
    computed    timestamptz NOT NULL DEFAULT now(),
    summary     jsonb COMPRESSION lz4 NOT NULL -- as properties_summary gives it
);

-- One pair of key and values, as members of properties: {"types": […], "least", "most" of numbers, "time": all texts are times,
-- "texts": how many, "values": the distinct ones; absent when they are more than 20 or long}.
CREATE FUNCTION property_kinds(types text[], smallest numeric, largest numeric, texts bigint, times bigint, texts_distinct text[])
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('types', types, 'least', smallest, 'most', largest, 'texts', texts,
        'time', texts > 0 AND texts = times,
        'values', CASE WHEN cardinality(texts_distinct) <= 20 AND NOT '' = ANY (texts_distinct) THEN texts_distinct END))
$$;

-- The summary of many items' properties: {"name": kinds, …}; what arrays hold stands under "items" of the array.
CREATE FUNCTION properties_summary(properties jsonb[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH pairs AS (
        SELECT e.key, e.value, jsonb_typeof(e.value) AS type FROM unnest(properties) AS p, jsonb_each(p) AS e
        WHERE jsonb_typeof(e.value) <> 'null' AND length(e.key) <= 256
    ), members AS (
        SELECT key, false AS inside, type, value FROM pairs
        UNION ALL
        SELECT key, true, jsonb_typeof(v), v FROM pairs,
            jsonb_array_elements(CASE WHEN type = 'array' AND jsonb_array_length(value) <= 50 THEN value ELSE '[]' END) AS v
    ), distinct_members AS (
        SELECT key, inside, type, CASE WHEN type IN ('number', 'string') THEN value END AS value, count(*) AS n
        FROM members GROUP BY 1, 2, 3, 4
    ), kinds AS (
        SELECT key, inside, property_kinds(
            array_agg(DISTINCT type),
            min(value::numeric) FILTER (WHERE type = 'number'), max(value::numeric) FILTER (WHERE type = 'number'),
            COALESCE(sum(n) FILTER (WHERE type = 'string'), 0)::bigint,
            COALESCE(sum(n) FILTER (WHERE type = 'string' AND value #>> '{}' ~ '^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d'), 0)::bigint,
            -- a text that is too long stands as '', and so rules the list out; the 21st rules it out, too
            (array_agg(DISTINCT CASE WHEN length(value #>> '{}') <= 100 THEN value #>> '{}' ELSE '' END) FILTER (WHERE type = 'string'))[1:21]
        ) AS kinds
        FROM distinct_members GROUP BY key, inside
    )
    SELECT COALESCE(jsonb_object_agg(o.key, CASE WHEN i.key IS NULL THEN o.kinds ELSE o.kinds || jsonb_build_object('items', i.kinds) END), '{}')
    FROM (SELECT * FROM kinds WHERE NOT inside ORDER BY key LIMIT 1000) AS o
    LEFT JOIN (SELECT * FROM kinds WHERE inside) AS i ON i.key = o.key
$$;

-- Of a collection's public items: of all up to 10,000, else of 5,000 spread over their time.
CREATE FUNCTION collection_summary(of_collection text, items bigint) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    first_time timestamptz;
    last_time timestamptz;
    sample jsonb[];
BEGIN
    IF items <= 10000 THEN
        SELECT array_agg(f.properties) INTO sample FROM footprint f WHERE f.collection = of_collection AND f.owner IS NULL;
    ELSE
        SELECT min(f.datetime), max(f.datetime) INTO first_time, last_time FROM footprint f WHERE f.collection = of_collection;
        SELECT array_agg(s.properties) INTO sample FROM generate_series(0, 199) AS step, LATERAL (
            SELECT f.properties FROM footprint f
            WHERE f.collection = of_collection AND f.owner IS NULL AND f.datetime >= first_time + (last_time - first_time) * (step / 200.0)
            ORDER BY f.datetime LIMIT 25) AS s;
    END IF;
    RETURN properties_summary(COALESCE(sample, '{}'));
END $$;
