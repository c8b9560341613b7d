/* STAC as callers send it: search bodies and query strings, items and collections, and what is made of them: selections of
 * members and pages for browsers, in which nothing that was sent becomes markup. */
#include "discovery/html.h"
#include "discovery/search.h"
#include "fuzz.h"

static struct request *asked(struct scope *s, const char *path, const char *query) {
    static const char *const headers[] = {NULL};
    struct request *rq = scope_alloc(s, sizeof *rq);
    if (request_build(rq, s, HTTP_GET, path, query, headers, NULL, 0)) return NULL;
    rq->base_url = "https://nadir.example";
    return rq;
}

static void search_holds(struct scope *s, int err, const struct item_search *search, const struct fault *f) {
    must((err != 0) == (f->why != NULL));
    if (err) return;
    const struct query *q = &search->query;
    must(q->limit >= 1 && q->limit <= LIMIT_MOST && q->nsorts <= SORTS_MOST && (!q->area || *q->area));
    for (size_t i = 0; i < q->nsorts; i++) must(*q->sorts[i].property != '\0');
    struct sql sql;
    struct fault refused = {0};
    sql_init(&sql, s);
    if (q->filter) must((expr_sql(&sql, q->filter, &refused) != 0) == (refused.why != NULL));
    static const char *const defaults[] = {"id", "properties.datetime", NULL};
    json_t *document = json_loads(
        "{\"id\":\"a\",\"properties\":{\"a\":1,\"b.c\":{\"d\":2}},\"links\":[{\"rel\":\"self\"},5],\"a\":{\"b\":{}}}", 0, NULL);
    const json_t *chosen = selection_apply(s, &search->selection, document, defaults);
    must(json_is_object(chosen));
}

static void page_holds(const struct response *rs) {
    must(rs->status == 200 && text_is_utf8(rs->body, rs->body_len));
    must(!strstr(rs->body, "<script") && !strstr(rs->body, "href=\"javascript"));
}

static void documents_hold(struct scope *s, const json_t *json) {
    struct request *rq = asked(s, "/stac/collections/c", "");
    struct response rs = {.scope = s};
    struct item_row item;
    struct collection_row collection;
    struct fault f = {0};
    int err = item_row_make(s, "c", NULL, json, &item, &f);
    must((err != 0) == (f.why != NULL));
    if (!err) {
        const json_t *document = document_parse(s, item.document, strlen(item.document), rq->base_url);
        must(document != NULL);
        must(html_item(rq, &rs, document) == 0);
        page_holds(&rs);
    }
    f = (struct fault){0};
    err = collection_row_make(s, NULL, json, &collection, &f);
    must((err != 0) == (f.why != NULL));
    if (err) return;
    rs = (struct response){.scope = s};
    must(html_collection(rq, &rs, document_parse(s, collection.document, strlen(collection.document), rq->base_url)) == 0);
    page_holds(&rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    struct item_search search;
    struct fault f = {0};
    scope_init(&s, "fuzz", 0);
    const char *text = fuzz_text(&s, data, size);
    struct request *rq = asked(&s, "/stac/search", text);
    if (rq) search_holds(&s, search_from_args(rq, &search, &f), &search, &f);
    json_t *json = scope_json(&s, json_loadb((const char *)data, size, 0, NULL));
    if (json) {
        f = (struct fault){0};
        search_holds(&s, search_from_json(&s, json, &search, &f), &search, &f);
        documents_hold(&s, json);
    }
    scope_end(&s);
    return 0;
}
