-- Geometries that are not valid are refused, with the reason, instead of being made into others. One with a part that spans more than
-- half the globe was not cut at the antimeridian (RFC 7946 section 3.1.9) if its bbox says that it crosses it, or if it is valid only
-- so: it is cut here.
CREATE OR REPLACE FUNCTION footprint_of(geojson geometry, crosses boolean) RETURNS geometry LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    g geometry := ST_SetSRID(ST_Force2D(geojson), 4326);
    valid boolean := ST_IsValid(g);
BEGIN
    IF valid AND NOT crosses THEN RETURN g; END IF;
    IF (SELECT max(ST_XMax(part.geom) - ST_XMin(part.geom)) > 180 FROM ST_Dump(g) AS part) THEN
        IF ST_IsValid(ST_ShiftLongitude(g)) THEN RETURN ST_WrapX(ST_ShiftLongitude(g), 180, -360); END IF;
        valid := valid AND NOT crosses;
    END IF;
    IF valid THEN RETURN g; END IF;
    IF g IS NULL THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'geometry is not valid: %', ST_IsValidReason(g) USING ERRCODE = '22023';
END $$;
