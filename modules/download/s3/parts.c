/* parts.c: parts of a multipart upload: sent, copied from an object that is here already, and listed. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "download/s3/s3.h"

#define LIST_MOST 1000

static int part_commit(struct s3_call *c, int part, const struct s3_stored *file) {
    struct db_tx *tx;
    struct db_rows *r;
    const char *upload = s3_arg(c, "uploadId");
    int64_t freed = 0;
    int err = db_begin(c->rq->scope, download_db(), &tx);
    if (!err) err = store_charge(tx, c->who.subject, 0); /* locks */
    if (!err)
        err = db_exec(tx, &r,
                      "SELECT path, size FROM s3_upload LEFT JOIN s3_part p ON p.upload = s3_upload.upload AND part = $2"
                      " WHERE s3_upload.upload = $1",
                      "si", upload, part);
    if (!err && db_count(r) == 0) err = NADIR_ENOTFOUND;
    if (!err && !db_is_null(r, 0, 0)) {
        freed = store_weight(db_int(r, 0, 1));
        err = store_discard(tx, db_text(r, 0, 0));
    }
    if (!err)
        err =
            db_exec(tx, NULL,
                    "INSERT INTO s3_part (upload, part, path, size, etag, modified_at)"
                    " VALUES ($1, $2, $3, $4, $5, to_timestamp($6::bigint)) ON CONFLICT (upload, part) DO UPDATE"
                    " SET path = excluded.path, size = excluded.size, etag = excluded.etag, modified_at = excluded.modified_at",
                    "sislsl", upload, part, file->path, file->size, file->etag, file->modified);
    if (!err) err = store_keep(tx, file->path);
    if (!err) err = store_charge(tx, c->who.subject, store_weight(file->size) - freed);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int part_store(struct s3_call *c, int part, const struct s3_stored *file) {
    int err = part_commit(c, part, file);
    if (err == NADIR_ENOTFOUND) return upload_unknown(c);
    if (err == NADIR_ETOOLARGE) return s3_error(c, 403, "QuotaExceeded", "Your buckets are full: delete something first.");
    return err ? err : 1;
}

static int part_put(struct s3_call *c, int part) {
    struct s3_stored file;
    struct s3_fault f = {0};
    int err = s3_body_store(c, &file, &f);
    if (f.code) return s3_refuse(c, &f);
    if (!err) err = part_store(c, part, &file);
    if (err <= 0) return err;
    response_header(c->rs, "ETag", "\"%s\"", file.etag);
    if (file.checksum) response_header(c->rs, file.checksum_name, "%s", file.checksum);
    return response_empty(c->rs, 200);
}

int upload_part(struct s3_call *c) {
    struct db_rows *r;
    const char *number = s3_arg(c, "partNumber");
    int part =
        number && strlen(number) <= 5 && strspn(number, "0123456789") == strlen(number) ? (int)strtol(number, NULL, 10) : 0;
    if (!s3_bucket_writable(c)) return 0;
    if (part < 1 || part > S3_PART_MOST)
        return s3_error(c, 400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
    int err = upload_find(c, &r);
    if (err) return err == NADIR_ENOTFOUND ? upload_unknown(c) : err;
    if (s3_header(c, "x-amz-copy-source")) return upload_part_copy(c, part);
    if (!object_fits(c, s3_body_length(c)) || !s3_slow_enter(c)) return 0;
    err = part_put(c, part);
    s3_slow_leave();
    return err;
}

int upload_parts(struct s3_call *c) {
    struct db_rows *r;
    const char *marker = s3_arg(c, "part-number-marker"), *most = s3_arg(c, "max-parts");
    int64_t limit = most ? strtoll(most, NULL, 10) : LIST_MOST;
    if (!s3_bucket_writable(c)) return 0;
    if (limit < 1 || limit > LIST_MOST) limit = LIST_MOST;
    int err = upload_find(c, &r);
    if (err) return err == NADIR_ENOTFOUND ? upload_unknown(c) : err;
    err =
        db_query(c->rq->scope, download_db(), &r,
                 "SELECT part, size, etag, to_char(modified_at AT TIME ZONE 'UTC', " S3_TIME ") FROM s3_part WHERE upload = $1"
                 " AND part > $2::bigint ORDER BY part LIMIT $3",
                 "sll", s3_arg(c, "uploadId"), marker ? strtoll(marker, NULL, 10) : INT64_C(0), limit + 1);
    if (err) return err;
    int shown = db_count(r) > limit ? (int)limit : db_count(r);
    struct s3_xml *x = s3_xml_begin(c, "ListPartsResult");
    s3_xml_text(x, "Bucket", c->bucket);
    s3_xml_text(x, "Key", c->object);
    s3_xml_text(x, "UploadId", s3_arg(c, "uploadId"));
    s3_xml_number(x, "MaxParts", limit);
    s3_xml_text(x, "IsTruncated", shown < db_count(r) ? "true" : "false");
    if (shown < db_count(r)) s3_xml_number(x, "NextPartNumberMarker", db_int(r, shown - 1, 0));
    for (int i = 0; i < shown; i++) {
        s3_xml_open(x, "Part");
        s3_xml_number(x, "PartNumber", db_int(r, i, 0));
        s3_xml_text(x, "LastModified", db_text(r, i, 3));
        s3_xml_text(x, "ETag", scope_printf(c->rq->scope, "\"%s\"", db_text(r, i, 2)));
        s3_xml_number(x, "Size", db_int(r, i, 1));
        s3_xml_close(x);
    }
    return s3_xml_answer(x);
}
