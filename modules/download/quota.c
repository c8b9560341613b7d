/* quota.c: decides and counts downloads, see quota.h. */
#include "download/quota.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/metrics.h"
#include "download/download.h"

#define COUNTED_MOST 256 /* files that are counted before they are written */
#define KNOWN_MOST 512   /* subjects whose standing is kept */
#define NAME_MOST 320
#define FRESH_US (2 * 1000000LL)

struct counted {
    char subject[NAME_MOST], file[NAME_MOST];
    int64_t size, bytes;
};

struct known {
    char subject[NAME_MOST];
    struct quota_standing standing;
    int64_t read_us; /* 0: never */
};

static struct {
    pthread_mutex_t lock;
    struct counted counted[COUNTED_MOST];
    size_t ncounted;
    struct known known[KNOWN_MOST]; /* by hash; a subject displaces another one, which is read again */
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

int64_t quota_bytes(const char *range, int64_t size) {
    if (!range || size < 0 || strncmp(range, "bytes=", 6) != 0) return size;
    int64_t total = 0;
    for (const char *c = range + 6; *c;) {
        char *end;
        errno = 0;
        c += strspn(c, ", \t");
        bool tail = *c == '-';
        if (!isdigit((unsigned char)c[tail])) return size;
        long long first = strtoll(c + tail, &end, 10), last = size - 1;
        if (tail) first = first < size ? size - first : 0;
        if (!tail && *end == '-' && isdigit((unsigned char)end[1])) last = strtoll(end + 1, &end, 10);
        if (errno) return size;
        if (last >= size) last = size - 1;
        if (first <= last) total += last - first + 1;
        if (total >= size) return size;
        c = end + strcspn(end, ",");
    }
    return total;
}

/* ---- the database ---- */

static int64_t gigabytes(const char *name, int64_t otherwise) {
    return config_int(name, 0, INT64_C(1) << 30, otherwise) << 30;
}

static bool is_user(const char *subject) {
    return strncmp(subject, "address ", 8) != 0;
}

/* The day's rows are locked first, in order, so that replicas that write at once add to one another. */
static int counted_write(struct scope *s, const json_t *list) {
    struct db_tx *tx;
    int err = db_begin(s, download_db(), &tx);
    if (!err)
        err = db_exec(tx, NULL,
                      "INSERT INTO quota_day (subject, day, bytes) SELECT DISTINCT subject, (now() AT TIME ZONE 'UTC')::date, 0"
                      " FROM jsonb_to_recordset($1::jsonb) AS c (subject text) ORDER BY 1"
                      " ON CONFLICT (subject, day) DO UPDATE SET bytes = quota_day.bytes",
                      "j", list);
    if (!err)
        err = db_exec(tx, NULL,
                      "WITH today (day) AS (VALUES ((now() AT TIME ZONE 'UTC')::date)), now_counted AS ("
                      "  INSERT INTO quota_file AS f (subject, day, file, size, bytes)"
                      "  SELECT subject, day, file, size, least(size, bytes)"
                      "  FROM jsonb_to_recordset($1::jsonb) AS c (subject text, file text, size bigint, bytes bigint), today"
                      "  ON CONFLICT (subject, day, file) DO UPDATE SET bytes = least(f.size, f.bytes + excluded.bytes)"
                      "  RETURNING subject, day, file, bytes)"
                      " UPDATE quota_day d SET bytes = d.bytes + m.more FROM ("
                      "  SELECT n.subject, n.day, sum(n.bytes - coalesce(o.bytes, 0)) AS more FROM now_counted n"
                      "  LEFT JOIN quota_file o USING (subject, day, file) GROUP BY 1, 2) AS m"
                      " WHERE d.subject = m.subject AND d.day = m.day",
                      "j", list);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int quota_flush(struct scope *s) {
    json_t *list = scope_json(s, json_array());
    pthread_mutex_lock(&memory.lock);
    for (size_t i = 0; i < memory.ncounted; i++) {
        const struct counted *c = &memory.counted[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "subject", c->subject, "file", c->file, "size",
                                              (json_int_t)c->size, "bytes", (json_int_t)c->bytes));
    }
    memory.ncounted = 0;
    pthread_mutex_unlock(&memory.lock);
    return json_array_size(list) ? counted_write(s, list) : 0;
}

/* A limit is under-run again when the day that, with those after it, still reaches it leaves the thirty. */
int quota_read(struct scope *s, const char *subject, struct quota_standing *out) {
    struct db_rows *r;
    int64_t otherwise =
        is_user(subject) ? gigabytes("NADIR_DOWNLOAD_QUOTA_GB", 2048) : gigabytes("NADIR_DOWNLOAD_QUOTA_ANONYMOUS_GB", 256);
    int err = quota_flush(s);
    if (!err)
        err = db_query(
            s, download_db(), &r,
            "WITH l (downloads) AS (SELECT coalesce((SELECT downloads FROM quota_limit WHERE subject = $1), $2::bigint)),"
            " d AS (SELECT day, sum(bytes) OVER (ORDER BY day DESC) AS run FROM quota_day"
            "  WHERE subject = $1 AND day > (now() AT TIME ZONE 'UTC')::date - $3::integer)"
            " SELECT coalesce(max(run), 0)::bigint, l.downloads,"
            " ceil(extract(epoch FROM max(day) FILTER (WHERE run >= l.downloads) + $3::integer - now() AT TIME ZONE "
            "'UTC'))::bigint,"
            " ceil(extract(epoch FROM max(day) FILTER (WHERE run >= 2 * l.downloads) + $3::integer - now() AT TIME ZONE "
            "'UTC'))::bigint"
            " FROM l LEFT JOIN d ON true GROUP BY l.downloads",
            "sli", subject, otherwise, QUOTA_DAYS);
    if (err) return err;
    *out = (struct quota_standing){.used = db_int(r, 0, 0),
                                   .full_speed = db_int(r, 0, 1),
                                   .most = 2 * db_int(r, 0, 1),
                                   .full_in = db_int(r, 0, 2),
                                   .free_in = db_int(r, 0, 3)};
    return 0;
}

int quota_sweep(struct scope *s) {
    int err = db_query(s, download_db(), NULL, "DELETE FROM quota_file WHERE day < (now() AT TIME ZONE 'UTC')::date", "");
    if (err) return err;
    return db_query(s, download_db(), NULL, "DELETE FROM quota_day WHERE day <= (now() AT TIME ZONE 'UTC')::date - $1::integer",
                    "i", QUOTA_DAYS);
}

/* ---- memory ---- */

static struct known *known_at(const char *subject) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = subject; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &memory.known[hash % KNOWN_MOST];
}

/* True if the standing that is kept is fresh enough; otherwise this caller is the one who reads it. */
static bool known_read(const char *subject, struct quota_standing *out) {
    pthread_mutex_lock(&memory.lock);
    struct known *k = known_at(subject);
    int64_t now = clock_us();
    bool same = k->read_us && strcmp(k->subject, subject) == 0;
    bool fresh = same && now - k->read_us < FRESH_US && memory.ncounted < COUNTED_MOST;
    if (same) *out = k->standing;
    if (same && !fresh) k->read_us = now; /* the others go on with what is known meanwhile */
    pthread_mutex_unlock(&memory.lock);
    return fresh;
}

static void known_write(const char *subject, const struct quota_standing *standing) {
    pthread_mutex_lock(&memory.lock);
    struct known *k = known_at(subject);
    (void)snprintf(k->subject, sizeof k->subject, "%s", subject);
    k->standing = *standing;
    k->read_us = clock_us();
    pthread_mutex_unlock(&memory.lock);
}

static bool count(const char *subject, const char *file, int64_t size, int64_t bytes) {
    pthread_mutex_lock(&memory.lock);
    size_t i = 0;
    while (i < memory.ncounted &&
           (strcmp(memory.counted[i].file, file) != 0 || strcmp(memory.counted[i].subject, subject) != 0))
        i++;
    bool room = i < COUNTED_MOST;
    if (room) {
        struct counted *c = &memory.counted[i];
        if (i == memory.ncounted) {
            *c = (struct counted){.size = size};
            (void)snprintf(c->subject, sizeof c->subject, "%s", subject);
            (void)snprintf(c->file, sizeof c->file, "%s", file);
            memory.ncounted++;
        }
        c->bytes = bytes < size - c->bytes ? c->bytes + bytes : size;
    }
    pthread_mutex_unlock(&memory.lock);
    return room;
}

/* ---- deciding ---- */

/* An address is kept as a digest: it is to be recognised, not read. */
static const char *subject_of(const struct request *rq, const char *subject) {
    const char *secret = config_text("NADIR_LINK_SECRET", "");
    unsigned char sum[32];
    unsigned len = sizeof sum;
    if (subject) return subject;
    if (!rq->remote ||
        !HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)rq->remote, strlen(rq->remote), sum, &len))
        return "address unknown";
    return scope_printf(rq->scope, "address %s", hex_encode(rq->scope, sum, 16));
}

static bool refuse(struct response *rs, const struct quota_standing *q) {
    int64_t seconds = q->free_in > 0 ? q->free_in : 60;
    metrics_add("nadir_download_quota_total{outcome=\"refused\"}", 1);
    response_header(rs, "Retry-After", "%lld", (long long)seconds);
    if (rs->errors == ERRORS_S3)
        response_error(rs, 503, "SlowDown", NULL,
                       "You downloaded twice your quota of %d days: /download/v1/quota tells when there is more.", QUOTA_DAYS);
    else
        response_error(rs, 429, "quota-used-up", NULL,
                       "You downloaded twice your quota of %d days; GET /download/v1/quota tells how you stand, Retry-After "
                       "when there is more.",
                       QUOTA_DAYS);
    return false;
}

bool quota_take(struct request *rq, struct response *rs, const char *subject, const char *file, int64_t size, int64_t bytes) {
    struct quota_standing q = {0};
    const char *who = subject_of(rq, subject);
    if (rq->head) return true;
    if (!known_read(who, &q)) {
        int err = quota_read(rq->scope, who, &q);
        if (err) {
            response_fail(rs, err);
            return false;
        }
        known_write(who, &q);
    }
    if (q.used >= q.most) return refuse(rs, &q);
    /* Not counted where many more files than there is room for are asked for within a moment: to the caller's gain. */
    if (size >= 0 && bytes > 0 && !count(who, file, size, bytes)) log_warn(rq->scope, "a download was not counted", NULL);
    response_header(rs, "X-Download-Subject", "%s", who);
    metrics_add(q.used >= q.full_speed ? "nadir_download_quota_total{outcome=\"slowed\"}"
                                       : "nadir_download_quota_total{outcome=\"full\"}",
                1);
    if (q.used >= q.full_speed)
        response_header(rs, "X-Accel-Limit-Rate", "%lld",
                        (long long)config_int("NADIR_DOWNLOAD_SLOW_KB", 16, 1 << 20, 1024) * 1024);
    return true;
}
