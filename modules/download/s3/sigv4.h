/* sigv4.h: AWS Signature Version 4 as Amazon S3 takes it, from a header or from a presigned address.
 *
 * Sources: AWS General Reference "Signature Version 4 signing process"; Amazon S3 API Reference "Authenticating Requests (AWS
 * Signature Version 4)", "Signature Calculations: Transferring Payload in Multiple Chunks" and its variants with trailers.
 * Nothing here knows the database or the request's handler: unit tests and a fuzzer call it directly.
 */
#ifndef NADIR_DOWNLOAD_SIGV4_H
#define NADIR_DOWNLOAD_SIGV4_H

#include "common/http.h"

#define SIGV4_SKEW 900            /* seconds that a client's clock may be off */
#define SIGV4_EXPIRES_MOST 604800 /* seconds that a presigned address may live */

/* What a request was refused for: a code of S3's, its status and a sentence. code NULL: nothing. */
struct s3_fault {
    int status;
    const char *code, *message;
};

/** Records a fault and returns NADIR_EINVAL. */
int s3_fault_set(struct s3_fault *f, int status, const char *code, const char *message);

/* A request as far as its signature goes. */
struct signed_request {
    const char *method; /* "GET" */
    const char *path;   /* decoded */
    const struct pairs *args, *headers;
};

struct sigv4 {
    const char *access_key, *date, *region, *service; /* of the credential's scope; date as YYYYMMDD */
    const char *signed_headers;                       /* "host;x-amz-date" */
    const char *signature;                            /* 64 hex digits */
    const char *timestamp;                            /* YYYYMMDDTHHMMSSZ */
    const char *payload;                              /* x-amz-content-sha256, or UNSIGNED-PAYLOAD */
    bool presigned;
    int64_t signed_at, expires; /* seconds since the epoch; for how many seconds (0: by header) */
};

/** Reads the signature of a request. NADIR_EUNAUTH if it has none, NADIR_EINVAL with a fault if it is malformed. */
int sigv4_read(struct scope *s, const struct signed_request *rq, struct sigv4 *out, struct s3_fault *f);

/** Judges the times of a signature at `now` (seconds since the epoch). */
int sigv4_timely(const struct sigv4 *v, int64_t now, struct s3_fault *f);

/** The canonical request. `host`, if not NULL, stands in for the Host header, `path` for the request's. */
char *sigv4_canonical(struct scope *s, const struct sigv4 *v, const struct signed_request *rq, const char *host,
                      const char *path);

/** The key that signs with a secret on the date, in the region and for the service of a credential's scope. */
int sigv4_key(struct scope *s, const struct sigv4 *v, const char *secret, unsigned char key[32]);

/** The signature, 64 hex digits, of a canonical request. */
char *sigv4_sign(struct scope *s, const struct sigv4 *v, const unsigned char key[32], const char *canonical);

/** The signature, 64 hex digits, of a string to sign whose first lines are `algorithm`, the time and the scope. */
char *sigv4_sign_lines(struct scope *s, const struct sigv4 *v, const unsigned char key[32], const char *algorithm,
                       const char *rest);

/** Compares two signatures in constant time. */
bool sigv4_same(const char *a, const char *b);

/** True if the signature is that of the request, or of the request as clients write it that take the path of the endpoint
 *  (`prefix`, "/s3") for a part of its host, or leave it out. */
bool sigv4_verify(struct scope *s, const struct sigv4 *v, const struct signed_request *rq, const unsigned char key[32],
                  const char *prefix);

#endif
