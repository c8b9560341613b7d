/* doors.h: the handlers of the S3-compatible door, for the module's route table. */
#ifndef NADIR_DOWNLOAD_DOORS_H
#define NADIR_DOWNLOAD_DOORS_H

#include "common/http.h"

#define S3_KEYS_MOST 20     /* of a user */
#define S3_BUCKETS_MOST 100 /* of a user */

int s3_get(struct request *rq, struct response *rs);
int s3_put(struct request *rq, struct response *rs);
int s3_post(struct request *rq, struct response *rs);
int s3_delete(struct request *rq, struct response *rs);
int s3_admit(struct request *rq, struct response *rs);
int s3_keys_create(struct request *rq, struct response *rs);
int s3_keys_list(struct request *rq, struct response *rs);
int s3_keys_revoke(struct request *rq, struct response *rs);

/** One turn of the sweep: removes files whose time has come, bodies that nobody took, and uploads that were begun a week ago.
 */
int store_sweep(struct scope *s);

/* What a user has at the door: bytes in buckets, the quota of them, up to where a few more are taken slowly; and counts. */
struct s3_standing {
    int64_t used, quota, most;
    int64_t keys, buckets;
};
int store_standing(struct scope *s, const char *owner, struct s3_standing *out);

#endif
