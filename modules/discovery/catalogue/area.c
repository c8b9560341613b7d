/* area.c: the usual footprint as PostGIS stores it, made here: asking the server for each costs more than storing the item. */
#include <geos_c.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/catalogue/prepared.h"

#define POSITIONS_PLAIN 200 /* larger ones may be simplified for the index */
#define WKB_MOST (64 + POSITIONS_PLAIN * 20)

struct wkb {
    unsigned char data[WKB_MOST];
    size_t len;
    bool full;
};

static void put(struct wkb *w, const void *bytes, size_t len) {
    if (w->len + len > sizeof w->data) {
        w->full = true;
        return;
    }
    memcpy(w->data + w->len, bytes, len);
    w->len += len;
}

static void put_count(struct wkb *w, size_t count) {
    uint32_t n = (uint32_t)count;
    put(w, &n, sizeof n);
}

static void put_position(struct wkb *w, const json_t *position) {
    double xy[2] = {json_number_value(json_array_get(position, 0)), json_number_value(json_array_get(position, 1))};
    put(w, xy, sizeof xy);
}

static void put_positions(struct wkb *w, const json_t *positions) {
    const json_t *position;
    size_t at;
    put_count(w, json_array_size(positions));
    json_array_foreach((json_t *)positions, at, position) put_position(w, position);
}

static void put_rings(struct wkb *w, const json_t *rings) {
    const json_t *ring;
    size_t at;
    put_count(w, json_array_size(rings));
    json_array_foreach((json_t *)rings, at, ring) put_positions(w, ring);
}

static void put_type(struct wkb *w, uint32_t type, bool outermost) {
    const unsigned char little_endian = 1;
    uint32_t srid = 4326;
    if (outermost) type |= 0x20000000; /* EWKB: an SRID follows */
    put(w, &little_endian, 1);
    put(w, &type, sizeof type);
    if (outermost) put(w, &srid, sizeof srid);
}

/* Point, Polygon and MultiPolygon are what footprints are. */
static bool put_geometry(struct wkb *w, const json_t *geometry) {
    const char *type = json_string_value(json_object_get(geometry, "type"));
    const json_t *coordinates = json_object_get(geometry, "coordinates"), *rings;
    size_t at;
    if (strcmp(type, "Point") == 0) {
        put_type(w, 1, true);
        put_position(w, coordinates);
    } else if (strcmp(type, "Polygon") == 0) {
        put_type(w, 3, true);
        put_rings(w, coordinates);
    } else if (strcmp(type, "MultiPolygon") == 0) {
        put_type(w, 6, true);
        put_count(w, json_array_size(coordinates));
        json_array_foreach((json_t *)coordinates, at, rings) {
            put_type(w, 3, false);
            put_rings(w, rings);
        }
    } else {
        return false;
    }
    return !w->full;
}

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void context_end(void *context) {
    GEOS_finish_r(context);
}

static void key_make(void) {
    pthread_key_create(&key, context_end);
}

static GEOSContextHandle_t context(void) {
    pthread_once(&once, key_make);
    GEOSContextHandle_t geos = pthread_getspecific(key);
    if (!geos) {
        geos = GEOS_init_r();
        pthread_setspecific(key, geos);
    }
    return geos;
}

static bool is_valid(const struct wkb *w) {
    GEOSContextHandle_t geos = context();
    GEOSGeometry *made = GEOSGeomFromWKB_buf_r(geos, w->data, w->len);
    bool valid = made && GEOSisValid_r(geos, made) == 1;
    if (made) GEOSGeom_destroy_r(geos, made);
    return valid;
}

const char *area_plain(struct scope *s, const json_t *geometry, const double box[4]) {
    struct wkb w = {.len = 0};
    if (box[0] > box[2] || box[2] - box[0] >= 180 || box[1] <= -89.9 || box[3] >= 89.9) return NULL;
    if (!put_geometry(&w, geometry) || !is_valid(&w)) return NULL;
    return hex_encode(s, w.data, w.len);
}
