-- The ledger: double entry in integer minor units. Nothing here is ever changed or deleted except a wallet's running balance.

-- RFC 3339 in UTC, as every answer of the API writes times.
CREATE FUNCTION utc_text(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

-- wallet: what a user may spend. payments: what came in from a payment provider (runs negative: it is owed to wallets).
-- promotion: credit given by the platform. revenue: what the platform earned.
-- Only wallets keep a balance, for the overdraft check takes its row lock; the others are derived from postings, so that no
-- row is hot.
CREATE TABLE account (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('wallet', 'payments', 'promotion', 'revenue')),
    owner       text NOT NULL,                 -- wallet: subject; otherwise a name, such as 'stripe' or 'sales'
    currency    char(3) NOT NULL,
    balance     bigint,
    held        bigint,                        -- part of balance that placed holds reserve
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, owner, currency),
    UNIQUE (id, currency),
    CHECK ((kind = 'wallet') = (balance IS NOT NULL) AND (balance IS NULL) = (held IS NULL)),
    CHECK (held >= 0 AND balance >= held)
);

CREATE TABLE transfer (
    id          uuid PRIMARY KEY,              -- UUIDv7: sorts by time
    kind        text NOT NULL CHECK (kind IN ('order', 'topup', 'job', 'credit')),
    reference   text NOT NULL,                 -- id of the order, top-up, hold or credit
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, reference)                   -- one cause moves money once, whatever is repeated
);

CREATE TABLE posting (
    transfer    uuid NOT NULL REFERENCES transfer,
    line        smallint NOT NULL,
    account     bigint NOT NULL,
    amount      bigint NOT NULL CHECK (amount <> 0),
    currency    char(3) NOT NULL,
    PRIMARY KEY (transfer, line),
    FOREIGN KEY (account, currency) REFERENCES account (id, currency)
);
CREATE INDEX posting_account ON posting (account, transfer);

CREATE FUNCTION transfer_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this uuid := CASE TG_TABLE_NAME WHEN 'transfer' THEN to_jsonb(NEW) ->> 'id' ELSE to_jsonb(NEW) ->> 'transfer' END;
BEGIN
    IF NOT EXISTS (SELECT FROM posting WHERE transfer = this)
       OR EXISTS (SELECT FROM posting WHERE transfer = this GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'the postings of a transfer sum to zero in each currency' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'transfer_balanced', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfer_balanced AFTER INSERT ON transfer DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION transfer_balanced();
-- The first posting of a transfer is judged by transfer's trigger; this one catches those that are added later.
CREATE CONSTRAINT TRIGGER posting_balanced AFTER INSERT ON posting DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.line > 1) EXECUTE FUNCTION transfer_balanced();

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON posting FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON transfer EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON posting EXECUTE FUNCTION append_only();
-- Transfer keeps UPDATE: the foreign key's row lock needs the privilege; the trigger refuses the deed.
REVOKE UPDATE, DELETE, TRUNCATE ON posting FROM PUBLIC, CURRENT_USER;
REVOKE DELETE, TRUNCATE ON transfer FROM PUBLIC, CURRENT_USER;
