#include "download/s3/digests.h"

#include <isa-l/crc.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

static const struct {
    const char *name;
    unsigned kind;
} checksums[] = {{"x-amz-checksum-crc32", DIGEST_CRC32},
                 {"x-amz-checksum-crc32c", DIGEST_CRC32C},
                 {"x-amz-checksum-crc64nvme", DIGEST_CRC64NVME},
                 {"x-amz-checksum-sha1", DIGEST_SHA1},
                 {"x-amz-checksum-sha256", DIGEST_SHA256}};

static unsigned kind_of(const char *name, size_t len) {
    for (size_t i = 0; i < sizeof checksums / sizeof *checksums; i++)
        if (strlen(checksums[i].name) == len && strncasecmp(checksums[i].name, name, len) == 0) return checksums[i].kind;
    return 0;
}

bool digests_is_checksum(const char *name) {
    return kind_of(name, strlen(name)) != 0;
}

unsigned digests_wanted(const struct pairs *headers) {
    unsigned wanted = 0;
    for (size_t i = 0; i < headers->count; i++) wanted |= kind_of(headers->list[i].name, strlen(headers->list[i].name));
    const char *trailers = pairs_get(headers, "x-amz-trailer");
    for (const char *c = trailers ? trailers : ""; *c;) {
        c += strspn(c, ", ");
        size_t span = strcspn(c, ", ");
        wanted |= kind_of(c, span);
        c += span;
    }
    return wanted;
}

static void context_free(void *md) {
    EVP_MD_CTX_free(md);
}

static int context_begin(struct scope *s, EVP_MD_CTX **out, const EVP_MD *kind) {
    *out = EVP_MD_CTX_new();
    if (!*out) return NADIR_ENOMEM;
    scope_defer(s, context_free, *out);
    return EVP_DigestInit_ex(*out, kind, NULL) == 1 ? 0 : NADIR_EINTERNAL;
}

int digests_begin(struct scope *s, struct digests *d, unsigned wanted) {
    *d = (struct digests){.wanted = wanted, .crc32 = crc32(0, NULL, 0), .crc32c = UINT32_MAX};
    int err = context_begin(s, &d->md5, EVP_md5());
    if (!err && wanted & DIGEST_SHA1) err = context_begin(s, &d->sha1, EVP_sha1());
    if (!err && wanted & DIGEST_SHA256) err = context_begin(s, &d->sha256, EVP_sha256());
    return err;
}

/* ISA-L's function takes an int, does not change the bytes, and leaves the last inversion to its caller. */
static uint32_t crc32c(uint32_t crc, const unsigned char *data, size_t len) {
    for (size_t n; len; data += n, len -= n) {
        n = len < INT_MAX ? len : INT_MAX;
        crc = crc32_iscsi((unsigned char *)data, (int)n, crc);
    }
    return crc;
}

int digests_feed(struct digests *d, const void *data, size_t len) {
    d->size += (int64_t)len;
    if (d->wanted & DIGEST_CRC32) d->crc32 = crc32_z(d->crc32, data, len);
    if (d->wanted & DIGEST_CRC32C) d->crc32c = crc32c(d->crc32c, data, len);
    if (d->wanted & DIGEST_CRC64NVME) d->crc64 = crc64nvme(d->crc64, data, len);
    bool fed = EVP_DigestUpdate(d->md5, data, len) == 1 && (!d->sha1 || EVP_DigestUpdate(d->sha1, data, len) == 1) &&
               (!d->sha256 || EVP_DigestUpdate(d->sha256, data, len) == 1);
    return fed ? 0 : NADIR_EINTERNAL;
}

int digests_value(const EVP_MD_CTX *md, unsigned char out[32], unsigned *len) {
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    unsigned char sum[EVP_MAX_MD_SIZE];
    bool made = copy && md && EVP_MD_CTX_copy_ex(copy, md) == 1 && EVP_DigestFinal_ex(copy, sum, len) == 1 && *len <= 32;
    EVP_MD_CTX_free(copy);
    if (!made) return NADIR_EINTERNAL;
    memcpy(out, sum, *len);
    return 0;
}

static void big_endian(uint64_t value, unsigned bytes, unsigned char *out) {
    for (unsigned i = 0; i < bytes; i++) out[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
}

static int kind_value(const struct digests *d, unsigned kind, unsigned char out[32], unsigned *len) {
    if (kind == DIGEST_SHA1 || kind == DIGEST_SHA256) return digests_value(kind == DIGEST_SHA1 ? d->sha1 : d->sha256, out, len);
    *len = kind == DIGEST_CRC64NVME ? 8 : 4;
    big_endian(kind == DIGEST_CRC64NVME ? d->crc64 : kind == DIGEST_CRC32C ? ~d->crc32c : d->crc32, *len, out);
    return 0;
}

char *digests_text(struct scope *s, const struct digests *d, const char *name) {
    unsigned char sum[32];
    unsigned len, kind = kind_of(name, strlen(name));
    if (!(kind & d->wanted) || kind_value(d, kind, sum, &len)) return NULL;
    char *text = scope_alloc(s, 64);
    EVP_EncodeBlock((unsigned char *)text, sum, (int)len);
    return text;
}

static bool same_base64(const unsigned char *sum, unsigned len, const char *value) {
    unsigned char text[64];
    int n = EVP_EncodeBlock(text, sum, (int)len);
    return n > 0 && strlen(value) == (size_t)n && CRYPTO_memcmp(text, value, (size_t)n) == 0;
}

/* x-amz-checksum-algorithm, -type and -mode say of a checksum which it is. */
static bool is_unknown(const char *name) {
    if (strncmp(name, "x-amz-checksum-", 15) != 0) return false;
    return strcmp(name + 15, "algorithm") != 0 && strcmp(name + 15, "type") != 0 && strcmp(name + 15, "mode") != 0;
}

int digests_compare(const struct digests *d, const char *name, const char *value, struct s3_fault *f) {
    unsigned char sum[32];
    unsigned len = 0, kind = kind_of(name, strlen(name));
    bool md5 = strcmp(name, "content-md5") == 0;
    if (!kind && is_unknown(name))
        return s3_fault_set(f, 501, "NotImplemented", "Checksums are taken by CRC32, CRC32C, CRC64NVME, SHA1 or SHA256.");
    if (!kind && !md5) return 0;
    if (kind && !(kind & d->wanted))
        return s3_fault_set(f, 400, "MalformedTrailerError", "The trailer was not announced in x-amz-trailer.");
    int err = md5 ? digests_value(d->md5, sum, &len) : kind_value(d, kind, sum, &len);
    if (err || same_base64(sum, len, value)) return err;
    return s3_fault_set(f, 400, "BadDigest", "The checksum that you sent is not that of what arrived here.");
}
