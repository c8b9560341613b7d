/* throttle.h: slows guessing. Tries are counted by account and address together, so that a guesser never locks out the owner,
 * who comes from elsewhere; and by address alone, against one who tries many accounts. */
#ifndef IDENTITY_THROTTLE_H
#define IDENTITY_THROTTLE_H

#include "common/db.h"
#include "common/http.h"

/** Counts a try before it is made. 0: go on. NADIR_EBUSY: not before *wait_s seconds. */
int throttle_try(const struct request *rq, struct db *db, const char *email, int *wait_s);
/** The try was right: it does not count. */
int throttle_forget(const struct request *rq, struct db *db, const char *email);

#endif
