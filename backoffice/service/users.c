/* users.c: GET /platform/v1/users?q=: people, newest first. */
#include <string.h>

#include "backoffice.h"
#include "common/page.h"

#define STAMP "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

int users_list(struct request *rq, struct response *rs) {
    struct page page;
    int64_t before;
    const char *q = request_arg(rq, "q");
    if (q && strlen(q) > 200) return response_error(rs, 400, "invalid-argument", "q", "Search with at most 200 bytes.");
    if (page_read_number(rq, rs, &page, &before)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, backoffice_db(), &r,
                       "SELECT seq, subject, email, name, roles, to_char(registered_at AT TIME ZONE 'UTC', " STAMP
                       "), to_char(disabled_at AT TIME ZONE 'UTC', " STAMP ") FROM known_user"
                       " WHERE ($1::bigint = 0 OR seq < $1) AND ($2::text IS NULL OR subject = $2"
                       "  OR strpos(lower(email), lower($2)) > 0 OR strpos(lower(name), lower($2)) > 0)"
                       " ORDER BY seq DESC LIMIT $3",
                       "lsl", before, q && *q ? q : NULL, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:O, s:s, s:s?}", "user", db_text(r, i, 1), "email",
                                              db_text(r, i, 2), "name", db_text(r, i, 3), "roles", db_json(rq->scope, r, i, 4),
                                              "registered_at", db_text(r, i, 5), "disabled_at", db_text(r, i, 6)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "users", list, "next", page_next(rq->scope, r, &page, 0)));
}
