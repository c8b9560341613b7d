/* auth_keys.h: identity's key set as this process knows it. */
#ifndef NADIR_AUTH_KEYS_H
#define NADIR_AUTH_KEYS_H

#include "common/jwt.h"
#include "common/scope.h"

/** jwt_verify against the known set, which is read from disk or fetched when it is needed, too old, or lacks the key.
 *  NADIR_EUNAUTH, or NADIR_EUNAVAILABLE when no key set can be had. */
int auth_keys_verify(struct scope *s, const char *token, const struct jwt_expect *expect, json_t **claims, const char **why);

#endif
