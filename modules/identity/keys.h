/* keys.h: the keys that identity signs with. */
#ifndef IDENTITY_KEYS_H
#define IDENTITY_KEYS_H

#include "common/db.h"
#include "common/jwt.h"

/** Reads the keys, makes the first one when there is none, and tells libnadir's verifier of them. Does nothing once it
 *  has succeeded. Thread-safe. */
int keys_load(struct scope *s, struct db *db);
/** The key that signs; NULL before keys_load succeeded. Lives as long as the process. */
const struct jwk *keys_signing(void);
/** The public set (RFC 7517) as text; NULL before keys_load succeeded. Lives as long as the process. */
const char *keys_public(void);
/** The same set, parsed. */
const struct jwks *keys_set(void);

#endif
