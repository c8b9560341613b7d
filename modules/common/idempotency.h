/* idempotency.h: the same POST twice has one effect and one answer (draft-ietf-httpapi-idempotency-key-header-07).
 *
 *     struct db_tx *tx;
 *     int known = idempotency_begin(rq, rs, db, &tx);
 *     if (known) return known < 0 ? known : 0;       (answered: replay, 400, 409 or 422)
 *     … statements through tx …
 *     return idempotency_commit(tx, rq, rs, 201, json);   (stores the answer and commits it with the effect)
 *
 * Rows live in `idempotency` of the module's database, keyed by caller and key, with a hash of method, path and body, and are
 * kept a week.
 */
#ifndef NADIR_IDEMPOTENCY_H
#define NADIR_IDEMPOTENCY_H

#include "common/db.h"
#include "common/http.h"

/** Begins a transaction that holds the key. Returns 0 with *tx set; 1 when it has answered; or a negative enum nadir_error. */
int idempotency_begin(struct request *rq, struct response *rs, struct db *db, struct db_tx **tx);
/** Stores the answer, commits, and answers it. Steals body. Returns 0 or a negative enum nadir_error (nothing was kept, or,
 *  on NADIR_EUNAVAILABLE, it is not known: the client may send the same request again). */
int idempotency_commit(struct db_tx *tx, struct request *rq, struct response *rs, int status, json_t *body);
/** Deletes rows older than a week; for a module's tick. Returns 0 or a negative enum nadir_error. */
int idempotency_sweep(struct scope *s, struct db *db);

#endif
