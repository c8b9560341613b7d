/* exports.c: /discovery/v1/exports: the public catalogue as a file to take away. For administrators. Asked for here, made by
 * `nadir-catalogue work`, sent by the gateway.
 */
#include <string.h>

#include "common/fields.h"
#include "common/id.h"
#include "common/module.h"
#include "common/page.h"
#include "discovery/exports.h"
#include "discovery/stac.h"

#define OPEN_MOST 10 /* exports that wait or run */

static const char *const formats[] = {"static", "geoparquet", "ndjson", NULL};

/* An export, as SQL makes it JSON; $1 is what stands before its address. */
static const char select_sql[] =
    "SELECT jsonb_build_object('export', e.id, 'format', e.format, 'collections', e.collections, 'state', e.state,"
    " 'created_at', to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " 'ended_at', to_char(e.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " 'expires_at', to_char((e.ended_at + interval '7 days') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " 'items', e.items, 'bytes', e.bytes, 'sha256', e.sha256, 'reason', e.reason,"
    " 'href', CASE WHEN e.state = 'ready' THEN $1 || '/discovery/v1/exports/' || e.id || '/file' END), e.seq FROM export e";

static int no_export(struct response *rs) {
    return response_error(rs, 404, "no-such-export", NULL, "There is no such export; they are removed after seven days.");
}

static int one_answer(struct request *rq, struct response *rs, int status, const char *id) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, scope_printf(rq->scope, "%s WHERE e.id = $2", select_sql),
                       "ss", rq->base_url, id);
    if (err) return err;
    if (db_count(rows) == 0) return no_export(rs);
    return response_json(rs, status, json_incref(db_json(rq->scope, rows, 0, 0)));
}

static void names_check(struct fields *f, const json_t *names) {
    const json_t *name;
    size_t at;
    json_array_foreach(names, at, name) {
        if (!json_is_string(name) || !identifier_valid(json_string_value(name)))
            field_fault(f, "collections", "must be names of collections");
    }
}

/* What stands against it, answered: *answered. */
static int refuse(struct request *rq, struct response *rs, const char *format, const json_t *names, bool *answered) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows,
                       "SELECT (SELECT able FROM export_format WHERE format = $1),"
                       " (SELECT min(name) FROM jsonb_array_elements_text(coalesce($2::jsonb, '[]')) name"
                       "  WHERE NOT EXISTS (SELECT FROM collection c WHERE c.id = name AND c.owner IS NULL))",
                       "sj", format, names);
    if (err) return err;
    *answered = true;
    if (!db_bool(rows, 0, 0))
        return response_error(rs, 501, "no-parquet", "format",
                              "This installation's GDAL cannot write Parquet: ask for static or ndjson.");
    if (!db_is_null(rows, 0, 1))
        return response_error(rs, 422, "no-such-collection", "collections", "There is no public collection %s.",
                              db_text(rows, 0, 1));
    *answered = false;
    return 0;
}

int exports_create(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    struct db_rows *rows;
    json_t *body;
    char id[ID_SIZE];
    bool answered = false;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    fields_closed(&f);
    const char *format = field_choice(&f, "format", formats);
    const json_t *names = field_array_or_null(&f, "collections", 1000);
    if (names && json_array_size(names) == 0) field_fault(&f, "collections", "must name one, or be left out for all");
    names_check(&f, names);
    if (fields_fail(&f, rs)) return 0;
    int err = refuse(rq, rs, format, names, &answered);
    if (err || answered) return err;
    id_new(id);
    err = db_query(s, module_db("discovery"), &rows,
                   "INSERT INTO export (id, format, collections) SELECT $1, $2, coalesce($3::jsonb, '[]')"
                   " WHERE (SELECT count(*) FROM export WHERE state IN ('waiting', 'running')) < $4 RETURNING id",
                   "ssjl", id, format, names, (int64_t)OPEN_MOST);
    if (err) return err;
    if (db_count(rows) == 0)
        return response_error(rs, 429, "too-many-exports", NULL, "%d exports wait already: wait for them, or delete some.",
                              OPEN_MOST);
    response_header(rs, "location", "%s/discovery/v1/exports/%s", rq->base_url, id);
    return one_answer(rq, rs, 202, id);
}

int exports_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *rows;
    int64_t before;
    if (page_read_number(rq, rs, &page, &before)) return 0;
    int err =
        db_query(rq->scope, module_db("discovery"), &rows,
                 scope_printf(rq->scope, "%s WHERE ($2::bigint = 0 OR e.seq < $2) ORDER BY e.seq DESC LIMIT $3", select_sql),
                 "sll", rq->base_url, before, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(rows, &page); i++) json_array_append(list, db_json(rq->scope, rows, i, 0));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "exports", list, "next", page_next(rq->scope, rows, &page, 1)));
}

int exports_get(struct request *rq, struct response *rs) {
    return one_answer(rq, rs, 200, request_param(rq, "export"));
}

/* One that is being made ends; the worker removes the file. */
int exports_delete(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "DELETE FROM export WHERE id = $1 RETURNING id", "s",
                       request_param(rq, "export"));
    if (err) return err;
    return db_count(rows) ? response_empty(rs, 204) : no_export(rs);
}

int exports_file(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows,
                       "SELECT state, path, sha256, format, to_char(ended_at AT TIME ZONE 'UTC', 'YYYYMMDD-HH24MI')"
                       " FROM export WHERE id = $1",
                       "s", request_param(rq, "export"));
    if (err) return err;
    if (db_count(rows) == 0) return no_export(rs);
    if (strcmp(db_text(rows, 0, 0), "ready") != 0)
        return response_error(rs, 409, "export-not-ready", NULL, "The export is %s: there is no file.", db_text(rows, 0, 0));
    const char *path = db_text(rows, 0, 1), *format = db_text(rows, 0, 3), *ending = strchr(path, '.');
    response_header(rs, "Cache-Control", "private, no-cache");
    if (response_not_modified(rq, rs, db_text(rows, 0, 2))) return 0;
    response_header(rs, "Content-Disposition", "attachment; filename=\"nadir-catalogue-%s%s\"", db_text(rows, 0, 4),
                    ending ? ending : "");
    const char *type = strcmp(format, "static") == 0   ? "application/zip"
                       : strcmp(format, "ndjson") == 0 ? "application/gzip"
                                                       : "application/vnd.apache.parquet";
    return response_accel(rs, type, scope_printf(rq->scope, "/_files/%s", http_encode_path(rq->scope, path)));
}
