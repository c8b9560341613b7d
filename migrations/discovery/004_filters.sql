-- What filters are made of (modules/discovery/query/expr_sql*.c). Each is one expression, so that the planner puts it in place of the call.
-- None can fail: what cannot be computed for an item is NULL, unknown, as a comparison with a property that the item does not have.

-- Numbers beyond what arithmetic can carry count as unknown, and those too small for it as 0.
CREATE FUNCTION filter_number(v jsonb) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(v) = 'number' THEN
        CASE WHEN abs(v::numeric) > 1e300 THEN NULL WHEN abs(v::numeric) < 1e-300 THEN 0 ELSE v::float8 END END
$$;
CREATE FUNCTION filter_text(v jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(v) = 'string' THEN v #>> '{}' END
$$;
CREATE FUNCTION filter_boolean(v jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(v) = 'boolean' THEN v = 'true'::jsonb END
$$;

-- A date or a time of RFC 3339; a date is the first instant of its day in UTC. Digits beyond microseconds are dropped, as where
-- items are read. Written out because a cast of what is no time would fail. Text with an offset is read the same under any setting.
CREATE FUNCTION filter_instant(t text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    day int;
    month text;
BEGIN
    IF length(t) = 10 THEN t := t || 'T00:00:00Z'; END IF;
    IF t !~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]{1,40})?([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])$'
        OR left(t, 4) = '0000' THEN
        RETURN NULL;
    END IF;
    day := substr(t, 9, 2);
    IF day > 28 THEN
        month := substr(t, 6, 2);
        IF (day = 31 AND month IN ('04', '06', '09', '11')) OR (month = '02' AND (day > 29 OR NOT
            (left(t, 4)::int % 4 = 0 AND (left(t, 4)::int % 100 <> 0 OR left(t, 4)::int % 400 = 0)))) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF length(t) > 27 THEN t := regexp_replace(t, '([.][0-9]{6})[0-9]+', '\1'); END IF;
    -- A leap second is the first of the next minute.
    IF substr(t, 18, 2) = '60' THEN RETURN overlay(t PLACING '59' FROM 18)::timestamptz + interval '1 second'; END IF;
    RETURN t::timestamptz;
END $$;
CREATE FUNCTION filter_time(v jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(v) = 'string' THEN filter_instant(v #>> '{}') END
$$;

-- Texts without regard to case: upper case first, because there ß is SS and both of the Greek small sigmas are one letter.
CREATE FUNCTION filter_casei(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(upper(t COLLATE "und-x-icu") COLLATE "und-x-icu")
$$;
-- Without accents: decomposed, and without the combining marks of the Unicode blocks of that name. Voicing marks of Japanese stay.
CREATE FUNCTION filter_accenti(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT normalize(regexp_replace(normalize(t, NFD), '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'), NFC)
$$;

-- Arithmetic of float8 without its errors: results over e^690 and, but for 0, under e^-690 are unknown.
CREATE FUNCTION filter_add(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(a) < 1e300 AND abs(b) < 1e300 THEN a + b END
$$;
CREATE FUNCTION filter_multiply(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN a = 0 OR b = 0 THEN a * b * 0 WHEN ln(abs(a)) + ln(abs(b)) BETWEEN -690 AND 690 THEN a * b END
$$;
CREATE FUNCTION filter_divide(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b = 0 THEN NULL WHEN a = 0 THEN 0 * abs(b) WHEN ln(abs(a)) - ln(abs(b)) BETWEEN -690 AND 690 THEN a / b END
$$;
-- div and %: the quotient is cut towards 0, and the remainder has the dividend's sign; unknown where float8 cannot count the quotient.
CREATE FUNCTION filter_quotient(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b = 0 THEN NULL WHEN a = 0 THEN 0 * abs(b) WHEN ln(abs(a)) - ln(abs(b)) < -690 THEN 0
                WHEN ln(abs(a)) - ln(abs(b)) < 34 THEN trunc(a / b) END
$$;
CREATE FUNCTION filter_modulo(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT filter_add(a, -filter_multiply(b, filter_quotient(a, b)))
$$;
CREATE FUNCTION filter_power(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN a = 0 THEN CASE WHEN b > 0 THEN 0 WHEN b = 0 THEN 1 END
                WHEN a < 0 AND (b <> trunc(b) OR abs(b) > 1e15) THEN NULL
                WHEN abs(b) > 1e280 AND abs(a) <> 1 THEN NULL
                WHEN b * ln(abs(a)) BETWEEN -690 AND 690 THEN power(a, b) END
$$;

-- Two properties: comparable when both are of one type; times when both texts are times. -1, 0, 1.
CREATE FUNCTION filter_order(a jsonb, b jsonb) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(a) <> jsonb_typeof(b) THEN NULL
                WHEN jsonb_typeof(a) = 'number' THEN sign(filter_add(filter_number(a), -filter_number(b)))::int
                WHEN jsonb_typeof(a) = 'boolean' THEN filter_boolean(a)::int - filter_boolean(b)::int
                WHEN jsonb_typeof(a) = 'string' THEN
                    CASE WHEN filter_time(a) IS NOT NULL AND filter_time(b) IS NOT NULL
                         THEN (filter_time(a) > filter_time(b))::int - (filter_time(a) < filter_time(b))::int
                         ELSE (filter_text(a) COLLATE "C" > filter_text(b))::int - (filter_text(a) COLLATE "C" < filter_text(b))::int END END
$$;

-- Arrays as sets.
CREATE FUNCTION filter_superset(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(a) = 'array' AND jsonb_typeof(b) = 'array'
                THEN NOT EXISTS (SELECT jsonb_array_elements(b) EXCEPT SELECT jsonb_array_elements(a)) END
$$;
CREATE FUNCTION filter_overlaps(a jsonb, b jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN jsonb_typeof(a) = 'array' AND jsonb_typeof(b) = 'array'
                THEN EXISTS (SELECT jsonb_array_elements(a) INTERSECT SELECT jsonb_array_elements(b)) END
$$;

-- What lists are ordered by: numbers, then booleans, then texts (jsonb orders them so when a text stands in an array); other values
-- and absent ones are NULL.
CREATE FUNCTION filter_sort_key(v jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE jsonb_typeof(v) WHEN 'number' THEN v WHEN 'boolean' THEN v WHEN 'string' THEN jsonb_build_array(v) END
$$;
