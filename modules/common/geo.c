/* geo.c: bounding boxes, GeoJSON checks, and areas on the ellipsoid. */
#include "common/geo.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

/* WGS 84 (EPSG:7030). */
#define WGS84_A 6378137.0
#define WGS84_F (1 / 298.257223563)

static int refuse(const char **why, const char *sentence) {
    if (why) *why = sentence;
    return NADIR_EINVAL;
}

/* ---- bounding boxes ---- */

static int bbox_finish(const double *n, size_t count, double bbox[4], const char **why) {
    if (count != 4 && count != 6) return refuse(why, "A bbox has 4 or 6 numbers.");
    size_t half = count / 2;
    double box[4] = {n[0], n[1], n[half], n[half + 1]};
    for (size_t i = 0; i < count; i++)
        if (!isfinite(n[i])) return refuse(why, "A bbox holds finite numbers.");
    if (fabs(box[0]) > 180 || fabs(box[2]) > 180) return refuse(why, "Longitudes of a bbox lie within -180 and 180.");
    if (fabs(box[1]) > 90 || fabs(box[3]) > 90) return refuse(why, "Latitudes of a bbox lie within -90 and 90.");
    if (box[1] > box[3]) return refuse(why, "The south of a bbox is not north of its north.");
    if (count == 6 && n[2] > n[5]) return refuse(why, "The least height of a bbox is not above its greatest.");
    memcpy(bbox, box, sizeof(box));
    return 0;
}

int geo_bbox_parse(const char *text, double bbox[4], const char **why) {
    double n[6];
    size_t count = 0;
    const char *at = text;
    while (true) {
        /* strtod would also take hexadecimal, "inf", "nan" and leading space. */
        size_t len = strspn(at, "0123456789+-.eE");
        if (count == 6 || len == 0 || len > 40) return refuse(why, "A bbox is 4 or 6 numbers with commas between them.");
        char *end;
        n[count++] = strtod(at, &end);
        if (end != at + len) return refuse(why, "A bbox is 4 or 6 numbers with commas between them.");
        if (*end == '\0') break;
        if (*end != ',') return refuse(why, "A bbox is 4 or 6 numbers with commas between them.");
        at = end + 1;
    }
    return bbox_finish(n, count, bbox, why);
}

int geo_bbox_from_json(const json_t *array, double bbox[4], const char **why) {
    double n[6];
    size_t count = json_array_size(array);
    if (count != 4 && count != 6) return refuse(why, "A bbox is an array of 4 or 6 numbers.");
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(array, i);
        if (!json_is_number(value)) return refuse(why, "A bbox is an array of 4 or 6 numbers.");
        n[i] = json_number_value(value);
    }
    return bbox_finish(n, count, bbox, why);
}

/* ---- GeoJSON ---- */

struct check {
    size_t seen, most;
    const char **why;
};

static int check_position(struct check *c, const json_t *position) {
    size_t count = json_array_size(position);
    if (count < 2 || count > 4) return refuse(c->why, "A position is an array of longitude, latitude and perhaps height.");
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(position, i);
        if (!json_is_number(value) || !isfinite(json_number_value(value)))
            return refuse(c->why, "A position holds finite numbers.");
    }
    if (fabs(json_number_value(json_array_get(position, 0))) > 180)
        return refuse(c->why,
                      "Longitudes lie within -180 and 180; split what crosses the antimeridian (RFC 7946 section 3.1.9).");
    if (fabs(json_number_value(json_array_get(position, 1))) > 90) return refuse(c->why, "Latitudes lie within -90 and 90.");
    if (++c->seen > c->most) return refuse(c->why, "The geometry has too many positions.");
    return 0;
}

/* An array of at least `least` positions; a ring ends where it began. */
static int check_line(struct check *c, const json_t *line, size_t least, bool ring) {
    size_t count = json_array_size(line);
    if (count < least)
        return refuse(c->why,
                      ring ? "A ring is an array of 4 or more positions." : "A line is an array of 2 or more positions.");
    for (size_t i = 0; i < count; i++) {
        int err = check_position(c, json_array_get(line, i));
        if (err) return err;
    }
    const json_t *first = json_array_get(line, 0), *last = json_array_get(line, count - 1);
    for (size_t i = 0; ring && i < 2; i++)
        if (json_number_value(json_array_get(first, i)) != json_number_value(json_array_get(last, i)))
            return refuse(c->why, "The last position of a ring is the same as its first.");
    return 0;
}

/* depth is how many arrays lie around lines or positions. */
static int check_nested(struct check *c, const json_t *coordinates, int depth, bool points, bool rings) {
    if (depth == 0) return points ? check_position(c, coordinates) : check_line(c, coordinates, rings ? 4 : 2, rings);
    size_t count = json_array_size(coordinates);
    if (count == 0) return refuse(c->why, "The geometry's coordinates are an array that is not empty.");
    for (size_t i = 0; i < count; i++) {
        int err = check_nested(c, json_array_get(coordinates, i), depth - 1, points, rings);
        if (err) return err;
    }
    return 0;
}

static int check_geometry(struct check *c, const json_t *geometry, bool inside) {
    static const struct {
        const char *name;
        int depth;
        bool points, rings;
    } kinds[] = {{"Point", 0, true, false},       {"MultiPoint", 1, true, false},
                 {"LineString", 0, false, false}, {"MultiLineString", 1, false, false},
                 {"Polygon", 1, false, true},     {"MultiPolygon", 2, false, true}};
    const char *type = json_string_value(json_object_get(geometry, "type"));
    if (!type) return refuse(c->why, "A geometry is an object with a type.");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(type, kinds[i].name) == 0)
            return check_nested(c, json_object_get(geometry, "coordinates"), kinds[i].depth, kinds[i].points, kinds[i].rings);
    if (strcmp(type, "GeometryCollection") != 0) return refuse(c->why, "The geometry's type is none of GeoJSON's.");
    const json_t *parts = json_object_get(geometry, "geometries");
    size_t count = json_array_size(parts);
    if (inside || count == 0) return refuse(c->why, "A geometry collection holds geometries and no collection.");
    for (size_t i = 0; i < count; i++) {
        int err = check_geometry(c, json_array_get(parts, i), true);
        if (err) return err;
    }
    return 0;
}

int geo_geometry_check(const json_t *geometry, size_t most, const char **why) {
    struct check c = {.most = most, .why = why};
    return check_geometry(&c, geometry, false);
}

/* ---- measures ---- */

static double longitude(const json_t *position) {
    return json_number_value(json_array_get(position, 0));
}

static double latitude(const json_t *position) {
    return json_number_value(json_array_get(position, 1));
}

/* Authalic q of a latitude in degrees: a^2 q / 2 is the area from the equator to it, a radian of longitude wide
 * (Snyder 1987, Map Projections: A Working Manual, equation 3-12). */
static double authalic_q(double lat) {
    const double e = sqrt(WGS84_F * (2 - WGS84_F));
    double s = sin(lat * (M_PI / 180));
    return (1 - e * e) * (s / (1 - e * e * s * s) + atanh(e * s) / e);
}

/* Area between an edge and the equator, positive eastward north of it. The edge is straight in longitude and latitude, as
 * GeoJSON's are (RFC 7946 section 3.1.1), so it is the edge's width times the mean of q along it: Gauss-Legendre with five
 * nodes for every 30 degrees of latitude, good to 1e-9. */
static double edge_area(const json_t *from, const json_t *to) {
    static const double node[5] = {0.0469100770306680, 0.2307653449471585, 0.5, 0.7692346550528415, 0.9530899229693320};
    static const double weight[5] = {0.1184634425280945, 0.2393143352496833, 0.2844444444444444, 0.2393143352496833,
                                     0.1184634425280945};
    double width = (longitude(to) - longitude(from)) * (M_PI / 180);
    double lat = latitude(from), rise = latitude(to) - lat;
    int pieces = 1 + (int)(fabs(rise) / 30);
    double mean = 0;
    for (int i = 0; i < pieces; i++)
        for (int k = 0; k < 5; k++) mean += weight[k] / pieces * authalic_q(lat + rise * (i + node[k]) / pieces);
    return WGS84_A * WGS84_A / 2 * width * mean;
}

static double ring_area(const json_t *ring) {
    double sum = 0;
    for (size_t i = 1; i < json_array_size(ring); i++) sum += edge_area(json_array_get(ring, i - 1), json_array_get(ring, i));
    return fabs(sum);
}

static double polygon_area(const json_t *rings) {
    double sum = 0;
    for (size_t i = 0; i < json_array_size(rings); i++) {
        double area = ring_area(json_array_get(rings, i));
        sum += i == 0 ? area : -area;
    }
    return fmax(sum, 0);
}

double geo_area(const json_t *geometry) {
    const char *type = json_string_value(json_object_get(geometry, "type"));
    const json_t *coordinates = json_object_get(geometry, "coordinates");
    if (type && strcmp(type, "Polygon") == 0) return polygon_area(coordinates);
    double sum = 0;
    if (type && strcmp(type, "MultiPolygon") == 0)
        for (size_t i = 0; i < json_array_size(coordinates); i++) sum += polygon_area(json_array_get(coordinates, i));
    return sum;
}

static void bounds_grow(const json_t *node, double bbox[4]) {
    if (json_is_number(json_array_get(node, 0))) {
        bbox[0] = fmin(bbox[0], longitude(node));
        bbox[1] = fmin(bbox[1], latitude(node));
        bbox[2] = fmax(bbox[2], longitude(node));
        bbox[3] = fmax(bbox[3], latitude(node));
        return;
    }
    for (size_t i = 0; i < json_array_size(node); i++) bounds_grow(json_array_get(node, i), bbox);
}

int geo_bounds(const json_t *geometry, double bbox[4]) {
    bbox[0] = bbox[1] = INFINITY;
    bbox[2] = bbox[3] = -INFINITY;
    bounds_grow(json_object_get(geometry, "coordinates"), bbox);
    const json_t *parts = json_object_get(geometry, "geometries");
    for (size_t i = 0; i < json_array_size(parts); i++)
        bounds_grow(json_object_get(json_array_get(parts, i), "coordinates"), bbox);
    return isfinite(bbox[0]) && isfinite(bbox[1]) && isfinite(bbox[2]) && isfinite(bbox[3]) ? 0 : NADIR_EINVAL;
}
