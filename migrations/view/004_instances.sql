-- Instances: addresses of one's own for map programs that cannot sign in. The token itself is not kept, only its SHA-256.
CREATE TABLE instance (
    instance    text PRIMARY KEY,
    subject     text NOT NULL,
    name        text NOT NULL,
    hash        text NOT NULL UNIQUE,
    quota       integer NOT NULL,              -- requests a day (UTC)
    day         date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
    used        integer NOT NULL DEFAULT 0,    -- of that day
    used_at     timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
) WITH (fillfactor = 50);                      -- counted at every request: updates stay on their page
CREATE INDEX instance_subject ON instance (subject, instance);
