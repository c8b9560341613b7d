/* catalogue.c: one page of a search.
 *
 * The statement is written from the filters that are there, so that each combination has a plan of its own; parameters that a
 * combination does not use are still sent, as NULL, and stand in it as `$n IS NULL`, which the planner folds away.
 * Pages continue after the last item's sort key (keyset): exact while items come and go, and page 1,000 costs what page 1 does.
 */
#include <stdlib.h>
#include <string.h>

#include "common/module.h"
#include "discovery/stac.h"

#define BATCH 500                     /* documents fetched at a time */
#define PAGE_BYTES (16 * 1024 * 1024) /* a page that has grown so far ends early, with a next link */
#define COUNT_MOST 1000               /* numberMatched is told up to this */

/* Where a page ends: the sort key, the collection and the id of its last item. */
struct position {
    const char *key, *collection, *id;
};

static const char *sort_name(const struct search *q) {
    return q->key == SORT_ID ? (q->ascending ? "i+" : "i-") : (q->ascending ? "d+" : "d-");
}

static const char *token_make(struct scope *s, const struct search *q, const struct position *p) {
    json_t *json = scope_json(s, json_pack("[s, s, s, s]", sort_name(q), p->key, p->collection, p->id));
    const char *line = json_line(s, json);
    return base64url_encode(s, line, strlen(line));
}

static int token_read(struct scope *s, const struct search *q, struct position *out) {
    size_t len = strlen(q->token);
    unsigned char *line = len <= 2048 ? base64url_decode(s, q->token, len, &len) : NULL;
    json_t *json = line ? scope_json(s, json_loadb((const char *)line, len, 0, NULL)) : NULL;
    const char *sort;
    if (!json || json_unpack(json, "[s, s, s, s!]", &sort, &out->key, &out->collection, &out->id)) return NADIR_EINVAL;
    char instant[INSTANT_SIZE];
    if (strcmp(sort, sort_name(q)) != 0) return NADIR_EINVAL;
    return q->key == SORT_DATETIME ? instant_parse(out->key, strlen(out->key), instant) : 0;
}

char *array_literal(struct scope *s, const char *const *texts, size_t count) {
    struct text *t = text_new(s, 64);
    text_add(t, "{", 1);
    for (size_t i = 0; i < count; i++) {
        text_add(t, i ? ",\"" : "\"", i ? 2 : 1);
        for (const char *p = texts[i]; *p; p++) {
            if (*p == '"' || *p == '\\') text_add(t, "\\", 1);
            text_add(t, p, 1);
        }
        text_add(t, "\"", 1);
    }
    text_add(t, "}", 1);
    return t->data;
}

/* Conditions over parameters: $1 geometry, $2 from, $3 to, $4 collections, $5 ids, $6 who asks, $7 to $9 the position. */
static const char *conditions(struct scope *s, const struct auth *who, const struct search *q, bool continued) {
    const char *key = q->key == SORT_ID ? "i.id" : "i.datetime";
    const char *type = q->key == SORT_ID ? "text" : "timestamptz";
    const char *after = continued ? scope_printf(s, "(%s, i.collection, i.id) %s ($7::%s, $8::text, $9::text)", key,
                                                 q->ascending ? ">" : "<", type)
                                  : "$7::text IS NULL AND $8::text IS NULL AND $9::text IS NULL";
    return scope_printf(s, "%s AND %s AND %s AND %s AND %s AND %s",
                        q->geometry ? "ST_Intersects(i.geom, $1::geometry)" : "$1::text IS NULL",
                        q->from || q->to ? "i.during && tstzrange($2::timestamptz, $3::timestamptz, '[]')"
                                         : "$2::text IS NULL AND $3::text IS NULL",
                        q->collections ? "i.collection = ANY ($4::text[])" : "$4::text IS NULL",
                        q->ids ? "i.id = ANY ($5::text[])" : "$5::text IS NULL", visible_sql(s, who, 6), after);
}

static int batch_read(struct request *rq, const struct search *q, const struct position *after, int count,
                      struct db_rows **rows) {
    struct scope *s = rq->scope;
    const char *direction = q->ascending ? "ASC" : "DESC";
    const char *key = q->key == SORT_ID ? "i.id" : "i.datetime";
    const char *sql =
        scope_printf(s,
                     "SELECT i.document, %s, i.collection, i.id FROM item i WHERE %s ORDER BY %s %s, i.collection %s, i.id %s "
                     "LIMIT $10::int",
                     q->key == SORT_ID ? "i.id" : "to_char(i.datetime AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
                     conditions(s, &rq->auth, q, after->id != NULL), key, direction, direction, direction);
    return db_query(s, module_db("discovery"), rows, sql, "sssssssssi", q->geometry, q->from, q->to, q->collections, q->ids,
                    visible_subject(&rq->auth), after->key, after->collection, after->id, count);
}

/* How many items match: -1 if more than COUNT_MOST. */
static int matched_count(struct request *rq, const struct search *q, int64_t *out) {
    struct db_rows *rows;
    const char *sql = scope_printf(rq->scope, "SELECT count(*) FROM (SELECT FROM item i WHERE %s LIMIT $10::int) AS bounded",
                                   conditions(rq->scope, &rq->auth, q, false));
    int err = db_query(rq->scope, module_db("discovery"), &rows, sql, "sssssssssi", q->geometry, q->from, q->to, q->collections,
                       q->ids, visible_subject(&rq->auth), NULL, NULL, NULL, COUNT_MOST + 1);
    if (err) return err;
    *out = db_int(rows, 0, 0) > COUNT_MOST ? -1 : db_int(rows, 0, 0);
    return 0;
}

/* Adds documents to the page until it is full; *more tells whether there are others after `at`. */
static int page_fill(struct request *rq, const struct search *q, struct position *at, struct text *page, int *returned,
                     bool *more) {
    *returned = 0;
    do {
        int wanted = q->limit - *returned < BATCH ? q->limit - *returned : BATCH;
        struct db_rows *rows;
        int err = batch_read(rq, q, at, wanted + 1, &rows);
        if (err) return err;
        int got = db_count(rows) < wanted ? db_count(rows) : wanted;
        for (int row = 0; row < got; row++) {
            if (*returned + row > 0) text_add(page, ",\n", 2);
            text_add_document(page, db_text(rows, row, 0), db_length(rows, row, 0), rq->base_url);
        }
        if (got > 0) *at = (struct position){db_text(rows, got - 1, 1), db_text(rows, got - 1, 2), db_text(rows, got - 1, 3)};
        *returned += got;
        *more = db_count(rows) > wanted;
    } while (*more && *returned < q->limit && page->len < PAGE_BYTES);
    return 0;
}

static json_t *next_link(struct request *rq, const char *token) {
    if (rq->method == HTTP_GET) return response_next_link(rq, GEOJSON, token);
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:{s:s}}", "rel", "next", "type", GEOJSON, "method", "POST", "href",
                     scope_printf(rq->scope, "%s%s", rq->base_url, rq->path), "merge", 1, "body", "token", token);
}

int catalogue_answer(struct request *rq, struct response *rs, const struct search *q, json_t *links) {
    struct scope *s = rq->scope;
    scope_json(s, links);
    struct position at = {0};
    if (q->token && token_read(s, q, &at))
        return fault_answer(rs, &(struct fault){"token", "is not one that this search gave; follow the next link as it is"});

    struct text *page = text_new(s, 64 * 1024);
    static const char head[] = "{\"type\":\"FeatureCollection\",\"features\":[";
    text_add(page, head, sizeof head - 1);
    int returned;
    bool more;
    int err = page_fill(rq, q, &at, page, &returned, &more);
    if (err) return err;

    /* The count is told with the first page: a following page's reader knows it already. */
    int64_t matched = -1;
    if (!q->token && !more) matched = returned;
    if (!q->token && more && (err = matched_count(rq, q, &matched))) return err;
    if (more) json_array_append_new(links, next_link(rq, token_make(s, q, &at)));

    const char *tail = scope_printf(s, "],\n\"numberReturned\":%d,", returned);
    text_add(page, tail, strlen(tail));
    if (matched >= 0) {
        tail = scope_printf(s, "\"numberMatched\":%lld,", (long long)matched);
        text_add(page, tail, strlen(tail));
    }
    tail = scope_printf(s, "\"links\":%s}", json_line(s, links));
    text_add(page, tail, strlen(tail));
    return response_data(rs, 200, GEOJSON, page->data, page->len);
}
