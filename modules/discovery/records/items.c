/* items.c: /records/collections/{catalog}/items: records found by words, place, time, identifiers and filters; and one of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/geo.h"
#include "common/module.h"
#include "discovery/records/records.h"

#define RECORDS_DEFAULT 10

/* A name that is not of the API is a fault (17-069r4, /req/core/query-param-unknown). */
static int names_check(const struct request *rq, struct fault *f) {
    static const char *const known[] = {"q",     "bbox",  "bbox-crs", "datetime", "type",        "ids",        "externalIds",
                                        "limit", "token", "sortby",   "filter",   "filter-lang", "filter-crs", "f"};
    for (size_t i = 0; i < rq->args.count; i++) {
        size_t at = 0;
        while (at < ARRAY_SIZE(known) && strcmp(known[at], rq->args.list[i].name) != 0) at++;
        if (at == ARRAY_SIZE(known)) return fault_set(f, rq->args.list[i].name, "is not a parameter of this address");
    }
    return 0;
}

/* An argument; an empty one counts as not sent. */
static const char *argument(const struct request *rq, const char *name) {
    const char *text = request_arg(rq, name);
    return text && *text ? text : NULL;
}

static int place_and_time_read(struct request *rq, struct query *q, struct fault *f) {
    static const char crs84[] = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
    const char *text, *why;
    double box[4];
    if ((text = argument(rq, "bbox-crs")) && strcmp(text, crs84) != 0) return fault_set(f, "bbox-crs", "must be CRS84");
    if ((text = argument(rq, "bbox"))) {
        if (geo_bbox_parse(text, box, &why)) return fault_set(f, "bbox", why);
        query_box(rq->scope, box, q);
    }
    if ((text = argument(rq, "datetime")) && interval_parse(rq->scope, text, &q->from, &q->to, &why))
        return fault_set(f, "datetime", why);
    return 0;
}

/* The property's list, or its one value, has a name of those sent. */
static void filter_any(struct scope *s, struct query *q, const char *property, bool list, const struct names *names) {
    struct expr **members = scope_alloc(s, (names->count + 1) * sizeof(struct expr *));
    for (size_t i = 0; i < names->count; i++) members[i + !list] = expr_text(s, EXPR_TEXT, names->list[i]);
    struct expr *of = expr_text(s, EXPR_PROPERTY, property), *condition;
    if (list) {
        condition = expr_new(s, EXPR_A_OVERLAPS, 2, of, expr_list(s, EXPR_ARRAY, names->count, members));
    } else {
        members[0] = of;
        condition = expr_list(s, EXPR_IN, names->count + 1, members);
    }
    q->filter = expr_and(s, (struct expr *)q->filter, condition);
}

static int names_read(struct request *rq, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    struct names types = {0}, external = {0};
    const char *text;
    if ((text = argument(rq, "ids")) && search_names(s, text, "ids", &q->ids, f)) return NADIR_EINVAL;
    if ((text = argument(rq, "type")) && search_names(s, text, "type", &types, f)) return NADIR_EINVAL;
    if ((text = argument(rq, "externalIds")) && search_names(s, text, "externalIds", &external, f)) return NADIR_EINVAL;
    if (types.count) filter_any(s, q, "record:type", false, &types);
    if (external.count) filter_any(s, q, "record:external_ids", true, &external);
    return 0;
}

static int filter_read(struct request *rq, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    const char *text = argument(rq, "filter");
    struct expr *filter = NULL;
    if (!text) return 0;
    if (strlen(text) > EXPR_TEXT_MOST) return fault_set(f, "filter", "is too long");
    int err =
        search_filter(s, scope_json(s, json_string(text)), argument(rq, "filter-lang"), argument(rq, "filter-crs"), &filter, f);
    if (!err) err = record_filter_rename(filter, f);
    if (!err) q->filter = expr_and(s, (struct expr *)q->filter, filter);
    return err;
}

static int sort_read(struct request *rq, struct query *q, struct fault *f) {
    const char *text = argument(rq, "sortby");
    char *rest = NULL, *copy = text ? scope_strdup(rq->scope, text) : NULL;
    for (char *key = copy ? strtok_r(copy, ",", &rest) : NULL; key; key = strtok_r(NULL, ",", &rest)) {
        bool has_sign = *key == '-' || *key == '+' || *key == ' '; /* '+' in a query arrives as a blank */
        const char *property = record_property(key + has_sign, true);
        if (!property) return fault_set(f, "sortby", "names a property that is no sortable: …/sortables lists them");
        if (q->nsorts == SORTS_MOST) return fault_set(f, "sortby", "has too many keys");
        q->sorts[q->nsorts++] = (struct sort){property, *key == '-'};
    }
    return 0;
}

static int limit_read(struct request *rq, struct query *q, struct fault *f) {
    const char *text = argument(rq, "limit");
    q->limit = RECORDS_DEFAULT;
    if (!text) return 0;
    if (strlen(text) > 18 || strspn(text, "0123456789") != strlen(text) || strtoll(text, NULL, 10) < 1)
        return fault_set(f, "limit", "must be a whole number from 1 on (more than 1000 is taken as 1000)");
    long long limit = strtoll(text, NULL, 10);
    q->limit = limit > COLLECTIONS_MOST ? COLLECTIONS_MOST : (int)limit;
    return 0;
}

static int query_read(struct request *rq, struct query *q, struct fault *f) {
    const char *format = argument(rq, "f");
    *q = (struct query){.token = argument(rq, "token"), .words = argument(rq, "q")};
    if (names_check(rq, f)) return NADIR_EINVAL;
    if (format && strcmp(format, "json") != 0 && strcmp(format, "html") != 0) return fault_set(f, "f", "must be json or html");
    if (q->words && strlen(q->words) > 1000) return fault_set(f, "q", "is over 1000 bytes");
    int err = limit_read(rq, q, f);
    if (!err) err = place_and_time_read(rq, q, f);
    if (!err) err = names_read(rq, q, f);
    if (!err) err = filter_read(rq, q, f);
    return err ? err : sort_read(rq, q, f);
}

static const char *now_text(struct scope *s) {
    char text[32];
    struct tm tm;
    time_t now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return scope_strdup(s, text);
}

/* The same question for people: its other parameters, and f=html. */
static const char *page_path(struct request *rq) {
    struct scope *s = rq->scope;
    const char *query = "f=html";
    for (size_t i = 0; i < rq->args.count; i++)
        if (strcmp(rq->args.list[i].name, "f") != 0)
            query = scope_printf(s, "%s&%s=%s", query, http_encode(s, rq->args.list[i].name),
                                 http_encode(s, rq->args.list[i].value));
    return scope_printf(s, RECORDS_PATH "/items?%s", query);
}

int records_items(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    struct query q;
    struct collection_page page;
    struct fault f = {0};
    html_prefer(rq, rs);
    if (!records_catalog_known(rq, rs)) return 0;
    int err = query_read(rq, &q, &f);
    if (!err) err = collections_run(s, &rq->auth, &q, &page, &f);
    if (err) return f.why ? fault_answer(rs, &f) : err;

    json_t *features = json_array(), *links = json_array();
    for (size_t i = 0; i < page.count; i++)
        json_array_append_new(features, record_make(rq, document_parse(s, page.documents[i], page.lengths[i], rq->base_url)));
    json_array_append_new(links, link_to(s, "self", GEOJSON, rq->base_url,
                                         scope_printf(s, RECORDS_PATH "/items%s%s", *rq->query ? "?" : "", rq->query)));
    json_array_append_new(links, link_to(s, "alternate", "text/html", rq->base_url, page_path(rq)));
    json_array_append_new(links, link_to(s, "collection", CATALOG_TYPE, rq->base_url, RECORDS_PATH));
    json_array_append_new(links, json_pack("{s:s, s:s}", "rel", "profile", "href", RECORD_PROFILE));
    json_array_append_new(links, link_to(s, "root", "application/json", rq->base_url, "/records"));
    if (page.next) json_array_append_new(links, response_next_link(rq, GEOJSON, page.next));
    json_t *answer =
        json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "type", "FeatureCollection", "timeStamp", now_text(s), "numberMatched",
                  (json_int_t)page.matched, "numberReturned", (json_int_t)page.count, "features", features, "links", links);
    return records_answer(rq, rs, GEOJSON, answer, "Records");
}

int records_item(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "record");
    struct query q = {.ids = {1, &id}, .limit = 1};
    struct collection_page page;
    struct fault f = {0};
    html_prefer(rq, rs);
    if (!records_catalog_known(rq, rs)) return 0;
    int err = collections_run(rq->scope, &rq->auth, &q, &page, &f);
    if (err) return err;
    if (page.count == 0)
        return response_error(rs, 404, "no-such-record", NULL, "There is no record '%s', or it is not yours to see.", id);
    json_t *record = record_make(rq, document_parse(rq->scope, page.documents[0], page.lengths[0], rq->base_url));
    const char *title = json_string_value(json_object_get(json_object_get(record, "properties"), "title"));
    return records_answer(rq, rs, GEOJSON, record, title);
}
