/* aggregate.c: /stac/aggregate, /stac/aggregations and the same below a collection. */
#include <stdlib.h>
#include <string.h>

#include "common/module.h"
#include "discovery/aggregate.h"
#include "discovery/collections.h"

#define TIME_MOST_MS 20000 /* for all aggregations of a request together */

/* What is wanted of the items that the search finds. */
struct wanted {
    size_t count;
    const struct aggregation *list[AGGREGATIONS_MOST];
    struct aggregation_cut cuts[AGGREGATIONS_MOST];
};

static const struct aggregation *aggregation_find(const char *name) {
    for (size_t i = 0; i < naggregations; i++)
        if (strcmp(aggregations[i].name, name) == 0) return &aggregations[i];
    return NULL;
}

static int wanted_add(struct wanted *w, const char *name, struct fault *f) {
    const struct aggregation *a = aggregation_find(name);
    if (!a) return fault_set(f, "aggregations", "has a name that /aggregations does not list");
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i] == a) return 0;
    w->list[w->count++] = a;
    return 0;
}

static int wanted_from_text(struct scope *s, const char *names, struct wanted *w, struct fault *f) {
    char *rest = scope_strdup(s, names), *name;
    while ((name = strsep(&rest, ",")))
        if (*name && wanted_add(w, name, f)) return NADIR_EINVAL;
    return 0;
}

static int wanted_from_json(const json_t *names, struct wanted *w, struct fault *f) {
    size_t at;
    json_t *name;
    if (!names || json_is_null(names)) return 0;
    if (!json_is_array(names)) return fault_set(f, "aggregations", "must be a list of names");
    json_array_foreach((json_t *)names, at, name) {
        if (!json_is_string(name)) return fault_set(f, "aggregations", "must be a list of names");
        if (wanted_add(w, json_string_value(name), f)) return NADIR_EINVAL;
    }
    return 0;
}

/* ---- how fine ---- */

static int interval_read(const char *text, struct aggregation_cut *cut, const char *field, struct fault *f) {
    static const char *const intervals[] = {"year", "month", "week", "day", "hour"};
    for (size_t i = 0; i < ARRAY_SIZE(intervals); i++)
        if (strcmp(text, intervals[i]) == 0) {
            cut->interval = intervals[i];
            return 0;
        }
    return fault_set(f, field, "must be one of year, month, week, day, hour");
}

static int number_read(const char *text, const struct aggregation *a, struct aggregation_cut *cut, const char *field,
                       struct fault *f) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end) return fault_set(f, field, "must be a number");
    if (a->kind == AGGREGATE_DEGREES) {
        cut->degrees = place_degrees(value);
        return cut->degrees > 0 ? 0
                                : fault_set(f, field, "must be a width that divides 90, from 0.1 on, such as 0.25, 1 or 10");
    }
    int most = a->kind == AGGREGATE_GEOHASH ? (a->whole ? 5 : 12) : (a->whole ? 10 : 20);
    if (value < 1 || value > most || value != (int)value)
        return fault_set(f, field,
                         a->kind == AGGREGATE_GEOHASH ? "must be 1 to 12 characters, of geometries 5 at the most"
                                                      : "must be a zoom level of 1 to 20, of geometries 10 at the most");
    *(a->kind == AGGREGATE_GEOHASH ? &cut->geohash : &cut->tile) = (int)value;
    return 0;
}

/* The argument that says how fine an aggregation is cut, or NULL where there is none. */
static const char *cut_field(struct scope *s, const struct aggregation *a) {
    switch (a->kind) {
    case AGGREGATE_TIMES:
        return "datetime_frequency_interval";
    case AGGREGATE_GEOHASH:
    case AGGREGATE_GEOTILE:
        return scope_printf(s, "%s_precision", a->name);
    case AGGREGATE_DEGREES:
        return scope_printf(s, "%s_cell", a->name);
    default:
        return NULL;
    }
}

/* The value as text, whether it came as an argument or as a member of the body. */
static const char *cut_text(struct request *rq, const json_t *body, const char *field) {
    if (!body) return request_arg(rq, field);
    const json_t *value = json_object_get(body, field);
    if (json_is_string(value)) return json_string_value(value);
    return value && !json_is_null(value) ? json_line(rq->scope, value) : NULL;
}

static int cuts_read(struct request *rq, const json_t *body, struct wanted *w, struct fault *f) {
    for (size_t i = 0; i < w->count; i++) {
        const struct aggregation *a = w->list[i];
        const char *field = cut_field(rq->scope, a), *text = field ? cut_text(rq, body, field) : NULL;
        if (!text) continue;
        int err = a->kind == AGGREGATE_TIMES ? interval_read(text, &w->cuts[i], field, f)
                                             : number_read(text, a, &w->cuts[i], field, f);
        if (err) return err;
    }
    return 0;
}

/* ---- answering ---- */

/* Below a collection: the search is about it alone. *found is false for one that is not there, or not the caller's to see. */
static int collection_restrict(struct request *rq, struct query *q, const char **path, bool *found) {
    const char *collection = pairs_get(&rq->params, "collection");
    *path = "/stac";
    *found = true;
    if (!collection) return 0;
    *path = scope_printf(rq->scope, "/stac/collections/%s", http_encode(rq->scope, collection));
    const char **list = scope_alloc(rq->scope, sizeof *list);
    list[0] = collection;
    q->collections = (struct names){1, list};
    return collection_seen(rq->scope, &rq->auth, collection, found);
}

static json_t *links(struct request *rq, const char *path, const char *leaf) {
    struct scope *s = rq->scope;
    json_t *list = json_array();
    const char *self = scope_printf(s, "%s/%s%s%s", path, leaf, *rq->query ? "?" : "", rq->query);
    json_array_append_new(list, link_to(s, "self", "application/json", rq->base_url, self));
    json_array_append_new(list, link_to(s, "root", "application/json", rq->base_url, "/stac"));
    if (strcmp(path, "/stac") != 0)
        json_array_append_new(list, link_to(s, "collection", "application/json", rq->base_url, path));
    return list;
}

static int aggregate_answer(struct request *rq, struct response *rs, struct query *q, const struct wanted *w) {
    struct scope *s = rq->scope;
    struct fault f = {0};
    const char *path;
    bool found;
    int err = collection_restrict(rq, q, &path, &found);
    if (err) return err;
    if (!found) return no_collection(rs, request_param(rq, "collection"));
    int64_t until = clock_us() + TIME_MOST_MS * 1000;
    if (!s->deadline_us || until < s->deadline_us) s->deadline_us = until;
    json_t *list = scope_json(s, json_array());
    for (size_t i = 0; i < w->count; i++) {
        json_t *one = NULL;
        err = aggregation_compute(s, &rq->auth, q, w->list[i], &w->cuts[i], &one, &f);
        if (f.why) return fault_answer(rs, &f);
        if (err == NADIR_ETIMEOUT)
            return response_error(rs, 504, "too-slow", "aggregations",
                                  "%s took too long over so many items: narrow the search or ask for less at a time.",
                                  w->list[i]->name);
        if (err) return err;
        json_array_append_new(list, one);
    }
    return response_json(rs, 200,
                         json_pack("{s:s, s:O, s:o}", "type", "AggregationCollection", "aggregations", list, "links",
                                   links(rq, path, "aggregate")));
}

int aggregate_get(struct request *rq, struct response *rs) {
    struct item_search search;
    struct wanted w = {0};
    struct fault f = {0};
    const char *names = request_arg(rq, "aggregations");
    int err = search_from_args(rq, &search, &f);
    if (!err && names) err = wanted_from_text(rq->scope, names, &w, &f);
    if (!err) err = cuts_read(rq, NULL, &w, &f);
    if (f.why) return fault_answer(rs, &f);
    return err ? err : aggregate_answer(rq, rs, &search.query, &w);
}

int aggregate_post(struct request *rq, struct response *rs) {
    struct item_search search;
    struct wanted w = {0};
    struct fault f = {0};
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    int err = search_from_json(rq->scope, body, &search, &f);
    if (!err) err = wanted_from_json(json_object_get(body, "aggregations"), &w, &f);
    if (!err) err = cuts_read(rq, body, &w, &f);
    if (f.why) return fault_answer(rs, &f);
    return err ? err : aggregate_answer(rq, rs, &search.query, &w);
}

static json_t *aggregation_describe(struct scope *s, const struct aggregation *a) {
    static const char *const of[] = {
        [AGGREGATE_COUNT] = "integer", [AGGREGATE_EARLIEST] = "datetime", [AGGREGATE_LATEST] = "datetime"};
    static const char *const keys[] = {
        [AGGREGATE_TIMES] = "datetime",    [AGGREGATE_TERMS] = "string",   [AGGREGATE_RANGES] = "numeric",
        [AGGREGATE_HISTOGRAM] = "numeric", [AGGREGATE_GEOHASH] = "string", [AGGREGATE_GEOTILE] = "string",
        [AGGREGATE_DEGREES] = "string"};
    if (a->kind < AGGREGATE_TIMES) return json_pack("{s:s, s:s}", "name", a->name, "data_type", of[a->kind]);
    return json_pack("{s:s, s:s, s:s, s:s*}", "name", a->name, "data_type", "frequency_distribution",
                     "frequency_distribution_data_type", keys[a->kind], "parameter", cut_field(s, a));
}

int aggregations_get(struct request *rq, struct response *rs) {
    struct query q = {0};
    const char *path;
    bool found;
    int err = collection_restrict(rq, &q, &path, &found);
    if (err) return err;
    if (!found) return no_collection(rs, request_param(rq, "collection"));
    json_t *list = json_array();
    for (size_t i = 0; i < naggregations; i++) json_array_append_new(list, aggregation_describe(rq->scope, &aggregations[i]));
    return response_json(rs, 200,
                         json_pack("{s:s, s:o, s:o}", "type", "AggregationCollection", "aggregations", list, "links",
                                   links(rq, path, "aggregations")));
}
