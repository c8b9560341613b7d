/* jwt.h: JSON Web Tokens, with the checks that libjwt 1.10.2 leaves out.
 *
 * libjwt reads claims; signatures are made and checked by OpenSSL with keys parsed once. The *key* decides the
 * algorithm (RFC 8725 section 3.1): a token whose header names another is refused, so "none" and HS256 made with a public
 * key cannot pass. kid is required, crit is refused, typ, issuer, audience, expiry and not-before are always checked.
 */
#ifndef NADIR_JWT_H
#define NADIR_JWT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct scope;
struct jwk;  /* one parsed key */
struct jwks; /* a set of parsed keys */

/** Parses a JWK Set (RFC 7517): EC P-256 (ES256) and RSA >= 2048 (RS256); other keys are passed over.
 *  Free with jwks_free. NADIR_EINVAL when the text is not a JWK Set. */
int jwks_parse(struct jwks **out, const char *json);
void jwks_free(struct jwks *set);
/** The key with that kid, or NULL. Borrowed from the set. */
const struct jwk *jwks_find(const struct jwks *set, const char *kid);

/** A new private key. alg is "ES256" or "RS256". kid is the RFC 7638 thumbprint. Free with jwk_free. */
int jwk_generate(struct jwk **out, const char *alg);
/** A private key from PEM (PKCS#8). */
int jwk_from_pem(struct jwk **out, const char *pem);
/** PKCS#8 PEM of a private key, in the scope. */
char *jwk_to_pem(struct scope *s, const struct jwk *key);
/** The public JWK {"kty",…,"kid","alg","use":"sig"}. The caller owns the tree. */
json_t *jwk_public(const struct jwk *key);
const char *jwk_kid(const struct jwk *key);
const char *jwk_alg(const struct jwk *key);
void jwk_free(struct jwk *key);

/** Signs claims (borrowed) as a compact JWS with that typ ("at+jwt", "JWT", "logout+jwt"). Token in the scope. */
int jwt_sign(struct scope *s, const struct jwk *key, const char *typ, const json_t *claims, char **out);

struct jwt_expect {
    const char *typ;      /* required typ (an "application/" prefix in the token is ignored); NULL: any */
    const char *issuer;   /* required */
    const char *audience; /* must be the aud or among it; NULL: not checked */
    int64_t now;          /* seconds since the epoch */
    int leeway_s;         /* for exp, nbf and iat */
};

/** Verifies a compact JWS against the set and the expectations. claims belongs to the scope.
 *  NADIR_EUNAUTH with *why a constant clause; NADIR_ENOTFOUND when kid is unknown (the caller may refresh the set). */
int jwt_verify(struct scope *s, const struct jwks *set, const char *token, const struct jwt_expect *expect, json_t **claims,
               const char **why);

#endif
