-- Whether a private item lies beyond the newest partition that a search looks at.
CREATE INDEX item_apart_datetime ON item_apart (datetime);
