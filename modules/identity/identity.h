/* identity.h: what all files of the module share. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "common/db.h"
#include "common/http.h"

/** The module's database. */
struct db *identity_db(void);

/* A timestamptz expression as RFC 3339 UTC text. */
#define RFC3339(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

#define SECRET_SIZE 44 /* 43 characters of base64url (256 bits) and the end */

/** A new random secret: cookie, code, refresh token. */
void secret_new(char out[SECRET_SIZE]);
/** What is stored of a secret: its SHA-256 in hex, in the scope. */
const char *secret_hash(struct scope *s, const char *secret);
/** Base64url of the SHA-256 of text (PKCE S256). */
const char *sha256_base64url(struct scope *s, const char *text);

#endif
