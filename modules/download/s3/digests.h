/* digests.h: the digests of a body, made in one pass: MD5 for the entity tag, others where a client asks to compare them. */
#ifndef NADIR_DOWNLOAD_DIGESTS_H
#define NADIR_DOWNLOAD_DIGESTS_H

#include <openssl/evp.h>

#include "common/scope.h"
#include "download/s3/sigv4.h"

struct digests {
    EVP_MD_CTX *md5, *sha1, *sha256;
    unsigned long crc32;
    int64_t size;
};

/** Begins; the contexts belong to the scope. */
int digests_begin(struct scope *s, struct digests *d);
int digests_feed(struct digests *d, const void *data, size_t len);
/** The digest of what was fed, and its length; of at most 32 bytes. May be asked several times. */
int digests_value(const EVP_MD_CTX *md, unsigned char out[32], unsigned *len);
/** Compares with a header or trailer "x-amz-checksum-…" or "content-md5" (base64). Other names are no fault, unless they are a
 *  checksum that is not known here. */
int digests_compare(const struct digests *d, const char *name, const char *value, struct s3_fault *f);

#endif
