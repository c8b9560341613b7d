-- Identity: accounts, OAuth clients, what was granted to whom, and who did what.
-- Lists of words (roles, scopes, grants, addresses) are space-separated text, as OAuth writes them.
-- Secrets are stored as SHA-256 in hex (they are random, 256 bits); passwords as argon2id.

CREATE TABLE signing_key (
    kid         text PRIMARY KEY,              -- RFC 7638 thumbprint
    alg         text NOT NULL,
    pem         text NOT NULL,                 -- PKCS#8
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz                    -- signs no more, but is still published
);

CREATE TABLE account (
    id          text PRIMARY KEY,              -- UUIDv7: the subject of tokens
    email       text NOT NULL,
    name        text NOT NULL,
    password    text NOT NULL,                 -- argon2id, encoded
    roles       text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);
CREATE UNIQUE INDEX account_email ON account (lower(email));

CREATE TABLE client (
    id               text PRIMARY KEY,
    name             text NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('public', 'confidential')),
    secret           text CHECK ((kind = 'public') = (secret IS NULL)),
    redirect_uris    text NOT NULL DEFAULT '',
    logout_uris      text NOT NULL DEFAULT '', -- where a browser may be sent after signing out
    grants           text NOT NULL,
    scope            text NOT NULL DEFAULT '', -- the most it may have; '' at a first-party client: whatever its user may
    first_party      boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL DEFAULT now()
);

-- A browser that someone signed in with.
CREATE TABLE session (
    id          text PRIMARY KEY,              -- SHA-256 of the cookie
    account     text NOT NULL REFERENCES account ON DELETE CASCADE,
    signed_in   timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);
CREATE INDEX session_account ON session (account);
CREATE INDEX session_age ON session (expires_at);

CREATE TABLE consent (
    account     text NOT NULL REFERENCES account ON DELETE CASCADE,
    client      text NOT NULL REFERENCES client ON DELETE CASCADE,
    scope       text NOT NULL,
    granted_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, client)
);

-- What one sign-in at one client led to. All its tokens end with it.
CREATE TABLE oauth_grant (
    id          text PRIMARY KEY,
    client      text NOT NULL REFERENCES client ON DELETE CASCADE,
    account     text NOT NULL REFERENCES account ON DELETE CASCADE,
    session     text NOT NULL,                 -- the session's id, which may be gone by now
    requested   text NOT NULL,                 -- the scope asked for; what is granted of it follows the roles of the day
    nonce       text,
    signed_in   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
CREATE INDEX oauth_grant_account ON oauth_grant (account) WHERE ended_at IS NULL;
CREATE INDEX oauth_grant_session ON oauth_grant (session) WHERE ended_at IS NULL;

CREATE TABLE authorization_code (
    code         text PRIMARY KEY,             -- SHA-256
    grant_id     text NOT NULL REFERENCES oauth_grant ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    challenge    text NOT NULL,                -- PKCE, S256
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);
CREATE INDEX authorization_code_age ON authorization_code (expires_at);

CREATE TABLE refresh_token (
    token       text PRIMARY KEY,              -- SHA-256
    grant_id    text NOT NULL REFERENCES oauth_grant ON DELETE CASCADE,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz,                   -- rotated; again after the grace: theft, the grant ends
    uses        integer NOT NULL DEFAULT 0
);
CREATE INDEX refresh_token_grant ON refresh_token (grant_id);
CREATE INDEX refresh_token_age ON refresh_token (expires_at);

-- Access tokens that are still good, so that they can be revoked with what they came from.
CREATE TABLE access_token (
    jti         text PRIMARY KEY,
    grant_id    text NOT NULL REFERENCES oauth_grant ON DELETE CASCADE,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX access_token_grant ON access_token (grant_id);
CREATE INDEX access_token_age ON access_token (expires_at);

CREATE TABLE api_key (
    id          text PRIMARY KEY,
    account     text NOT NULL REFERENCES account ON DELETE CASCADE,
    name        text NOT NULL,
    hash        text NOT NULL UNIQUE,          -- SHA-256 of the key
    scope       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz
);
CREATE INDEX api_key_account ON api_key (account, id);

-- Tries at a password, by account and address, and by address.
CREATE TABLE throttle (
    key         text PRIMARY KEY,
    tries       integer NOT NULL,
    until       timestamptz NOT NULL,          -- no further try before
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX throttle_age ON throttle (updated_at);

-- Who did what. Append-only: by rights, and by a trigger for whoever has more rights.
CREATE TABLE audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    action      text NOT NULL,                 -- "sign_in", "roles.changed", …
    actor       text NOT NULL,                 -- an account or client; '' unknown
    target      text NOT NULL,                 -- what it was done to; '' nothing
    address     text NOT NULL,
    detail      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_target ON audit (target, id);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM CURRENT_USER;
