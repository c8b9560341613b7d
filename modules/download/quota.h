/* quota.h: what a caller may download in thirty days: at full speed up to the quota, slowly up to twice of it, then no more.
 *
 * What was asked for is counted in memory and written to quota_day a second or two later, so a range of a few kilobytes costs
 * no statement; what a killed process had not written yet is the caller's gain. A file counts at most its size a day, so that a
 * download which is resumed, or read in ranges that overlap, counts once. Asking how one stands, HEAD and 304 count nothing.
 */
#ifndef NADIR_DOWNLOAD_QUOTA_H
#define NADIR_DOWNLOAD_QUOTA_H

#include "common/http.h"

#define QUOTA_DAYS 30
#define QUOTA_CONNECTIONS 64 /* of a caller at a time: limit_conn of the gateway, where it sends files */

/** Decides before the first byte: counts `bytes` of a file of `size` bytes (negative: unknown, not counted) for the subject
 *  (NULL: the caller's address), and sets the answer's speed and the name that the gateway counts connections by. `file` names
 *  the file's content. False: the quota is used up twice, and 429 (S3: 503 SlowDown) was answered with Retry-After. */
bool quota_take(struct request *rq, struct response *rs, const char *subject, const char *file, int64_t size, int64_t bytes);

/** How many bytes of a file an answer to a Range header (NULL: none) has at the most; -1 where the size is unknown. */
int64_t quota_bytes(const char *range, int64_t size);

/* How a subject stands. */
struct quota_standing {
    int64_t used, full_speed, most; /* bytes in thirty days: asked for, at full speed, at all */
    int64_t full_in, free_in;       /* seconds until there is full speed, or anything, again; 0: there is */
};

/** Writes what was counted, and reads how a subject stands. */
int quota_read(struct scope *s, const char *subject, struct quota_standing *out);
/** Writes what was counted in memory. */
int quota_flush(struct scope *s);
/** Removes what is older than it counts. */
int quota_sweep(struct scope *s);

/* Handlers (quotas.c). */
int quota_get(struct request *rq, struct response *rs);
int quotas_get(struct request *rq, struct response *rs);
int quotas_put(struct request *rq, struct response *rs);

#endif
