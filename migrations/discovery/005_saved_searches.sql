-- Saved searches: what people want to hear of, what was found for them, and the notices that are on their way.

-- Our copy of who there is: whom to write to, and what they may see.
CREATE TABLE person (
    subject     text PRIMARY KEY,
    email       text NOT NULL,
    name        text NOT NULL,
    roles       text NOT NULL,                 -- separated by blanks
    disabled    boolean NOT NULL DEFAULT false
);

CREATE TABLE saved_search (
    id          text PRIMARY KEY,
    owner       text NOT NULL,
    name        text NOT NULL,
    search      jsonb NOT NULL,                -- STAC search body; its filter as CQL2 JSON
    state       text NOT NULL CHECK (state IN ('active', 'paused')),
    language    text NOT NULL,                 -- of its mails
    mail        boolean NOT NULL,
    webhook     text,                          -- address, or NULL
    secret      text,                          -- what its calls are signed with
    reach       geometry(Geometry, 4326) NOT NULL, -- box around where it searches: finds the searches that an item may concern
    collections text[],                        -- NULL: any
    after       bigint NOT NULL,               -- only items of later outbox sequences are new to it
    matched     bigint NOT NULL DEFAULT 0,
    matched_at  timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((webhook IS NULL) = (secret IS NULL))
);
CREATE INDEX saved_search_owner ON saved_search (owner, id);
CREATE INDEX saved_search_reach ON saved_search USING gist (reach) WHERE state = 'active';

-- Up to which outbox sequence new items have been compared with the saved searches.
CREATE TABLE saved_cursor (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    sequence    bigint NOT NULL
);
INSERT INTO saved_cursor (sequence) SELECT coalesce(max(sequence), 0) FROM outbox;

CREATE TABLE saved_match (
    match       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    search      text NOT NULL REFERENCES saved_search ON DELETE CASCADE,
    collection  text NOT NULL,
    item        text NOT NULL,
    matched_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (search, collection, item)
);
CREATE INDEX saved_match_newest ON saved_match (search, match);
CREATE INDEX saved_match_age ON saved_match (matched_at);

-- A notice: the matches first_match to last_match of one search, by one channel. While it waits it takes up further matches.
CREATE TABLE saved_delivery (
    id          text PRIMARY KEY,
    search      text NOT NULL REFERENCES saved_search ON DELETE CASCADE,
    channel     text NOT NULL CHECK (channel IN ('mail', 'webhook')),
    state       text NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'dropped', 'dead')),
    first_match bigint NOT NULL,
    last_match  bigint NOT NULL,
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL,          -- when it is due; while it is being sent, when its sender is taken for dead
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
CREATE UNIQUE INDEX saved_delivery_waiting ON saved_delivery (search, channel) WHERE state = 'waiting';
CREATE INDEX saved_delivery_due ON saved_delivery (next_at) WHERE state IN ('waiting', 'sending');
CREATE INDEX saved_delivery_newest ON saved_delivery (search, created_at);
