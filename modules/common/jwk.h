/* jwk.h: what jwt.c needs of a key besides jwt.h: raw signatures. */
#ifndef NADIR_JWK_H
#define NADIR_JWK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/jwt.h"

/** JWS signature (RFC 7515; ES256 as R||S of RFC 7518 section 3.4) over data. Result in the scope. NADIR_EINVAL when the
 *  key is not private. */
int jwk_sign(struct scope *s, const struct jwk *key, const void *data, size_t len, unsigned char **signature,
             size_t *signature_len);

/** True if the signature over data was made with that key's private half. */
bool jwk_verifies(const struct jwk *key, const void *data, size_t len, const unsigned char *signature, size_t signature_len);

#endif
