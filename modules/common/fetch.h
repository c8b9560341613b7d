/* fetch.h: HTTP requests to others, by libcurl: deadlines, retries, a circuit breaker a host, and no way inside.
 *
 * Addresses that a user may have chosen must not reach the private network: unless FETCH_INTERNAL is set, loopback, link-local,
 * private and multicast addresses are refused after name resolution, redirects included (SSRF).
 */
#ifndef NADIR_FETCH_H
#define NADIR_FETCH_H

#include <stddef.h>

#include "common/scope.h"

#define FETCH_INTERNAL 1u /* the address is from configuration: private addresses are allowed */
#define FETCH_RETRY 2u    /* idempotent: up to 3 tries with jittered back-off on connection failure, 502, 503, 504 */

struct fetch {
    const char *method; /* NULL: GET, or POST with a body */
    const char *url;
    const char *const *headers; /* NULL-ended "Name: value" lines, or NULL */
    const char *body;
    size_t body_len;
    size_t most;    /* answer's bytes; 0: 8 MiB */
    int timeout_ms; /* 0: 10,000; the scope's deadline cuts it */
    unsigned flags;
};

struct fetched {
    int status;
    int retry_after;          /* seconds that the server asks to wait (Retry-After); 0: none */
    const char *content_type; /* "" if none */
    const char *body;         /* NUL-terminated */
    size_t body_len;
    const char *why; /* NADIR_EUNAVAILABLE: what kept us from an answer, as the end of a sentence: "no host has that name" */
};

/** Performs the request; the answer belongs to the scope. 0 for any HTTP status. NADIR_EINVAL for a URL that is refused,
 *  NADIR_EUNAVAILABLE (also while the breaker is open), NADIR_ETIMEOUT, NADIR_ETOOLARGE. */
int fetch(struct scope *s, const struct fetch *f, struct fetched *out);

#define FETCH_MANY_MOST 32 /* on their way at once */
#define FETCH_HOST_MOST 8  /* of these to one host */

/** Performs requests side by side, each once (FETCH_RETRY is for fetch alone), over connections that those to the same host
 *  outside share. errs[i] and out[i] are what fetch gives for calls[i]; NADIR_EBUSY: not begun, as the time that the scope has
 *  left is less than what it may take. Returns 0, or an error after which errs and out tell nothing. */
int fetch_many(struct scope *s, const struct fetch *calls, size_t count, struct fetched *out, int *errs);

#endif
