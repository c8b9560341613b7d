-- A share without an item is of a whole collection: of every item in it that is still the owner's.
ALTER TABLE right_share ALTER COLUMN item DROP NOT NULL;
