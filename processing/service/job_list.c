/* GET /processing/jobs: the caller's own, newest first. */
#include <string.h>

#include "common/id.h"
#include "processing/service/processing.h"

#define TIME_MOST 40

struct filter {
    int64_t limit, least_s, most_s;
    const char *after, *processes, *states;
    const char *from, *until;
};

static int refuse(struct response *rs, const char *field, const char *why) {
    response_error(rs, 400, "invalid-parameter", field, "%s %s.", field, why);
    return NADIR_EINVAL;
}

/* A comma-separated list, at most 500 bytes, as PostgreSQL's string_to_array takes it; OGC's accepted is two of our states. */
static int states_read(const struct request *rq, struct response *rs, const char **out) {
    static const char *const names[] = {"accepted", "running", "successful", "failed", "dismissed"};
    const char *given = request_arg(rq, "status");
    if (!given) return 0;
    *out = "";
    for (const char *p = given; p; p = strchr(p, ','), p = p ? p + 1 : NULL) {
        size_t len = strcspn(p, ","), i = 0;
        while (i < ARRAY_SIZE(names) && (strlen(names[i]) != len || strncmp(names[i], p, len) != 0)) i++;
        if (i == ARRAY_SIZE(names) || strlen(*out) > 500) {
            return refuse(rs, "status", "must be of accepted, running, successful, failed, dismissed");
        }
        *out = scope_printf(rq->scope, "%s%s%s", *out, **out ? "," : "", i == 0 ? "created,queued" : names[i]);
    }
    return 0;
}

/* RFC 3339 "date-time" by its looks; PostgreSQL refuses what is no time. */
static bool time_like(const char *text, size_t len) {
    return len >= 20 && len <= TIME_MOST && strspn(text, "0123456789-:.+TZtz") >= len && (text[10] == 'T' || text[10] == 't') &&
           strspn(text, "0123456789") == 4;
}

/* datetime=<time>, <time>/<time>, ../<time>, <time>/.. (OGC 17-069r4, 7.15.4) */
static int datetime_read(const struct request *rq, struct response *rs, struct filter *f) {
    const char *given = request_arg(rq, "datetime");
    if (!given) return 0;
    const char *slash = strchr(given, '/');
    size_t first = slash ? (size_t)(slash - given) : strlen(given);
    const char *second = slash ? slash + 1 : given;
    bool open_first = slash && (first == 0 || (first == 2 && strncmp(given, "..", 2) == 0));
    bool open_second = slash && (*second == 0 || strcmp(second, "..") == 0);
    if ((!open_first && !time_like(given, first)) || (!open_second && !time_like(second, strlen(second)))) {
        return refuse(rs, "datetime", "must be an RFC 3339 time or an interval of two, such as 2026-01-01T00:00:00Z/..");
    }
    f->from = open_first ? NULL : scope_strndup(rq->scope, given, first);
    f->until = open_second ? NULL : second;
    return 0;
}

static int filter_read(const struct request *rq, struct response *rs, struct filter *f) {
    *f = (struct filter){.after = request_arg(rq, "token"), .processes = request_arg(rq, "processID")};
    const char *type = request_arg(rq, "type");
    if (request_arg_int(rq, rs, "limit", 1, 1000000, 50, &f->limit) ||
        request_arg_int(rq, rs, "minDuration", 0, 1000000000, -1, &f->least_s) ||
        request_arg_int(rq, rs, "maxDuration", 0, 1000000000, -1, &f->most_s) || states_read(rq, rs, &f->states) ||
        datetime_read(rq, rs, f)) {
        return NADIR_EINVAL;
    }
    if (f->limit > 500) f->limit = 500;
    if (type && strcmp(type, "process") != 0) return refuse(rs, "type", "must be process");
    if (f->after && !id_valid(f->after)) return refuse(rs, "token", "is not one that a list gave");
    if (f->processes && strlen(f->processes) > 1000) return refuse(rs, "processID", "is too long");
    return 0;
}

int jobs_list(struct request *rq, struct response *rs) {
    struct filter f;
    struct db_rows *r;
    if (filter_read(rq, rs, &f)) return 0;
    int err = db_query(rq->scope, processing_db(), &r,
                       "SELECT " JOB_COLUMNS " FROM job WHERE owner = $1 AND removed_at IS NULL"
                       " AND ($2::uuid IS NULL OR job < $2::uuid)"
                       " AND ($3::text IS NULL OR process = ANY (string_to_array($3, ',')))"
                       " AND ($4::text IS NULL OR state = ANY (string_to_array($4, ',')))"
                       " AND ($5::timestamptz IS NULL OR created_at >= $5::timestamptz)"
                       " AND ($6::timestamptz IS NULL OR created_at <= $6::timestamptz)"
                       " AND ($7 < 0 OR extract(epoch FROM coalesce(finished_at, now()) - started_at) >= $7)"
                       " AND ($8 < 0 OR extract(epoch FROM coalesce(finished_at, now()) - started_at) <= $8)"
                       " ORDER BY job DESC LIMIT $9",
                       "sssssslll", rq->auth.subject, f.after, f.processes, f.states, f.from, f.until, f.least_s, f.most_s,
                       f.limit + 1);
    if (err == NADIR_EINVAL) return response_error(rs, 400, "invalid-parameter", "datetime", "datetime holds no time.");
    if (err) return err;
    int count = db_count(r) > f.limit ? (int)f.limit : db_count(r);
    bool more = db_count(r) > f.limit;
    json_t *jobs = json_array(), *links = json_array();
    for (int i = 0; i < count; i++) (void)json_array_append_new(jobs, job_status(rq, r, i));
    (void)json_array_append_new(links, link_to(rq, "self", "application/json", "This list", "/processing/jobs"));
    if (more) (void)json_array_append_new(links, response_next_link(rq, "application/json", db_text(r, count - 1, 0)));
    return response_json(rs, 200, json_pack("{s:o,s:o}", "jobs", jobs, "links", links));
}
