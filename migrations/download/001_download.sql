-- The download module answers from its copy of rights (migrations/rights). A signed link carries all that it needs, and what was
-- downloaded goes out as usage.recorded events through the outbox; so there is little to keep here.

-- Accounts that were closed: links that they made before are void. (auth_revoked forgets after a day; a link lives a week.)
CREATE TABLE link_void (
    subject     text PRIMARY KEY,
    before      timestamptz NOT NULL           -- links issued up to here are void
);

-- For the caller's list of entitlements.
CREATE INDEX right_entitlement_list ON right_entitlement (subject, entitlement);
