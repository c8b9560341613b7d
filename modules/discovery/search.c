/* search.c: /stac/search: what was asked, from the query string or from a JSON body. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/geo.h"
#include "common/module.h"
#include "discovery/stac.h"

#define NAMES_MOST 1000 /* ids or collections in one search */

static const char LIMIT_WHY[] = "must be a whole number from 1 on (more than 10000 is taken as 10000)";
static const char NAMES_WHY[] = "must be at most 1000 names of at most 256 bytes";

/* A box as PostGIS text. A box without width or height is a line or a point, and one across the antimeridian is two boxes. */
static const char *box_geometry(struct scope *s, const double b[4]) {
    if (b[0] == b[2] && b[1] == b[3]) return scope_printf(s, "SRID=4326;POINT(%.12g %.12g)", b[0], b[1]);
    if (b[0] == b[2] || b[1] == b[3])
        return scope_printf(s, "SRID=4326;LINESTRING(%.12g %.12g,%.12g %.12g)", b[0], b[1], b[2], b[3]);
    if (b[0] < b[2])
        return scope_printf(s, "SRID=4326;POLYGON((%.12g %.12g,%.12g %.12g,%.12g %.12g,%.12g %.12g,%.12g %.12g))", b[0], b[1],
                            b[2], b[1], b[2], b[3], b[0], b[3], b[0], b[1]);
    return scope_printf(s,
                        "SRID=4326;MULTIPOLYGON(((%.12g %.12g,180 %.12g,180 %.12g,%.12g %.12g,%.12g %.12g)),"
                        "((-180 %.12g,%.12g %.12g,%.12g %.12g,-180 %.12g,-180 %.12g)))",
                        b[0], b[1], b[1], b[3], b[0], b[3], b[0], b[1], b[1], b[2], b[1], b[2], b[3], b[3], b[1]);
}

/* The geometry as PostGIS keeps it, made valid, so that no predicate stumbles over it. */
static int area_geometry(struct request *rq, const json_t *geojson, struct search *out, struct fault *f) {
    const char *why;
    if (geo_geometry_check(geojson, POSITIONS_MOST, &why)) return fault_set(f, "intersects", why);
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "SELECT footprint_of($1::geometry, false)", "s",
                       json_line(rq->scope, geojson));
    bool refused = err == NADIR_EINVAL || (err == NADIR_EINTERNAL && strcmp(db_last_state(), "XX000") == 0);
    if (refused) return fault_set(f, "intersects", "is not a geometry that can be searched with");
    if (!err) out->geometry = db_text(rows, 0, 0);
    return err;
}

/* "datetime", "properties.datetime" or "id". */
static int sort_set(struct search *q, struct fault *f, const char *field, bool ascending) {
    if (strncmp(field, "properties.", 11) == 0) field += 11;
    if (strcmp(field, "datetime") == 0 || strcmp(field, "id") == 0) {
        q->key = *field == 'i' ? SORT_ID : SORT_DATETIME;
        q->ascending = ascending;
        return 0;
    }
    return fault_set(f, "sortby", "can be one of datetime and id");
}

static int limit_set(struct search *q, struct fault *f, long long limit) {
    if (limit < 1) return fault_set(f, "limit", LIMIT_WHY);
    q->limit = limit > LIMIT_MOST ? LIMIT_MOST : (int)limit;
    return 0;
}

int search_from_args(struct request *rq, struct search *out, struct fault *f) {
    *out = (struct search){.limit = LIMIT_DEFAULT, .token = request_arg(rq, "token")};
    const char *text, *why;
    if ((text = request_arg(rq, "limit"))) {
        char *end;
        errno = 0;
        long long limit = strtoll(text, &end, 10);
        if (end == text || *end || errno == EINVAL) return fault_set(f, "limit", LIMIT_WHY);
        if (limit_set(out, f, limit)) return NADIR_EINVAL;
    }
    if ((text = request_arg(rq, "bbox"))) {
        double box[4];
        if (geo_bbox_parse(text, box, &why)) return fault_set(f, "bbox", why);
        out->geometry = box_geometry(rq->scope, box);
    }
    if ((text = request_arg(rq, "datetime")) && interval_parse(rq->scope, text, &out->from, &out->to, &why))
        return fault_set(f, "datetime", why);
    if ((text = request_arg(rq, "sortby"))) {
        bool signed_ = *text == '-' || *text == '+' || *text == ' '; /* '+' in a query arrives as a blank */
        return sort_set(out, f, text + signed_, *text != '-');
    }
    return 0;
}

/* "a,b,c" as an array literal. */
static int names_from_arg(struct scope *s, const char *text, const char *field, const char **out, struct fault *f) {
    const char *names[NAMES_MOST];
    size_t count = 0;
    char *rest = scope_strdup(s, text), *name;
    while ((name = strsep(&rest, ","))) {
        if (count == NAMES_MOST || strlen(name) > 256) return fault_set(f, field, NAMES_WHY);
        names[count++] = name;
    }
    *out = array_literal(s, names, count);
    return 0;
}

static int names_from_json(struct scope *s, const json_t *array, const char *field, const char **out, struct fault *f) {
    const char *names[NAMES_MOST];
    size_t at;
    json_t *name;
    if (!array || json_is_null(array)) return 0;
    if (!json_is_array(array) || json_array_size(array) > NAMES_MOST) return fault_set(f, field, NAMES_WHY);
    json_array_foreach(array, at, name) {
        if (!json_is_string(name) || json_string_length(name) > 256) return fault_set(f, field, NAMES_WHY);
        names[at] = json_string_value(name);
    }
    /* An empty list names nothing special: it is taken as absent, as other catalogues do. */
    if (json_array_size(array) > 0) *out = array_literal(s, names, json_array_size(array));
    return 0;
}

static int sort_from_json(struct search *q, const json_t *sortby, struct fault *f) {
    if (!sortby || json_is_null(sortby) || (json_is_array(sortby) && json_array_size(sortby) == 0)) return 0;
    const char *field = NULL, *direction = "asc";
    if (!json_is_array(sortby) || json_array_size(sortby) != 1 ||
        json_unpack(json_array_get(sortby, 0), "{s:s, s?s}", "field", &field, "direction", &direction))
        return fault_set(f, "sortby", "must be a list of one {field, direction}");
    if (strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
        return fault_set(f, "sortby", "has a direction other than asc and desc");
    return sort_set(q, f, field, *direction == 'a');
}

/* A member that is there and not null. */
static const json_t *member(const json_t *body, const char *name) {
    const json_t *value = json_object_get(body, name);
    return json_is_null(value) ? NULL : value;
}

static int search_from_json(struct request *rq, const json_t *body, struct search *out, struct fault *f) {
    *out = (struct search){.limit = LIMIT_DEFAULT};
    const char *why;
    const json_t *value;
    if (!json_is_object(body)) return fault_set(f, "body", "must be a JSON object");
    if (member(body, "filter") || member(body, "query"))
        return fault_set(f, member(body, "query") ? "query" : "filter", "is an extension that this catalogue does not have");
    if ((value = member(body, "limit")) && (!json_is_integer(value) || limit_set(out, f, json_integer_value(value))))
        return fault_set(f, "limit", LIMIT_WHY);
    if (member(body, "bbox") && member(body, "intersects")) return fault_set(f, "bbox", "cannot be sent with intersects");
    if ((value = member(body, "bbox"))) {
        double box[4];
        if (geo_bbox_from_json(value, box, &why)) return fault_set(f, "bbox", why);
        out->geometry = box_geometry(rq->scope, box);
    }
    if ((value = member(body, "datetime"))) {
        if (!json_is_string(value)) return fault_set(f, "datetime", "must be a string");
        if (interval_parse(rq->scope, json_string_value(value), &out->from, &out->to, &why))
            return fault_set(f, "datetime", why);
    }
    if ((value = member(body, "token"))) {
        if (!json_is_string(value)) return fault_set(f, "token", "must be a string");
        out->token = json_string_value(value);
    }
    if (names_from_json(rq->scope, json_object_get(body, "ids"), "ids", &out->ids, f) ||
        names_from_json(rq->scope, json_object_get(body, "collections"), "collections", &out->collections, f) ||
        sort_from_json(out, json_object_get(body, "sortby"), f))
        return NADIR_EINVAL;
    return (value = member(body, "intersects")) ? area_geometry(rq, value, out, f) : 0;
}

static json_t *search_links(struct request *rq) {
    const char *self =
        *rq->query && rq->method == HTTP_GET ? scope_printf(rq->scope, "/stac/search?%s", rq->query) : "/stac/search";
    json_t *links = json_array();
    json_array_append_new(links, link_to(rq->scope, "self", GEOJSON, rq->base_url, self));
    json_array_append_new(links, link_to(rq->scope, "root", "application/json", rq->base_url, "/stac"));
    return links;
}

int search_get(struct request *rq, struct response *rs) {
    struct search q;
    struct fault f = {0};
    const char *text;
    int err = search_from_args(rq, &q, &f);
    if (!err && (request_arg(rq, "filter") || request_arg(rq, "query")))
        err = fault_set(&f, request_arg(rq, "query") ? "query" : "filter", "is an extension that this catalogue does not have");
    if (!err && (text = request_arg(rq, "ids"))) err = names_from_arg(rq->scope, text, "ids", &q.ids, &f);
    if (!err && (text = request_arg(rq, "collections")))
        err = names_from_arg(rq->scope, text, "collections", &q.collections, &f);
    if (!err && (text = request_arg(rq, "intersects"))) {
        if (q.geometry) return fault_answer(rs, &(struct fault){"bbox", "cannot be sent with intersects"});
        json_t *area = scope_json(rq->scope, json_loads(text, 0, NULL));
        err = area_geometry(rq, area, &q, &f);
    }
    if (f.why) return fault_answer(rs, &f);
    return err ? err : catalogue_answer(rq, rs, &q, search_links(rq));
}

int search_post(struct request *rq, struct response *rs) {
    struct search q;
    struct fault f = {0};
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    int err = search_from_json(rq, body, &q, &f);
    if (f.why) return fault_answer(rs, &f);
    return err ? err : catalogue_answer(rq, rs, &q, search_links(rq));
}
