/* audit.h: who did what, for ever (GET /identity/v1/audit). Rows are only added. */
#ifndef IDENTITY_AUDIT_H
#define IDENTITY_AUDIT_H

#include "common/db.h"
#include "common/http.h"

/** Adds a row in the transaction of what was done. actor and target may be "". rq gives the address and may be NULL (a program
 *  on the server). detail is stolen and may be NULL. */
int audit_add(struct db_tx *tx, const struct request *rq, const char *action, const char *actor, const char *target,
              json_t *detail);

int audit_list(struct request *rq, struct response *rs);

#endif
