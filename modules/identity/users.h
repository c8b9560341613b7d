/* users.h: people over /identity/v1/users, and oneself over /identity/v1/me. */
#ifndef IDENTITY_USERS_H
#define IDENTITY_USERS_H

#include "common/http.h"

int users_create(struct request *rq, struct response *rs);
int users_list(struct request *rq, struct response *rs);
int users_get(struct request *rq, struct response *rs);
int users_patch(struct request *rq, struct response *rs);
int users_set_roles(struct request *rq, struct response *rs);

int me_get(struct request *rq, struct response *rs);
int me_patch(struct request *rq, struct response *rs);
int me_password(struct request *rq, struct response *rs);

#endif
