/* api_keys.h: keys for scripts (/identity/v1/api-keys). The key itself is shown once; stored is its SHA-256. */
#ifndef IDENTITY_API_KEYS_H
#define IDENTITY_API_KEYS_H

#include "common/db.h"
#include "common/http.h"

int api_keys_create(struct request *rq, struct response *rs);
int api_keys_list(struct request *rq, struct response *rs);
int api_keys_delete(struct request *rq, struct response *rs);

/** Cuts the keys of an account whose roles have become fewer down to what these allow, with events. */
int api_keys_follow_roles(struct db_tx *tx, const char *account, const char *roles);

#endif
