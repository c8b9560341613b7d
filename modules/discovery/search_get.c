/* search_get.c: a search as a query string asks for it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/geo.h"
#include "discovery/search.h"

static int limit_read(const char *text, struct query *q, struct fault *f) {
    char *end;
    errno = 0;
    long long limit = strtoll(text, &end, 10);
    return search_limit(end == text || *end || errno == EINVAL ? 0 : limit, q, f);
}

static int area_read(struct request *rq, struct query *q, struct fault *f) {
    const char *bbox = request_arg(rq, "bbox"), *intersects = request_arg(rq, "intersects"), *why;
    double box[4];
    if (bbox && intersects) return fault_set(f, "bbox", "cannot be sent with intersects");
    if (bbox) {
        if (geo_bbox_parse(bbox, box, &why)) return fault_set(f, "bbox", why);
        query_box(rq->scope, box, q);
    }
    if (!intersects) return 0;
    json_t *geojson = scope_json(rq->scope, json_loads(intersects, 0, NULL));
    if (!geojson) return fault_set(f, "intersects", "is not JSON");
    return query_area(rq->scope, geojson, "intersects", &q->area, f);
}

/* The query and filter extensions; both together must hold. */
static int conditions_read(struct request *rq, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    const char *query = request_arg(rq, "query"), *filter = request_arg(rq, "filter");
    struct expr *a = NULL, *b = NULL;
    int err = 0;
    if (query) {
        json_t *json = scope_json(s, json_loads(query, 0, NULL));
        if (!json) return fault_set(f, "query", "is not JSON");
        if ((err = stac_query_parse(s, json, &a, f))) return err;
    }
    if (filter) {
        json_t *text = scope_json(s, json_string(filter));
        err = search_filter(s, text, request_arg(rq, "filter-lang"), request_arg(rq, "filter-crs"), &b, f);
    }
    q->filter = expr_and(s, a, b);
    return err;
}

int search_from_args(struct request *rq, struct item_search *out, struct fault *f) {
    struct scope *s = rq->scope;
    struct query *q = &out->query;
    const char *text, *why;
    *out = (struct item_search){.query = {.limit = LIMIT_DEFAULT, .token = request_arg(rq, "token")}};
    if ((text = request_arg(rq, "limit")) && limit_read(text, q, f)) return NADIR_EINVAL;
    if ((text = request_arg(rq, "datetime")) && interval_parse(s, text, &q->from, &q->to, &why))
        return fault_set(f, "datetime", why);
    if ((text = request_arg(rq, "sortby")) && search_sort_text(s, text, q, f)) return NADIR_EINVAL;
    if ((text = request_arg(rq, "ids")) && search_names(s, text, "ids", &q->ids, f)) return NADIR_EINVAL;
    if ((text = request_arg(rq, "collections")) && search_names(s, text, "collections", &q->collections, f))
        return NADIR_EINVAL;
    if ((text = request_arg(rq, "fields")) && selection_from_text(s, text, &out->selection, f)) return NADIR_EINVAL;
    if ((text = request_arg(rq, "q"))) q->words = text[strspn(text, " ,")] ? text : NULL;
    int err = conditions_read(rq, q, f);
    return err ? err : area_read(rq, q, f);
}
