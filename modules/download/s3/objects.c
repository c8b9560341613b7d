/* objects.c: GetObject, HeadObject and PutObject. */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "download/s3/digests.h"
#include "download/s3/s3.h"

#define METADATA_MOST 2048 /* bytes of names and values, as S3 has it */
#define VALUE_MOST 1024

static int no_such_key(struct s3_call *c) {
    return s3_error(c, 404, "NoSuchKey", "The specified key does not exist.");
}

/* ---- reading ---- */

int object_find(struct s3_call *c, struct db_rows **r) {
    return db_query(c->rq->scope, download_db(), r,
                    "SELECT path, size, etag, type, headers, extract(epoch FROM modified_at)::bigint FROM s3_object"
                    " JOIN s3_bucket USING (bucket) WHERE bucket = $1 AND key = $2 AND owner = $3",
                    "sss", c->bucket, c->object, c->who.subject);
}

/* Clients compare it with what they got: with a part it would not agree. */
static bool checksum_asked(const struct s3_call *c) {
    const char *mode = s3_header(c, "x-amz-checksum-mode");
    return mode && strcasecmp(mode, "ENABLED") == 0 && !request_header(c->rq, "range");
}

/* What the object was stored with; whoever signed may have a few of them otherwise (response-content-type=…). */
static const char *headers_give(struct s3_call *c, const struct db_rows *r) {
    static const char *const overrides[] = {"cache-control", "content-disposition", "content-encoding", "content-language",
                                            "expires"};
    const char *name;
    json_t *value;
    json_t *stored = db_json(c->rq->scope, r, 0, OBJECT_HEADERS); /* the macro evaluates it several times */
    json_object_foreach(stored, name, value) {
        if (digests_is_checksum(name) && !checksum_asked(c)) continue;
        if (!s3_arg(c, scope_printf(c->rq->scope, "response-%s", name)))
            response_header(c->rs, name, "%s", json_string_value(value));
    }
    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
        const char *sent = s3_arg(c, scope_printf(c->rq->scope, "response-%s", overrides[i]));
        if (sent) response_header(c->rs, overrides[i], "%s", sent);
    }
    const char *type = s3_arg(c, "response-content-type");
    return type && !strpbrk(type, "\r\n") ? type : db_text(r, 0, OBJECT_TYPE);
}

static char *http_date(struct scope *s, int64_t at) {
    time_t t = (time_t)at;
    struct tm tm;
    char *out = scope_alloc(s, 40);
    gmtime_r(&t, &tm);
    strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return out;
}

/* HEAD is answered here, with all headers; of a GET the gateway makes the headers itself and takes over those it knows. */
static int own_send(struct s3_call *c) {
    struct db_rows *r;
    int err = object_find(c, &r);
    if (err) return err;
    if (db_count(r) == 0) return no_such_key(c);
    int64_t size = db_int(r, 0, OBJECT_SIZE);
    if (response_not_modified(c->rq, c->rs, db_text(r, 0, OBJECT_ETAG))) return 0;
    const char *range = request_header(c->rq, "range");
    if (!request_header(c->rq, "if-range") && delivery_past_end(range, size))
        return s3_error(c, 416, "InvalidRange", "The requested range is not satisfiable");
    const char *type = headers_give(c, r);
    if (c->rq->head && !range) {
        response_header(c->rs, "Last-Modified", "%s", http_date(c->rq->scope, db_int(r, 0, OBJECT_MODIFIED)));
        response_header(c->rs, "Accept-Ranges", "bytes");
        return response_data(c->rs, 200, type, "", (size_t)size); /* the length is told, nothing is sent */
    }
    if (!quota_take(c->rq, c->rs, c->who.subject, db_text(r, 0, OBJECT_PATH), size, quota_bytes(range, size))) return 0;
    err = delivery_record(c->rq, NULL, NULL, NULL, c->who.subject, size);
    if (err) return err;
    return response_accel(c->rs, type, scope_printf(c->rq->scope, "/_files/%s", db_text(r, 0, OBJECT_PATH)));
}

int object_get(struct s3_call *c) {
    int kind = s3_bucket_kind(c);
    if (kind < 0) return kind;
    if (kind == BUCKET_OWN) return own_send(c);
    if (kind == BUCKET_COLLECTION) return catalogue_send(c);
    return s3_error(c, 404, "NoSuchBucket", "The specified bucket does not exist");
}

/* No object has tags; clients ask before they copy one in parts. */
int object_tags(struct s3_call *c) {
    struct right_asset asset;
    struct db_rows *r;
    int kind = s3_bucket_kind(c), access = kind == BUCKET_COLLECTION ? catalogue_find(c, &asset) : 0;
    int err = kind == BUCKET_OWN ? object_find(c, &r) : 0;
    if (kind < 0 || access < 0 || err) return kind < 0 ? kind : access < 0 ? access : err;
    if (kind == BUCKET_NONE) return s3_error(c, 404, "NoSuchBucket", "The specified bucket does not exist");
    if (kind == BUCKET_OWN ? db_count(r) == 0 : access == ACCESS_HIDDEN) return no_such_key(c);
    struct s3_xml *x = s3_xml_begin(c, "Tagging");
    s3_xml_open(x, "TagSet");
    s3_xml_close(x);
    return s3_xml_answer(x);
}

/* ---- writing ---- */

static bool kept(const char *name) {
    static const char *const names[] = {"cache-control", "content-disposition", "content-encoding", "content-language",
                                        "expires"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return strncmp(name, "x-amz-meta-", 11) == 0;
}

/* aws-chunked is how the body came, not what it is. */
static const char *encoding_without_chunks(struct scope *s, const char *value) {
    char *out = scope_strdup(s, "");
    for (const char *c = value; *c;) {
        c += strspn(c, ", ");
        size_t span = strcspn(c, ",");
        if (span && !(span >= 11 && strncasecmp(c, "aws-chunked", 11) == 0))
            out = scope_printf(s, "%s%s%.*s", out, *out ? "," : "", (int)span, c);
        c += span;
    }
    return out;
}

int object_headers(struct s3_call *c, struct s3_object *out, struct s3_fault *f) {
    size_t total = 0;
    const char *type = s3_header(c, "content-type");
    out->type = type && *type ? type : "binary/octet-stream";
    out->headers = scope_json(c->rq->scope, json_object());
    if (!text_is_utf8(out->type, strlen(out->type)) || strlen(out->type) > 256)
        return s3_fault_set(f, 400, "InvalidArgument", "The content type cannot be used.");
    for (size_t i = 0; i < c->sent.headers->count; i++) {
        const struct pair *h = &c->sent.headers->list[i];
        if (!kept(h->name)) continue;
        const char *value =
            strcmp(h->name, "content-encoding") == 0 ? encoding_without_chunks(c->rq->scope, h->value) : h->value;
        if (!text_is_utf8(value, strlen(value)) || strlen(value) > VALUE_MOST)
            return s3_fault_set(f, 400, "InvalidArgument", "The value of a header is too long or not UTF-8.");
        if (strncmp(h->name, "x-amz-meta-", 11) == 0) total += strlen(h->name) - 11 + strlen(value);
        if (*value) json_object_set_new(out->headers, h->name, json_string(value));
    }
    return total > METADATA_MOST ? s3_fault_set(f, 400, "MetadataTooLarge", "Metadata has at most 2 KiB.") : 0;
}

static bool fits(struct s3_call *c, int64_t bytes, bool before) {
    struct s3_standing q;
    bool taken;
    if (bytes > S3_BODY_MOST) {
        s3_error(c, 400, "EntityTooLarge", "One request carries at most 5 GiB: upload in parts.");
        return false;
    }
    int err = store_standing(c->rq->scope, c->who.subject, &q);
    int64_t after = q.used + store_weight(bytes);
    if (!err && after > q.most) {
        s3_error(c, 403, "QuotaExceeded", "Your buckets are full: delete something first.");
        return false;
    }
    if (!err && after <= q.quota) return true;
    if (!err && before) err = store_ease(c->rq->scope, c->who.subject, &taken);
    if (!err && (!before || taken)) return true;
    if (err) response_fail(c->rs, err);
    if (!err) s3_slow_down(c, S3_EASE_SECONDS, "Your buckets are full: for a while one write in some seconds is taken.");
    return false;
}

bool object_fits(struct s3_call *c, int64_t bytes) {
    return fits(c, bytes, false);
}

bool object_admitted(struct s3_call *c, int64_t bytes) {
    return fits(c, bytes, true);
}

static int replaced(struct db_tx *tx, const char *bucket, const char *key, int64_t *weight) {
    struct db_rows *r;
    int err = db_exec(tx, &r, "SELECT path, size FROM s3_object WHERE bucket = $1 AND key = $2", "ss", bucket, key);
    if (err || db_count(r) == 0) return err;
    *weight += store_weight(db_int(r, 0, 1));
    return store_discard(tx, db_text(r, 0, 0));
}

static int uploaded(struct db_tx *tx, const char *upload, int64_t *weight) {
    struct db_rows *r;
    int err = db_exec(tx, &r, "DELETE FROM s3_part WHERE upload = $1 RETURNING path, size", "s", upload);
    for (int i = 0; !err && i < db_count(r); i++) {
        *weight += store_weight(db_int(r, i, 1));
        err = store_discard(tx, db_text(r, i, 0));
    }
    if (!err) err = db_exec(tx, &r, "DELETE FROM s3_upload WHERE upload = $1", "s", upload);
    if (err) return err;
    return db_affected(r) == 1 ? 0 : NADIR_ENOTFOUND;
}

/* The owner's row of s3_usage is locked first (store_charge), so the writes of one owner follow one another. */
int object_commit(struct s3_call *c, const struct s3_object *o, const struct s3_stored *file, const char *upload) {
    struct db_tx *tx;
    int64_t freed = 0;
    int err = db_begin(c->rq->scope, download_db(), &tx);
    if (!err) err = store_charge(tx, c->who.subject, 0);
    if (!err && upload) err = uploaded(tx, upload, &freed);
    if (!err) err = replaced(tx, c->bucket, c->object, &freed);
    if (!err)
        err = db_exec(tx, NULL,
                      "INSERT INTO s3_object (bucket, key, path, size, etag, type, headers, upload, modified_at)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::bigint)) ON CONFLICT (bucket, key) DO UPDATE"
                      " SET path = excluded.path, size = excluded.size, etag = excluded.etag, type = excluded.type,"
                      " headers = excluded.headers, upload = excluded.upload, modified_at = excluded.modified_at",
                      "ssslssjsl", c->bucket, c->object, file->path, file->size, file->etag, o->type, o->headers, upload,
                      file->modified);
    if (!err) err = store_keep(tx, file->path);
    if (!err) err = store_charge(tx, c->who.subject, store_weight(file->size) - freed);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    if (err == NADIR_ETOOLARGE) s3_error(c, 403, "QuotaExceeded", "Your buckets are full: delete something first.");
    if (err == NADIR_EINVAL) s3_error(c, 404, "NoSuchBucket", "The specified bucket does not exist"); /* deleted meanwhile */
    return err;
}

static int put(struct s3_call *c) {
    struct s3_object o;
    struct s3_stored file;
    struct s3_fault f = {0};
    int err = object_headers(c, &o, &f);
    if (!err) err = s3_body_store(c, &file, &f);
    if (f.code) return s3_refuse(c, &f);
    if (!err && file.checksum) json_object_set_new(o.headers, file.checksum_name, json_string(file.checksum));
    if (!err) err = object_commit(c, &o, &file, NULL);
    if (err) return err;
    response_header(c->rs, "ETag", "\"%s\"", file.etag);
    if (file.checksum) response_header(c->rs, file.checksum_name, "%s", file.checksum);
    return response_empty(c->rs, 200);
}

bool object_key_allowed(struct s3_call *c) {
    for (const char *k = c->object; *k; k++)
        if (strncmp(k, S3_LAST, strlen(S3_LAST)) == 0) {
            s3_error(c, 400, "InvalidArgument", "A key cannot hold the character U+10FFFF.");
            return false;
        }
    return true;
}

int object_put(struct s3_call *c) {
    if (!s3_bucket_writable(c) || !object_key_allowed(c) || !object_fits(c, s3_body_length(c)) || !s3_slow_enter(c)) return 0;
    int err = put(c);
    s3_slow_leave();
    return err;
}
