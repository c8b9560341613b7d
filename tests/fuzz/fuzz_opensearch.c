/* OpenSearch's query string: what is read can be written as SQL, and its page's links can be read again; the rest is refused
 * with its parameter's name. */
#include "discovery/opensearch/opensearch.h"
#include "fuzz.h"

static void read_as(struct scope *s, const char *text, bool of_collections) {
    static const char *const headers[] = {NULL};
    struct request *rq = scope_alloc(s, sizeof *rq);
    struct opensearch o;
    struct fault f = {0}, refused = {0};
    struct feed_link links[FEED_LINKS_MOST];
    if (request_build(rq, s, HTTP_GET, "/opensearch/search", text, headers, NULL, 0)) return;
    rq->base_url = "https://nadir.example";
    int err = opensearch_read(rq, of_collections, &o, &f);
    must((err != 0) == (f.why != NULL) && (!err || f.field));
    if (err) return;
    must(o.query.limit >= 0 && o.query.limit <= OPENSEARCH_COUNT_MOST && o.start >= 1 && o.query.offset >= 0);
    must(!o.query.area || strlen(o.query.area) >= 42);
    if (o.query.filter) {
        struct sql q;
        sql_init(&q, s);
        must((expr_sql(&q, o.query.filter, &refused) != 0) == (refused.why != NULL));
        must(strpbrk(q.text, ";\\") == NULL);
    }
    struct feed feed = {.rq = rq, .search = &o, .description = "", .total = 5, .count = 1, .next = "t"};
    size_t count = feed_links(&feed, links);
    for (size_t i = 0; i < count; i++) {
        const char *query = strchr(links[i].href, '?');
        struct request *again = scope_alloc(s, sizeof *again);
        must(request_build(again, s, HTTP_GET, "/opensearch/search", query ? query + 1 : "", headers, NULL, 0) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    scope_init(&s, "fuzz", 0);
    const char *text = fuzz_text(&s, data, size);
    read_as(&s, text, false);
    read_as(&s, text, true);
    scope_end(&s);
    return 0;
}
