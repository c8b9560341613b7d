/* cold.h: files that lie in the slower store only (NADIR_ARCHIVE: a tape gateway's folder, a bucket that is mounted, a disk
 * that sleeps), under the same paths as below NADIR_DATA. Whoever asks for one gets an order, and the file once it was fetched.
 */
#ifndef DOWNLOAD_COLD_H
#define DOWNLOAD_COLD_H

#include <sys/stat.h>

#include "common/http.h"

/** True if a file is not below NADIR_DATA, but below NADIR_ARCHIVE; *st is then of the file there. */
bool cold_find(struct scope *s, const char *path, struct stat *st);

/** Answers 202 with the order of `subject` (NULL: 401, where it is not HEAD) for a product, having these files fetched, too.
 * HEAD makes no order. */
int cold_send(struct request *rq, struct response *rs, const char *subject, const char *collection, const char *item,
              const char *const *paths, size_t count);

/** Remembers that a fetched file is still wanted. Costs nothing where there is no slower store. */
int cold_touch(struct scope *s, const char *path);

/* Handlers (orders.c). */
int orders_list(struct request *rq, struct response *rs);
int orders_get(struct request *rq, struct response *rs);
int orders_delete(struct request *rq, struct response *rs);

/** How one order of a subject stands, as JSON (a new reference) in *out, and in how many seconds to ask again. NADIR_ENOTFOUND.
 */
int order_json(struct request *rq, const char *subject, const char *order, json_t **out, int *again);

#endif
