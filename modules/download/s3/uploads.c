/* uploads.c: multipart uploads: begun, filled in any order, and completed into one file, or aborted. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/id.h"
#include "download/s3/s3.h"

#define LIST_MOST 1000

int upload_unknown(struct s3_call *c) {
    return s3_error(c, 404, "NoSuchUpload", "The specified upload does not exist: it may have been aborted or completed.");
}

/* The upload of the address, which must be of its bucket and key. NADIR_ENOTFOUND. */
int upload_find(struct s3_call *c, struct db_rows **r) {
    int err = db_query(c->rq->scope, download_db(), r,
                       "SELECT upload, type, headers FROM s3_upload WHERE upload = $1 AND bucket = $2 AND key = $3", "sss",
                       s3_arg(c, "uploadId"), c->bucket, c->object);
    if (err) return err;
    return db_count(*r) ? 0 : NADIR_ENOTFOUND;
}

int upload_start(struct s3_call *c) {
    struct s3_object o;
    struct s3_fault f = {0};
    char id[ID_SIZE];
    if (!s3_bucket_writable(c)) return 0;
    if (object_headers(c, &o, &f)) return s3_refuse(c, &f);
    if (strstr(c->object, S3_LAST)) return s3_error(c, 400, "InvalidArgument", "A key cannot hold the character U+10FFFF.");
    id_new(id);
    int err = db_query(c->rq->scope, download_db(), NULL,
                       "INSERT INTO s3_upload (upload, bucket, key, type, headers) VALUES ($1, $2, $3, $4, $5)", "ssssj", id,
                       c->bucket, c->object, o.type, o.headers);
    if (err) return err;
    struct s3_xml *x = s3_xml_begin(c, "InitiateMultipartUploadResult");
    s3_xml_text(x, "Bucket", c->bucket);
    s3_xml_text(x, "Key", c->object);
    s3_xml_text(x, "UploadId", id);
    return s3_xml_answer(x);
}

/* The uploads of a bucket that are under way, the first 1,000 of a prefix. */
int uploads_list(struct s3_call *c) {
    struct db_rows *r;
    const char *prefix = s3_arg(c, "prefix") ? s3_arg(c, "prefix") : "", *key = s3_arg(c, "key-marker");
    const char *upload = s3_arg(c, "upload-id-marker");
    if (!s3_bucket_writable(c)) return 0;
    int err =
        db_query(c->rq->scope, download_db(), &r,
                 "SELECT key, upload, to_char(started_at AT TIME ZONE 'UTC', " S3_TIME ") FROM s3_upload WHERE bucket = $1"
                 " AND starts_with(key, $2) AND ($3::text IS NULL OR key > $3 OR key = $3 AND upload > $4)"
                 " ORDER BY key, upload LIMIT $5",
                 "ssssi", c->bucket, prefix, key, upload, LIST_MOST + 1);
    if (err) return err;
    int shown = db_count(r) > LIST_MOST ? LIST_MOST : db_count(r);
    struct s3_xml *x = s3_xml_begin(c, "ListMultipartUploadsResult");
    s3_xml_text(x, "Bucket", c->bucket);
    s3_xml_text(x, "Prefix", prefix);
    s3_xml_number(x, "MaxUploads", LIST_MOST);
    s3_xml_text(x, "IsTruncated", shown < db_count(r) ? "true" : "false");
    if (shown < db_count(r)) {
        s3_xml_text(x, "NextKeyMarker", db_text(r, shown - 1, 0));
        s3_xml_text(x, "NextUploadIdMarker", db_text(r, shown - 1, 1));
    }
    for (int i = 0; i < shown; i++) {
        s3_xml_open(x, "Upload");
        s3_xml_text(x, "Key", db_text(r, i, 0));
        s3_xml_text(x, "UploadId", db_text(r, i, 1));
        s3_xml_text(x, "Initiated", db_text(r, i, 2));
        s3_xml_close(x);
    }
    return s3_xml_answer(x);
}

/* ---- the end of an upload ---- */

int upload_remove(struct db_tx *tx, const char *owner, const char *upload) {
    struct db_rows *r;
    int64_t freed = 0;
    int err = store_charge(tx, owner, 0); /* locks */
    if (!err) err = db_exec(tx, &r, "DELETE FROM s3_part WHERE upload = $1 RETURNING path, size", "s", upload);
    for (int i = 0; !err && i < db_count(r); i++) {
        freed += store_weight(db_int(r, i, 1));
        err = store_discard(tx, db_text(r, i, 0));
    }
    if (!err) err = db_exec(tx, &r, "DELETE FROM s3_upload WHERE upload = $1", "s", upload);
    if (!err && db_affected(r) == 0) err = NADIR_ENOTFOUND;
    return err ? err : store_charge(tx, owner, -freed);
}

int upload_abort(struct s3_call *c) {
    struct db_tx *tx;
    struct db_rows *r;
    if (!s3_bucket_writable(c)) return 0;
    int err = upload_find(c, &r);
    if (!err) err = db_begin(c->rq->scope, download_db(), &tx);
    if (!err) err = upload_remove(tx, c->who.subject, s3_arg(c, "uploadId"));
    if (!err) err = db_commit(tx);
    if (err == NADIR_ENOTFOUND) return upload_unknown(c);
    return err ? err : response_empty(c->rs, 204);
}

/* ---- completing ---- */

struct whole {
    const char **paths;
    int64_t *sizes;
    size_t count;
};

static int row_of(const struct db_rows *r, int64_t part) {
    int low = 0, high = db_count(r) - 1;
    while (low <= high) {
        int middle = low + (high - low) / 2;
        int64_t at = db_int(r, middle, 0);
        if (at == part) return middle;
        if (at < part)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* The parts that the client names, in its order, which must be ascending; and the entity tag: MD5 of their MD5s, "-", count. */
static int parts_choose(struct s3_call *c, const struct db_rows *r, const struct s3_xml_part *sent, size_t count,
                        struct whole *w, struct s3_stored *file, struct s3_fault *f) {
    struct scope *s = c->rq->scope;
    unsigned char *sums = scope_alloc(s, 16 * count + 1), md5[EVP_MAX_MD_SIZE];
    unsigned len;
    w->paths = scope_alloc(s, count * sizeof *w->paths);
    w->sizes = scope_alloc(s, count * sizeof *w->sizes);
    w->count = count;
    file->size = 0;
    for (size_t i = 0; i < count; i++) {
        if (i && sent[i].number <= sent[i - 1].number)
            return s3_fault_set(f, 400, "InvalidPartOrder", "The list of parts was not in ascending order.");
        int row = row_of(r, sent[i].number);
        size_t sum_len;
        if (row < 0 || strcmp(db_text(r, row, 3), sent[i].etag) != 0 ||
            !OPENSSL_hexstr2buf_ex(sums + 16 * i, 16, &sum_len, sent[i].etag, '\0'))
            return s3_fault_set(f, 400, "InvalidPart", "A part was not found, or its entity tag is another one.");
        if (i + 1 < count && db_int(r, row, 2) < S3_PART_LEAST)
            return s3_fault_set(f, 400, "EntityTooSmall", "Every part but the last must have at least 5 MiB.");
        w->paths[i] = db_text(r, row, 1);
        w->sizes[i] = db_int(r, row, 2);
        file->size += w->sizes[i];
    }
    if (EVP_Digest(sums, 16 * count, md5, &len, EVP_md5(), NULL) != 1) return NADIR_EINTERNAL;
    file->etag = scope_printf(s, "%s-%zu", hex_encode(s, md5, len), count);
    return 0;
}

static int parts_join(struct s3_call *c, const struct whole *w, struct s3_stored *file) {
    struct scope *s = c->rq->scope;
    int err = store_reserve(s, &file->path);
    if (err) return err;
    int to = open(store_file(s, file->path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0) return NADIR_EUNAVAILABLE;
    for (size_t i = 0; !err && i < w->count; i++) {
        int from = open(store_file(s, w->paths[i]), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        err = from >= 0 ? store_copy(from, to, w->sizes[i]) : NADIR_EUNAVAILABLE;
        if (from >= 0) close(from);
    }
    if (!err) err = store_settle(s, to);
    file->modified = (int64_t)time(NULL);
    const struct timespec times[2] = {{(time_t)file->modified, 0}, {(time_t)file->modified, 0}};
    if (!err && futimens(to, times) != 0) err = NADIR_EUNAVAILABLE;
    close(to);
    return err;
}

static int complete_answer(struct s3_call *c, const char *etag) {
    struct s3_xml *x = s3_xml_begin(c, "CompleteMultipartUploadResult");
    s3_xml_text(x, "Location",
                scope_printf(c->rq->scope, "%s" S3_PREFIX "/%s/%s", c->rq->base_url, c->bucket,
                             http_encode_path(c->rq->scope, c->object)));
    s3_xml_text(x, "Bucket", c->bucket);
    s3_xml_text(x, "Key", c->object);
    s3_xml_text(x, "ETag", scope_printf(c->rq->scope, "\"%s\"", etag));
    return s3_xml_answer(x);
}

/* Completed before: the answer got lost on its way, and the client asks again. */
static int complete_again(struct s3_call *c) {
    struct db_rows *r;
    int err =
        db_query(c->rq->scope, download_db(), &r, "SELECT etag FROM s3_object WHERE bucket = $1 AND key = $2 AND upload = $3",
                 "sss", c->bucket, c->object, s3_arg(c, "uploadId"));
    if (err) return err;
    return db_count(r) ? complete_answer(c, db_text(r, 0, 0)) : upload_unknown(c);
}

static int complete(struct s3_call *c) {
    struct s3_fault f = {0};
    struct s3_xml_part *sent;
    struct s3_stored file = {0};
    struct whole w;
    struct db_rows *upload, *parts;
    char *text;
    size_t len, count;
    int err = s3_body_read(c, true, &text, &len, &f);
    if (!err) err = s3_xml_parts(c->rq->scope, text, len, &sent, &count, &f);
    if (f.code) return s3_refuse(c, &f);
    if (!err) err = upload_find(c, &upload);
    if (err) return err == NADIR_ENOTFOUND ? complete_again(c) : err;
    err = db_query(c->rq->scope, download_db(), &parts,
                   "SELECT part, path, size, etag FROM s3_part WHERE upload = $1 ORDER BY part", "s", s3_arg(c, "uploadId"));
    if (!err) err = parts_choose(c, parts, sent, count, &w, &file, &f);
    if (f.code) return s3_refuse(c, &f);
    if (!err) err = parts_join(c, &w, &file);
    if (!err) err = s3_checksum_whole(c, &file, &f);
    if (f.code) return s3_refuse(c, &f);
    if (err) return err;
    const struct s3_object o = {db_text(upload, 0, 1), db_json(c->rq->scope, upload, 0, 2)};
    if (file.checksum) json_object_set_new(o.headers, file.checksum_name, json_string(file.checksum));
    err = object_commit(c, &o, &file, s3_arg(c, "uploadId"));
    if (err) return err == NADIR_ENOTFOUND ? complete_again(c) : err;
    return complete_answer(c, file.etag);
}

int upload_complete(struct s3_call *c) {
    if (!s3_bucket_writable(c) || !s3_slow_enter(c)) return 0;
    int err = complete(c);
    s3_slow_leave();
    return err;
}
