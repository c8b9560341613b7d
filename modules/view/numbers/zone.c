#include "view/numbers/zone.h"

#include <cpl_error.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define MARGIN 0.1   /* degrees around the raster beyond which an area is not followed */
#define STRETCH 0.25 /* degrees of an edge that are looked at as one */
#define FINE 1e-6    /* pixels between a chord and its edge */
#define COARSE 1e-2
#define HALVINGS 14
#define SNAP 1e-9

struct tracer {
    const struct raster *raster;
    double shrink_x, shrink_y;
    OGRCoordinateTransformationH transformation;
    struct zone *zone;
    int err;
};

struct spot {
    double lon, lat, x, y;
};

static struct spot spot_at(struct tracer *t, double lon, double lat) {
    struct spot p = {lon, lat, 0, 0};
    double x = lon, y = lat;
    int ok = 0;
    if (!OCTTransformEx(t->transformation, 1, &x, &y, NULL, &ok) || !ok || !isfinite(x) || !isfinite(y)) t->err = NADIR_EINVAL;
    if (t->raster->geographic) x += 360 * round((lon - x) / 360); /* the turn that the caller chose */
    const double *a = t->raster->inverse;
    p.x = (a[0] + a[1] * x + a[2] * y) / t->shrink_x;
    p.y = (a[3] + a[4] * x + a[5] * y) / t->shrink_y;
    return p;
}

static void edge_add(struct tracer *t, const struct spot *from, const struct spot *to) {
    struct zone *z = t->zone;
    if (z->count == z->room) {
        size_t room = z->room ? 2 * z->room : 256;
        struct zone_edge *grown = room <= 2 * (size_t)ZONE_EDGES ? realloc(z->edges, room * sizeof *grown) : NULL;
        if (!grown) {
            t->err = room <= 2 * (size_t)ZONE_EDGES ? NADIR_ENOMEM : NADIR_ETOOLARGE;
            return;
        }
        z->edges = grown;
        z->room = room;
    }
    if (z->count >= ZONE_EDGES) t->err = NADIR_ETOOLARGE;
    z->edges[z->count++] = (struct zone_edge){from->x, from->y, to->x, to->y};
    z->box[0] = fmin(z->box[0], to->x);
    z->box[1] = fmin(z->box[1], to->y);
    z->box[2] = fmax(z->box[2], to->x);
    z->box[3] = fmax(z->box[3], to->y);
}

/* Halves a stretch until its chord is near enough. */
static void follow(struct tracer *t, const struct spot *from, const struct spot *to,
                   int halvings) { // NOLINT(misc-no-recursion)
    if (t->err) return;
    struct spot middle = spot_at(t, (from->lon + to->lon) / 2, (from->lat + to->lat) / 2);
    double off = fmax(fabs(middle.x - (from->x + to->x) / 2), fabs(middle.y - (from->y + to->y) / 2));
    if (off <= t->zone->tolerance || halvings == 0) {
        edge_add(t, from, to);
        return;
    }
    follow(t, from, &middle, halvings - 1);
    follow(t, &middle, to, halvings - 1);
}

/* Outer rings get a positive area in pixels, whose y grows downwards, and holes a negative one. */
static void ring_turn(struct zone *z, size_t first, bool hole) {
    double twice = 0;
    if (first == z->count) return;
    double x = z->edges[first].x0, y = z->edges[first].y0; /* near the ring: large coordinates would cancel out */
    for (size_t i = first; i < z->count; i++) {
        const struct zone_edge *e = &z->edges[i];
        twice += (e->x0 - x) * (e->y1 - y) - (e->x1 - x) * (e->y0 - y);
    }
    if ((twice > 0) != hole) return;
    for (size_t i = first; i < z->count; i++) {
        struct zone_edge e = z->edges[i];
        z->edges[i] = (struct zone_edge){e.x1, e.y1, e.x0, e.y0};
    }
}

static void ring_trace(struct tracer *t, OGRGeometryH ring, double turn, bool hole) {
    size_t first = t->zone->count;
    int points = OGR_G_GetPointCount(ring);
    if (points < 4) return;
    struct spot here = spot_at(t, OGR_G_GetX(ring, 0) + turn, OGR_G_GetY(ring, 0));
    for (int i = 1; i < points && !t->err; i++) {
        double lon = OGR_G_GetX(ring, i) + turn, lat = OGR_G_GetY(ring, i);
        struct spot start = here;
        int parts = (int)fmax(ceil(fmax(fabs(lon - start.lon), fabs(lat - start.lat)) / STRETCH), 1);
        for (int k = 1; k <= parts && !t->err; k++) {
            double along = (double)k / parts;
            struct spot next = k < parts
                                   ? spot_at(t, start.lon + (lon - start.lon) * along, start.lat + (lat - start.lat) * along)
                                   : spot_at(t, lon, lat);
            follow(t, &here, &next, HALVINGS);
            here = next;
        }
    }
    if (!t->err) ring_turn(t->zone, first, hole);
}

/* Polygons, alone or in collections; lines and points, where areas only touch, cover nothing. */
static void shape_trace(struct tracer *t, OGRGeometryH shape, double turn) { // NOLINT(misc-no-recursion)
    bool polygon = wkbFlatten(OGR_G_GetGeometryType(shape)) == wkbPolygon;
    int parts = OGR_G_GetGeometryCount(shape);
    for (int i = 0; i < parts && !t->err; i++) {
        OGRGeometryH part = OGR_G_GetGeometryRef(shape, i);
        if (polygon)
            ring_trace(t, part, turn, i > 0);
        else
            shape_trace(t, part, turn);
    }
}

static OGRGeometryH box_make(const double b[4]) {
    OGRGeometryH ring = OGR_G_CreateGeometry(wkbLinearRing), box = OGR_G_CreateGeometry(wkbPolygon);
    const double x[5] = {b[0], b[2], b[2], b[0], b[0]}, y[5] = {b[1], b[1], b[3], b[3], b[1]};
    for (int i = 0; i < 5; i++) OGR_G_AddPoint_2D(ring, x[i], y[i]);
    OGR_G_AddGeometryDirectly(box, ring);
    return box;
}

/* The part of the area near the raster, with `turn` added to its longitudes: the rest of the world may not be on its map. */
static int turn_trace(struct tracer *t, OGRGeometryH shape, const double near[4], double turn) {
    const double box[4] = {near[0] - turn, near[1], near[2] - turn, near[3]};
    OGREnvelope e;
    OGR_G_GetEnvelope(shape, &e);
    if (e.MaxX <= box[0] || e.MinX >= box[2] || e.MaxY <= box[1] || e.MinY >= box[3]) return 0;
    if (e.MinX >= box[0] && e.MaxX <= box[2] && e.MinY >= box[1] && e.MaxY <= box[3]) {
        shape_trace(t, shape, turn);
        return t->err;
    }
    OGRGeometryH window = box_make(box);
    OGRGeometryH part = OGR_G_Intersection(shape, window);
    if (part)
        shape_trace(t, part, turn);
    else
        t->err = NADIR_EINVAL;
    OGR_G_DestroyGeometry(part);
    OGR_G_DestroyGeometry(window);
    return t->err;
}

static void window_set(const struct raster_level *level, struct zone *z) {
    if (!z->count) return;
    double left = fmax(floor(z->box[0]), 0), right = fmin(ceil(z->box[2]), level->width);
    double top = fmax(floor(z->box[1]), 0), bottom = fmin(ceil(z->box[3]), level->height);
    if (left >= right || top >= bottom) return;
    z->window = (struct block){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
}

static int trace(const struct area *area, const struct raster *raster, const struct raster_level *l, const double near[4],
                 double tolerance, struct zone *out) {
    struct tracer t = {.raster = raster, .shrink_x = l->shrink_x, .shrink_y = l->shrink_y, .zone = out};
    *out = (struct zone){.tolerance = tolerance, .box = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL}};
    t.transformation = crs_transformer(&crs_84, raster->srs, raster->srs_key);
    if (!t.transformation) return NADIR_EINVAL;
    CPLPushErrorHandler(CPLQuietErrorHandler);
    for (int turn = -360; turn <= 360 && !t.err; turn += 360) t.err = turn_trace(&t, area->shape, near, turn);
    CPLPopErrorHandler();
    return t.err;
}

int zone_make(const struct area *area, const struct raster *raster, int level, struct zone *out) {
    const struct raster_level *l = &raster->levels[level];
    double near[4];
    *out = (struct zone){0};
    if (!raster_bounds_84(raster, near)) return NADIR_EINVAL;
    if (near[2] < near[0]) near[2] += 360;
    near[0] -= MARGIN;
    near[2] += MARGIN;
    near[1] = fmax(near[1] - MARGIN, -90);
    near[3] = fmin(near[3] + MARGIN, 90);
    int err = trace(area, raster, l, near, FINE, out);
    if (err == NADIR_ETOOLARGE) {
        zone_end(out);
        err = trace(area, raster, l, near, COARSE, out);
    }
    if (err)
        zone_end(out);
    else
        window_set(l, out);
    return err == NADIR_ETOOLARGE ? NADIR_EINVAL : err;
}

void zone_end(struct zone *z) {
    free(z->edges);
    *z = (struct zone){0};
}

/* ---- weights ---- */

/* Adds what lies to the right of the part of an edge within one line: d is its signed height, from x0 to x1, x0 <= x1. The
 * sum of a line's entries up to a pixel is the pixel's weight. */
static void line_add(double *line, double d, double x0, double x1) {
    int first = (int)floor(x0), past = (int)ceil(x1);
    if (past <= first + 1) {
        double middle = (x0 + x1) / 2 - first;
        line[first] += d * (1 - middle);
        line[first + 1] += d * middle;
        return;
    }
    double slope = 1 / (x1 - x0);
    double before = 1 - (x0 - first), after = x1 - (past - 1);
    double head = 0.5 * slope * before * before, tail = 0.5 * slope * after * after;
    line[first] += d * head;
    if (past == first + 2) {
        line[first + 1] += d * (1 - head - tail);
    } else {
        double second = slope * (before + 0.5);
        line[first + 1] += d * (second - head);
        for (int x = first + 2; x < past - 1; x++) line[x] += d * slope;
        line[past - 1] += d * (1 - (second + (past - first - 3) * slope) - tail);
    }
    line[past] += d * tail;
}

/* The part of an edge from y0 to y1, of x0 to x1, all within the block: line by line. */
static void part_add(double *sums, int stride, int height, double sign, double x0, double y0, double x1, double y1) {
    double slope = (x1 - x0) / (y1 - y0);
    double least = fmin(x0, x1), most = fmax(x0, x1);
    int last = (int)fmin(ceil(y1), height);
    for (int y = (int)floor(y0); y < last; y++) {
        double top = fmax(y, y0), bottom = fmin(y + 1, y1);
        double a = fmin(fmax(x0 + (top - y0) * slope, least), most), b = fmin(fmax(x0 + (bottom - y0) * slope, least), most);
        if (bottom > top) line_add(sums + (size_t)y * (size_t)stride, sign * (bottom - top), fmin(a, b), fmax(a, b));
    }
}

/* Cuts an edge at the block's sides: to the left of it the whole line lies to its right; to the right of it nothing does. */
static void edge_weigh(double *sums, const struct block *b, const struct zone_edge *e) {
    double sign = e->y0 > e->y1 ? 1 : -1; /* a ring of positive area goes up on its left side */
    double x0 = (sign < 0 ? e->x0 : e->x1) - b->x, y0 = (sign < 0 ? e->y0 : e->y1) - b->y;
    double x1 = (sign < 0 ? e->x1 : e->x0) - b->x, y1 = (sign < 0 ? e->y1 : e->y0) - b->y;
    if (y1 <= 0 || y0 >= b->height || y0 >= y1 || fmin(x0, x1) >= b->width) return;
    double slope = (x1 - x0) / (y1 - y0);
    double cuts[4] = {fmax(y0, 0), fmin(y1, b->height)};
    int ncuts = 2;
    for (int side = 0; side < 2 && slope != 0; side++) {
        double y = y0 + ((side ? b->width : 0) - x0) / slope;
        if (y > cuts[0] && y < fmin(y1, b->height)) cuts[ncuts++] = y;
    }
    for (int i = 1; i < ncuts; i++)
        for (int k = i; k > 0 && cuts[k] < cuts[k - 1]; k--) {
            double swap = cuts[k];
            cuts[k] = cuts[k - 1];
            cuts[k - 1] = swap;
        }
    for (int i = 1; i < ncuts; i++) {
        if (cuts[i] <= cuts[i - 1]) continue;
        double from = x0 + (cuts[i - 1] - y0) * slope, to = x0 + (cuts[i] - y0) * slope;
        if ((from + to) / 2 >= b->width) continue;
        if ((from + to) / 2 <= 0) from = to = 0;
        part_add(sums, b->width + 2, b->height, sign, fmin(fmax(from, 0), b->width), cuts[i - 1], fmin(fmax(to, 0), b->width),
                 cuts[i]);
    }
}

int zone_weights(const struct zone *z, const struct block *b, double *out) {
    size_t stride = (size_t)b->width + 2;
    double *sums = calloc(stride * (size_t)b->height, sizeof *sums);
    if (!sums) return NADIR_ENOMEM;
    for (size_t i = 0; i < z->count; i++) edge_weigh(sums, b, &z->edges[i]);
    for (int y = 0; y < b->height; y++) {
        double sum = 0;
        for (int x = 0; x < b->width; x++) {
            sum += sums[(size_t)y * stride + (size_t)x];
            double weight = fabs(sum) < SNAP ? 0 : fabs(sum - 1) < SNAP ? 1 : fmin(fmax(sum, 0), 1);
            out[(size_t)y * (size_t)b->width + (size_t)x] = weight;
        }
    }
    free(sums);
    return 0;
}
