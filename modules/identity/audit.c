#include "identity/audit.h"

#include <stdlib.h>

#include "identity/identity.h"

int audit_add(struct db_tx *tx, const struct request *rq, const char *action, const char *actor, const char *target,
              json_t *detail) {
    json_t *kept = scope_json(db_tx_scope(tx), detail ? detail : json_object());
    return db_exec(tx, NULL, "INSERT INTO audit (action, actor, target, address, detail) VALUES ($1, $2, $3, $4, $5::jsonb)",
                   "ssssj", action, actor, target, rq ? rq->remote : "local", kept);
}

/* GET /identity/v1/audit: the newest first. */
int audit_list(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int64_t limit, before;
    if (request_arg_int(rq, rs, "limit", 1, 500, 100, &limit)) return 0;
    if (request_arg_int(rq, rs, "cursor", 1, INT64_MAX, INT64_MAX, &before)) return 0;
    int err = db_query(rq->scope, identity_db(), &rows,
                       "SELECT id, " RFC3339("at") ", action, actor, target, address, detail FROM audit WHERE id < $1 "
                                                   "AND ($2::text IS NULL OR target = $2) ORDER BY id DESC LIMIT $3",
                       "lsl", before, request_arg(rq, "target"), limit + 1);
    if (err) return err;
    json_t *list = json_array();
    int shown = db_count(rows) > limit ? (int)limit : db_count(rows);
    for (int i = 0; i < shown; i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:O}", "at", db_text(rows, i, 1), "action",
                                              db_text(rows, i, 2), "actor", db_text(rows, i, 3), "target", db_text(rows, i, 4),
                                              "address", db_text(rows, i, 5), "detail", db_json(rq->scope, rows, i, 6)));
    const char *next = db_count(rows) > limit ? db_text(rows, shown - 1, 0) : NULL;
    return response_json(rs, 200, json_pack("{s:o,s:s?}", "entries", list, "next", next));
}
