-- Files that lie in the slower store only (NADIR_ARCHIVE), and who waits for them. A file is fetched once for all who want it.
CREATE TABLE cold_file (
    path        text PRIMARY KEY,              -- below NADIR_DATA and NADIR_ARCHIVE alike
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'fetching', 'ready', 'failed')),
    size        bigint NOT NULL,
    reason      text,                          -- of a failure, for people
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at  timestamptz,
    ended_at    timestamptz,
    used_at     timestamptz NOT NULL DEFAULT now() -- the copy goes when nobody fetched it for long
);
CREATE INDEX cold_file_waiting ON cold_file (asked_at, path) WHERE state IN ('waiting', 'fetching');
CREATE INDEX cold_file_ended ON cold_file (ended_at) WHERE state = 'ready';
CREATE INDEX cold_file_used ON cold_file (used_at) WHERE state IN ('ready', 'failed');

-- Asking again for a product is asking for the same order.
CREATE TABLE cold_order (
    id          uuid PRIMARY KEY,
    subject     text NOT NULL,
    collection  text NOT NULL,
    item        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (subject, collection, item)
);
CREATE INDEX cold_order_age ON cold_order (asked_at);

CREATE TABLE cold_order_file (
    id          uuid NOT NULL REFERENCES cold_order ON DELETE CASCADE,
    path        text NOT NULL REFERENCES cold_file ON DELETE CASCADE,
    PRIMARY KEY (id, path)
);
CREATE INDEX cold_order_file_path ON cold_order_file (path);

-- How orders stand. Position: files that are fetched before the last of the order's; rate: bytes a second of the last fifty fetches.
CREATE VIEW cold_standing AS
    SELECT o.id, o.subject, o.collection, o.item, o.created_at, f.files, f.bytes, f.reason,
           CASE WHEN f.failed > 0 THEN 'failed' WHEN f.open = 0 THEN 'ready' WHEN f.begun > 0 THEN 'fetching' ELSE 'waiting' END AS state,
           CASE WHEN f.open > 0 THEN (SELECT count(*) FROM cold_file b WHERE b.state IN ('waiting', 'fetching') AND b.asked_at <= f.last
                                      AND NOT EXISTS (SELECT FROM cold_order_file x WHERE x.id = o.id AND x.path = b.path)) END AS position,
           CASE WHEN f.open > 0 THEN (SELECT sum(b.size) FROM cold_file b WHERE b.state IN ('waiting', 'fetching') AND b.asked_at <= f.last)
                / (SELECT nullif(sum(size), 0) / greatest(sum(extract(epoch FROM ended_at - started_at)), 0.001)
                   FROM (SELECT size, started_at, ended_at FROM cold_file WHERE state = 'ready' ORDER BY ended_at DESC LIMIT 50) AS recent)
           END AS estimate
    FROM cold_order o, LATERAL (
        SELECT count(*) AS files, sum(c.size) AS bytes, max(c.reason) FILTER (WHERE c.state = 'failed') AS reason,
               count(*) FILTER (WHERE c.state = 'failed') AS failed, count(*) FILTER (WHERE c.state IN ('waiting', 'fetching')) AS open,
               count(*) FILTER (WHERE c.state IN ('fetching', 'ready')) AS begun,
               max(c.asked_at) FILTER (WHERE c.state IN ('waiting', 'fetching')) AS last
        FROM cold_order_file JOIN cold_file c USING (path) WHERE id = o.id) AS f;
