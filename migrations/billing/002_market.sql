-- What is sold and to whom: billing's copies of items, people and processes; offers, quotes, orders, entitlements, holds, top-ups.

CREATE TABLE item (
    collection  text NOT NULL,
    item        text NOT NULL,
    owner       text,                          -- subject; NULL: public
    geometry    jsonb,                         -- footprint, GeoJSON; NULL: no area, so no price per km2
    PRIMARY KEY (collection, item)
);

CREATE TABLE person (
    subject     text PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL
);

CREATE TABLE process_price (
    process     text NOT NULL,
    version     text NOT NULL,
    title       text NOT NULL,
    price       jsonb NOT NULL,
    deployed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (process, version)
);

-- An offer is never changed: it is withdrawn and another made, so that what was agreed to can always be read.
CREATE TABLE offer (
    id            uuid PRIMARY KEY,
    collection    text NOT NULL,
    item          text,                        -- NULL: every item of the collection; one for the item wins
    model         text NOT NULL CHECK (model IN ('free', 'fixed', 'per_km2')),
    price         bigint NOT NULL CHECK (price >= 0 AND (model = 'free') = (price = 0)),
    currency      char(3) NOT NULL,
    min_area_km2  double precision NOT NULL DEFAULT 0 CHECK (min_area_km2 >= 0),
    licence_id    text NOT NULL,
    licence_title text NOT NULL,
    licence_url   text NOT NULL,
    licence_text  text NOT NULL,
    licence_hash  text NOT NULL,               -- SHA-256 of id, title, url and text, a NUL after each
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    withdrawn_at  timestamptz
);
CREATE UNIQUE INDEX offer_standing ON offer (collection, coalesce(item, '')) WHERE withdrawn_at IS NULL;

CREATE VIEW offer_json AS
    SELECT id, collection, item, withdrawn_at,
           jsonb_build_object('offer', id, 'collection', collection, 'item', item, 'model', model, 'price', price, 'currency',
               currency, 'min_area_km2', min_area_km2, 'licence', jsonb_build_object('id', licence_id, 'title', licence_title,
               'url', licence_url, 'text', licence_text, 'hash', licence_hash), 'created_at', utc_text(created_at),
               'withdrawn_at', utc_text(withdrawn_at)) AS body
    FROM offer;

CREATE TABLE quote (
    id          uuid PRIMARY KEY,
    owner       text NOT NULL,
    total       bigint NOT NULL CHECK (total >= 0),
    currency    char(3) NOT NULL,
    aoi         jsonb,
    lines       jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);
CREATE INDEX quote_age ON quote (expires_at);

CREATE TABLE orders (
    id             uuid PRIMARY KEY,           -- UUIDv7: sorts by time
    buyer          text NOT NULL,
    quote          uuid NOT NULL UNIQUE,       -- a quote is ordered once
    total          bigint NOT NULL CHECK (total >= 0),
    currency       char(3) NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    receipt_year   integer,
    receipt_number integer,                    -- gapless within the year; see receipts.c
    UNIQUE (receipt_year, receipt_number)
);
CREATE INDEX orders_buyer ON orders (buyer, id);
CREATE INDEX orders_unnumbered ON orders (id) WHERE receipt_number IS NULL;

CREATE TABLE receipt_series (
    year        integer PRIMARY KEY,
    last        integer NOT NULL
);

CREATE TABLE order_line (
    order_id    uuid NOT NULL REFERENCES orders,
    line        integer NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL,
    offer       uuid NOT NULL REFERENCES offer,
    model       text NOT NULL,
    unit_price  bigint NOT NULL,
    area_km2    double precision,
    price       bigint NOT NULL CHECK (price >= 0),
    owned       boolean NOT NULL,              -- the buyer had it already: nothing was charged
    PRIMARY KEY (order_id, line)
);

CREATE TABLE licence_acceptance (
    order_id    uuid NOT NULL REFERENCES orders,
    licence     text NOT NULL,
    hash        text NOT NULL,                 -- of the text that was agreed to; offer.licence_text has it
    accepted_at timestamptz NOT NULL DEFAULT now(),
    address     text NOT NULL,                 -- where the request came from
    PRIMARY KEY (order_id, licence, hash)
);

CREATE TABLE entitlement (
    id          uuid PRIMARY KEY,
    subject     text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL,
    order_id    uuid NOT NULL REFERENCES orders,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (subject, collection, item)         -- nothing is sold twice to the same buyer
);
CREATE INDEX entitlement_order ON entitlement (order_id);

CREATE VIEW order_json AS
    SELECT o.id, o.buyer,
           jsonb_build_object('order', o.id, 'buyer', o.buyer, 'state', 'paid', 'total', o.total, 'currency', o.currency,
               'created_at', utc_text(o.created_at), 'quote', o.quote,
               'lines', (SELECT jsonb_agg(jsonb_build_object('line', l.line, 'collection', l.collection, 'item', l.item, 'offer',
                             l.offer, 'model', l.model, 'unit_price', l.unit_price, 'area_km2', l.area_km2, 'price', l.price,
                             'owned', l.owned, 'licence', jsonb_build_object('id', f.licence_id, 'title', f.licence_title,
                             'url', f.licence_url, 'hash', f.licence_hash)) ORDER BY l.line)
                         FROM order_line l JOIN offer f ON f.id = l.offer WHERE l.order_id = o.id)) AS body
    FROM orders o;

CREATE TABLE hold (
    id          uuid PRIMARY KEY,
    job         text NOT NULL UNIQUE,
    subject     text NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    char(3) NOT NULL,
    state       text NOT NULL CHECK (state IN ('placed', 'captured', 'released', 'refused')),
    captured    bigint NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND amount),
    created_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
CREATE INDEX hold_placed ON hold (subject) WHERE state = 'placed';

CREATE TABLE topup (
    id            uuid PRIMARY KEY,
    owner         text NOT NULL,
    key           text NOT NULL,               -- Idempotency-Key
    amount        bigint NOT NULL CHECK (amount > 0),
    currency      char(3) NOT NULL,
    state         text NOT NULL CHECK (state IN ('created', 'pending', 'succeeded', 'cancelled', 'refused')),
    provider      text NOT NULL,
    payment       text UNIQUE,                 -- the provider's id; NULL until it answered
    client_secret text,
    error         text,                        -- the last decline, for the payer
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner, key)
);
CREATE INDEX topup_pending ON topup (updated_at) WHERE state = 'pending';

CREATE TABLE provider_event (
    provider    text NOT NULL,
    id          text NOT NULL,
    type        text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, id)
);

-- Credit that an admin gave.
CREATE TABLE credit (
    id          uuid PRIMARY KEY,
    subject     text NOT NULL,
    amount      bigint NOT NULL CHECK (amount > 0),
    currency    char(3) NOT NULL,
    reason      text NOT NULL,
    given_by    text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
