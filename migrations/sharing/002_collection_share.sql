-- A share without an item is of a whole private collection: of all that its owner has in it, now and later.
ALTER TABLE share ALTER COLUMN item DROP NOT NULL;
CREATE UNIQUE INDEX share_of_collection ON share (collection, subject) WHERE item IS NULL;

CREATE TABLE known_collection (
    collection  text PRIMARY KEY,
    owner       text                           -- NULL: public
);
