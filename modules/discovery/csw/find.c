/* find.c: records from the store: collections, then items. */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/csw/csw.h"

static int fault_from(struct csw_fault *f, const struct fault *inner, int err) {
    return inner->why ? csw_fault_set(f, NULL, "Constraint", inner->why) : err;
}

static int constraint_parse(struct scope *s, const struct csw *c, struct expr **out, struct csw_fault *f) {
    *out = NULL;
    if (c->filter) return csw_filter_parse(s, c->filter, out, f);
    return c->constraint ? csw_cql_parse(s, c->constraint, out, f) : 0;
}

/* ---- times ---- */

static const char *instant_of(struct scope *s, const char *text) {
    char *instant = scope_alloc(s, INSTANT_SIZE);
    if (strlen(text) == 10) text = scope_printf(s, "%sT00:00:00Z", text);
    return instant_parse(text, strlen(text), instant) ? NULL : instant;
}

/* Whoever begins after a time covers something after it, and so on: the store looks in that time only. The condition itself
 * stays as it is. */
static void times_note(struct scope *s, const struct expr *raw, struct query *q) {
    const struct csw_name *known;
    const char *stac;
    if (raw->op == EXPR_AND)
        for (size_t i = 0; i < raw->count; i++) times_note(s, raw->args[i], q);
    bool from = raw->op == EXPR_GREATER || raw->op == EXPR_GREATER_EQUAL || raw->op == EXPR_EQUAL;
    bool to = raw->op == EXPR_LESS || raw->op == EXPR_LESS_EQUAL || raw->op == EXPR_EQUAL;
    if ((!from && !to) || raw->args[0]->op != EXPR_PROPERTY) return;
    const struct expr *value = raw->args[1];
    if (value->op != EXPR_TEXT && value->op != EXPR_TIMESTAMP && value->op != EXPR_DATE) return;
    if (!csw_name_find(s, raw->args[0]->text, &known, &stac) || !known) return;
    if (from && !q->from && strcmp(known->name, "TempExtent_begin") == 0) q->from = instant_of(s, value->text);
    if (to && !q->to && strcmp(known->name, "TempExtent_end") == 0) q->to = instant_of(s, value->text);
}

/* ---- one kind ---- */

static int sorts_bind(struct scope *s, const struct csw *c, enum csw_kind kind, struct query *q, struct csw_fault *f) {
    for (size_t i = 0; i < c->nsorts; i++) {
        const char *property;
        if (csw_bind_sort(s, c->sorts[i].property, kind, &property, f)) return NADIR_EINVAL;
        if (!property) continue;
        if (kind == CSW_DATASET && strcmp(property, "id") == 0 && q->nsorts < SORTS_MOST)
            q->sorts[q->nsorts++] = (struct sort){"collection", c->sorts[i].descending};
        if (q->nsorts < SORTS_MOST) q->sorts[q->nsorts++] = (struct sort){property, c->sorts[i].descending};
    }
    return 0;
}

static void found_add(struct request *rq, struct csw_found *out, enum csw_kind kind, const char *const *documents,
                      const size_t *lengths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct text *t = text_new(rq->scope, lengths[i] + 4096);
        text_add_document(t, documents[i], lengths[i], rq->base_url);
        text_add(t, "", 1);
        out->documents[out->count] = t->data;
        out->kinds[out->count++] = kind;
    }
}

static int series_find(struct request *rq, const struct csw *c, const struct expr *raw, int64_t offset, int limit,
                       struct csw_found *out, struct csw_fault *f) {
    struct csw_bound bound;
    struct fault inner = {0};
    struct collection_page page;
    struct query q = {.limit = limit, .offset = offset};
    if (csw_bind(rq->scope, raw, CSW_SERIES, &bound, f) || sorts_bind(rq->scope, c, CSW_SERIES, &q, f)) return NADIR_EINVAL;
    if (bound.when == CSW_NEVER) return 0;
    q.filter = bound.expr;
    int err = collections_run(rq->scope, &rq->auth, &q, &page, &inner);
    if (err) return fault_from(f, &inner, err);
    out->matched += page.matched;
    found_add(rq, out, CSW_SERIES, page.documents, page.lengths, page.count);
    return 0;
}

static int datasets_find(struct request *rq, const struct csw *c, const struct expr *raw, int64_t offset, int limit,
                         struct csw_found *out, struct csw_fault *f) {
    struct csw_bound bound;
    struct fault inner = {0};
    struct page page;
    struct query q = {.limit = limit, .offset = limit ? offset : 0};
    if (csw_bind(rq->scope, raw, CSW_DATASET, &bound, f) || sorts_bind(rq->scope, c, CSW_DATASET, &q, f)) return NADIR_EINVAL;
    if (bound.when == CSW_NEVER) return 0;
    if (raw) times_note(rq->scope, raw, &q);
    if (q.from && q.to && strcmp(q.from, q.to) > 0) return 0;
    q.filter = bound.expr;
    int err = query_run(rq->scope, &rq->auth, &q, &page, &inner);
    if (err) return fault_from(f, &inner, err);
    out->matched += page.matched;
    found_add(rq, out, CSW_DATASET, page.documents, page.lengths, page.count);
    return 0;
}

int csw_find(struct request *rq, const struct csw *c, int64_t start, int limit, struct csw_found *out, struct csw_fault *f) {
    struct expr *raw;
    *out = (struct csw_found){.documents = scope_alloc(rq->scope, ((size_t)limit + 1) * sizeof *out->documents),
                              .kinds = scope_alloc(rq->scope, ((size_t)limit + 1) * sizeof *out->kinds)};
    int err = constraint_parse(rq->scope, c, &raw, f);
    if (!err) err = series_find(rq, c, raw, start - 1, limit, out, f);
    if (err) return err;
    int64_t passed = start - 1 - out->matched;
    return datasets_find(rq, c, raw, passed > 0 ? passed : 0, limit - (int)out->count, out, f);
}

/* ---- by identifier ---- */

static int series_one(struct request *rq, const char *id, const char **document, size_t *len) {
    struct sql q;
    struct db_rows *rows;
    sql_init(&q, rq->scope);
    sql_add(&q, "SELECT " COLLECTION_SHOWN " FROM collection_shown f WHERE f.id = ");
    sql_value(&q, id, "");
    sql_add(&q, " AND ");
    collection_visible(&q, &rq->auth);
    int err = sql_run(&q, module_db("discovery"), &rows);
    if (err) return err;
    if (db_count(rows) == 0) return NADIR_ENOTFOUND;
    *document = collection_shown(rq->scope, rows, 0, 0);
    *len = strlen(*document);
    return 0;
}

int csw_find_one(struct request *rq, const char *identifier, const char **document, enum csw_kind *kind) {
    const char *slash = strchr(identifier, '/'), *version, *stored;
    size_t len;
    *kind = slash ? CSW_DATASET : CSW_SERIES;
    int err = slash ? query_item(rq->scope, &rq->auth, scope_strndup(rq->scope, identifier, (size_t)(slash - identifier)),
                                 slash + 1, &stored, &len, &version)
                    : series_one(rq, identifier, &stored, &len);
    if (err) return err;
    struct text *t = text_new(rq->scope, len + 4096);
    text_add_document(t, stored, len, rq->base_url);
    text_add(t, "", 1);
    *document = t->data;
    return 0;
}
