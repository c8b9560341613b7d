#include "download/s3/digests.h"

#include <openssl/crypto.h>
#include <string.h>
#include <zlib.h>

static void context_free(void *md) {
    EVP_MD_CTX_free(md);
}

static int context_begin(struct scope *s, EVP_MD_CTX **out, const EVP_MD *kind) {
    *out = EVP_MD_CTX_new();
    if (!*out) return NADIR_ENOMEM;
    scope_defer(s, context_free, *out);
    return EVP_DigestInit_ex(*out, kind, NULL) == 1 ? 0 : NADIR_EINTERNAL;
}

int digests_begin(struct scope *s, struct digests *d) {
    *d = (struct digests){.crc32 = crc32(0, NULL, 0)};
    int err = context_begin(s, &d->md5, EVP_md5());
    if (!err) err = context_begin(s, &d->sha1, EVP_sha1());
    return err ? err : context_begin(s, &d->sha256, EVP_sha256());
}

int digests_feed(struct digests *d, const void *data, size_t len) {
    d->size += (int64_t)len;
    d->crc32 = crc32_z(d->crc32, data, len);
    bool fed = EVP_DigestUpdate(d->md5, data, len) == 1 && EVP_DigestUpdate(d->sha1, data, len) == 1 &&
               EVP_DigestUpdate(d->sha256, data, len) == 1;
    return fed ? 0 : NADIR_EINTERNAL;
}

int digests_value(const EVP_MD_CTX *md, unsigned char out[32], unsigned *len) {
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned char sum[EVP_MAX_MD_SIZE];
    bool made = copy && EVP_MD_CTX_copy_ex(copy, md) == 1 && EVP_DigestFinal_ex(copy, sum, len) == 1 && *len <= 32;
    EVP_MD_CTX_free(copy);
    if (!made) return NADIR_EINTERNAL;
    memcpy(out, sum, *len);
    return 0;
}

static bool same_base64(const unsigned char *sum, unsigned len, const char *value) {
    unsigned char text[64];
    int n = EVP_EncodeBlock(text, sum, (int)len);
    return n > 0 && strlen(value) == (size_t)n && CRYPTO_memcmp(text, value, (size_t)n) == 0;
}

int digests_compare(const struct digests *d, const char *name, const char *value, struct s3_fault *f) {
    unsigned char sum[32];
    unsigned len = 0;
    int err = 0;
    if (strcmp(name, "x-amz-checksum-crc32") == 0) {
        for (unsigned i = 0; i < 4; i++) sum[i] = (unsigned char)(d->crc32 >> (24 - 8 * i));
        len = 4;
    } else if (strcmp(name, "x-amz-checksum-sha1") == 0) {
        err = digests_value(d->sha1, sum, &len);
    } else if (strcmp(name, "x-amz-checksum-sha256") == 0) {
        err = digests_value(d->sha256, sum, &len);
    } else if (strcmp(name, "content-md5") == 0) {
        err = digests_value(d->md5, sum, &len);
    } else if (strncmp(name, "x-amz-checksum-", 15) == 0 && strcmp(name + 15, "algorithm") != 0 &&
               strcmp(name + 15, "type") != 0) {
        return s3_fault_set(f, 501, "NotImplemented", "Checksums are taken by CRC32, SHA1 or SHA256.");
    } else {
        return 0;
    }
    if (err || same_base64(sum, len, value)) return err;
    return s3_fault_set(f, 400, "BadDigest", "The checksum that you sent is not that of what arrived here.");
}
