/* quotas.c: GET /download/v1/quota: how the caller stands; /download/v1/quotas/{user}: what an administrator allows a user. */
#include <time.h>

#include "common/config.h"
#include "common/fields.h"
#include "download/download.h"
#include "download/quota.h"
#include "download/s3/doors.h"

#define BYTES_MOST (INT64_C(1) << 60)

static json_t *downloads_json(const struct quota_standing *q) {
    bool refused = q->used >= q->most, slowed = q->used >= q->full_speed;
    json_t *out = json_pack("{s:i, s:I, s:I, s:I, s:s, s:i}", "days", QUOTA_DAYS, "used", (json_int_t)q->used, "quota",
                            (json_int_t)q->full_speed, "refused_from", (json_int_t)q->most, "state",
                            refused  ? "refused"
                            : slowed ? "slowed"
                                     : "full_speed",
                            "connections", QUOTA_CONNECTIONS);
    int64_t rate = config_int("NADIR_DOWNLOAD_SLOW_KB", 16, 1 << 20, 1024) * 1024;
    json_object_set_new(out, "bytes_per_second", slowed ? json_integer(rate) : json_null());
    json_object_set_new(out, "retry_after", refused ? json_integer(q->free_in) : json_null());
    json_object_set_new(out, "full_speed_in", slowed ? json_integer(q->full_in) : json_null());
    return out;
}

static int answer(struct request *rq, struct response *rs, const char *subject) {
    struct quota_standing q;
    struct s3_standing s3;
    int err = quota_read(rq->scope, subject, &q);
    if (!err) err = store_standing(rq->scope, subject, &s3);
    if (err) return err;
    json_t *storage = json_pack("{s:I, s:I, s:I, s:s}", "used", (json_int_t)s3.used, "quota", (json_int_t)s3.quota,
                                "refused_from", (json_int_t)s3.most, "state",
                                s3.used >= s3.most    ? "refused"
                                : s3.used >= s3.quota ? "slowed"
                                                      : "full_speed");
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 200,
                         json_pack("{s:o, s:o, s:{s:I, s:i}, s:{s:I, s:i}}", "downloads", downloads_json(&q), "storage",
                                   storage, "s3_keys", "used", (json_int_t)s3.keys, "most", S3_KEYS_MOST, "s3_buckets", "used",
                                   (json_int_t)s3.buckets, "most", S3_BUCKETS_MOST));
}

int quota_get(struct request *rq, struct response *rs) {
    return answer(rq, rs, rq->auth.subject);
}

int quotas_get(struct request *rq, struct response *rs) {
    return answer(rq, rs, request_param(rq, "user"));
}

int quotas_put(struct request *rq, struct response *rs) {
    json_t *body;
    const char *user = request_param(rq, "user");
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    int64_t downloads = field_int_or(&f, "downloads", 0, BYTES_MOST, -1);
    int64_t storage = field_int_or(&f, "storage", 0, BYTES_MOST, -1);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    int err =
        db_query(rq->scope, download_db(), NULL,
                 "INSERT INTO quota_limit (subject, downloads, storage, set_by)"
                 " VALUES ($1, nullif($2::bigint, -1), nullif($3::bigint, -1), $4) ON CONFLICT (subject) DO UPDATE"
                 " SET downloads = excluded.downloads, storage = excluded.storage, set_by = excluded.set_by, set_at = now()",
                 "slls", user, downloads, storage, rq->auth.subject);
    return err ? err : answer(rq, rs, user);
}
