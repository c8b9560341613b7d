-- Where and when the public items are: for collections drawn as one layer (mosaics in time) and for vector tiles of footprints.
-- Kept by triggers on right_item, so that every way an item arrives keeps it.

CREATE TABLE footprint (
    collection  text NOT NULL,
    item        text NOT NULL,
    geometry    geometry(Geometry, 4326) NOT NULL,
    time        tstzrange NOT NULL,
    PRIMARY KEY (collection, item),
    FOREIGN KEY (collection, item) REFERENCES right_item ON DELETE CASCADE
);
CREATE INDEX footprint_place ON footprint USING gist (geometry);
CREATE INDEX footprint_newest ON footprint (collection, upper(time) DESC, item);
CREATE INDEX footprint_latest ON footprint (upper(time) DESC, collection, item);

-- A collection as a layer. Its extent grows with its items and does not shrink when one is taken away: it is only announced.
CREATE TABLE mosaic (
    collection  text PRIMARY KEY,
    title       text,
    items       bigint NOT NULL DEFAULT 0,
    changes     bigint NOT NULL DEFAULT 0,     -- with `version` it names the content: for ETags
    version     text NOT NULL DEFAULT '',
    starts      timestamptz,
    ends        timestamptz,
    extent      geometry(Geometry, 4326)
);

CREATE FUNCTION footprint_write(c text, i text, v text, data jsonb) RETURNS void LANGUAGE plpgsql AS $$
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
    INSERT INTO footprint VALUES (c, i, shape, span)
        ON CONFLICT (collection, item) DO UPDATE SET geometry = excluded.geometry, time = excluded.time;
    INSERT INTO mosaic AS m (collection, items, changes, version, starts, ends, extent)
        VALUES (c, 1, 1, v, lower(span), upper(span), ST_Envelope(shape))
        ON CONFLICT (collection) DO UPDATE SET
            items = m.items + CASE WHEN known THEN 0 ELSE 1 END, changes = m.changes + 1, version = excluded.version,
            starts = least(m.starts, excluded.starts), ends = greatest(m.ends, excluded.ends),
            extent = coalesce(ST_Envelope(ST_Collect(m.extent, excluded.extent)), excluded.extent);
END $$;

-- Counted when a footprint goes, whichever way: with its item, or because the item became private.
CREATE FUNCTION footprint_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mosaic SET items = greatest(items - 1, 0), changes = changes + 1 WHERE collection = OLD.collection;
    RETURN NULL;
END $$;
CREATE TRIGGER footprint_gone AFTER DELETE ON footprint FOR EACH ROW EXECUTE FUNCTION footprint_gone();

CREATE FUNCTION footprint_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.owner IS NULL THEN
        PERFORM footprint_write(NEW.collection, NEW.item, NEW.version, NEW.data);
    ELSE
        DELETE FROM footprint WHERE collection = NEW.collection AND item = NEW.item;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER footprint_keep AFTER INSERT OR UPDATE ON right_item FOR EACH ROW EXECUTE FUNCTION footprint_keep();

SELECT footprint_write(collection, item, version, data) FROM right_item WHERE owner IS NULL ORDER BY version;
