/* instances.h: addresses of one's own, for map programs that cannot sign in.
 *
 * Whoever has the address {gateway}/i/{token}/view/… sees what its owner may see, through every door of this module that shows
 * something, and can change nothing. The gateway takes the token off the address, or out of ?instance=, and hands it on in a
 * header, so that it stands in no log; here only its SHA-256 is kept. Each request is counted and checked in the database: a
 * revocation works at once.
 */
#ifndef NADIR_VIEW_INSTANCES_H
#define NADIR_VIEW_INSTANCES_H

#include "common/bus.h"
#include "common/http.h"

/** Before every handler: a request by an instance is its owner's, and the addresses in its answer keep the instance. Answers
 * 401 or 429 itself. */
int instances_enter(struct request *rq, struct response *rs);

/** True if the request came by an instance: no shared cache may keep its answer. */
bool instances_asked(const struct request *rq);

/** The gateway's address without the instance: for addresses in what is kept for everybody. */
const char *instances_home(const struct request *rq);

/** identity's user.disabled: the user's instances are gone. */
int instances_on_disabled(struct scope *s, struct db_tx *tx, const struct event *e);

int instances_create(struct request *rq, struct response *rs);
int instances_list(struct request *rq, struct response *rs);
int instances_revoke(struct request *rq, struct response *rs);

#endif
