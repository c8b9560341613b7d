/* auth.h: who asks, and what they may do.
 *
 * A request carries `Authorization: Bearer <token>`. A token is an RFC 9068 access token signed by identity, or an API key
 * ("nk_…"). Access tokens are verified here against identity's JWKS (kept in memory and on disk, so identity may be down);
 * API keys and revocations against this module's own copy (tables auth_key and auth_revoked, kept by identity's events).
 * The router does all this before a handler runs; handlers read rq->auth.
 */
#ifndef NADIR_AUTH_H
#define NADIR_AUTH_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct scope;

struct auth {
    const char *subject;   /* user id (UUID), or the client id when a client acts for itself; NULL: anonymous */
    const char *client_id; /* OAuth client, or "api-key" */
    const char *scope;     /* space-separated scopes; never NULL once subject is set */
    const char *roles; /* space-separated platform roles ("admin support auditor scientist"); never NULL once subject is set */
    const char *token_id; /* jti, or the API key's id */
    bool is_user;         /* false: client credentials */
    int64_t expires;      /* seconds since the epoch; 0: none */
};

/** True if the caller was granted that scope. */
bool auth_has_scope(const struct auth *a, const char *scope);
/** True if the caller has that platform role. */
bool auth_has_role(const struct auth *a, const char *role);

/** Verifies a bearer credential. db is the module's own database (may be NULL: then API keys are refused).
 *  Returns 0, NADIR_EUNAUTH (why is then a constant clause: "the token has expired"), or NADIR_EUNAVAILABLE when no key set can
 * be had. */
int auth_verify(struct scope *s, struct db *db, const char *credential, struct auth *out, const char **why);

/** Sets the key set directly and never fetches one again: identity, which makes it, calls this. NADIR_EINVAL when malformed. */
int auth_use_jwks(const char *json);

/** Forgets cached verifications (after a revocation, and in tests). */
void auth_cache_clear(void);

/** SHA-256 of an API key in lower-case hex: what is stored and compared. hex holds 65 bytes. */
void auth_key_hash(const char *key, char hex[65]);

#endif
