/* copy.c: CopyObject and UploadPartCopy: from one's own objects, and from the catalogue what one may download. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/id.h"
#include "download/s3/digests.h"
#include "download/s3/s3.h"

/* What is copied. */
struct source {
    struct s3_call of; /* as if it were asked for */
    struct right_asset asset;
    bool catalogued; /* a file of the catalogue, named by `asset` */
    const char *path, *etag, *type;
    json_t *headers;
    int64_t size, modified;
};

static int precondition(struct s3_fault *f) {
    return s3_fault_set(f, 412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
}

static bool etag_named(const char *list, const char *etag) {
    size_t len = strlen(etag);
    if (strcmp(list, "*") == 0) return true;
    for (const char *at = list; (at = strstr(at, etag)) != NULL; at += len)
        if ((at == list || strchr("\" ,", at[-1])) && (!at[len] || strchr("\" ,", at[len]))) return true;
    return false;
}

/* The time of a condition; `otherwise` where there is none. */
static int64_t time_named(const struct s3_call *c, const char *name, int64_t otherwise) {
    struct tm tm = {0};
    const char *sent = s3_header(c, name), *end = sent ? strptime(sent, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    return end && !*end ? (int64_t)timegm(&tm) : otherwise;
}

/* Amazon S3 API reference, CopyObject: an entity tag that matches wins over the time. */
static int conditions_check(const struct s3_call *c, const struct source *from, struct s3_fault *f) {
    const char *match = s3_header(c, "x-amz-copy-source-if-match"), *none = s3_header(c, "x-amz-copy-source-if-none-match");
    if (match && !etag_named(match, from->etag)) return precondition(f);
    if (none && etag_named(none, from->etag)) return precondition(f);
    if (!match && from->modified > time_named(c, "x-amz-copy-source-if-unmodified-since", INT64_MAX)) return precondition(f);
    if (!none && from->modified <= time_named(c, "x-amz-copy-source-if-modified-since", INT64_MIN)) return precondition(f);
    return 0;
}

/* "/bucket/key" or "bucket/key", percent-encoded. */
static int source_read(struct s3_call *c, struct source *out, struct s3_fault *f) {
    const char *sent = s3_header(c, "x-amz-copy-source");
    *out = (struct source){.of = *c};
    const char *source = sent ? http_decode(c->rq->scope, sent, strcspn(sent, "?"), false) : NULL;
    if (source && *source == '/') source++;
    const char *slash = source ? strchr(source, '/') : NULL;
    if (!slash || !slash[1] || !text_is_utf8(source, strlen(source)))
        return s3_fault_set(f, 400, "InvalidArgument", "x-amz-copy-source must be /bucket/key.");
    out->of.bucket = scope_strndup(c->rq->scope, source, (size_t)(slash - source));
    out->of.object = slash + 1;
    if (s3_key_reaches(c, out->of.bucket)) return 0;
    return s3_fault_set(f, 403, "AccessDenied", "The key that signed this request is not for the source's bucket.");
}

static int own_source(struct source *out, struct s3_fault *f) {
    struct db_rows *r;
    int err = object_find(&out->of, &r);
    if (err) return err;
    if (db_count(r) == 0) return s3_fault_set(f, 404, "NoSuchKey", "The source does not exist.");
    out->path = db_text(r, 0, OBJECT_PATH);
    out->size = db_int(r, 0, OBJECT_SIZE);
    out->etag = db_text(r, 0, OBJECT_ETAG);
    out->type = db_text(r, 0, OBJECT_TYPE);
    out->headers = db_json(out->of.rq->scope, r, 0, OBJECT_HEADERS);
    out->modified = db_int(r, 0, OBJECT_MODIFIED);
    return 0;
}

static int catalogue_source(struct source *out, struct s3_fault *f) {
    struct scope *s = out->of.rq->scope;
    struct s3_entry e;
    int err = catalogue_open(&out->of, &out->asset, f);
    if (err) return err;
    e = catalogue_entry(s, &out->asset, out->of.object);
    out->catalogued = true;
    out->path = out->asset.path;
    out->size = e.size;
    out->etag = e.etag;
    out->type = out->asset.type;
    out->headers = scope_json(s, json_object());
    out->modified = e.at;
    return 0;
}

static int source_find(struct s3_call *c, struct source *out, struct s3_fault *f) {
    int err = source_read(c, out, f), kind = err ? err : s3_bucket_kind(&out->of);
    if (kind < 0) return kind;
    if (kind == BUCKET_NONE) return s3_fault_set(f, 404, "NoSuchBucket", "The bucket of the source does not exist");
    err = kind == BUCKET_OWN ? own_source(out, f) : catalogue_source(out, f);
    return err ? err : conditions_check(c, out, f);
}

/* Copying from the catalogue is downloading. False: it was answered why not. */
static bool source_counted(struct s3_call *c, const struct source *from, int64_t first, int64_t bytes) {
    if (!from->catalogued) return true;
    const struct right_asset *a = &from->asset;
    if (!quota_take(c->rq, c->rs, c->who.subject, scope_printf(c->rq->scope, "%s/%s", a->version, a->asset), from->size, bytes))
        return false;
    int err = first ? 0 : delivery_record(c->rq, a->collection, a->item, a->asset, c->who.subject, from->size);
    if (err) response_fail(c->rs, err);
    return !err;
}

static int bytes_copy(int from, int to, int64_t left, struct digests *d) {
    unsigned char buffer[65536];
    while (left > 0) {
        ssize_t n = read(from, buffer, left < (int64_t)sizeof buffer ? (size_t)left : sizeof buffer);
        if (n <= 0) return NADIR_EUNAVAILABLE;
        if (digests_feed(d, buffer, (size_t)n)) return NADIR_EINTERNAL;
        for (ssize_t done = 0, put; done < n; done += put)
            if ((put = write(to, buffer + done, (size_t)(n - done))) <= 0) return NADIR_EUNAVAILABLE;
        left -= n;
    }
    return 0;
}

static int range_copy(struct scope *s, int from, int to, int64_t first, struct s3_stored *out) {
    unsigned char md5[32];
    struct digests d;
    unsigned len;
    if (lseek(from, first, SEEK_SET) != first) return NADIR_EUNAVAILABLE;
    int err = digests_begin(s, &d, 0);
    if (!err) err = bytes_copy(from, to, out->size, &d);
    if (!err) err = digests_value(d.md5, md5, &len);
    if (!err) out->etag = hex_encode(s, md5, len);
    return err;
}

/* Writes out->size bytes from `first` on to a new file. The entity tag of a whole object of one's own is kept; otherwise it is
 * made of the bytes. */
static int duplicate(struct s3_call *c, const struct source *from, int64_t first, bool keep_etag, struct s3_stored *out) {
    struct scope *s = c->rq->scope;
    int err = store_reserve(s, &out->path);
    if (err) return err;
    out->modified = (int64_t)time(NULL);
    const struct timespec times[2] = {{(time_t)out->modified, 0}, {(time_t)out->modified, 0}};
    int in = store_open(s, from->path), to = open(store_file(s, out->path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in < 0 || to < 0)
        err = NADIR_EUNAVAILABLE;
    else if (keep_etag)
        err = store_copy(in, to, out->size);
    else
        err = range_copy(s, in, to, first, out);
    if (keep_etag) out->etag = from->etag;
    if (!err) err = store_settle(s, to);
    if (!err && futimens(to, times) != 0) err = NADIR_EUNAVAILABLE;
    if (in >= 0) close(in);
    if (to >= 0) close(to);
    return err;
}

static int answer(struct s3_call *c, const char *root, const struct s3_stored *file) {
    struct s3_xml *x = s3_xml_begin(c, root);
    s3_xml_text(x, "LastModified", s3_time(c->rq->scope, file->modified));
    s3_xml_text(x, "ETag", scope_printf(c->rq->scope, "\"%s\"", file->etag));
    return s3_xml_answer(x);
}

/* ---- CopyObject ---- */

static int copy(struct s3_call *c) {
    struct s3_object o;
    struct s3_fault f = {0};
    struct source from;
    const char *directive = s3_header(c, "x-amz-metadata-directive");
    int err = object_headers(c, &o, &f);
    if (!err) err = source_find(c, &from, &f);
    if (f.code) return s3_refuse(c, &f);
    if (err) return err;
    if (!directive || strcasecmp(directive, "REPLACE") != 0) o = (struct s3_object){from.type, from.headers};
    struct s3_stored file = {.size = from.size};
    if (!object_fits(c, from.size) || !source_counted(c, &from, 0, from.size)) return 0;
    err = duplicate(c, &from, 0, !from.catalogued, &file);
    if (!err) err = object_commit(c, &o, &file, NULL);
    return err ? err : answer(c, "CopyObjectResult", &file);
}

int object_copy(struct s3_call *c) {
    if (!s3_bucket_writable(c) || !object_key_allowed(c) || !s3_slow_enter(c)) return 0;
    int err = copy(c);
    s3_slow_leave();
    return err;
}

/* ---- UploadPartCopy ---- */

/* "bytes=first-last", both given. False: it is something else. */
static bool range_parse(const char *text, int64_t *first, int64_t *last) {
    size_t digits = 0;
    if (strncmp(text, "bytes=", 6) != 0) return false;
    text += 6;
    digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 18 || text[digits] != '-') return false;
    *first = strtoll(text, NULL, 10);
    text += digits + 1;
    digits = strspn(text, "0123456789");
    if (digits < 1 || digits > 18 || text[digits]) return false;
    *last = strtoll(text, NULL, 10);
    return true;
}

/* What is copied of the source: all of it where nothing is said. */
static int range_read(const struct s3_call *c, int64_t size, int64_t *first, int64_t *bytes, struct s3_fault *f) {
    const char *sent = s3_header(c, "x-amz-copy-source-range");
    int64_t last = size - 1;
    if (sent && !range_parse(sent, first, &last))
        return s3_fault_set(f, 400, "InvalidArgument",
                            "The x-amz-copy-source-range value must be of the form bytes=first-last.");
    if (sent && (last < *first || last >= size))
        return s3_fault_set(f, 400, "InvalidRange", "The range that is to be copied does not lie in the source.");
    *bytes = last - *first + 1;
    return *bytes <= S3_BODY_MOST ? 0 : s3_fault_set(f, 400, "EntityTooLarge", "A part has at most 5 GiB.");
}

static int copy_part(struct s3_call *c, int part) {
    struct s3_fault f = {0};
    struct s3_stored file = {0};
    struct source from;
    int64_t first = 0;
    int err = source_find(c, &from, &f);
    if (!err) err = range_read(c, from.size, &first, &file.size, &f);
    if (f.code) return s3_refuse(c, &f);
    if (err) return err;
    if (!object_fits(c, file.size) || !source_counted(c, &from, first, file.size)) return 0;
    err = duplicate(c, &from, first, false, &file);
    if (!err) err = part_store(c, part, &file);
    return err > 0 ? answer(c, "CopyPartResult", &file) : err;
}

int upload_part_copy(struct s3_call *c, int part) {
    if (!s3_slow_enter(c)) return 0;
    int err = copy_part(c, part);
    s3_slow_leave();
    return err;
}
