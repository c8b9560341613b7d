/* collections.c: /stac/collections and /stac/collections/{collection}, read. */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/html.h"

static const char *const collection_defaults[] = {"type",    "stac_version", "id",    "title", "description",
                                                  "license", "extent",       "links", NULL};

int no_collection(struct response *rs, const char *collection) {
    return response_error(rs, 404, "no-such-collection", NULL, "There is no collection '%s', or it is not yours to see.",
                          collection);
}

static void text_put(struct text *t, const char *text) {
    text_add(t, text, strlen(text));
}

static int documents_add(struct request *rq, const struct selection *selection, const struct collection_page *page,
                         struct text *out) {
    struct scope *s = rq->scope;
    for (size_t i = 0; i < page->count; i++) {
        if (i) text_put(out, ",\n");
        if (!selection->asked) {
            text_add_document(out, page->documents[i], page->lengths[i], rq->base_url);
            continue;
        }
        json_t *collection = json_loadb(page->documents[i], page->lengths[i], 0, NULL);
        if (!collection) return NADIR_EINTERNAL;
        const char *line = json_line(s, selection_apply(s, selection, collection, collection_defaults));
        text_add_document(out, line, strlen(line), rq->base_url);
    }
    return 0;
}

static json_t *list_links(struct request *rq, const struct collection_page *page) {
    struct scope *s = rq->scope;
    json_t *links = scope_json(s, json_array());
    const char *self = scope_printf(s, "%s%s%s", rq->path, *rq->query ? "?" : "", rq->query);
    json_array_append_new(links, link_to(s, "self", "application/json", rq->base_url, self));
    json_array_append_new(links, link_to(s, "root", "application/json", rq->base_url, "/stac"));
    json_array_append_new(links, link_to(s, "parent", "application/json", rq->base_url, "/stac"));
    json_array_append_new(links,
                          link_to(s, QUERYABLES_REL, "application/schema+json", rq->base_url, "/stac/collections-queryables"));
    if (page->next) json_array_append_new(links, response_next_link(rq, "application/json", page->next));
    return links;
}

static json_t *documents_parsed(struct request *rq, const struct collection_page *page) {
    json_t *list = scope_json(rq->scope, json_array());
    for (size_t i = 0; i < page->count; i++) {
        json_t *collection = document_parse(rq->scope, page->documents[i], page->lengths[i], rq->base_url);
        if (collection) json_array_append(list, collection);
    }
    return list;
}

static int list_answer(struct request *rq, struct response *rs, const char *member, const struct item_search *search) {
    struct scope *s = rq->scope;
    struct collection_page page;
    struct fault f = {0};
    int err = collections_run(s, &rq->auth, &search->query, &page, &f);
    if (f.why) return fault_answer(rs, &f);
    if (err) return err;
    json_t *links = list_links(rq, &page);
    if (html_wanted(rq)) return html_collections(rq, rs, documents_parsed(rq, &page), page.matched, links);
    struct text *out = text_new(s, 32 * 1024);
    text_put(out, scope_printf(s, "{\"%s\":[", member));
    if ((err = documents_add(rq, &search->selection, &page, out))) return err;
    text_put(out, scope_printf(s, "],\n\"numberMatched\":%lld,\"numberReturned\":%zu,\"links\":%s}", (long long)page.matched,
                               page.count, json_line(s, links)));
    return response_data(rs, 200, "application/json", out->data, out->len);
}

int collections_list(struct request *rq, struct response *rs) {
    struct item_search search;
    struct fault f = {0};
    html_prefer(rq, rs);
    int err = search_from_args(rq, &search, &f);
    if (f.why) return fault_answer(rs, &f);
    if (err) return err;
    if (!request_arg(rq, "limit")) search.query.limit = COLLECTIONS_DEFAULT;
    if (search.query.limit > COLLECTIONS_MOST) search.query.limit = COLLECTIONS_MOST;
    return list_answer(rq, rs, "collections", &search);
}

/* The children extension: the documents that the landing page's child links point at. */
int children_list(struct request *rq, struct response *rs) {
    int64_t limit;
    html_prefer(rq, rs);
    if (request_arg_int(rq, rs, "limit", 1, LIMIT_MOST, COLLECTIONS_MOST, &limit)) return 0;
    struct item_search search = {
        .query = {.limit = limit > COLLECTIONS_MOST ? COLLECTIONS_MOST : (int)limit, .token = request_arg(rq, "token")}};
    return list_answer(rq, rs, "children", &search);
}

int collections_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection");
    struct sql q;
    struct db_rows *rows;
    html_prefer(rq, rs);
    sql_init(&q, rq->scope);
    sql_add(&q, "SELECT f.version || COALESCE('.' || f.items || COALESCE('.' || left(md5(f.reach::text), 8), ''), "
                "''), " COLLECTION_SHOWN " FROM collection_shown f WHERE f.id = ");
    sql_value(&q, collection, "");
    sql_add(&q, " AND ");
    collection_visible(&q, &rq->auth);
    int err = sql_run(&q, module_db("discovery"), &rows);
    if (err) return err;
    if (db_count(rows) == 0) return no_collection(rs, collection);
    const char *shown = collection_shown(rq->scope, rows, 0, 1);
    if (!html_wanted(rq)) return document_answer(rq, rs, 200, "application/json", shown, strlen(shown), db_text(rows, 0, 0));
    const json_t *document = document_parse(rq->scope, shown, strlen(shown), rq->base_url);
    return document ? html_collection(rq, rs, document) : NADIR_EINTERNAL;
}
