/* series.c: GET /statistics/v1/series?metric=&days=: one metric, a value for each day up to today, zeros included. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "statistics/statistics.h"

static const char *const metrics[] = {"users",          "items",       "orders",         "downloads",    "tiles",
                                      "bytes",          "pixels",      "compute_ms",     "jobs.created", "jobs.started",
                                      "jobs.succeeded", "jobs.failed", "jobs.dismissed", "shares",       "services"};

static bool is_currency(const char *text) {
    return strlen(text) == 3 && isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]) &&
           isupper((unsigned char)text[2]);
}

static bool is_metric(const char *name) {
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (strcmp(name, metrics[i]) == 0) return true;
    return (strncmp(name, "revenue.", 8) == 0 && is_currency(name + 8)) ||
           (strncmp(name, "topups.", 7) == 0 && is_currency(name + 7));
}

static int series_csv(struct response *rs, const struct db_rows *r, const char *metric) {
    size_t each = 48, room = (size_t)db_count(r) * each + 200, at;
    char *text = scope_alloc(rs->scope, room);
    at = (size_t)snprintf(text, room, "day,%s\r\n", metric);
    for (int i = 0; i < db_count(r) && at < room; i++)
        at += (size_t)snprintf(text + at, room - at, "%s,%s\r\n", db_text(r, i, 0), db_text(r, i, 1));
    response_header(rs, "Content-Disposition", "attachment; filename=\"%s.csv\"", metric);
    return response_text(rs, 200, "text/csv; charset=utf-8; header=present", text);
}

int series_get(struct request *rq, struct response *rs) {
    const char *metric = request_arg(rq, "metric");
    int64_t days;
    bool csv;
    /* Revenue without a currency is that of the platform's own. */
    if (metric && strcmp(metric, "revenue") == 0)
        metric = scope_printf(rq->scope, "revenue.%s", config_text("NADIR_CURRENCY", "EUR"));
    if (!metric || !is_metric(metric))
        return response_error(rs, 400, "invalid-argument", "metric",
                              "metric is one of users, items, orders, downloads, tiles, bytes, pixels, compute_ms, shares, "
                              "services, jobs.<state>, revenue.<currency>, topups.<currency>.");
    if (request_arg_int(rq, rs, "days", 1, 3660, 30, &days) || wants_csv(rq, rs, &csv)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, statistics_db(), &r,
                       "SELECT to_char(d, 'YYYY-MM-DD'), coalesce(c.value, 0)"
                       " FROM generate_series((now() AT TIME ZONE 'UTC')::date - ($2::int - 1),"
                       "                      (now() AT TIME ZONE 'UTC')::date, interval '1 day') AS d"
                       " LEFT JOIN daily_counter c ON c.metric = $1 AND c.day = d::date ORDER BY d",
                       "si", metric, (int)days);
    if (err) return err;
    response_header(rs, "Vary", "Accept");
    if (csv) return series_csv(rs, r, metric);
    json_t *list = json_array();
    for (int i = 0; i < db_count(r); i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "day", db_text(r, i, 0), "value", (json_int_t)db_int(r, i, 1)));
    return response_json(rs, 200, json_pack("{s:s, s:o}", "metric", metric, "series", list));
}
