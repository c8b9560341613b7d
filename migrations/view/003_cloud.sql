-- How clouded the public items are, for mosaics with the clearest on top. Unknown counts as clouded all over.
ALTER TABLE footprint ADD COLUMN cloud real NOT NULL DEFAULT 100;
CREATE INDEX footprint_clearest ON footprint (collection, cloud, upper(time) DESC, item);

CREATE FUNCTION footprint_cloud(data jsonb) RETURNS real LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(data->'properties'->'eo:cloud_cover') = 'number'
        THEN least(greatest((data->'properties'->>'eo:cloud_cover')::numeric, 0), 100)::real ELSE 100 END
$$;

CREATE OR REPLACE FUNCTION footprint_write(c text, i text, v text, data jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    shape geometry;
    span  tstzrange;
    known boolean;
BEGIN
    BEGIN
        shape := ST_SetSRID(ST_Force2D(ST_GeomFromGeoJSON(data->'geometry')), 4326);
        span := tstzrange(
            coalesce(data->>'datetime', data->'properties'->>'datetime', data->'properties'->>'start_datetime')::timestamptz,
            coalesce(data->'properties'->>'end_datetime', data->>'datetime', data->'properties'->>'datetime')::timestamptz, '[]');
    EXCEPTION WHEN OTHERS THEN
        shape := NULL; -- an item that cannot be placed is drawn by its own layer only
    END;
    IF shape IS NULL OR ST_IsEmpty(shape) OR span IS NULL OR isempty(span) OR lower_inf(span) OR upper_inf(span) THEN
        DELETE FROM footprint WHERE collection = c AND item = i;
        RETURN;
    END IF;
    SELECT true INTO known FROM footprint WHERE collection = c AND item = i;
    INSERT INTO footprint (collection, item, geometry, time, cloud) VALUES (c, i, shape, span, footprint_cloud(data))
        ON CONFLICT (collection, item) DO UPDATE SET geometry = excluded.geometry, time = excluded.time, cloud = excluded.cloud;
    INSERT INTO mosaic AS m (collection, items, changes, version, starts, ends, extent)
        VALUES (c, 1, 1, v, lower(span), upper(span), ST_Envelope(shape))
        ON CONFLICT (collection) DO UPDATE SET
            items = m.items + CASE WHEN known THEN 0 ELSE 1 END, changes = m.changes + 1, version = excluded.version,
            starts = least(m.starts, excluded.starts), ends = greatest(m.ends, excluded.ends),
            extent = coalesce(ST_Envelope(ST_Collect(m.extent, excluded.extent)), excluded.extent);
END $$;

UPDATE footprint f SET cloud = footprint_cloud(r.data) FROM right_item r WHERE r.collection = f.collection AND r.item = f.item;
