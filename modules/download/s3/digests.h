/* digests.h: the digests of a body, made in one pass: MD5 for the entity tag, others where a client asks to compare them. */
#ifndef NADIR_DOWNLOAD_DIGESTS_H
#define NADIR_DOWNLOAD_DIGESTS_H

#include <openssl/evp.h>

#include "common/http.h"
#include "download/s3/sigv4.h"

#define DIGEST_CRC32 1u
#define DIGEST_CRC32C 2u
#define DIGEST_CRC64NVME 4u
#define DIGEST_SHA1 8u
#define DIGEST_SHA256 16u
#define DIGESTS_ALL 31u

struct digests {
    unsigned wanted; /* DIGEST_… */
    EVP_MD_CTX *md5, *sha1, *sha256;
    unsigned long crc32;
    uint32_t crc32c;
    uint64_t crc64;
    int64_t size;
};

/** Which digests the headers ask to compare: x-amz-checksum-…, and those that x-amz-trailer announces. */
unsigned digests_wanted(const struct pairs *headers);
/** Begins with MD5 and those that are wanted; the contexts belong to the scope. */
int digests_begin(struct scope *s, struct digests *d, unsigned wanted);
int digests_feed(struct digests *d, const void *data, size_t len);
/** The digest of what was fed, and its length; of at most 32 bytes. May be asked several times. */
int digests_value(const EVP_MD_CTX *md, unsigned char out[32], unsigned *len);
/** Compares with a header or trailer "x-amz-checksum-…" or "content-md5" (base64). Other names are no fault, unless they are a
 *  checksum that is not known here or was not announced. */
int digests_compare(const struct digests *d, const char *name, const char *value, struct s3_fault *f);
/** True if the name is that of a checksum's header or trailer that is known here. */
bool digests_is_checksum(const char *name);
/** The checksum of that header's name as base64, in the scope; NULL if it is not among the wanted. */
char *digests_text(struct scope *s, const struct digests *d, const char *name);

/** CRC-64/NVME (NVM Express, "64b CRC", as Amazon S3's CRC64NVME) of more bytes after those that gave `crc` (0: none). */
uint64_t crc64nvme(uint64_t crc, const void *data, size_t len);

#endif
