/* entitlements.c: GET /download/v1/entitlements: what the caller has bought and may still use. */
#include <string.h>

#include "download/download.h"

int entitlements_list(struct request *rq, struct response *rs) {
    int64_t limit;
    size_t len;
    const char *after = request_arg(rq, "cursor");
    if (request_arg_int(rq, rs, "limit", 1, 200, 50, &limit)) return 0;
    if (after && !(after = (const char *)base64url_decode(rq->scope, after, strlen(after), &len)))
        return response_error(rs, 400, "invalid-cursor", "cursor", "Pass `next` of the page before as it was given.");
    if (after && !text_is_utf8(after, len))
        return response_error(rs, 400, "invalid-cursor", "cursor", "Pass `next` of the page before as it was given.");

    struct db_rows *r;
    int err = db_query(rq->scope, download_db(), &r,
                       "SELECT entitlement, collection, item,"
                       " to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                       " FROM right_entitlement WHERE subject = $1 AND (expires_at IS NULL OR expires_at > now())"
                       " AND ($2::text IS NULL OR entitlement > $2) ORDER BY entitlement LIMIT $3::bigint",
                       "ssl", rq->auth.subject, after, limit + 1);
    if (err) return err;
    json_t *list = json_array();
    int count = db_count(r) > (int)limit ? (int)limit : db_count(r);
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?}", "entitlement", db_text(r, i, 0), "collection",
                                              db_text(r, i, 1), "item", db_text(r, i, 2), "expires_at", db_text(r, i, 3)));
    const char *last = count < db_count(r) ? db_text(r, count - 1, 0) : NULL;
    return response_json(
        rs, 200,
        json_pack("{s:o, s:s?}", "entitlements", list, "next", last ? base64url_encode(rq->scope, last, strlen(last)) : NULL));
}
