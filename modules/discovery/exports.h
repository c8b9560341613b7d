/* exports.h: /discovery/v1/exports. */
#ifndef DISCOVERY_EXPORTS_H
#define DISCOVERY_EXPORTS_H

#include "common/http.h"

int exports_create(struct request *rq, struct response *rs);
int exports_list(struct request *rq, struct response *rs);
int exports_get(struct request *rq, struct response *rs);
int exports_delete(struct request *rq, struct response *rs);
int exports_file(struct request *rq, struct response *rs);

#endif
