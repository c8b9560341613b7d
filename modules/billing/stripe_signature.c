/* stripe_signature.c: see stripe_signature.h. */
#include "billing/stripe_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define DIGEST_SIZE 32

static bool expected_signature(const char *t, size_t t_len, const char *secret, const char *body, size_t len,
                               unsigned char out[DIGEST_SIZE]) {
    unsigned char *signed_text = malloc(t_len + 1 + len);
    if (!signed_text) return false;
    memcpy(signed_text, t, t_len);
    signed_text[t_len] = '.';
    memcpy(signed_text + t_len + 1, body, len);
    unsigned int out_len = 0;
    bool ok = HMAC(EVP_sha256(), secret, (int)strlen(secret), signed_text, t_len + 1 + len, out, &out_len) != NULL;
    free(signed_text);
    return ok && out_len == DIGEST_SIZE;
}

static bool signature_equal(const char *hex, size_t hex_len, const unsigned char expected[DIGEST_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    char text[2 * DIGEST_SIZE];
    if (hex_len != sizeof(text)) return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        text[2 * i] = digits[expected[i] >> 4];
        text[2 * i + 1] = digits[expected[i] & 15];
    }
    return CRYPTO_memcmp(hex, text, sizeof(text)) == 0;
}

/* The value of the header's next "name=value", and its length; NULL at the end. *at moves on. */
static const char *next_value(const char **at, const char *name, size_t *len) {
    size_t name_len = strlen(name);
    while (**at) {
        const char *part = *at;
        size_t part_len = strcspn(part, ",");
        *at = part + part_len + (part[part_len] == ',');
        if (part_len > name_len && strncmp(part, name, name_len) == 0 && part[name_len] == '=') {
            *len = part_len - name_len - 1;
            return part + name_len + 1;
        }
    }
    return NULL;
}

int stripe_signature_check(const char *header, const char *secret, const char *body, size_t len, time_t now) {
    size_t t_len = 0, v1_len = 0;
    const char *at = header, *t = next_value(&at, "t", &t_len);
    if (!t || t_len == 0 || t_len > 12 || strspn(t, "0123456789") != t_len) return NADIR_EUNAUTH;
    unsigned char expected[DIGEST_SIZE];
    if (!secret[0] || !expected_signature(t, t_len, secret, body, len, expected)) return NADIR_EUNAUTH;
    bool genuine = false;
    at = header;
    for (const char *v1; (v1 = next_value(&at, "v1", &v1_len));) genuine = signature_equal(v1, v1_len, expected) || genuine;
    long long age = (long long)now - strtoll(t, NULL, 10);
    return genuine && age <= STRIPE_TOLERANCE_S && age >= -STRIPE_TOLERANCE_S ? 0 : NADIR_EUNAUTH;
}
