-- Private items that their owner lets another subject see and use (sharing's share.created and share.revoked).

CREATE TABLE right_share (
    share       text PRIMARY KEY,
    owner       text NOT NULL,                 -- counts only while the item is still this subject's
    subject     text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL
);
CREATE INDEX right_share_subject ON right_share (subject, collection, item);
