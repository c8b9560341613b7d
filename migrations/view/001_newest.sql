-- The WMS capabilities list the newest public items; versions are UUIDv7 and sort by time.
CREATE INDEX right_item_newest ON right_item (version DESC) WHERE owner IS NULL;
