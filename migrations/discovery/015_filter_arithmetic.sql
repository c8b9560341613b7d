-- The arithmetic of filters once more: an expression used twice is not put in place of a call when it is costly itself, and an SQL
-- function that is called, row by row, takes some ten times as long as this.
CREATE OR REPLACE FUNCTION filter_add(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN abs(a) < 1e300 AND abs(b) < 1e300 THEN a + b END;
END $$;
CREATE OR REPLACE FUNCTION filter_multiply(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN a = 0 OR b = 0 THEN 0 WHEN ln(abs(a)) + ln(abs(b)) BETWEEN -690 AND 690 THEN a * b END;
END $$;
CREATE OR REPLACE FUNCTION filter_divide(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN b = 0 THEN NULL WHEN a = 0 THEN 0 WHEN ln(abs(a)) - ln(abs(b)) BETWEEN -690 AND 690 THEN a / b END;
END $$;
CREATE OR REPLACE FUNCTION filter_quotient(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN b = 0 THEN NULL WHEN a = 0 THEN 0 WHEN ln(abs(a)) - ln(abs(b)) < -690 THEN 0
                WHEN ln(abs(a)) - ln(abs(b)) < 34 THEN trunc(a / b) END;
END $$;
CREATE OR REPLACE FUNCTION filter_modulo(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN filter_add(a, -filter_multiply(b, filter_quotient(a, b)));
END $$;
CREATE OR REPLACE FUNCTION filter_power(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN a = 0 THEN CASE WHEN b > 0 THEN 0 WHEN b = 0 THEN 1 END
                WHEN a < 0 AND (b <> trunc(b) OR abs(b) > 1e15) THEN NULL
                WHEN abs(b) > 1e280 AND abs(a) <> 1 THEN NULL
                WHEN b * ln(abs(a)) BETWEEN -690 AND 690 THEN power(a, b) END;
END $$;
CREATE OR REPLACE FUNCTION filter_order(a jsonb, b jsonb) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN jsonb_typeof(a) <> jsonb_typeof(b) THEN NULL
                WHEN jsonb_typeof(a) = 'number' THEN sign(filter_add(filter_number(a), -filter_number(b)))::int
                WHEN jsonb_typeof(a) = 'boolean' THEN filter_boolean(a)::int - filter_boolean(b)::int
                WHEN jsonb_typeof(a) = 'string' THEN
                    CASE WHEN filter_time(a) IS NOT NULL AND filter_time(b) IS NOT NULL
                         THEN (filter_time(a) > filter_time(b))::int - (filter_time(a) < filter_time(b))::int
                         ELSE (filter_text(a) COLLATE "C" > filter_text(b))::int - (filter_text(a) COLLATE "C" < filter_text(b))::int END END;
END $$;
