/* chunked.h: the aws-chunked content coding, of bodies that are signed chunk by chunk or end with a trailer. */
#ifndef NADIR_DOWNLOAD_CHUNKED_H
#define NADIR_DOWNLOAD_CHUNKED_H

#include <stdio.h>

#include "download/s3/digests.h"
#include "download/s3/sigv4.h"

struct chunked {
    const struct sigv4 *sig; /* whose signature is the first chunk's predecessor */
    const unsigned char *key;
    bool chunks_signed, trailer; /* from x-amz-content-sha256 */
    bool announced;              /* a checksum in the trailer */
    unsigned wanted;             /* digests that headers and announced trailers ask for */
};

/** What a payload's name says of its coding. False if it is not one of aws-chunked that is taken. */
bool chunked_kind(const char *payload, struct chunked *out);

/** Decodes `in` to `out` (NULL: only checks), feeds the digests, and checks chunk signatures and the trailer's checksum.
 *  NADIR_EINVAL with a fault. */
int chunked_decode(struct scope *s, const struct chunked *c, FILE *in, FILE *out, struct digests *d, struct s3_fault *f);

#endif
