/* jwt.c: makes and checks compact JWS tokens (RFC 7515, 7519, 8725).
 *
 * Order of the checks: size, form, header, key, algorithm against the key, signature, and only then the claims. libjwt reads
 * the claims, of text whose signature has been checked here; it is never asked about signatures.
 */
#include <jwt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/error.h"
#include "common/http.h"
#include "common/jwk.h"

#define TOKEN_MOST 8192 /* bytes */

int jwt_sign(struct scope *s, const struct jwk *key, const char *typ, const json_t *claims, char **out) {
    json_t *header = scope_json(s, json_pack("{s:s,s:s,s:s}", "alg", jwk_alg(key), "typ", typ, "kid", jwk_kid(key)));
    char *head = json_dumps(header, JSON_COMPACT), *body = json_dumps(claims, JSON_COMPACT);
    char *signed_part = NULL;
    if (head && body)
        signed_part =
            scope_printf(s, "%s.%s", base64url_encode(s, head, strlen(head)), base64url_encode(s, body, strlen(body)));
    free(head);
    free(body);
    if (!signed_part) return NADIR_EINVAL;

    unsigned char *signature;
    size_t len;
    int err = jwk_sign(s, key, signed_part, strlen(signed_part), &signature, &len);
    if (err) return err;
    *out = scope_printf(s, "%s.%s", signed_part, base64url_encode(s, signature, len));
    return 0;
}

static int refuse(const char **why, const char *sentence) {
    *why = sentence;
    return NADIR_EUNAUTH;
}

/* The three parts of a compact JWS. */
struct parts {
    const char *head, *body, *signature;
    size_t head_len, body_len, signature_len;
};

static bool token_split(const char *token, struct parts *p) {
    const char *dot1 = strchr(token, '.');
    const char *dot2 = dot1 ? strchr(dot1 + 1, '.') : NULL;
    if (!dot2 || strchr(dot2 + 1, '.')) return false;
    *p = (struct parts){.head = token,
                        .head_len = (size_t)(dot1 - token),
                        .body = dot1 + 1,
                        .body_len = (size_t)(dot2 - dot1 - 1),
                        .signature = dot2 + 1,
                        .signature_len = strlen(dot2 + 1)};
    return p->head_len && p->body_len && p->signature_len;
}

/* RFC 9068 section 4: typ is compared without case; "application/" may stand before it (RFC 7515 section 4.1.9). */
static bool typ_matches(const json_t *header, const char *expected) {
    const char *typ = json_string_value(json_object_get(header, "typ"));
    if (!expected) return true;
    if (!typ) return false;
    if (strncasecmp(typ, "application/", 12) == 0) typ += 12;
    return strcasecmp(typ, expected) == 0;
}

/* Finds the key that the header names and checks that the header agrees with it. */
static int header_key(struct scope *s, const struct jwks *set, const struct parts *p, const char *typ, const struct jwk **key,
                      const char **why) {
    size_t len;
    const unsigned char *text = base64url_decode(s, p->head, p->head_len, &len);
    json_t *header = text ? scope_json(s, json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL)) : NULL;
    if (!json_is_object(header)) return refuse(why, "the token's header is malformed");
    if (json_object_get(header, "crit")) return refuse(why, "the token asks for extensions that are not understood here");
    if (!typ_matches(header, typ)) return refuse(why, "the token is of another type than is needed here");

    const char *kid = json_string_value(json_object_get(header, "kid"));
    const char *alg = json_string_value(json_object_get(header, "alg"));
    if (!kid || !alg) return refuse(why, "the token names no key or no algorithm");
    *key = jwks_find(set, kid);
    if (!*key) {
        *why = "the token was signed with a key that is not known";
        return NADIR_ENOTFOUND;
    }
    if (strcmp(alg, jwk_alg(*key)) != 0) return refuse(why, "the token's algorithm is not its key's");
    return 0;
}

/* The claims of a body whose signature was checked. libjwt 1.10.2 refuses other types than "JWT", so it is given the body
 * under a plain unsecured header. NULL when it is not a JSON object. */
static json_t *body_claims(struct scope *s, const struct parts *p) {
    static const char unsecured[] = "eyJhbGciOiJub25lIn0"; /* {"alg":"none"} */
    char *text = scope_printf(s, "%s.%.*s.", unsecured, (int)p->body_len, p->body);
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, NULL, 0) != 0) return NULL;
    char *grants = jwt_get_grants_json(jwt, NULL);
    json_t *claims = grants ? scope_json(s, json_loads(grants, JSON_REJECT_DUPLICATES, NULL)) : NULL;
    free(grants);
    jwt_free(jwt);
    return json_is_object(claims) ? claims : NULL;
}

static bool audience_matches(const json_t *aud, const char *expected) {
    if (!expected) return true;
    if (json_is_string(aud)) return strcmp(json_string_value(aud), expected) == 0;
    size_t i;
    const json_t *one;
    json_array_foreach(aud, i, one) {
        if (json_is_string(one) && strcmp(json_string_value(one), expected) == 0) return true;
    }
    return false;
}

/* RFC 7519 section 4.1. Times must be integers: a fraction of a second is of no use to anyone here. */
static int claims_check(const json_t *claims, const struct jwt_expect *expect, const char **why) {
    const json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf"),
                 *iat = json_object_get(claims, "iat");
    const char *iss = json_string_value(json_object_get(claims, "iss"));
    if (!iss || strcmp(iss, expect->issuer) != 0) return refuse(why, "the token was issued by someone else");
    if (!audience_matches(json_object_get(claims, "aud"), expect->audience))
        return refuse(why, "the token is meant for others");
    if (!json_is_integer(exp)) return refuse(why, "the token does not say when it expires");
    if (json_integer_value(exp) <= expect->now - expect->leeway_s) return refuse(why, "the token has expired; get a new one");
    if (nbf && (!json_is_integer(nbf) || json_integer_value(nbf) > expect->now + expect->leeway_s))
        return refuse(why, "the token is not valid yet");
    if (iat && (!json_is_integer(iat) || json_integer_value(iat) > expect->now + expect->leeway_s))
        return refuse(why, "the token was issued in the future");
    return 0;
}

int jwt_verify(struct scope *s, const struct jwks *set, const char *token, const struct jwt_expect *expect, json_t **claims,
               const char **why) {
    struct parts p;
    const struct jwk *key;
    if (strnlen(token, TOKEN_MOST + 1) > TOKEN_MOST) return refuse(why, "the token is too long");
    if (!token_split(token, &p)) return refuse(why, "the token is not a signed token");
    int err = header_key(s, set, &p, expect->typ, &key, why);
    if (err) return err;

    size_t len;
    const unsigned char *signature = base64url_decode(s, p.signature, p.signature_len, &len);
    if (!signature || !jwk_verifies(key, token, p.head_len + 1 + p.body_len, signature, len))
        return refuse(why, "the token's signature is not right");

    *claims = body_claims(s, &p);
    if (!*claims) return refuse(why, "the token's claims are malformed");
    return claims_check(*claims, expect, why);
}
