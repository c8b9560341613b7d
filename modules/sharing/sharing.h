/* sharing.h: what the files of the sharing module share. */
#ifndef NADIR_SHARING_H
#define NADIR_SHARING_H

#include "common/bus.h"
#include "common/http.h"

struct db *sharing_db(void);

int shares_create(struct request *rq, struct response *rs);
int shares_list(struct request *rq, struct response *rs);
int shares_get(struct request *rq, struct response *rs);
int shares_delete(struct request *rq, struct response *rs);

/** Adds share.revoked for a share that was deleted in this transaction. */
int shares_emit_revoked(struct db_tx *tx, const char *share, const char *owner, const char *subject, const char *collection,
                        const char *item);

/* copies.c: what is kept of identity's and discovery's events. */
int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_item(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_collection(struct scope *s, struct db_tx *tx, const struct event *e);

#endif
