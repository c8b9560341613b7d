/* html.c: what a browser is shown of the records: the same documents, as pages. */
#include <string.h>

#include "common/module.h"
#include "discovery/html.h"
#include "discovery/records/records.h"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static const json_t *link_of(const json_t *document, const char *rel) {
    json_t *link;
    size_t at;
    json_array_foreach(json_object_get(document, "links"), at, link) {
        const char *its = text_of(link, "rel");
        if (its && strcmp(its, rel) == 0) return link;
    }
    return NULL;
}

/* What has a place of its own on the page. A schema may have members of these names that are objects: those stay. */
static bool is_apart(const char *name, const json_t *value) {
    static const char *const apart[] = {"title", "description", "links", "features"};
    if (json_is_object(value)) return strcmp(name, "properties") == 0;
    for (size_t i = 0; i < ARRAY_SIZE(apart); i++)
        if (strcmp(apart[i], name) == 0) return true;
    return false;
}

static void members_write(struct html *h, const json_t *object) {
    const char *name;
    json_t *value;
    html_add(h, "<dl>");
    json_object_foreach((json_t *)object, name, value) {
        if (is_apart(name, value)) continue;
        html_add(h, "<div><dt>");
        html_text(h, name);
        html_add(h, "</dt><dd>");
        html_value(h, value);
        html_add(h, "</dd></div>");
    }
    html_add(h, "</dl>");
}

static void links_write(struct html *h, const json_t *links) {
    json_t *link;
    size_t at;
    html_add(h, "<h2>%s</h2><ul>", html_say(h, SAY_LINKS));
    json_array_foreach((json_t *)links, at, link) {
        const char *rel = text_of(link, "rel"), *href = text_of(link, "href"), *title = text_of(link, "title");
        if (!rel || !href) continue;
        html_add(h, "<li><a href=\"");
        html_href(h, href);
        html_add(h, "\">");
        html_text(h, title ? title : rel);
        html_add(h, "</a></li>");
    }
    html_add(h, "</ul>");
}

static void card_write(struct html *h, const json_t *record) {
    const json_t *properties = json_object_get(record, "properties");
    html_add(h, "<li class=\"card\"><div><h3><a href=\"" RECORDS_PATH "/items/");
    html_text(h, http_encode(h->rq->scope, text_of(record, "id")));
    html_add(h, "?f=html\">");
    html_text(h, text_of(properties, "title"));
    html_add(h, "</a></h3><p class=\"clamp\">");
    html_text(h, text_of(properties, "description"));
    html_add(h, "</p><details><summary>%s</summary>", html_say(h, SAY_PROPERTIES));
    members_write(h, properties);
    members_write(h, record);
    links_write(h, json_object_get(record, "links"));
    html_add(h, "</details></div></li>");
}

static int page_answer(struct request *rq, struct response *rs, const json_t *document, const char *title) {
    const json_t *properties = json_object_get(document, "properties");
    const char *description = text_of(properties ? properties : document, "description");
    static const char *const crumbs[] = {"Records", "/records", NULL};
    struct html h;
    html_open(&h, rq);
    html_begin(&h, title, crumbs);
    html_add(&h, "<div class=\"two\"><div><p class=\"lead\">");
    html_text(&h, description ? description : "");
    html_add(&h, "</p>");
    if (properties) members_write(&h, properties);
    members_write(&h, document);
    html_add(&h, "</div>");
    if (json_is_object(json_object_get(document, "geometry"))) html_map(&h, json_object_get(document, "geometry"), NULL, false);
    html_add(&h, "</div>");
    links_write(&h, json_object_get(document, "links"));
    return html_end(&h, rs);
}

static int list_answer(struct request *rq, struct response *rs, const json_t *page) {
    static const char *const crumbs[] = {"Records", "/records", NULL};
    const json_t *next = link_of(page, "next");
    struct html h;
    json_t *record;
    size_t at;
    html_open(&h, rq);
    html_begin(&h, html_say(&h, SAY_COLLECTIONS), crumbs);
    html_add(&h, "<p>%s: %lld</p><ul class=\"cards\">", html_say(&h, SAY_FOUND),
             (long long)json_integer_value(json_object_get(page, "numberMatched")));
    json_array_foreach(json_object_get(page, "features"), at, record) card_write(&h, record);
    html_add(&h, "</ul>");
    members_write(&h, page);
    links_write(&h, json_object_get(page, "links"));
    if (next) {
        html_add(&h, "<p><a class=\"button main\" href=\"");
        html_href(&h, text_of(next, "href"));
        html_add(&h, "\">%s</a></p>", html_say(&h, SAY_NEXT));
    }
    return html_end(&h, rs);
}

int records_answer(struct request *rq, struct response *rs, const char *type, json_t *document, const char *title) {
    scope_json(rq->scope, document);
    if (!html_wanted(rq)) return response_text(rs, 200, type, json_line(rq->scope, document));
    if (json_object_get(document, "features")) return list_answer(rq, rs, document);
    return page_answer(rq, rs, document, title);
}
