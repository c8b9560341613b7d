/* tokens.h: makes tokens. */
#ifndef IDENTITY_TOKENS_H
#define IDENTITY_TOKENS_H

#include "common/db.h"
#include "common/http.h"
#include "identity/accounts.h"
#include "identity/clients.h"

struct grant {
    const char *id, *client, *account, *session, *requested, *nonce; /* nonce may be NULL */
    int64_t signed_in;                                               /* auth_time */
    bool ended;
};

/** Seconds that an access token lives. */
int tokens_access_seconds(void);

/** A grant and its account under row locks, the account first: whoever closes an account locks in that order too.
 *  NADIR_ENOTFOUND. */
int grant_lock(struct db_tx *tx, const char *id, struct grant *out, struct account *a);

/** All tokens of a grant as the token endpoint answers them: access token, refresh token if the client may have one, ID token
 * if openid was granted. NADIR_EDENIED when the person may have nothing of what was asked any more. The caller owns *out. */
int tokens_for_grant(struct db_tx *tx, const struct request *rq, const struct grant *g, const struct client *c,
                     const struct account *a, json_t **out);

/** An access token of a client that acts for itself. The caller owns *out. */
int tokens_for_client(const struct request *rq, const struct client *c, const char *scope, json_t **out);

#endif
