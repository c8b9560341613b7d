/* cold.c */
#include "download/cold.h"

#include <string.h>

#include "common/config.h"
#include "common/id.h"
#include "common/metrics.h"
#include "common/rights.h"
#include "download/download.h"

#define ORDERS_OPEN 20 /* of a subject at a time, by NADIR_COLD_ORDERS */

bool cold_find(struct scope *s, const char *path, struct stat *st) {
    const char *archive = config_text("NADIR_ARCHIVE", "");
    if (!*archive || delivery_is_remote(path)) return false;
    if (stat(scope_printf(s, "%s/%s", config_text("NADIR_DATA", ""), path), st) == 0) return false;
    return lstat(scope_printf(s, "%s/%s", archive, path), st) == 0 && S_ISREG(st->st_mode);
}

int cold_touch(struct scope *s, const char *path) {
    if (!*config_text("NADIR_ARCHIVE", "")) return 0;
    return db_query(
        s, download_db(), NULL,
        "UPDATE cold_file SET used_at = now() WHERE path = $1 AND state = 'ready' AND used_at < now() - interval '1 hour'", "s",
        path);
}

/* The files as rows, in one order for all, so that two who ask at once do not wait for each other in a circle. nadir-keeper
 * holds the row that it works at: such a row is only looked at. What failed is tried again a minute later. */
static int files_want(struct db_tx *tx, const json_t *files) {
    int err = db_exec(
        tx, NULL,
        "INSERT INTO cold_file (path, size) SELECT path, size FROM jsonb_to_recordset($1::jsonb) AS f (path text, size bigint)"
        " ORDER BY path ON CONFLICT DO NOTHING",
        "j", files);
    if (err) return err;
    return db_exec(
        tx, NULL,
        "UPDATE cold_file SET state = 'waiting', reason = NULL, asked_at = clock_timestamp(), started_at = NULL WHERE path IN"
        " (SELECT path FROM cold_file WHERE path IN (SELECT f ->> 'path' FROM jsonb_array_elements($1::jsonb) AS f)"
        "  AND (state = 'ready' OR state = 'failed' AND ended_at < now() - interval '1 minute')"
        "  ORDER BY path FOR NO KEY UPDATE SKIP LOCKED)",
        "j", files);
}

/* The subject's order for the product, with these files. NADIR_EBUSY: it has as many open orders as it may. */
static int order_make(struct scope *s, const char *subject, const char *collection, const char *item, const json_t *files,
                      const char **order) {
    struct db_tx *tx;
    struct db_rows *r;
    char id[ID_SIZE];
    id_new(id);
    int err = db_begin(s, download_db(), &tx);
    if (err) return err;
    err = files_want(tx, files);
    if (!err)
        err =
            db_exec(tx, &r,
                    "INSERT INTO cold_order (id, subject, collection, item) SELECT $1::uuid, $2, $3, $4 WHERE"
                    " EXISTS (SELECT FROM cold_order WHERE subject = $2 AND collection = $3 AND item = $4) OR (SELECT count(*)"
                    " FROM cold_standing WHERE subject = $2 AND state IN ('waiting', 'fetching')) < $5"
                    " ON CONFLICT (subject, collection, item) DO UPDATE SET asked_at = now() RETURNING id",
                    "ssssl", id, subject, collection, item, config_int("NADIR_COLD_ORDERS", 1, 100000, ORDERS_OPEN));
    if (!err && db_count(r) == 0) err = NADIR_EBUSY;
    if (!err) {
        *order = db_text(r, 0, 0);
        err = db_exec(
            tx, NULL,
            "INSERT INTO cold_order_file (id, path) SELECT $1::uuid, f ->> 'path' FROM jsonb_array_elements($2::jsonb) AS f"
            " ON CONFLICT DO NOTHING",
            "sj", *order, files);
    }
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int cold_send(struct request *rq, struct response *rs, const char *subject, const char *collection, const char *item,
              const char *const *paths, size_t count) {
    const char *order;
    struct stat st;
    int again;
    json_t *files = scope_json(rq->scope, json_array()), *told;
    for (size_t i = 0; i < count; i++)
        if (cold_find(rq->scope, paths[i], &st))
            json_array_append_new(files, json_pack("{s:s, s:I}", "path", paths[i], "size", (json_int_t)st.st_size));
    response_header(rs, "Cache-Control", "no-store");
    /* InvalidObjectState is what S3 has of objects in its own archive. */
    if (rs->errors == ERRORS_S3 && (rq->head || !subject))
        return response_error(rs, 403, "InvalidObjectState", NULL, "This object is in the archive.");
    if (rq->head) {
        response_header(rs, "Retry-After", "10");
        return response_json(rs, 202, json_pack("{s:s}", "state", "cold"));
    }
    if (!subject) return rights_refuse(rq, rs, ACCESS_SIGN_IN, collection, item);
    int err = order_make(rq->scope, subject, collection, item, files, &order);
    if (err == NADIR_EBUSY) {
        response_header(rs, "Retry-After", "60");
        return response_error(rs, 429, "too-many-orders", NULL,
                              "You have as many open orders as you may; some have to be ready first.");
    }
    if (!err) err = order_json(rq, subject, order, &told, &again);
    if (err) return err;
    response_header(rs, "Retry-After", "%d", again);
    metrics_add("nadir_download_cold_total", 1);
    response_header(rs, "Location", "%s/download/v1/orders/%s", rq->base_url, order);
    if (rs->errors != ERRORS_S3) return response_json(rs, 202, told);
    json_decref(told);
    return response_error(rs, 403, "InvalidObjectState", NULL,
                          "This object is in the archive and is being fetched from there: see /download/v1/orders/%s.", order);
}
