-- Whom private items are shared with, and this module's copy of who there is and whose the private items are.

CREATE TABLE known_user (
    subject     text PRIMARY KEY,
    email       text NOT NULL,
    name        text NOT NULL
);
CREATE INDEX known_user_email ON known_user (lower(email));

CREATE TABLE known_item (
    collection  text NOT NULL,
    item        text NOT NULL,
    owner       text,                          -- NULL: public
    PRIMARY KEY (collection, item)
);

CREATE TABLE share (
    share       text PRIMARY KEY,              -- UUIDv7
    owner       text NOT NULL,
    subject     text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (collection, item, subject)
);
CREATE INDEX share_given ON share (owner, share);
CREATE INDEX share_received ON share (subject, share);
