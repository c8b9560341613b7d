#include "view/numbers/area.h"

#include <cpl_error.h>
#include <stdlib.h>
#include <string.h>

#include "common/geo.h"

static bool refuse(struct response *rs, int status, const char *type, const char *field, const char *why) {
    response_error(rs, status, type, field, "%s", why);
    return false;
}

static void shape_free(void *shape) {
    OGR_G_DestroyGeometry(shape);
}

bool area_of(struct scope *s, const json_t *geometry, struct area *out) {
    char *text = json_dumps(geometry, JSON_COMPACT);
    CPLPushErrorHandler(CPLQuietErrorHandler); /* GEOS tells of every crossing */
    OGRGeometryH shape = text ? OGR_G_CreateGeometryFromJson(text) : NULL;
    if (shape) shape = OGR_G_ForceToMultiPolygon(shape);
    bool valid = shape && OGR_G_IsValid(shape) && !OGR_G_IsEmpty(shape);
    CPLPopErrorHandler();
    free(text);
    if (!valid) {
        OGR_G_DestroyGeometry(shape);
        return false;
    }
    scope_defer(s, shape_free, shape);
    OGR_G_FlattenTo2D(shape);
    *out = (struct area){.shape = shape, .square_metres = geo_area(geometry)};
    return geo_bounds(geometry, out->box) == 0;
}

static json_t *ring(double west, double south, double east, double north) {
    return json_pack("[[[f,f],[f,f],[f,f],[f,f],[f,f]]]", west, south, east, south, east, north, west, north, west, south);
}

static bool read_box(struct request *rq, struct response *rs, struct area *out) {
    const char *text = request_arg(rq, "bbox"), *why;
    double b[4];
    if (!text) return refuse(rs, 400, "missing-area", "bbox", "Give bbox=west,south,east,north, or POST a GeoJSON polygon.");
    if (geo_bbox_parse(text, b, &why)) return refuse(rs, 400, "invalid-bbox", "bbox", why);
    if (b[0] == b[2] || b[1] == b[3]) return refuse(rs, 400, "invalid-bbox", "bbox", "The box must have an area.");
    json_t *parts = scope_json(rq->scope, json_array());
    json_array_append_new(parts, ring(b[0], b[1], b[2] < b[0] ? 180 : b[2], b[3]));
    if (b[2] < b[0] && b[2] > -180) json_array_append_new(parts, ring(-180, b[1], b[2], b[3]));
    const json_t *all = scope_json(rq->scope, json_pack("{s:s, s:O}", "type", "MultiPolygon", "coordinates", parts));
    return area_of(rq->scope, all, out) || refuse(rs, 400, "invalid-bbox", "bbox", "The box must have an area.");
}

bool area_read(struct request *rq, struct response *rs, struct area *out) {
    json_t *body;
    const char *why;
    if (rq->method != HTTP_POST) return read_box(rq, rs, out);
    if (request_arg(rq, "bbox")) return refuse(rs, 400, "invalid-parameter", "bbox", "The body says what the area is.");
    if (request_json(rq, rs, &body)) return false;
    const char *type = json_string_value(json_object_get(body, "type"));
    bool feature = type && strcmp(type, "Feature") == 0;
    const json_t *geometry = feature ? json_object_get(body, "geometry") : body;
    type = json_string_value(json_object_get(geometry, "type"));
    if (!type || (strcmp(type, "Polygon") != 0 && strcmp(type, "MultiPolygon") != 0))
        return refuse(rs, 422, "invalid-area", "geometry",
                      "Send a GeoJSON Polygon or MultiPolygon, or a Feature that has one as its geometry.");
    if (geo_geometry_check(geometry, AREA_POSITIONS, &why)) return refuse(rs, 422, "invalid-area", "geometry", why);
    return area_of(rq->scope, geometry, out) ||
           refuse(rs, 422, "invalid-area", "geometry",
                  "The polygon's rings must neither cross themselves nor each other, and must enclose an area.");
}
