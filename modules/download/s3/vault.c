/* vault.c: secrets of access keys at rest: AES-256-GCM (NIST SP 800-38D) by OpenSSL, under a key made of NADIR_S3_SECRET.
 * Sealed: 12 bytes of nonce, the ciphertext, 16 bytes of tag. The access key and its subject are authenticated with it. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/config.h"
#include "common/id.h"
#include "download/s3/s3.h"

#define NONCE 12
#define TAG 16
#define PURPOSE "nadir-s3-secrets-1"

bool vault_is_set(void) {
    return strlen(config_text("NADIR_S3_SECRET", "")) >= 32;
}

static void context_free(void *c) {
    EVP_CIPHER_CTX_free(c);
}

/* A context with key, nonce and associated data set; of the scope. */
static EVP_CIPHER_CTX *context(struct scope *s, bool sealing, const unsigned char *nonce, const char *aad) {
    const char *secret = config_text("NADIR_S3_SECRET", "");
    unsigned char key[32];
    unsigned key_len = 0;
    int len;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (!c) return NULL;
    scope_defer(s, context_free, c);
    bool ready =
        HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)PURPOSE, sizeof PURPOSE - 1, key, &key_len) &&
        EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, sealing) == 1 &&
        EVP_CipherUpdate(c, NULL, &len, (const unsigned char *)aad, (int)strlen(aad)) == 1;
    OPENSSL_cleanse(key, sizeof key);
    return ready ? c : NULL;
}

int vault_seal(struct scope *s, const char *access_key, const char *subject, const char *secret, unsigned char **out,
               size_t *len) {
    size_t n = strlen(secret);
    unsigned char *sealed = scope_alloc(s, NONCE + n + TAG);
    int part, last;
    if (!vault_is_set()) return NADIR_EINTERNAL;
    random_bytes(sealed, NONCE);
    EVP_CIPHER_CTX *c = context(s, true, sealed, scope_printf(s, "%s %s", access_key, subject));
    if (!c || EVP_CipherUpdate(c, sealed + NONCE, &part, (const unsigned char *)secret, (int)n) != 1 || part != (int)n ||
        EVP_CipherFinal_ex(c, sealed + NONCE + n, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, sealed + NONCE + n) != 1)
        return NADIR_EINTERNAL;
    *out = sealed;
    *len = NONCE + n + TAG;
    return 0;
}

int vault_open(struct scope *s, const char *access_key, const char *subject, const unsigned char *sealed, size_t len,
               char **out) {
    if (len <= NONCE + TAG || len > 1024 || !vault_is_set()) return NADIR_EDENIED;
    size_t n = len - NONCE - TAG;
    char *secret = scope_alloc(s, n + TAG + 1);
    unsigned char tag[TAG];
    int part, last;
    memcpy(tag, sealed + NONCE + n, TAG);
    EVP_CIPHER_CTX *c = context(s, false, sealed, scope_printf(s, "%s %s", access_key, subject));
    if (!c || EVP_CipherUpdate(c, (unsigned char *)secret, &part, sealed + NONCE, (int)n) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1)
        return NADIR_EINTERNAL;
    if (EVP_CipherFinal_ex(c, (unsigned char *)secret + part, &last) != 1) {
        OPENSSL_cleanse(secret, n);
        return NADIR_EDENIED;
    }
    secret[n] = '\0';
    *out = secret;
    return 0;
}
