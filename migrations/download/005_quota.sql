-- What each user downloads in thirty days, and what keys of the S3 door are for.

-- A file counts at most its own size a day, however often it is asked for and in however many ranges: a download that is resumed
-- counts once. Rows are written some seconds late, and removed with the next day.
CREATE TABLE quota_file (
    subject     text NOT NULL,
    day         date NOT NULL,
    file        text NOT NULL,
    size        bigint NOT NULL,
    bytes       bigint NOT NULL,
    PRIMARY KEY (subject, day, file)
);
CREATE INDEX quota_file_day ON quota_file (day);

CREATE TABLE quota_day (
    subject     text NOT NULL,                 -- a user, or "address …" of callers who are not signed in
    day         date NOT NULL,                 -- in UTC
    bytes       bigint NOT NULL,
    PRIMARY KEY (subject, day)
);
CREATE INDEX quota_day_day ON quota_day (day);

-- What an administrator allows a user instead of what the settings say. NULL: as the settings say.
CREATE TABLE quota_limit (
    subject     text PRIMARY KEY,
    downloads   bigint CHECK (downloads >= 0), -- bytes in thirty days at full speed
    storage     bigint CHECK (storage >= 0),   -- bytes in own buckets
    set_by      text NOT NULL,
    set_at      timestamptz NOT NULL DEFAULT now()
);

-- Over the quota of storage, one write in some seconds is taken until a tenth more is full.
ALTER TABLE s3_usage ADD COLUMN eased_at timestamptz;

ALTER TABLE s3_key ADD COLUMN read_only boolean NOT NULL DEFAULT false;
ALTER TABLE s3_key ADD COLUMN buckets jsonb;   -- names of the only buckets that the key is for; NULL: all that its user has
