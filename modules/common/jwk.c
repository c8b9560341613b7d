/* jwk.c: keys of JSON Web Tokens: parsed once into OpenSSL's EVP_PKEY, P-256 (ES256) and RSA (RS256). */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/http.h"
#include "common/jwk.h"
#include "common/log.h"

#define COORDINATE 32 /* bytes of a P-256 field element */
#define RSA_LEAST 2048
#define RSA_MOST 8192
#define JWKS_MOST 64

struct jwk {
    EVP_PKEY *pkey;
    json_t *public; /* the public JWK, with kid */
    bool private;
    bool elliptic; /* ES256; otherwise RS256 */
};

struct jwks {
    struct jwk *keys[JWKS_MOST];
    size_t count;
};

/* ---- reading a public JWK ---- */

/* A base64url member as bytes in the scope; NULL when absent or malformed. */
static unsigned char *member_bytes(struct scope *s, const json_t *jwk, const char *name, size_t *len) {
    const char *text = json_string_value(json_object_get(jwk, name));
    if (!text) return NULL;
    return base64url_decode(s, text, strlen(text), len);
}

static EVP_PKEY *pkey_from_params(const char *type, OSSL_PARAM_BLD *build) {
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) <= 0 || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return pkey;
}

/* RFC 7518 section 6.2.1. A point that is not on the curve is refused by OpenSSL. */
static EVP_PKEY *pkey_from_ec(struct scope *s, const json_t *jwk) {
    const char *crv = json_string_value(json_object_get(jwk, "crv"));
    size_t xlen = 0, ylen = 0;
    const unsigned char *x = member_bytes(s, jwk, "x", &xlen), *y = member_bytes(s, jwk, "y", &ylen);
    if (!crv || strcmp(crv, "P-256") != 0 || !x || !y || xlen != COORDINATE || ylen != COORDINATE) return NULL;

    unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(point + 1, x, COORDINATE);
    memcpy(point + 1 + COORDINATE, y, COORDINATE);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *pkey = NULL;
    if (build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point))
        pkey = pkey_from_params("EC", build);
    OSSL_PARAM_BLD_free(build);
    return pkey;
}

/* RFC 7518 section 6.3.1. */
static EVP_PKEY *pkey_from_rsa(struct scope *s, const json_t *jwk) {
    size_t nlen = 0, elen = 0;
    const unsigned char *n = member_bytes(s, jwk, "n", &nlen), *e = member_bytes(s, jwk, "e", &elen);
    if (!n || !e || nlen > RSA_MOST / 8 || elen == 0 || elen > 4) return NULL;

    BIGNUM *bn = BN_bin2bn(n, (int)nlen, NULL), *be = BN_bin2bn(e, (int)elen, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *pkey = NULL;
    if (bn && be && build && BN_num_bits(bn) >= RSA_LEAST && BN_is_odd(be) && !BN_is_one(be) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn) && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, be))
        pkey = pkey_from_params("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(bn);
    BN_free(be);
    return pkey;
}

/* ---- writing a public JWK ---- */

static json_t *base64url_json(struct scope *s, const unsigned char *bytes, size_t len) {
    return json_string(base64url_encode(s, bytes, len));
}

static json_t *public_from_ec(struct scope *s, const EVP_PKEY *pkey) {
    BIGNUM *x = NULL, *y = NULL;
    unsigned char bytes[COORDINATE];
    json_t *out = NULL;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) &&
        EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y)) {
        out = json_pack("{s:s,s:s}", "kty", "EC", "crv", "P-256");
        (void)BN_bn2binpad(x, bytes, COORDINATE);
        json_object_set_new(out, "x", base64url_json(s, bytes, sizeof bytes));
        (void)BN_bn2binpad(y, bytes, COORDINATE);
        json_object_set_new(out, "y", base64url_json(s, bytes, sizeof bytes));
    }
    BN_free(x);
    BN_free(y);
    return out;
}

static json_t *public_from_rsa(struct scope *s, const EVP_PKEY *pkey) {
    BIGNUM *n = NULL, *e = NULL;
    unsigned char bytes[RSA_MOST / 8];
    json_t *out = NULL;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) &&
        BN_num_bytes(n) <= RSA_MOST / 8 && BN_num_bytes(e) <= 8) {
        out = json_pack("{s:s}", "kty", "RSA");
        json_object_set_new(out, "n", base64url_json(s, bytes, (size_t)BN_bn2bin(n, bytes)));
        json_object_set_new(out, "e", base64url_json(s, bytes, (size_t)BN_bn2bin(e, bytes)));
    }
    BN_free(n);
    BN_free(e);
    return out;
}

/* RFC 7638: SHA-256 over the required members in lexicographic order without white space. */
static json_t *thumbprint(struct scope *s, const json_t *public) {
    const char *const ec[] = {"crv", "kty", "x", "y", NULL}, *const rsa[] = {"e", "kty", "n", NULL};
    const char *const *names = json_object_get(public, "crv") ? ec : rsa;
    json_t *members = scope_json(s, json_object());
    for (; *names; names++) json_object_set(members, *names, json_object_get(public, *names));
    char *text = json_dumps(members, JSON_COMPACT | JSON_SORT_KEYS);
    unsigned char digest[32];
    if (!text || !EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL)) {
        free(text);
        return NULL;
    }
    free(text);
    return base64url_json(s, digest, sizeof digest);
}

/* Takes pkey. kid NULL: the thumbprint. */
static int jwk_new(struct jwk **out, EVP_PKEY *pkey, bool private, const char *kid) {
    struct scope s;
    scope_init(&s, NULL, 0);
    bool elliptic = EVP_PKEY_is_a(pkey, "EC") == 1;
    json_t *public = elliptic ? public_from_ec(&s, pkey) : public_from_rsa(&s, pkey);
    struct jwk *key = public ? calloc(1, sizeof *key) : NULL;
    if (key) {
        json_object_set_new(public, "kid", kid ? json_string(kid) : thumbprint(&s, public));
        json_object_set_new(public, "alg", json_string(elliptic ? "ES256" : "RS256"));
        json_object_set_new(public, "use", json_string("sig"));
        *key = (struct jwk){.pkey = pkey, .public = public, .private = private, .elliptic = elliptic};
        *out = key;
    } else {
        json_decref(public);
        EVP_PKEY_free(pkey);
    }
    scope_end(&s);
    return key ? 0 : NADIR_EINVAL;
}

/* ---- sets ---- */

/* A key of a set, or NULL when it is not one that we verify with. */
static struct jwk *jwk_from_public(struct scope *s, const json_t *jwk) {
    const char *kty = json_string_value(json_object_get(jwk, "kty"));
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    const char *use = json_string_value(json_object_get(jwk, "use"));
    const char *alg = json_string_value(json_object_get(jwk, "alg"));
    if (!kty || !kid || !*kid || strlen(kid) > 200 || (use && strcmp(use, "sig") != 0)) return NULL;

    bool elliptic = strcmp(kty, "EC") == 0;
    if (!elliptic && strcmp(kty, "RSA") != 0) return NULL;
    if (alg && strcmp(alg, elliptic ? "ES256" : "RS256") != 0) return NULL;
    EVP_PKEY *pkey = elliptic ? pkey_from_ec(s, jwk) : pkey_from_rsa(s, jwk);
    struct jwk *key = NULL;
    return pkey && jwk_new(&key, pkey, false, kid) == 0 ? key : NULL;
}

int jwks_parse(struct jwks **out, const char *json) {
    json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    const json_t *keys = json_object_get(root, "keys");
    struct jwks *set = json_is_array(keys) ? calloc(1, sizeof *set) : NULL;
    if (!set) {
        json_decref(root);
        return NADIR_EINVAL;
    }
    struct scope s;
    scope_init(&s, NULL, 0);
    size_t i;
    const json_t *jwk;
    json_array_foreach(keys, i, jwk) {
        struct jwk *key = set->count < JWKS_MOST ? jwk_from_public(&s, jwk) : NULL;
        if (key) set->keys[set->count++] = key;
    }
    scope_end(&s);
    json_decref(root);
    *out = set;
    return 0;
}

void jwks_free(struct jwks *set) {
    if (!set) return;
    for (size_t i = 0; i < set->count; i++) jwk_free(set->keys[i]);
    free(set);
}

const struct jwk *jwks_find(const struct jwks *set, const char *kid) {
    for (size_t i = 0; set && i < set->count; i++)
        if (strcmp(jwk_kid(set->keys[i]), kid) == 0) return set->keys[i];
    return NULL;
}

/* ---- private keys ---- */

int jwk_generate(struct jwk **out, const char *alg) {
    EVP_PKEY *pkey = NULL;
    if (strcmp(alg, "ES256") == 0) pkey = EVP_EC_gen("P-256");
    if (strcmp(alg, "RS256") == 0) pkey = EVP_RSA_gen(RSA_LEAST);
    return pkey ? jwk_new(out, pkey, true, NULL) : NADIR_EINVAL;
}

/* Only kinds that jwt_sign knows: P-256, and RSA of at least 2048 bits. */
static bool pkey_usable(const EVP_PKEY *pkey) {
    char group[40] = "";
    if (EVP_PKEY_is_a(pkey, "RSA")) return EVP_PKEY_get_bits(pkey) >= RSA_LEAST && EVP_PKEY_get_bits(pkey) <= RSA_MOST;
    return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) &&
           strcmp(group, "prime256v1") == 0;
}

/* No prompt for a pass phrase on the terminal of a server. */
static int no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

int jwk_from_pem(struct jwk **out, const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    if (!pkey) return NADIR_EINVAL;
    if (!pkey_usable(pkey)) {
        EVP_PKEY_free(pkey);
        return NADIR_EINVAL;
    }
    return jwk_new(out, pkey, true, NULL);
}

char *jwk_to_pem(struct scope *s, const struct jwk *key) {
    if (!key->private) return NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL, *copy = NULL;
    if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL)) {
        long len = BIO_get_mem_data(bio, &text);
        if (len > 0) copy = scope_strndup(s, text, (size_t)len);
    }
    BIO_free(bio);
    return copy;
}

json_t *jwk_public(const struct jwk *key) {
    return json_deep_copy(key->public);
}

const char *jwk_kid(const struct jwk *key) {
    return json_string_value(json_object_get(key->public, "kid"));
}

const char *jwk_alg(const struct jwk *key) {
    return key->elliptic ? "ES256" : "RS256";
}

void jwk_free(struct jwk *key) {
    if (!key) return;
    EVP_PKEY_free(key->pkey);
    json_decref(key->public);
    free(key);
}

/* ---- signatures ---- */

/* OpenSSL's DER ECDSA-Sig-Value to R||S. */
static bool raw_from_der(const unsigned char *der, size_t len, unsigned char raw[2 * COORDINATE]) {
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, COORDINATE) == COORDINATE &&
                BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + COORDINATE, COORDINATE) == COORDINATE;
    ECDSA_SIG_free(sig);
    return good;
}

/* R||S to DER, allocated by OpenSSL; NULL on failure. */
static unsigned char *der_from_raw(const unsigned char *raw, int *len) {
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, COORDINATE, NULL), *v = BN_bin2bn(raw + COORDINATE, COORDINATE, NULL);
    unsigned char *der = NULL;
    if (sig && r && v && ECDSA_SIG_set0(sig, r, v)) {
        *len = i2d_ECDSA_SIG(sig, &der);
    } else {
        BN_free(r);
        BN_free(v);
    }
    ECDSA_SIG_free(sig);
    return der;
}

int jwk_sign(struct scope *s, const struct jwk *key, const void *data, size_t len, unsigned char **signature,
             size_t *signature_len) {
    if (!key->private) return NADIR_EINVAL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t room = (size_t)EVP_PKEY_get_size(key->pkey);
    unsigned char *made = scope_alloc(s, room);
    bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) > 0 &&
                EVP_DigestSign(ctx, made, &room, data, len) > 0;
    EVP_MD_CTX_free(ctx);
    if (!good) return NADIR_EINTERNAL;
    *signature = made;
    *signature_len = room;
    if (!key->elliptic) return 0;
    *signature = scope_alloc(s, 2 * COORDINATE);
    *signature_len = 2 * COORDINATE;
    return raw_from_der(made, room, *signature) ? 0 : NADIR_EINTERNAL;
}

bool jwk_verifies(const struct jwk *key, const void *data, size_t len, const unsigned char *signature, size_t signature_len) {
    unsigned char *der = NULL;
    if (key->elliptic) {
        int der_len = 0;
        if (signature_len != 2 * COORDINATE) return false;
        der = der_from_raw(signature, &der_len);
        if (!der || der_len <= 0) return false;
        signature = der;
        signature_len = (size_t)der_len;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) > 0 &&
                EVP_DigestVerify(ctx, signature, signature_len, data, len) == 1;
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    return good;
}
