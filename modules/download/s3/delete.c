/* delete.c: DeleteObject and DeleteObjects. What is not there counts as deleted, as S3 has it. */
#include <string.h>

#include "download/s3/s3.h"

int object_remove(struct db_tx *tx, const char *owner, const char *bucket, const char *key) {
    struct db_rows *r;
    int err = db_exec(tx, &r, "DELETE FROM s3_object WHERE bucket = $1 AND key = $2 RETURNING path, size", "ss", bucket, key);
    if (err || db_count(r) == 0) return err;
    err = store_discard(tx, db_text(r, 0, 0));
    return err ? err : store_charge(tx, owner, -store_weight(db_int(r, 0, 1)));
}

int object_delete(struct s3_call *c) {
    struct db_tx *tx;
    if (!s3_bucket_writable(c)) return 0;
    int err = db_begin(c->rq->scope, download_db(), &tx);
    if (!err) err = store_charge(tx, c->who.subject, 0); /* locks */
    if (!err) err = object_remove(tx, c->who.subject, c->bucket, c->object);
    if (!err) err = db_commit(tx);
    return err ? err : response_empty(c->rs, 204);
}

int objects_delete(struct s3_call *c) {
    struct s3_fault f = {0};
    struct db_tx *tx;
    const char **keys;
    char *text;
    size_t len, count;
    bool quiet;
    if (!s3_bucket_writable(c)) return 0;
    int err = s3_body_read(c, false, &text, &len, &f);
    if (!err) err = s3_xml_deletes(c->rq->scope, text, len, &keys, &count, &quiet, &f);
    if (f.code) return s3_refuse(c, &f);
    if (!err) err = db_begin(c->rq->scope, download_db(), &tx);
    if (!err) err = store_charge(tx, c->who.subject, 0);
    for (size_t i = 0; !err && i < count; i++) err = object_remove(tx, c->who.subject, c->bucket, keys[i]);
    if (!err) err = db_commit(tx);
    if (err) return err;
    struct s3_xml *x = s3_xml_begin(c, "DeleteResult");
    for (size_t i = 0; !quiet && i < count; i++) {
        s3_xml_open(x, "Deleted");
        s3_xml_text(x, "Key", keys[i]);
        s3_xml_close(x);
    }
    return s3_xml_answer(x);
}
