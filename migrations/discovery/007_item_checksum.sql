-- What an item's content is known by, so that the same product, found again by another name or in another catalogue, is not taken
-- twice: the least file:checksum (multihash in hex) of its data assets. Written by loads and harvests.
CREATE TABLE item_checksum (
    checksum    text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL,
    PRIMARY KEY (collection, item),
    FOREIGN KEY (collection, item) REFERENCES item (collection, id) ON DELETE CASCADE
);
CREATE INDEX item_checksum_content ON item_checksum (checksum);
