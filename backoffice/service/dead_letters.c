/* dead_letters.c: GET /platform/v1/dead-letters: events that this module could not take, newest first. */
#include "backoffice.h"
#include "common/page.h"

int dead_letters_list(struct request *rq, struct response *rs) {
    struct page page;
    int64_t before;
    if (page_read_number(rq, rs, &page, &before)) return 0;
    struct db_rows *r;
    int err =
        db_query(rq->scope, backoffice_db(), &r,
                 "SELECT id, stream, entry_id, event, error,"
                 " to_char(failed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                 " FROM bus_dead_letter WHERE replayed_at IS NULL AND ($1::bigint = 0 OR id < $1) ORDER BY id DESC LIMIT $2",
                 "ll", before, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "module", "backoffice", "id",
                                              db_text(r, i, 0), "stream", db_text(r, i, 1), "entry", db_text(r, i, 2), "event",
                                              db_text(r, i, 3), "error", db_text(r, i, 4), "failed_at", db_text(r, i, 5)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "dead_letters", list, "next", page_next(rq->scope, r, &page, 0)));
}
