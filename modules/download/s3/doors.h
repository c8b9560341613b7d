/* doors.h: the handlers of the S3-compatible door, for the module's route table. */
#ifndef NADIR_DOWNLOAD_DOORS_H
#define NADIR_DOWNLOAD_DOORS_H

#include "common/http.h"

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

#endif
