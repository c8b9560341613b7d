/* search_post.c: a search as a JSON body asks for it. */
#include <string.h>

#include "common/geo.h"
#include "discovery/search.h"

/* A member that is there and not null. */
static const json_t *member(const json_t *body, const char *name) {
    const json_t *value = json_object_get(body, name);
    return json_is_null(value) ? NULL : value;
}

static int text_read(const json_t *body, const char *name, const char **out, struct fault *f) {
    const json_t *value = member(body, name);
    *out = NULL;
    if (value && !json_is_string(value)) return fault_set(f, name, "must be a string");
    *out = json_string_value(value);
    return 0;
}

static int sort_read(struct scope *s, const json_t *sortby, struct query *q, struct fault *f) {
    size_t at;
    json_t *key;
    if (!sortby) return 0;
    if (!json_is_array(sortby)) return fault_set(f, "sortby", "must be a list of {field, direction}");
    json_array_foreach((json_t *)sortby, at, key) {
        const char *field = NULL, *direction = "asc";
        if (json_unpack(key, "{s:s, s?s}", "field", &field, "direction", &direction))
            return fault_set(f, "sortby", "must be a list of {field, direction}");
        if (strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
            return fault_set(f, "sortby", "has a direction other than asc and desc");
        if (search_sort_add(s, field, strlen(field), *direction == 'd', q, f)) return NADIR_EINVAL;
    }
    return 0;
}

/* Terms as a list or as one text. */
static int words_read(struct scope *s, const json_t *terms, struct query *q, struct fault *f) {
    static const char why[] = "must be a text, or a list of at most 100 texts";
    const char *words = "";
    size_t at;
    json_t *term;
    if (!terms) return 0;
    if (!json_is_string(terms) && (!json_is_array(terms) || json_array_size(terms) > 100)) return fault_set(f, "q", why);
    if (json_is_string(terms)) words = json_string_value(terms);
    json_array_foreach((json_t *)terms, at, term) {
        if (!json_is_string(term)) return fault_set(f, "q", why);
        words = scope_printf(s, "%s%s%s", words, at ? "," : "", json_string_value(term));
    }
    q->words = words[strspn(words, " ,")] ? words : NULL;
    return 0;
}

static int area_read(struct scope *s, const json_t *body, struct query *q, struct fault *f) {
    const json_t *bbox = member(body, "bbox"), *intersects = member(body, "intersects");
    double box[4];
    const char *why;
    if (bbox && intersects) return fault_set(f, "bbox", "cannot be sent with intersects");
    if (bbox) {
        if (geo_bbox_from_json(bbox, box, &why)) return fault_set(f, "bbox", why);
        query_box(s, box, q);
    }
    return intersects ? query_area(s, intersects, "intersects", &q->area, f) : 0;
}

static int conditions_read(struct scope *s, const json_t *body, struct query *q, struct fault *f) {
    const json_t *query = member(body, "query"), *filter = member(body, "filter");
    const char *lang, *crs;
    struct expr *a = NULL, *b = NULL;
    if (text_read(body, "filter-lang", &lang, f) || text_read(body, "filter-crs", &crs, f)) return NADIR_EINVAL;
    int err = query ? stac_query_parse(s, query, &a, f) : 0;
    if (!err && filter) err = search_filter(s, filter, lang, crs, &b, f);
    q->filter = expr_and(s, a, b);
    return err;
}

/* Several clients send one collection as a string: it is taken as GET takes it. */
static int collections_read(struct scope *s, const json_t *collections, struct query *q, struct fault *f) {
    if (json_is_string(collections)) return search_names(s, json_string_value(collections), "collections", &q->collections, f);
    return search_names_json(collections, s, "collections", &q->collections, f);
}

int search_from_json(struct scope *s, const json_t *body, struct item_search *out, struct fault *f) {
    struct query *q = &out->query;
    const json_t *value;
    const char *text, *why;
    *out = (struct item_search){.query = {.limit = LIMIT_DEFAULT}};
    if (!json_is_object(body)) return fault_set(f, "body", "must be a JSON object");
    if ((value = member(body, "limit")) && search_limit(json_is_integer(value) ? json_integer_value(value) : 0, q, f))
        return NADIR_EINVAL;
    if (text_read(body, "datetime", &text, f)) return NADIR_EINVAL;
    if (text && interval_parse(s, text, &q->from, &q->to, &why)) return fault_set(f, "datetime", why);
    if (text_read(body, "token", &q->token, f) || sort_read(s, member(body, "sortby"), q, f) ||
        search_names_json(json_object_get(body, "ids"), s, "ids", &q->ids, f) ||
        collections_read(s, json_object_get(body, "collections"), q, f) || words_read(s, member(body, "q"), q, f))
        return NADIR_EINVAL;
    if ((value = json_object_get(body, "fields")) && selection_from_json(s, value, &out->selection, f)) return NADIR_EINVAL;
    int err = conditions_read(s, body, q, f);
    return err ? err : area_read(s, body, q, f);
}
