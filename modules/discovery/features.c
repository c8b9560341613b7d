/* features.c: a page of items as a GeoJSON FeatureCollection (STAC ItemCollection).
 *
 * Items go out as the texts that are stored; only where the fields extension is asked are they parsed. */
#include <string.h>
#include <time.h>

#include "common/module.h"
#include "discovery/html.h"
#include "discovery/search.h"

/* What an empty fields parameter stands for. */
static const char *const item_defaults[] = {"type",
                                            "stac_version",
                                            "id",
                                            "geometry",
                                            "bbox",
                                            "links",
                                            "assets",
                                            "collection",
                                            "properties.datetime",
                                            "properties.start_datetime",
                                            "properties.end_datetime",
                                            NULL};

static void text_put(struct text *t, const char *text) {
    text_add(t, text, strlen(text));
}

static int features_add(struct request *rq, const struct item_search *search, const struct page *page, struct text *out) {
    struct scope *s = rq->scope;
    for (size_t i = 0; i < page->count; i++) {
        if (i) text_put(out, ",\n");
        if (!search->selection.asked) {
            text_add_document(out, page->documents[i], page->lengths[i], rq->base_url);
            continue;
        }
        json_t *item = json_loadb(page->documents[i], page->lengths[i], 0, NULL);
        if (!item) return NADIR_EINTERNAL;
        const char *line = json_line(s, selection_apply(s, &search->selection, item, item_defaults));
        text_add_document(out, line, strlen(line), rq->base_url);
    }
    return 0;
}

/* About as much as the answer takes, so that it need not grow: the public URL is longer than the mark that stands for it. */
static size_t features_room(const struct page *page) {
    size_t room = 16 * 1024;
    for (size_t i = 0; i < page->count; i++) room += page->lengths[i] + page->lengths[i] / 8;
    return room;
}

static const char *time_stamp(struct scope *s) {
    char *stamp = scope_alloc(s, 32);
    time_t now = time(NULL);
    struct tm tm;
    if (gmtime_r(&now, &tm)) strftime(stamp, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return stamp;
}

int features_answer(struct request *rq, struct response *rs, const struct item_search *search, json_t *links) {
    struct scope *s = rq->scope;
    struct page page;
    struct fault f = {0};
    scope_json(s, links);
    int err = query_run(s, &rq->auth, &search->query, &page, &f);
    if (f.why) return fault_answer(rs, &f);
    if (err) return err;
    if (search->query.token) json_array_append_new(links, page_link(rq, "first", NULL));
    if (page.prev) json_array_append_new(links, page_link(rq, "prev", page.prev));
    if (page.next) json_array_append_new(links, page_link(rq, "next", page.next));
    if (html_wanted(rq)) return html_items(rq, rs, &page, links);

    struct text *out = text_new(s, features_room(&page));
    text_put(out, "{\"type\":\"FeatureCollection\",\"features\":[");
    if ((err = features_add(rq, search, &page, out))) return err;
    text_put(out, scope_printf(s, "],\n\"numberReturned\":%zu,", page.count));
    if (page.matched >= 0) text_put(out, scope_printf(s, "\"numberMatched\":%lld,", (long long)page.matched));
    if (page.estimated) text_put(out, "\"nadir:numberMatchedEstimated\":true,");
    text_put(out, scope_printf(s, "\"timeStamp\":\"%s\",\"links\":%s}", time_stamp(s), json_line(s, links)));
    return response_data(rs, 200, GEOJSON, out->data, out->len);
}
