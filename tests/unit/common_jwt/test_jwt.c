/* Tokens that are right pass; everything that RFC 8725 warns of is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/http.h"
#include "common/jwt.h"

#define NOW 1800000000

struct fixture {
    struct scope s;
    struct jwk *key;
    struct jwks *set;
};

static char *set_text(struct scope *s, const struct jwk *key) {
    json_t *set = scope_json(s, json_pack("{s:[o]}", "keys", jwk_public(key)));
    char *text = json_dumps(set, 0);
    scope_defer(s, free, text);
    return text;
}

static int setup_with(void **state, const char *alg) {
    struct fixture *f = calloc(1, sizeof *f);
    scope_init(&f->s, "test", 0);
    assert_int_equal(jwk_generate(&f->key, alg), 0);
    assert_int_equal(jwks_parse(&f->set, set_text(&f->s, f->key)), 0);
    *state = f;
    return 0;
}

static int setup(void **state) {
    return setup_with(state, "ES256");
}

static int setup_rsa(void **state) {
    return setup_with(state, "RS256");
}

static int teardown(void **state) {
    struct fixture *f = *state;
    jwk_free(f->key);
    jwks_free(f->set);
    scope_end(&f->s);
    free(f);
    return 0;
}

static json_t *claims(struct fixture *f) {
    return scope_json(&f->s, json_pack("{s:s,s:s,s:s,s:I,s:I}", "iss", "https://nadir", "aud", "nadir", "sub", "u1", "iat",
                                       (json_int_t)NOW - 10, "exp", (json_int_t)NOW + 600));
}

static int verify(struct fixture *f, const char *token) {
    const struct jwt_expect expect = {
        .typ = "at+jwt", .issuer = "https://nadir", .audience = "nadir", .now = NOW, .leeway_s = 5};
    json_t *out = NULL;
    const char *why = NULL;
    int err = jwt_verify(&f->s, f->set, token, &expect, &out, &why);
    if (err)
        assert_non_null(why);
    else
        assert_string_equal(json_string_value(json_object_get(out, "sub")), "u1");
    return err;
}

/* Not inlined: GCC 12 would take the token for a pointer to the local variable (-Wdangling-pointer). */
__attribute__((noinline)) static char *sign(struct fixture *f, const char *typ, const json_t *c) {
    char *token = NULL;
    assert_int_equal(jwt_sign(&f->s, f->key, typ, c, &token), 0);
    return token;
}

/* A token with a header of our choosing, signed by the right key only in form. */
static char *forge(struct fixture *f, const char *header, const char *signature) {
    char *body = json_dumps(claims(f), 0);
    char *token = scope_printf(&f->s, "%s.%s.%s", base64url_encode(&f->s, header, strlen(header)),
                               base64url_encode(&f->s, body, strlen(body)), signature);
    free(body);
    return token;
}

static void test_good(void **state) {
    struct fixture *f = *state;
    char *token = sign(f, "at+jwt", claims(f));
    assert_int_equal(verify(f, token), 0);
    assert_int_equal(verify(f, sign(f, "application/at+jwt", claims(f))), 0);
    json_t *c = claims(f);
    json_object_set_new(c, "aud", json_pack("[s,s]", "other", "nadir"));
    assert_int_equal(verify(f, sign(f, "at+jwt", c)), 0);
}

static void test_alg_none(void **state) {
    struct fixture *f = *state;
    const char *kid = jwk_kid(f->key);
    assert_int_equal(verify(f, forge(f, "{\"alg\":\"none\",\"typ\":\"at+jwt\"}", "")), NADIR_EUNAUTH);
    char *header = scope_printf(&f->s, "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", kid);
    assert_int_equal(verify(f, forge(f, header, "")), NADIR_EUNAUTH);
    assert_int_equal(verify(f, forge(f, header, "AAAA")), NADIR_EUNAUTH);
}

/* CVE-2016-5431 and its kin: the public key, which anyone may have, used as an HMAC secret. */
static void test_hs256_with_public_key(void **state) {
    struct fixture *f = *state;
    char *secret = set_text(&f->s, f->key);
    char *header = scope_printf(&f->s, "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", jwk_kid(f->key));
    char *token = forge(f, header, "");
    size_t len = strlen(token) - 1;
    unsigned char mac[32];
    unsigned mac_len = sizeof mac;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)token, len, mac, &mac_len);
    assert_int_equal(verify(f, scope_printf(&f->s, "%s%s", token, base64url_encode(&f->s, mac, mac_len))), NADIR_EUNAUTH);
}

static void test_other_alg(void **state) {
    struct fixture *f = *state;
    char *good = sign(f, "at+jwt", claims(f));
    const char *other = strcmp(jwk_alg(f->key), "ES256") == 0 ? "RS256" : "ES256";
    char *header = scope_printf(&f->s, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", other, jwk_kid(f->key));
    assert_int_equal(verify(f, forge(f, header, strrchr(good, '.') + 1)), NADIR_EUNAUTH);
}

static void test_header_faults(void **state) {
    struct fixture *f = *state;
    const char *kid = jwk_kid(f->key), *alg = jwk_alg(f->key);
    assert_int_equal(verify(f, forge(f, scope_printf(&f->s, "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", alg), "AAAA")),
                     NADIR_EUNAUTH);
    assert_int_equal(verify(f, forge(f, scope_printf(&f->s, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"x\"}", alg), "AAAA")),
                     NADIR_ENOTFOUND);
    assert_int_equal(
        verify(f,
               forge(f, scope_printf(&f->s, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"crit\":[\"b64\"]}", alg, kid),
                     "AAAA")),
        NADIR_EUNAUTH);
    assert_int_equal(
        verify(f, forge(f, scope_printf(&f->s, "{\"alg\":\"none\",\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", alg, kid),
                        "AAAA")),
        NADIR_EUNAUTH);
    assert_int_equal(verify(f, forge(f, "[]", "AAAA")), NADIR_EUNAUTH);
    assert_int_equal(verify(f, forge(f, "{", "AAAA")), NADIR_EUNAUTH);
    /* An ID token is no access token. */
    assert_int_equal(verify(f, sign(f, "JWT", claims(f))), NADIR_EUNAUTH);
}

static void test_signature_faults(void **state) {
    struct fixture *f = *state;
    char *token = sign(f, "at+jwt", claims(f));
    char *signature = strrchr(token, '.') + 1;
    char *stripped = scope_strndup(&f->s, token, (size_t)(signature - token));
    assert_int_equal(verify(f, stripped), NADIR_EUNAUTH);
    stripped[strlen(stripped) - 1] = '\0';
    assert_int_equal(verify(f, stripped), NADIR_EUNAUTH);

    for (size_t i = 0; signature[i]; i += 7) {
        char *bad = scope_strdup(&f->s, token);
        char *at = bad + (signature - token) + i;
        *at = *at == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(f, bad), 0);
    }
    /* Claims changed under a good signature. */
    char *bad = scope_strdup(&f->s, token);
    char *body = strchr(bad, '.') + 5;
    *body = *body == 'A' ? 'B' : 'A';
    assert_int_equal(verify(f, bad), NADIR_EUNAUTH);
    /* R and S zero, which some libraries took for good (CVE-2022-21449). */
    unsigned char zero[64] = {0};
    assert_int_equal(
        verify(f, scope_printf(&f->s, "%.*s%s", (int)(signature - token), token, base64url_encode(&f->s, zero, 64))),
        NADIR_EUNAUTH);
}

static void test_claim_faults(void **state) {
    struct fixture *f = *state;
    const struct {
        const char *name;
        json_t *value;
    } faults[] = {
        {"iss", json_string("https://evil")},
        {"iss", NULL},
        {"aud", json_string("others")},
        {"aud", json_pack("[s]", "others")},
        {"aud", NULL},
        {"exp", json_integer(NOW - 6)},
        {"exp", json_string("1900000000")},
        {"exp", json_real(1.9e9)},
        {"exp", NULL},
        {"nbf", json_integer(NOW + 60)},
        {"nbf", json_string("soon")},
        {"iat", json_integer(NOW + 60)},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        json_t *c = claims(f);
        if (faults[i].value)
            json_object_set_new(c, faults[i].name, faults[i].value);
        else
            json_object_del(c, faults[i].name);
        assert_int_equal(verify(f, sign(f, "at+jwt", c)), NADIR_EUNAUTH);
    }
    json_t *c = claims(f);
    json_object_set_new(c, "exp", json_integer(NOW - 3)); /* within the leeway */
    assert_int_equal(verify(f, sign(f, "at+jwt", c)), 0);
}

static void test_form_faults(void **state) {
    struct fixture *f = *state;
    const char *const bad[] = {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "eyJ.eyJ.eyJ", "\xff.\xff.\xff", "=.=.=", " "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(verify(f, bad[i]), NADIR_EUNAUTH);
    char *token = sign(f, "at+jwt", claims(f));
    assert_int_equal(verify(f, scope_printf(&f->s, "%s=", token)), NADIR_EUNAUTH);
    assert_int_equal(verify(f, scope_printf(&f->s, "%s.", token)), NADIR_EUNAUTH);
    assert_int_equal(verify(f, scope_printf(&f->s, " %s", token)), NADIR_EUNAUTH);

    json_t *c = claims(f);
    char *filler = scope_alloc(&f->s, 9001);
    memset(filler, 'x', 9000);
    json_object_set_new(c, "filler", json_string(filler));
    assert_int_equal(verify(f, sign(f, "at+jwt", c)), NADIR_EUNAUTH);
}

static void test_pem_round_trip(void **state) {
    struct fixture *f = *state;
    char *pem = jwk_to_pem(&f->s, f->key);
    assert_non_null(pem);
    struct jwk *again;
    assert_int_equal(jwk_from_pem(&again, pem), 0);
    assert_string_equal(jwk_kid(again), jwk_kid(f->key));
    char *token = NULL;
    assert_int_equal(jwt_sign(&f->s, again, "at+jwt", claims(f), &token), 0);
    assert_int_equal(verify(f, token), 0);
    jwk_free(again);
    assert_int_equal(jwk_from_pem(&again, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), NADIR_EINVAL);
    json_t *public = scope_json(&f->s, jwk_public(f->key));
    assert_null(json_object_get(public, "d"));
}

static void test_sets(void **state) {
    (void)state;
    struct jwks *set;
    assert_int_equal(jwks_parse(&set, "nothing"), NADIR_EINVAL);
    assert_int_equal(jwks_parse(&set, "{\"keys\":{}}"), NADIR_EINVAL);
    /* Passed over: a symmetric key, an off-curve point, a short RSA modulus, a key for encryption. */
    assert_int_equal(jwks_parse(&set,
                                "{\"keys\":["
                                "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"AAAA\"},"
                                "{\"kty\":\"EC\",\"kid\":\"b\",\"crv\":\"P-256\",\"x\":"
                                "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
                                "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"},"
                                "{\"kty\":\"RSA\",\"kid\":\"c\",\"n\":\"w7Zdfmece8iaB0kiTY8pCtiBtzbptJmP28nSWwtdjRu0f2GFpajv\","
                                "\"e\":\"AQAB\"},7]}"),
                     0);
    assert_null(jwks_find(set, "a"));
    assert_null(jwks_find(set, "b"));
    assert_null(jwks_find(set, "c"));
    jwks_free(set);
}

/* The example of RFC 7638 section 3.1. */
static void test_thumbprint(void **state) {
    (void)state;
    struct jwks *set;
    const char *text =
        "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"2011-04-29\",\"alg\":\"RS256\",\"e\":\"AQAB\",\"n\":"
        "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
        "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n"
        "91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\"}]}";
    assert_int_equal(jwks_parse(&set, text), 0);
    const struct jwk *key = jwks_find(set, "2011-04-29");
    assert_non_null(key);
    assert_string_equal(jwk_alg(key), "RS256");
    struct scope s;
    scope_init(&s, "test", 0);
    char *token = NULL;
    json_t *c = scope_json(&s, json_object());
    assert_int_equal(jwt_sign(&s, key, "JWT", c, &token), NADIR_EINVAL); /* only a public key */
    assert_null(jwk_to_pem(&s, key));
    scope_end(&s);
    jwks_free(set);
}

#define BOTH(test)                                                                                                             \
    cmocka_unit_test_setup_teardown(test, setup, teardown), cmocka_unit_test_setup_teardown(test, setup_rsa, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(test_good),           BOTH(test_alg_none),         BOTH(test_hs256_with_public_key),  BOTH(test_other_alg),
        BOTH(test_header_faults),  BOTH(test_signature_faults), BOTH(test_claim_faults),           BOTH(test_form_faults),
        BOTH(test_pem_round_trip), cmocka_unit_test(test_sets), cmocka_unit_test(test_thumbprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
