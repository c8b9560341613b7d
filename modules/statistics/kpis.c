/* kpis.c: GET /statistics/v1/kpis: the totals since the beginning. */
#include <string.h>

#include "statistics/statistics.h"

static const char *const plain[] = {"users", "items", "orders", "downloads", "tiles", "bytes", "pixels", "shares", "services"};
static const char *const job_states[] = {"created", "started", "succeeded", "failed", "dismissed"};

static int64_t total(const struct db_rows *r, const char *metric) {
    for (int i = 0; i < db_count(r); i++)
        if (strcmp(db_text(r, i, 0), metric) == 0) return db_int(r, i, 1);
    return 0;
}

/* {"XCR": 1200, …} from the metrics `<prefix>.<currency>`. */
static json_t *by_currency(const struct db_rows *r, const char *prefix) {
    json_t *out = json_object();
    size_t len = strlen(prefix);
    for (int i = 0; i < db_count(r); i++) {
        const char *metric = db_text(r, i, 0);
        if (strncmp(metric, prefix, len) == 0 && metric[len] == '.')
            json_object_set_new(out, metric + len + 1, json_integer(db_int(r, i, 1)));
    }
    return out;
}

static json_t *kpis_json(struct scope *s, const struct db_rows *r) {
    json_t *out = json_object(), *jobs = json_object();
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        json_object_set_new(out, plain[i], json_integer(total(r, plain[i])));
    for (size_t i = 0; i < sizeof job_states / sizeof *job_states; i++)
        json_object_set_new(jobs, job_states[i], json_integer(total(r, scope_printf(s, "jobs.%s", job_states[i]))));
    json_object_set_new(out, "compute_seconds", json_real((double)total(r, "compute_ms") / 1000));
    json_object_set_new(out, "jobs", jobs);
    json_object_set_new(out, "revenue", by_currency(r, "revenue"));
    json_object_set_new(out, "topups", by_currency(r, "topups"));
    return out;
}

static int kpis_csv(struct response *rs, const struct db_rows *r) {
    char *text = scope_strdup(rs->scope, "metric,value\r\n");
    for (int i = 0; i < db_count(r); i++)
        text = scope_printf(rs->scope, "%s%s,%s\r\n", text, db_text(r, i, 0), db_text(r, i, 1));
    response_header(rs, "Content-Disposition", "attachment; filename=\"kpis.csv\"");
    return response_text(rs, 200, "text/csv; charset=utf-8; header=present", text);
}

int kpis_get(struct request *rq, struct response *rs) {
    bool csv;
    if (wants_csv(rq, rs, &csv)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, statistics_db(), &r,
                       "SELECT metric, sum(value)::bigint FROM daily_counter GROUP BY metric ORDER BY metric", "");
    if (err) return err;
    response_header(rs, "Vary", "Accept");
    return csv ? kpis_csv(rs, r) : response_json(rs, 200, kpis_json(rq->scope, r));
}
