-- A module's own copy of items, offers and entitlements: see modules/common/rights.h. Applied to view, download and processing.

CREATE TABLE right_item (
    collection  text NOT NULL,
    item        text NOT NULL,
    owner       text,                          -- subject; NULL: public
    version     text NOT NULL,                 -- id of the event that brought this content
    data        jsonb NOT NULL,                -- data of discovery's item.published or item.updated
    PRIMARY KEY (collection, item)
);
CREATE INDEX right_item_owner ON right_item (owner) WHERE owner IS NOT NULL;

CREATE TABLE right_offer (
    offer       text PRIMARY KEY,
    collection  text NOT NULL,
    item        text,                          -- NULL: every item of the collection
    model       text NOT NULL                  -- free, fixed, per_km2
);
CREATE INDEX right_offer_target ON right_offer (collection, item);

CREATE TABLE right_entitlement (
    entitlement text PRIMARY KEY,
    subject     text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL,
    expires_at  timestamptz
);
CREATE INDEX right_entitlement_subject ON right_entitlement (subject, collection, item);
