-- What every module's database has: outbox and cursors of the bus, idempotency rows, and this module's copy of who may ask.

CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sequence    bigint UNIQUE,                 -- given by the relay, gapless; NULL: not yet published
    event       text NOT NULL,                 -- CloudEvents 1.0 JSON, finished
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE sequence IS NULL;

CREATE TABLE bus_cursor (
    stream      text PRIMARY KEY,              -- "nadir:billing"
    last_id     text NOT NULL                  -- last entry whose effect is in this database
);

CREATE TABLE bus_dead_letter (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream      text NOT NULL,
    entry_id    text NOT NULL,
    event       text NOT NULL,
    error       text NOT NULL,
    failed_at   timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz
);

CREATE TABLE idempotency (
    caller      text NOT NULL,
    key         text NOT NULL,
    request     bytea NOT NULL,                -- SHA-256 of method, path and body
    status      integer,                       -- NULL only inside the transaction that makes it
    answer      text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE auth_key (
    hash        text PRIMARY KEY,              -- SHA-256 of the key, hex
    id          text NOT NULL,
    subject     text NOT NULL,
    scope       text NOT NULL,
    roles       text NOT NULL,
    expires_at  timestamptz
);
CREATE INDEX auth_key_id ON auth_key (id);
CREATE INDEX auth_key_subject ON auth_key (subject);

CREATE TABLE auth_revoked (
    id          text PRIMARY KEY,              -- a token's jti, or "user:<subject>" for all tokens issued before `at`
    at          timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);
