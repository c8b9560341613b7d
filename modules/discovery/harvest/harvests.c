/* harvests.c: /discovery/v1/harvests: which catalogues are taken from, how and when, and what came of it. For administrators.
 */
#include <ctype.h>
#include <string.h>

#include "common/fields.h"
#include "common/geo.h"
#include "common/id.h"
#include "common/module.h"
#include "common/page.h"
#include "discovery/harvest/harvest.h"

#define INSTANT(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

static const char *const kinds[] = {"stac", "odata", "opensearch", NULL}, *const removals[] = {"keep", "remove", NULL};

/* A harvest with its last run, as SQL makes it JSON. */
static const char select_sql[] =
    "SELECT jsonb_build_object('harvest', h.id, 'name', h.name, 'kind', h.kind, 'url', h.url, 'collections', h.collections,"
    " 'query', h.query, 'secret', h.secret, 'every_minutes', h.every_minutes, 'enabled', h.enabled, 'removals', h.removals,"
    " 'pause_ms', h.pause_ms, 'due_at', " INSTANT(
        "h.due_at") ", 'since', h.since,"
                    " 'items', (SELECT count(*) FROM harvest_item i WHERE i.harvest = h.id),"
                    " 'last_run', (SELECT run_json(r) FROM harvest_run r WHERE r.harvest = h.id ORDER BY r.run DESC LIMIT 1)), "
                    "h.name FROM harvest h";

static int no_harvest(struct response *rs) {
    return response_error(rs, 404, "no-such-harvest", NULL, "There is no such harvest.");
}

static int one_answer(struct request *rq, struct response *rs, int status, const char *id) {
    struct db_rows *rows;
    int err =
        db_query(rq->scope, module_db("discovery"), &rows, scope_printf(rq->scope, "%s WHERE h.id = $1", select_sql), "s", id);
    if (err) return err;
    if (db_count(rows) == 0) return no_harvest(rs);
    return response_json(rs, status, json_incref(db_json(rq->scope, rows, 0, 0)));
}

/* ---- what a body may say ---- */

static void collections_check(struct fields *f, const json_t *map) {
    const char *theirs;
    const json_t *ours;
    if (json_object_size(map) > 1000) field_fault(f, "collections", "may name 1000 at the most");
    json_object_foreach((json_t *)map, theirs, ours) {
        if (!json_is_string(ours) || !identifier_valid(json_string_value(ours)) || strlen(theirs) > 512)
            field_fault(f, "collections", "must give each of the source's collections a name that a collection here may have");
    }
}

static void query_check(struct scope *s, struct fields *f, const json_t *query) {
    static const char *const known[] = {"bbox", "datetime", "filter", "limit"};
    const char *name, *why, *from, *to;
    const json_t *value;
    double box[4];
    json_object_foreach((json_t *)query, name, value) {
        bool found = false;
        for (size_t i = 0; i < 4; i++) found = found || strcmp(name, known[i]) == 0;
        if (!found) field_fault(f, "query", "may hold bbox, datetime, filter and limit");
    }
    const json_t *bbox = json_object_get(query, "bbox"), *datetime = json_object_get(query, "datetime");
    const json_t *limit = json_object_get(query, "limit"), *filter = json_object_get(query, "filter");
    if (bbox && geo_bbox_from_json(bbox, box, &why)) field_fault(f, "query", "bbox: %s", why);
    if (datetime && (!json_is_string(datetime) || interval_parse(s, json_string_value(datetime), &from, &to, &why)))
        field_fault(f, "query", "datetime must be a time or an interval");
    if (limit && (!json_is_integer(limit) || json_integer_value(limit) < 1 || json_integer_value(limit) > HARVEST_PAGE_MOST))
        field_fault(f, "query", "limit must be 1 to %d", HARVEST_PAGE_MOST);
    if (filter && !json_is_object(filter) && (!json_is_string(filter) || json_string_length(filter) > 4000))
        field_fault(f, "query", "filter must be CQL2 JSON, or for OData its $filter text");
}

static void secret_check(struct fields *f, const char *secret) {
    for (const char *c = secret ? secret : ""; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            field_fault(f, "secret",
                        "must be letters, digits and _: the setting NADIR_HARVEST_SECRET_<secret> holds its value");
}

static void url_check(struct scope *s, struct fields *f, const char *url) {
    const char *refusal = url ? harvest_refusal(s, url) : NULL;
    if (refusal) field_fault(f, "url", "%s", refusal);
}

/* Addresses are joined to others: without a slash at the end. */
static const char *url_trimmed(struct scope *s, const char *kind, const char *url) {
    size_t len = strlen(url);
    return strcmp(kind, "odata") == 0 && len > 0 && url[len - 1] == '/' ? scope_strndup(s, url, len - 1) : url;
}

int harvests_create(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    json_t *body;
    char id[ID_SIZE];
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    fields_closed(&f);
    const char *name = field_string(&f, "name", 1, 100), *kind = field_choice(&f, "kind", kinds);
    const char *url = field_string(&f, "url", 1, 2000), *secret = field_string_or(&f, "secret", 1, 64, NULL);
    const json_t *collections = field_object_or_null(&f, "collections"), *query = field_object_or_null(&f, "query");
    int64_t every = field_int_or(&f, "every_minutes", 1, 525600, 0), pause = field_int_or(&f, "pause_ms", 0, 60000, 250);
    bool enabled = field_bool_or(&f, "enabled", true);
    const char *removal = field_choice_or(&f, "removals", removals, "keep");
    collections_check(&f, collections);
    query_check(s, &f, query);
    secret_check(&f, secret);
    url_check(s, &f, url);
    if (fields_fail(&f, rs)) return 0;
    id_new(id);
    int err = db_query(s, module_db("discovery"), NULL,
                       "INSERT INTO harvest (id, name, kind, url, collections, query, secret, every_minutes, enabled, removals,"
                       " pause_ms, due_at) VALUES ($1, $2, $3, $4, coalesce($5::jsonb, '{}'), coalesce($6::jsonb, '{}'), $7,"
                       " nullif($8::int, 0), $9, $10, $11, CASE WHEN $8::int > 0 THEN now() END)",
                       "ssssjjslbsl", id, name, kind, url_trimmed(s, kind, url), collections, query, secret, every,
                       (int)enabled, removal, pause);
    if (err == NADIR_ECONFLICT)
        return response_error(rs, 409, "name-taken", "name", "There is a harvest of that name already.");
    if (err) return err;
    response_header(rs, "location", "%s/discovery/v1/harvests/%s", rq->base_url, id);
    return one_answer(rq, rs, 201, id);
}

int harvests_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *rows;
    if (page_read(rq, rs, &page)) return 0;
    const char *sql =
        scope_printf(rq->scope, "%s WHERE ($1::text IS NULL OR h.name > $1) ORDER BY h.name LIMIT $2", select_sql);
    int err = db_query(rq->scope, module_db("discovery"), &rows, sql, "sl", page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(rows, &page); i++) json_array_append(list, db_json(rq->scope, rows, i, 0));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "harvests", list, "next", page_next(rq->scope, rows, &page, 1)));
}

int harvests_get(struct request *rq, struct response *rs) {
    return one_answer(rq, rs, 200, request_param(rq, "harvest"));
}

/* What is to be otherwise. A change of what is asked for ends an unfinished run and forgets how far the last one came. */
int harvests_patch(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    const char *id = request_param(rq, "harvest");
    struct db_rows *rows;
    struct db_tx *tx;
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    fields_closed(&f);
    const char *name = field_string_or(&f, "name", 1, 100, NULL), *url = field_string_or(&f, "url", 1, 2000, NULL);
    const char *secret = field_string_or(&f, "secret", 1, 64, NULL), *removal = field_choice_or(&f, "removals", removals, NULL);
    const json_t *collections = field_object_or_null(&f, "collections"), *query = field_object_or_null(&f, "query");
    int64_t every = field_int_or(&f, "every_minutes", 1, 525600, 0), pause = field_int_or(&f, "pause_ms", 0, 60000, -1);
    bool enabled = field_bool_or(&f, "enabled", true);
    bool has_every = json_object_get(body, "every_minutes"), has_secret = json_object_get(body, "secret");
    collections_check(&f, collections);
    query_check(s, &f, query);
    secret_check(&f, secret);
    url_check(s, &f, url);
    if (fields_fail(&f, rs)) return 0;
    bool asks_otherwise = url || collections || query || removal;
    int err = db_begin(s, module_db("discovery"), &tx);
    if (err) return err;
    err = db_exec(
        tx, &rows,
        "UPDATE harvest SET name = coalesce($2, name), url = coalesce($3, url), collections = coalesce($4::jsonb,"
        " collections), query = coalesce($5::jsonb, query), secret = CASE WHEN $6 THEN $7 ELSE secret END,"
        " every_minutes = CASE WHEN $8 THEN nullif($9::int, 0) ELSE every_minutes END,"
        " due_at = CASE WHEN $8 THEN CASE WHEN $9::int > 0 THEN now() + $9::int * interval '1 minute' END ELSE due_at END,"
        " enabled = CASE WHEN $10 THEN $11 ELSE enabled END, removals = coalesce($12, removals),"
        " pause_ms = CASE WHEN $13::int >= 0 THEN $13::int ELSE pause_ms END,"
        " since = CASE WHEN $14 THEN NULL ELSE since END WHERE id = $1 RETURNING id",
        "sssjjbsblbbslb", id, name, url, collections, query, (int)has_secret, secret, (int)has_every, every,
        (int)(json_object_get(body, "enabled") != NULL), (int)enabled, removal, pause, (int)asks_otherwise);
    if (!err && asks_otherwise)
        err = db_exec(tx, NULL,
                      "UPDATE harvest_run SET state = 'failed', ended_at = now(), error = 'the harvest was changed'"
                      " WHERE harvest = $1 AND ended_at IS NULL",
                      "s", id);
    if (!err) err = db_commit(tx);
    if (err == NADIR_ECONFLICT)
        return response_error(rs, 409, "name-taken", "name", "There is a harvest of that name already.");
    return err ? err : one_answer(rq, rs, 200, id);
}

/* The items that it brought stay. */
int harvests_delete(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "DELETE FROM harvest WHERE id = $1 RETURNING id", "s",
                       request_param(rq, "harvest"));
    if (err) return err;
    return db_count(rows) ? response_empty(rs, 204) : no_harvest(rs);
}

/* Run now; ?everything=true asks for all, not only for what was updated since. */
int harvests_run(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "harvest"), *everything = request_arg(rq, "everything");
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "SELECT enabled FROM harvest WHERE id = $1", "s", id);
    if (err) return err;
    if (db_count(rows) == 0) return no_harvest(rs);
    if (!db_bool(rows, 0, 0))
        return response_error(rs, 409, "harvest-disabled", "enabled", "The harvest is switched off: switch it on first.");
    err = harvest_due_now(rq->scope, module_db("discovery"), id, everything && strcmp(everything, "true") == 0);
    return err ? err : one_answer(rq, rs, 202, id);
}

int harvest_runs_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *rows;
    int64_t before;
    if (page_read_number(rq, rs, &page, &before)) return 0;
    int err = db_query(rq->scope, module_db("discovery"), &rows,
                       "SELECT run_json(r), r.run FROM harvest_run r WHERE r.harvest = $1 AND ($2::bigint = 0 OR r.run < $2)"
                       " ORDER BY r.run DESC LIMIT $3",
                       "sll", request_param(rq, "harvest"), before, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(rows, &page); i++) json_array_append(list, db_json(rq->scope, rows, i, 0));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "runs", list, "next", page_next(rq->scope, rows, &page, 1)));
}

int harvest_refusals_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *rows;
    int64_t after;
    if (page_read_number(rq, rs, &page, &after)) return 0;
    int err = db_query(rq->scope, module_db("discovery"), &rows,
                       "SELECT f.id, f.item, f.outcome, f.why FROM harvest_refusal f JOIN harvest_run r ON r.run = f.run"
                       " WHERE r.harvest = $1 AND r.run::text = $2 AND f.id > $3 ORDER BY f.id LIMIT $4",
                       "ssll", request_param(rq, "harvest"), request_param(rq, "run"), after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(rows, &page); i++)
        json_array_append_new(list, json_pack("{s:s?, s:s, s:s}", "item", db_text(rows, i, 1), "outcome", db_text(rows, i, 2),
                                              "why", db_text(rows, i, 3)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "refusals", list, "next", page_next(rq->scope, rows, &page, 0)));
}
