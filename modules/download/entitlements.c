/* entitlements.c: GET /download/v1/entitlements: what the caller has bought and may still use. */
#include "common/page.h"
#include "download/download.h"

int entitlements_list(struct request *rq, struct response *rs) {
    struct page page;
    if (page_read(rq, rs, &page)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, download_db(), &r,
                       "SELECT entitlement, collection, item,"
                       " to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), aoi"
                       " FROM right_entitlement WHERE subject = $1 AND (expires_at IS NULL OR expires_at > now())"
                       " AND ($2::text IS NULL OR entitlement > $2) ORDER BY entitlement LIMIT $3",
                       "ssl", rq->auth.subject, page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:O*}", "entitlement", db_text(r, i, 0), "collection",
                                              db_text(r, i, 1), "item", db_text(r, i, 2), "expires_at", db_text(r, i, 3), "aoi",
                                              db_json(rq->scope, r, i, 4)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "entitlements", list, "next", page_next(rq->scope, r, &page, 0)));
}
