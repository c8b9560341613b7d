/* place.c: where: the parameters of the Geo extension (OGC 10-032r8, table 3). Longitude before latitude, EPSG:4326 in degrees.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/geo.h"
#include "common/module.h"
#include "discovery/opensearch/opensearch.h"
#include "discovery/query/geometry.h"

#define EARTH_RADIUS 6371008.8 /* metres; mean radius of the IUGG (R1) */
#define HALF_ROUND 20015114.0  /* metres; radius of the circle that is all of the sphere */
#define CIRCLE_POINTS 72
#define DEGREE (M_PI / 180)

static int number_read(const struct request *rq, const char *names, const char *field, double least, double most, double *out,
                       bool *sent, struct fault *f) {
    const char *text = argument_any(rq, names);
    char *end;
    *sent = text != NULL;
    if (!text) return 0;
    errno = 0;
    *out = strtod(text, &end);
    if (end == text || *end || errno || !(*out >= least && *out <= most) || strpbrk(text, "xX"))
        return fault_set(f, field, "is not a number, or out of range: degrees within 180 and 90, metres above 0");
    return 0;
}

/* The point `angle` radians from the middle in direction `bearing` (both of the sphere). Longitude in degrees, not wrapped. */
static void point_on_circle(double lat, double lon, double angle, double bearing, double out[2]) {
    double phi = lat * DEGREE;
    double sine = sin(phi) * cos(angle) + cos(phi) * sin(angle) * cos(bearing);
    double east = sin(bearing) * sin(angle) * cos(phi), north = cos(angle) - sin(phi) * sine;
    out[0] = lon + atan2(east, north) / DEGREE;
    out[1] = asin(fmin(fmax(sine, -1), 1)) / DEGREE;
}

static int by_longitude(const void *a, const void *b) {
    const double *p = a, *q = b;
    return (p[0] > q[0]) - (p[0] < q[0]);
}

/* Everything from the circle's line to the pole, over all longitudes. */
static const char *cap_wkt(struct scope *s, double points[][2], double pole) {
    for (int i = 0; i < CIRCLE_POINTS; i++) points[i][0] -= 360 * floor((points[i][0] + 180) / 360);
    qsort(points, CIRCLE_POINTS, sizeof *points, by_longitude);
    double edge = (points[0][1] + points[CIRCLE_POINTS - 1][1]) / 2;
    struct text *t = text_new(s, 4096);
    const char *part = scope_printf(s, "POLYGON((-180 %.9f", edge);
    text_add(t, part, strlen(part));
    for (int i = 0; i < CIRCLE_POINTS; i++) {
        part = scope_printf(s, ",%.9f %.9f", points[i][0], points[i][1]);
        text_add(t, part, strlen(part));
    }
    part = scope_printf(s, ",180 %.9f,180 %.9f,-180 %.9f,-180 %.9f))", edge, pole, pole, edge);
    text_add(t, part, strlen(part));
    return t->data;
}

/* The ring's part within 180 degrees of longitude, as seen `shift` degrees further west (Sutherland and Hodgman's clipping, at
 * the two meridians). Adds "((…))" and returns true if anything is left. */
static bool clipped_add(struct scope *s, struct text *t, double points[][2], double shift, bool first) {
    double ring[2][3 * CIRCLE_POINTS][2];
    size_t count = CIRCLE_POINTS;
    for (size_t i = 0; i < count; i++) {
        ring[0][i][0] = points[i][0] - shift;
        ring[0][i][1] = points[i][1];
    }
    for (int side = 0; side < 2; side++) {
        double edge = side ? 180 : -180, sign = side ? -1 : 1;
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const double *a = ring[side][i], *b = ring[side][(i + 1) % count];
            bool a_in = sign * (a[0] - edge) >= 0, b_in = sign * (b[0] - edge) >= 0;
            double *to = ring[1 - side][kept];
            if (a_in) {
                to[0] = a[0], to[1] = a[1];
                to = ring[1 - side][++kept];
            }
            if (a_in != b_in) {
                to[0] = edge, to[1] = a[1] + (b[1] - a[1]) * (edge - a[0]) / (b[0] - a[0]);
                kept++;
            }
        }
        count = kept;
    }
    if (count < 3) return false;
    if (!first) text_add(t, ",", 1);
    for (size_t i = 0; i <= count; i++) {
        const char *part = scope_printf(s, "%s%.9f %.9f", i ? "," : "((", ring[0][i % count][0], ring[0][i % count][1]);
        text_add(t, part, strlen(part));
    }
    text_add(t, "))", 2);
    return true;
}

const char *circle_wkt(struct scope *s, double lat, double lon, double radius) {
    double points[CIRCLE_POINTS][2], angle = radius / EARTH_RADIUS;
    if (radius >= HALF_ROUND) return "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))";
    for (int i = 0; i < CIRCLE_POINTS; i++) point_on_circle(lat, lon, angle, 2 * M_PI * i / CIRCLE_POINTS, points[i]);
    bool north = lat + angle / DEGREE >= 90, south = lat - angle / DEGREE <= -90;
    if (north &&
        south) /* all but a cap on the other side: searched as everything, the cap's items are further than the radius */
        return "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))";
    if (north || south) return cap_wkt(s, points, north ? 90 : -90);
    struct text *t = text_new(s, 4096);
    text_add(t, "MULTIPOLYGON(", 13);
    bool any = false;
    for (int round = -1; round <= 1; round++) any |= clipped_add(s, t, points, 360.0 * round, !any);
    text_add(t, ")", 1);
    return t->data;
}

/* Where, and the parameter that it came from. */
struct place {
    const json_t *geojson;
    const char *field;
};

static int wkt_read(struct scope *s, struct place *p, const char *field, const char *wkt, struct fault *f) {
    const char *why;
    if (p->geojson) return fault_set(f, field, "only one of a box, a geometry and a point can be searched with");
    p->field = field;
    return geometry_from_wkt(s, wkt, strlen(wkt), &p->geojson, &why) ? fault_set(f, field, why) : 0;
}

static int circle_read(struct request *rq, struct place *p, struct fault *f) {
    double lat = 0, lon = 0, radius = 0;
    bool has_lat, has_lon, has_radius;
    if (number_read(rq, "lat geo:lat", "lat", -90, 90, &lat, &has_lat, f) ||
        number_read(rq, "lon geo:lon", "lon", -180, 180, &lon, &has_lon, f) ||
        number_read(rq, "radius geo:radius", "radius", 1e-3, 1e9, &radius, &has_radius, f))
        return NADIR_EINVAL;
    if (!has_lat && !has_lon && !has_radius) return 0;
    if (!has_lat || !has_lon) return fault_set(f, has_lat ? "lon" : "lat", "lat and lon go together, radius with them");
    const char *point = scope_printf(rq->scope, "POINT(%.12g %.12g)", lon, lat);
    return wkt_read(rq->scope, p, "lat", has_radius ? circle_wkt(rq->scope, lat, lon, radius) : point, f);
}

/* The relation that is asked for. contains: what the item covers contains the place; disjoint: has nothing of it
 * (OGC 10-032r8, 9.3). */
static int relation_read(struct request *rq, enum expr_op *out, struct fault *f) {
    static const struct {
        const char *name;
        enum expr_op op;
    } relations[] = {{"intersects", EXPR_S_INTERSECTS},
                     {"contains", EXPR_S_CONTAINS},
                     {"disjoint", EXPR_S_DISJOINT},
                     {"within", EXPR_S_WITHIN}};
    const char *name = argument_any(rq, "relation geo:relation rel");
    *out = EXPR_S_INTERSECTS;
    if (!name) return 0;
    for (size_t i = 0; i < ARRAY_SIZE(relations); i++) {
        if (strcasecmp(relations[i].name, name) != 0) continue;
        *out = relations[i].op;
        return 0;
    }
    return fault_set(f, "relation", "must be intersects, contains, within or disjoint");
}

int place_read(struct request *rq, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    struct place p = {0};
    enum expr_op relation;
    const char *text, *why;
    double box[4];
    if ((text = argument_any(rq, "bbox box geo:box"))) {
        if (geo_bbox_parse(text, box, &why)) return fault_set(f, "bbox", why);
        p = (struct place){geometry_from_box(s, box), "bbox"};
    }
    text = argument_any(rq, "geometry geo:geometry geom");
    if (text && wkt_read(s, &p, "geometry", text, f)) return NADIR_EINVAL;
    if (circle_read(rq, &p, f) || relation_read(rq, &relation, f)) return NADIR_EINVAL;
    if (!p.geojson) return 0;
    if (relation == EXPR_S_INTERSECTS) return query_area(s, p.geojson, p.field, &q->area, f);
    struct expr *condition = expr_new(s, relation, 2, expr_text(s, EXPR_PROPERTY, "geometry"), expr_geometry(s, p.geojson));
    q->filter = expr_and(s, (struct expr *)q->filter, condition);
    return 0;
}
