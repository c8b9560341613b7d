-- The back office's own copy of what the others tell, for administrators to look through. `seq` is the order of arrival: pages
-- go by it, newest first.

CREATE TABLE known_user (
    subject     text PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    email       text NOT NULL,
    name        text NOT NULL,
    roles       jsonb NOT NULL,
    registered_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE TABLE known_order (
    order_id    text PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    buyer       text NOT NULL,
    total       bigint NOT NULL,               -- minor units
    currency    text NOT NULL,
    paid_at     timestamptz NOT NULL,
    lines       jsonb NOT NULL
);
CREATE INDEX known_order_buyer ON known_order (buyer, seq);
CREATE INDEX known_order_paid ON known_order (paid_at);

CREATE TABLE known_job (
    job         text PRIMARY KEY,
    seq         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    process     text NOT NULL,
    version     text NOT NULL,
    owner       text NOT NULL,
    state       text NOT NULL CHECK (state IN ('created', 'running', 'succeeded', 'failed', 'dismissed')),
    amount      bigint NOT NULL,               -- minor units: the estimate until it succeeded, then the cost
    currency    text NOT NULL,
    seconds     double precision,
    reason      text,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX known_job_owner ON known_job (owner, seq);
CREATE INDEX known_job_state ON known_job (state, seq);
