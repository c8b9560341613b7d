-- The time covered as a range: PostgreSQL keeps statistics of ranges, so it can tell a narrow interval (search by place and time) from a
-- wide one (walk from the newest). Two separate bounds looked unselective each, and old, narrow intervals were walked to.
ALTER TABLE item ADD COLUMN during tstzrange NOT NULL GENERATED ALWAYS AS (tstzrange(starts, ends, '[]')) STORED;
DROP INDEX item_place_time;
CREATE INDEX item_place_time ON item USING gist (geom, during);
CREATE INDEX item_time ON item USING gist (during);

-- Searches are many and short: starting parallel workers costs more than they give. And the best way to an answer depends on how
-- large the place and how long the time are, so each is planned with its own values.
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET max_parallel_workers_per_gather = 0', current_database());
    EXECUTE format('ALTER DATABASE %I SET plan_cache_mode = force_custom_plan', current_database());
END $$;
