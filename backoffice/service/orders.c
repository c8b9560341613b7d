/* orders.c: GET /platform/v1/orders?user= and /platform/v1/revenue: what was sold. */
#include "backoffice.h"
#include "common/page.h"

int orders_list(struct request *rq, struct response *rs) {
    struct page page;
    int64_t before;
    if (page_read_number(rq, rs, &page, &before)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, backoffice_db(), &r,
                       "SELECT o.seq, o.order_id, o.buyer, u.email, o.total, o.currency,"
                       " to_char(o.paid_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), o.lines"
                       " FROM known_order o LEFT JOIN known_user u ON u.subject = o.buyer"
                       " WHERE ($1::bigint = 0 OR o.seq < $1) AND ($2::text IS NULL OR o.buyer = $2)"
                       " ORDER BY o.seq DESC LIMIT $3",
                       "lsl", before, request_arg(rq, "user"), page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:I, s:s, s:s, s:O}", "order", db_text(r, i, 1), "user",
                                              db_text(r, i, 2), "email", db_text(r, i, 3), "total", (json_int_t)db_int(r, i, 4),
                                              "currency", db_text(r, i, 5), "paid_at", db_text(r, i, 6), "lines",
                                              db_json(rq->scope, r, i, 7)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "orders", list, "next", page_next(rq->scope, r, &page, 0)));
}

/* By currency: orders, jobs that succeeded and cost something, and their sums in minor units. */
int revenue_get(struct request *rq, struct response *rs) {
    int64_t days;
    if (request_arg_int(rq, rs, "days", 1, 36600, 36600, &days)) return 0;
    struct db_rows *r;
    int err =
        db_query(rq->scope, backoffice_db(), &r,
                 "SELECT currency, sum(orders)::bigint, sum(sold)::bigint, sum(jobs)::bigint, sum(computed)::bigint FROM ("
                 " SELECT currency, 1 AS orders, total AS sold, 0 AS jobs, 0 AS computed FROM known_order"
                 "  WHERE paid_at > now() - make_interval(days => $1)"
                 " UNION ALL SELECT currency, 0, 0, 1, amount FROM known_job"
                 "  WHERE state = 'succeeded' AND amount > 0 AND updated_at > now() - make_interval(days => $1)"
                 ") sales GROUP BY currency ORDER BY currency",
                 "i", (int)days);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < db_count(r); i++) {
        json_int_t sold = db_int(r, i, 2), computed = db_int(r, i, 4);
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "currency", db_text(r, i, 0), "orders",
                                              (json_int_t)db_int(r, i, 1), "sold", sold, "jobs", (json_int_t)db_int(r, i, 3),
                                              "computed", computed, "total", sold + computed));
    }
    return response_json(rs, 200, json_pack("{s:o}", "revenue", list));
}
