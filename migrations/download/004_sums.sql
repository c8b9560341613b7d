-- Checksums of the files that are catalogued and lie below NADIR_DATA: CRC-32 for a ZIP's headers, MD5 and SHA-256 for those who
-- fetch. Known from the item's event on (nadir-keeper reads each file once); size and time say whether they still hold.
CREATE TABLE file_sum (
    path        text PRIMARY KEY,              -- below NADIR_DATA
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'ready', 'failed')),
    urgent      boolean NOT NULL DEFAULT false, -- somebody waits for it
    size        bigint,
    mtime       bigint,                        -- seconds since the epoch
    crc32       bigint,
    md5         text,
    sha256      text,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
CREATE INDEX file_sum_waiting ON file_sum (urgent DESC, asked_at) WHERE state = 'waiting';
CREATE INDEX file_sum_failed ON file_sum (ended_at) WHERE state = 'failed';

-- The paths below NADIR_DATA that an item's assets have.
CREATE FUNCTION asset_files(data jsonb) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT a.value ->> 'path' FROM jsonb_each(data -> 'assets') AS a
    WHERE jsonb_typeof(a.value) = 'object' AND a.value ->> 'path' !~ '^(/|https?://)'
$$;

INSERT INTO file_sum (path) SELECT DISTINCT f FROM right_item, asset_files(data) AS f ON CONFLICT DO NOTHING;
