/* page_link.c: the links from one page of a search to another. */
#include <stdlib.h>
#include <string.h>

#include "common/geo.h"
#include "discovery/html.h"
#include "discovery/search.h"

#define ADDRESS_MOST 1999 /* bytes of path and query that Kore takes */

/* A list as a query string has it, as the list that a body has. */
static json_t *names_list(struct scope *s, const char *text) {
    json_t *list = json_array();
    char *rest = scope_strdup(s, text), *name;
    while ((name = strsep(&rest, ","))) json_array_append_new(list, json_string(name));
    return list;
}

static json_t *sort_list(struct scope *s, const char *text) {
    json_t *list = json_array();
    char *rest = scope_strdup(s, text), *key;
    while ((key = strsep(&rest, ","))) {
        bool sign = *key == '-' || *key == '+' || *key == ' ';
        json_array_append_new(list, json_pack("{s:s, s:s}", "field", key + sign, "direction", *key == '-' ? "desc" : "asc"));
    }
    return list;
}

static json_t *fields_object(struct scope *s, const char *text) {
    json_t *include = json_array(), *exclude = json_array();
    char *rest = scope_strdup(s, text), *name;
    while ((name = strsep(&rest, ","))) {
        bool sign = *name == '-' || *name == '+' || *name == ' ';
        if (name[sign]) json_array_append_new(*name == '-' ? exclude : include, json_string(name + sign));
    }
    return json_pack("{s:o, s:o}", "include", include, "exclude", exclude);
}

static json_t *box_list(const char *text) {
    double b[4];
    const char *why;
    return geo_bbox_parse(text, b, &why) ? NULL : json_pack("[f, f, f, f]", b[0], b[1], b[2], b[3]);
}

/* A parameter of GET as a member of POST's body (STAC API - Item Search, "HTTP Request Methods and Content Types"); NULL: it is
 * none. What was searched by once is well formed. */
static json_t *body_member(struct request *rq, const char *name, const char *value) {
    struct scope *s = rq->scope;
    const char *lang = request_arg(rq, "filter-lang");
    bool json = strcmp(name, "filter") == 0 && (lang ? strcmp(lang, "cql2-json") == 0 : value[strspn(value, " \t\r\n")] == '{');
    if (strcmp(name, "limit") == 0) return json_integer(strtoll(value, NULL, 10));
    if (strcmp(name, "bbox") == 0) return box_list(value);
    if (strcmp(name, "ids") == 0 || strcmp(name, "collections") == 0) return names_list(s, value);
    if (strcmp(name, "sortby") == 0) return sort_list(s, value);
    if (strcmp(name, "fields") == 0) return fields_object(s, value);
    if (strcmp(name, "intersects") == 0 || strcmp(name, "query") == 0 || json) return json_loads(value, 0, NULL);
    return json_string(value);
}

static json_t *post_link(struct request *rq, const char *rel, bool merge, json_t *body) {
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "rel", rel, "type", GEOJSON, "method", "POST", "href",
                     scope_printf(rq->scope, "%s%s", rq->base_url, rq->path), "merge", (int)merge, "body", body);
}

/* The search of a query string as one to post. */
static json_t *posted(struct request *rq, const char *rel, const char *token) {
    json_t *body = json_object();
    for (size_t i = 0; i < rq->args.count; i++) {
        const struct pair *p = &rq->args.list[i];
        if (strcmp(p->name, "token") == 0) continue;
        json_t *member = body_member(rq, p->name, p->value);
        if (member) json_object_set_new(body, p->name, member);
    }
    if (token) json_object_set_new(body, "token", json_string(token));
    return post_link(rq, rel, false, body);
}

json_t *page_link(struct request *rq, const char *rel, const char *token) {
    if (rq->method != HTTP_GET) return post_link(rq, rel, true, json_pack("{s:s?}", "token", token));
    const char *path = response_page_path(rq, token);
    bool too_long = strlen(path) > ADDRESS_MOST;
    if (too_long && strcmp(rq->path, "/stac/search") == 0 && !html_wanted(rq)) return posted(rq, rel, token);
    return json_pack("{s:s, s:s, s:s, s:s}", "rel", rel, "type", GEOJSON, "method", "GET", "href",
                     scope_printf(rq->scope, "%s%s", rq->base_url, path));
}
