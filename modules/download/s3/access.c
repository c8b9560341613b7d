/* access.c: which bucket a name is, and to whom; ListBuckets; making and removing one's own. */
#include <ctype.h>
#include <string.h>

#include "download/s3/s3.h"
#include "download/s3/visible.h"

/* A user's own bucket wins over a collection of the same name, and is nothing to others. */
int s3_bucket_kind(struct s3_call *c) {
    struct db_rows *r;
    int err = db_query(
        c->rq->scope, download_db(), &r,
        "SELECT EXISTS (SELECT FROM s3_bucket WHERE bucket = $2 AND owner = $1),"
        " EXISTS (SELECT FROM right_item WHERE collection = $2 AND owner IS NULL)"
        " OR EXISTS (SELECT FROM right_item i WHERE i.collection = $2 AND i.owner IS NOT NULL AND" S3_VISIBLE("$1") ")",
        "ss", c->who.subject, c->bucket);
    if (err) return err;
    return db_bool(r, 0, 0) ? BUCKET_OWN : db_bool(r, 0, 1) ? BUCKET_COLLECTION : BUCKET_NONE;
}

bool s3_bucket_writable(struct s3_call *c) {
    if (!c->who.subject) {
        s3_error(c, 403, "AccessDenied", "Sign the request: only one's own buckets can be written.");
        return false;
    }
    int kind = s3_bucket_kind(c);
    if (kind == BUCKET_OWN) return true;
    if (kind < 0)
        response_fail(c->rs, kind);
    else if (kind == BUCKET_COLLECTION)
        s3_error(c, 403, "AccessDenied", "This bucket is a collection of the catalogue: it is read only.");
    else
        s3_error(c, 404, "NoSuchBucket", "The specified bucket does not exist");
    return false;
}

/* Public collections by jumping from one to the next in the index, whatever number of items they hold. */
int buckets_list(struct s3_call *c) {
    struct db_rows *r;
    int err = db_query(c->rq->scope, download_db(), &r,
                       "WITH RECURSIVE open (collection) AS ("
                       "  (SELECT collection FROM right_item WHERE owner IS NULL ORDER BY collection LIMIT 1)"
                       "  UNION ALL SELECT (SELECT i.collection FROM right_item i WHERE i.owner IS NULL"
                       "   AND i.collection > open.collection ORDER BY i.collection LIMIT 1)"
                       "  FROM open WHERE open.collection IS NOT NULL)"
                       " SELECT bucket, to_char(created_at AT TIME ZONE 'UTC', " S3_TIME ") FROM s3_bucket WHERE owner = $1"
                       " UNION ALL SELECT name, '1970-01-01T00:00:00.000Z' FROM ("
                       "  SELECT collection FROM open WHERE collection IS NOT NULL"
                       "  UNION SELECT collection FROM right_item WHERE owner = $1"
                       "  UNION SELECT collection FROM right_share WHERE subject = $1"
                       "  UNION SELECT collection FROM right_entitlement WHERE subject = $1) AS c (name)"
                       " WHERE NOT EXISTS (SELECT FROM s3_bucket WHERE bucket = name AND owner = $1) ORDER BY 1",
                       "s", c->who.subject);
    if (err) return err;
    struct s3_xml *x = s3_xml_begin(c, "ListAllMyBucketsResult");
    s3_xml_open(x, "Owner");
    s3_xml_text(x, "ID", c->who.subject ? c->who.subject : "anonymous");
    s3_xml_close(x);
    s3_xml_open(x, "Buckets");
    for (int i = 0; i < db_count(r); i++) {
        if (!s3_key_reaches(c, db_text(r, i, 0))) continue;
        s3_xml_open(x, "Bucket");
        s3_xml_text(x, "Name", db_text(r, i, 0));
        s3_xml_text(x, "CreationDate", db_text(r, i, 1));
        s3_xml_close(x);
    }
    s3_xml_close(x);
    return s3_xml_answer(x);
}

/* Amazon S3 user guide, "Bucket naming rules", as far as they bear on path-style addresses. */
static bool name_allowed(const char *name) {
    size_t len = strlen(name);
    if (len < 3 || len > 63 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != len || strstr(name, ".."))
        return false;
    return isalnum((unsigned char)name[0]) && isalnum((unsigned char)name[len - 1]) && strspn(name, "0123456789.") != len;
}

int bucket_create(struct s3_call *c) {
    struct db_rows *r;
    if (!c->who.subject) return s3_error(c, 403, "AccessDenied", "Sign the request to make a bucket.");
    if (!name_allowed(c->bucket))
        return s3_error(c, 400, "InvalidBucketName",
                        "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens, and is no IP address.");
    int kind = s3_bucket_kind(c);
    if (kind < 0) return kind;
    if (kind == BUCKET_NONE) {
        int err = db_query(c->rq->scope, download_db(), &r,
                           "INSERT INTO s3_bucket (bucket, owner) SELECT $1, $2"
                           " WHERE NOT EXISTS (SELECT FROM right_item WHERE collection = $1)"
                           " AND (SELECT count(*) FROM s3_bucket WHERE owner = $2) < $3 ON CONFLICT DO NOTHING"
                           " RETURNING bucket",
                           "ssi", c->bucket, c->who.subject, S3_BUCKETS_MOST);
        if (err) return err;
        if (db_count(r) == 1) kind = BUCKET_OWN;
    }
    if (kind != BUCKET_OWN) {
        int err =
            db_query(c->rq->scope, download_db(), &r, "SELECT count(*) FROM s3_bucket WHERE owner = $1", "s", c->who.subject);
        if (err) return err;
        if (db_int(r, 0, 0) >= S3_BUCKETS_MOST)
            return s3_error(c, 400, "TooManyBuckets", "You have as many buckets as one can have.");
        return s3_error(c, 409, "BucketAlreadyExists", "The name is taken: choose another one.");
    }
    response_header(c->rs, "Location", "/%s", c->bucket);
    return response_empty(c->rs, 200);
}

static int bucket_known(struct s3_call *c, bool *known) {
    int kind = s3_bucket_kind(c);
    if (kind < 0) return kind;
    *known = kind != BUCKET_NONE;
    if (!*known) s3_error(c, 404, "NoSuchBucket", "The specified bucket does not exist");
    return 0;
}

int bucket_head(struct s3_call *c) {
    bool known;
    int err = bucket_known(c, &known);
    if (err || !known) return err;
    response_header(c->rs, "x-amz-bucket-region", "us-east-1");
    return response_empty(c->rs, 200);
}

/* The one region is S3's first, which clients assume where none is set; its constraint is written as an empty element. */
int bucket_location(struct s3_call *c) {
    bool known;
    int err = bucket_known(c, &known);
    if (err || !known) return err;
    return s3_xml_answer(s3_xml_begin(c, "LocationConstraint"));
}

int bucket_delete(struct s3_call *c) {
    struct db_tx *tx;
    struct db_rows *r;
    if (!s3_bucket_writable(c)) return 0;
    int err = db_begin(c->rq->scope, download_db(), &tx);
    if (!err) err = store_charge(tx, c->who.subject, 0);
    if (!err) err = db_exec(tx, NULL, "SELECT FROM s3_bucket WHERE bucket = $1 FOR UPDATE", "s", c->bucket);
    if (!err) err = db_exec(tx, &r, "SELECT EXISTS (SELECT FROM s3_object WHERE bucket = $1)", "s", c->bucket);
    if (err) return err;
    if (db_bool(r, 0, 0)) return s3_error(c, 409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
    err = db_exec(tx, &r, "SELECT upload FROM s3_upload WHERE bucket = $1", "s", c->bucket);
    for (int i = 0; !err && i < db_count(r); i++) err = upload_remove(tx, c->who.subject, db_text(r, i, 0));
    if (!err) err = db_exec(tx, NULL, "DELETE FROM s3_bucket WHERE bucket = $1", "s", c->bucket);
    if (!err) err = db_commit(tx);
    return err ? err : response_empty(c->rs, 204);
}
