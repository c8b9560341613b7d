/* passwords.h: argon2id (RFC 9106) with the parameters that OWASP names: 19 MiB, 2 passes, 1 lane. */
#ifndef IDENTITY_PASSWORDS_H
#define IDENTITY_PASSWORDS_H

#include <stdbool.h>

#include "common/scope.h"
#include "identity/texts.h"

#define PASSWORD_MOST 256 /* bytes */

/** TEXT_NONE if the password will do for that address; otherwise the text that says why not. */
enum text password_fault(const char *password, const char *email);
/** The encoded hash, in the scope; NULL when memory is short. Takes some 30 ms of a processor. */
const char *password_hash(struct scope *s, const char *password);
/** True if the password is that of the hash. hash NULL (no such account) takes as long and is false. */
bool password_matches(const char *hash, const char *password);

#endif
