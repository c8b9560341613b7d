/* queryables.c: /stac/queryables and /stac/collections/{collection}/queryables: what filters can name, with the bounds that the
 * items have, as JSON Schema (OGC 19-079r2 clause 6; STAC API Filter).
 *
 * Of public items a summary is kept for each collection (migrations/discovery/009), made anew by a reader who finds it old. The
 * caller's private items are summed up for each answer and merged in, so nobody learns a number from items he may not see.
 */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/query/run.h"
#include "discovery/queryables.h"

#define SMALL_ITEMS 2000      /* so many are summed up at once */
#define PRIVATE_MOST 2000     /* private items that are looked at */
#define COLLECTIONS_SHOWN 200 /* of whose summaries /stac/queryables is made */
#define REFRESH_US 2000000    /* how long one answer may spend on old summaries */

static const char SCHEMA_JSON[] = "application/schema+json";

/* A summary is as fresh as it need be: unchanged, or young. Small collections follow at once, large ones within a minute. */
static void select_summaries(struct sql *q, const struct auth *who, const char *collection) {
    sql_add(
        q,
        "SELECT f.id, q.summary, n.items, q.collection IS NULL OR ((q.items <> n.items OR q.version <> v.last_value)"
        " AND q.computed < now() - CASE WHEN n.items <= %d THEN interval '0' ELSE interval '1 minute' END)"
        " FROM collection f LEFT JOIN queryable q ON q.collection = f.id, document_version v, LATERAL"
        " (SELECT COALESCE(sum(c.items), 0)::bigint AS items FROM collection_count c WHERE c.collection = f.id) AS n WHERE ",
        SMALL_ITEMS);
    collection_visible(q, who);
    if (collection) {
        sql_add(q, " AND f.id = ");
        sql_value(q, collection, "::text");
    }
    sql_add(q, " ORDER BY n.items DESC, f.id LIMIT %d", COLLECTIONS_SHOWN);
}

static int summary_refresh(struct scope *s, const char *collection, int64_t items, json_t **out) {
    struct db_rows *rows;
    int err = db_query(s, module_db("discovery"), &rows,
                       "INSERT INTO queryable (collection, items, version, summary)"
                       " SELECT $1, $2, v.last_value, collection_summary($1, $2) FROM document_version v"
                       " ON CONFLICT (collection) DO UPDATE SET items = EXCLUDED.items, version = EXCLUDED.version,"
                       " computed = now(), summary = EXCLUDED.summary RETURNING summary",
                       "sl", collection, items);
    if (err) return err;
    *out = db_json(s, rows, 0, 0);
    return db_query(s, module_db("discovery"), NULL,
                    "DELETE FROM queryable q WHERE NOT EXISTS (SELECT FROM collection c WHERE c.id = q.collection)", "");
}

/* What the caller's own items, and those shared with him, add. */
static int summary_private(struct scope *s, const struct auth *who, const char *collection, json_t **out) {
    struct sql q;
    struct db_rows *rows;
    sql_init(&q, s);
    sql_add(&q,
            "SELECT properties_summary(array_agg(p.properties)) FROM (SELECT f.properties FROM item_apart a JOIN footprint f"
            " ON f.datetime = a.datetime AND f.collection = a.collection AND f.id = a.id WHERE a.owner IS NOT NULL");
    rights_add(&q, who, "a");
    if (collection) {
        sql_add(&q, " AND a.collection = ");
        sql_value(&q, collection, "::text");
    }
    sql_add(&q, " LIMIT %d) AS p", PRIVATE_MOST);
    int err = sql_run(&q, module_db("discovery"), &rows);
    *out = err ? NULL : db_json(s, rows, 0, 0);
    return err;
}

/* The merged summary of one collection, or of all; *found is how many collections there are. */
static int summary_of(struct request *rq, const char *collection, json_t *merged, int *found) {
    struct scope *s = rq->scope;
    struct sql q;
    struct db_rows *rows;
    json_t *summary;
    int64_t until = clock_us() + REFRESH_US;
    sql_init(&q, s);
    select_summaries(&q, &rq->auth, collection);
    int err = sql_run(&q, module_db("discovery"), &rows);
    *found = err ? 0 : db_count(rows);
    for (int row = 0; row < *found && !err; row++) {
        summary = db_is_null(rows, row, 1) ? NULL : db_json(s, rows, row, 1);
        if (db_bool(rows, row, 3) && (clock_us() < until || !summary))
            err = summary_refresh(s, db_text(rows, row, 0), db_int(rows, row, 2), &summary);
        if (!err) summary_merge(merged, summary);
    }
    if (err || !rq->auth.subject) return err;
    err = summary_private(s, &rq->auth, collection, &summary);
    if (!err) summary_merge(merged, summary);
    return err;
}

int queryables_read(struct request *rq, const char *collection, json_t **out) {
    json_t *merged = scope_json(rq->scope, json_object());
    int found;
    int err = summary_of(rq, collection, merged, &found);
    if (!err && collection && found == 0) err = NADIR_ENOTFOUND;
    if (!err) *out = scope_json(rq->scope, queryables_schema(merged));
    return err;
}

static int answer(struct request *rq, struct response *rs, const char *collection) {
    json_t *schema;
    int err = queryables_read(rq, collection, &schema);
    if (err == NADIR_ENOTFOUND) return no_collection(rs, collection);
    if (err) return err;
    const char *title = collection ? scope_printf(rq->scope, "Queryables of %s", collection) : "Queryables of all collections";
    json_t *document = scope_json(
        rq->scope, json_pack("{s:s, s:s, s:s, s:s, s:O, s:b}", "$schema", "https://json-schema.org/draft/2019-09/schema", "$id",
                             scope_printf(rq->scope, "%s%s", rq->base_url, rq->path), "type", "object", "title", title,
                             "properties", schema, "additionalProperties", 1));
    return response_text(rs, 200, SCHEMA_JSON, json_line(rq->scope, document)); /* numbers as items have them: 6.03 */
}

int queryables_get(struct request *rq, struct response *rs) {
    return answer(rq, rs, NULL);
}

int queryables_collection_get(struct request *rq, struct response *rs) {
    return answer(rq, rs, request_param(rq, "collection"));
}
