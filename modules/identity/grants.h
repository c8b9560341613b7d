/* grants.h: what one sign-in at one client led to, and the end of it. */
#ifndef IDENTITY_GRANTS_H
#define IDENTITY_GRANTS_H

#include "common/db.h"

/** Voids the live access tokens of all grants whose column ("id", "account" or "session") is value: rows of auth_revoked and
 *  token.revoked events. Refresh tokens stay. */
int grants_void_access(struct db_tx *tx, const char *column, const char *value);

/** Ends those grants: access tokens are void and refresh tokens are of no more use. */
int grants_end(struct db_tx *tx, const char *column, const char *value);

/** Voids one access token (by jti), of whatever origin. expires_at in seconds since the epoch. */
int grants_void_token(struct db_tx *tx, const char *jti, int64_t expires);

#endif
