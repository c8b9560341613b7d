/* error.h: how functions of Nadir say that they failed.
 *
 * A function that can fail returns 0 or one of these negative values and gives its results by out-parameter.
 * A handler may return such a value as it is: the framework answers the matching status (see http.h).
 * What went wrong in words is logged where it happened; a value never carries text.
 */
#ifndef NADIR_ERROR_H
#define NADIR_ERROR_H

enum nadir_error {
    NADIR_OK = 0,
    NADIR_EINVAL = -1,       /* the caller's input is wrong: 400 */
    NADIR_ENOTFOUND = -2,    /* 404 */
    NADIR_ECONFLICT = -3,    /* a unique or serialisation rule was hit: 409 */
    NADIR_EDENIED = -4,      /* known, but not allowed: 403 */
    NADIR_EUNAUTH = -5,      /* not known who asks: 401 */
    NADIR_EUNAVAILABLE = -6, /* a dependency is down, try again: 503 + Retry-After */
    NADIR_ETIMEOUT = -7,     /* the deadline passed: 504 */
    NADIR_EBUSY = -8,        /* a bounded queue or pool is full: 503 + Retry-After */
    NADIR_ETOOLARGE = -9,    /* over a limit: 413 */
    NADIR_ENOMEM = -10,      /* 503 */
    NADIR_EINTERNAL = -11,   /* a fault of ours: 500 */
};

/** A short constant name of an error ("not found"), for logs. Never NULL. */
const char *nadir_strerror(int err);

/* What other files may call: everything is built with -fvisibility=hidden. */
#define NADIR_EXPORT __attribute__((visibility("default")))

#endif
