-- The S3-compatible door: keys, and users' own buckets. Catalogued collections are buckets too, but from right_item.

CREATE TABLE s3_key (
    access_key  text PRIMARY KEY,
    subject     text NOT NULL,
    name        text NOT NULL,
    secret      bytea NOT NULL,                -- sealed by AES-256-GCM: verifying a signature needs the secret itself
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz                    -- NULL: never
);
CREATE INDEX s3_key_subject ON s3_key (subject, access_key);

CREATE TABLE s3_bucket (
    bucket      text COLLATE "C" PRIMARY KEY,
    owner       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX s3_bucket_owner ON s3_bucket (owner, bucket);

CREATE TABLE s3_object (
    bucket      text COLLATE "C" NOT NULL REFERENCES s3_bucket,
    key         text COLLATE "C" NOT NULL,     -- listed in the order of its UTF-8 bytes
    path        text NOT NULL UNIQUE,          -- below NADIR_DATA; another one at each write, so a reader never sees half
    size        bigint NOT NULL,
    etag        text NOT NULL,                 -- MD5 in hex; of a multipart upload MD5 of the parts' MD5s, "-", their number
    type        text NOT NULL,
    headers     jsonb NOT NULL,                -- to be given back: x-amz-meta-…, content-disposition, …
    upload      text,                          -- that it was made by: completing it again gives the same answer
    modified_at timestamptz NOT NULL DEFAULT date_trunc('second', now()),
    PRIMARY KEY (bucket, key)
);

CREATE TABLE s3_upload (
    upload      text PRIMARY KEY,
    bucket      text COLLATE "C" NOT NULL REFERENCES s3_bucket,
    key         text COLLATE "C" NOT NULL,
    type        text NOT NULL,
    headers     jsonb NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX s3_upload_bucket ON s3_upload (bucket, key, upload);
CREATE INDEX s3_upload_age ON s3_upload (started_at);

CREATE TABLE s3_part (
    upload      text NOT NULL REFERENCES s3_upload,
    part        integer NOT NULL,
    path        text NOT NULL UNIQUE,
    size        bigint NOT NULL,
    etag        text NOT NULL,
    modified_at timestamptz NOT NULL DEFAULT date_trunc('second', now()),
    PRIMARY KEY (upload, part)
);

-- What each user's objects and parts take. Its row is locked by whatever changes it, so a quota holds under concurrency.
CREATE TABLE s3_usage (
    owner       text PRIMARY KEY,
    bytes       bigint NOT NULL CHECK (bytes >= 0)
);

-- Files that no object has: those being written, and those that were replaced or deleted. Whatever is killed when, a file is
-- named here or by an object or part; those named here are removed when their time has come.
CREATE TABLE s3_file (
    path        text PRIMARY KEY,
    discard_at  timestamptz NOT NULL
);
CREATE INDEX s3_file_due ON s3_file (discard_at);

-- Collections in the order of S3 keys "item/file", and which of them hold anything public.
CREATE INDEX right_item_s3 ON right_item (collection, ((item || '/') COLLATE "C"));
CREATE INDEX right_item_public ON right_item (collection) WHERE owner IS NULL;
