/* page.c: lists that are read newest first, page by page; see billing.h. */
#include <string.h>

#include "billing/billing.h"
#include "common/id.h"

int page_read(const struct request *rq, struct response *rs, struct page *out) {
    int err = request_arg_int(rq, rs, "limit", 1, 100, 20, &out->limit);
    if (err) return err;
    out->after = NULL;
    const char *cursor = request_arg(rq, "cursor");
    if (!cursor) return 0;
    size_t len;
    out->after = (const char *)base64url_decode(rq->scope, cursor, strlen(cursor), &len);
    if (out->after && strlen(out->after) == len && id_valid(out->after)) return 0;
    response_error(rs, 400, "invalid-argument", "cursor", "Use the cursor of the last answer as it is, or leave it out.");
    return NADIR_EINVAL;
}

int page_answer(const struct request *rq, struct response *rs, const struct page *p, const struct db_rows *rows,
                const char *noun) {
    json_t *list = json_array();
    int count = db_count(rows) > p->limit ? (int)p->limit : db_count(rows);
    for (int i = 0; i < count; i++) json_array_append(list, db_json(rq->scope, rows, i, 1));
    json_t *next = json_null();
    if (db_count(rows) > count && count > 0) {
        const char *last = db_text(rows, count - 1, 0);
        next = json_string(base64url_encode(rq->scope, last, strlen(last)));
    }
    return response_json(rs, 200, json_pack("{s:o,s:o}", noun, list, "next", next));
}
