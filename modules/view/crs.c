#include "view/crs.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/error.h"

const struct crs crs_mercator = {.epsg = 3857};
const struct crs crs_84 = {.epsg = 4326, .geographic = true};

#define KEPT 16 /* transformers a thread keeps: PROJ needs about a millisecond to make one */

struct transformer {
    int epsg;
    char *key;
    OGRCoordinateTransformationH transformation;
    uint64_t used;
};

struct transformers {
    struct transformer list[KEPT];
    uint64_t clock;
};

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;

static void transformer_clear(struct transformer *t) {
    if (t->transformation) OCTDestroyCoordinateTransformation(t->transformation);
    free(t->key);
    *t = (struct transformer){0};
}

static void transformers_free(void *pointer) {
    struct transformers *all = pointer;
    for (int i = 0; i < KEPT; i++) transformer_clear(&all->list[i]);
    free(all);
}

static void thread_key_make(void) {
    (void)pthread_key_create(&thread_key, transformers_free);
}

static struct transformers *transformers_get(void) {
    (void)pthread_once(&thread_once, thread_key_make);
    struct transformers *all = pthread_getspecific(thread_key);
    if (all) return all;
    all = calloc(1, sizeof *all);
    if (all && pthread_setspecific(thread_key, all)) {
        free(all);
        all = NULL;
    }
    return all;
}

static bool epsg_served(long code) {
    static const long others[] = {3857, 4326, 3031, 3413};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (code == others[i]) return true;
    return (code >= 32601 && code <= 32660) || (code >= 32701 && code <= 32760);
}

int crs_parse(const char *name, struct crs *out) {
    static const char *const longitude_first[] = {"CRS:84", "OGC:CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                                                  "http://www.opengis.net/def/crs/OGC/0/CRS84",
                                                  "urn:ogc:def:crs:OGC:1.3:CRS84"};
    static const char *const prefixes[] = {"EPSG:", "http://www.opengis.net/def/crs/EPSG/0/", "urn:ogc:def:crs:EPSG::"};
    for (size_t i = 0; i < sizeof longitude_first / sizeof longitude_first[0]; i++) {
        if (strcasecmp(name, longitude_first[i]) == 0) {
            *out = crs_84;
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t len = strlen(prefixes[i]);
        if (strncasecmp(name, prefixes[i], len) != 0) continue;
        size_t digits = strspn(name + len, "0123456789");
        if (digits < 4 || digits > 5 || name[len + digits]) return NADIR_EINVAL;
        long code = strtol(name + len, NULL, 10);
        if (!epsg_served(code)) return NADIR_EINVAL;
        *out = (struct crs){.epsg = (int)code, .geographic = code == 4326, .lat_first = code == 4326};
        return 0;
    }
    return NADIR_EINVAL;
}

double crs_period(const struct crs *crs) {
    if (crs->geographic) return 360;
    return crs->epsg == 3857 ? 2 * MERCATOR_HALF : 0;
}

static OGRSpatialReferenceH reference_new(int epsg) {
    OGRSpatialReferenceH reference = OSRNewSpatialReference(NULL);
    if (!reference) return NULL;
    if (OSRImportFromEPSG(reference, epsg) != OGRERR_NONE) {
        OSRDestroySpatialReference(reference);
        return NULL;
    }
    OSRSetAxisMappingStrategy(reference, OAMS_TRADITIONAL_GIS_ORDER);
    return reference;
}

static struct transformer *find(struct transformers *all, int epsg, const char *key) {
    for (int i = 0; i < KEPT; i++) {
        struct transformer *t = &all->list[i];
        if (!t->transformation || t->epsg != epsg || strcmp(t->key, key) != 0) continue;
        t->used = ++all->clock;
        return t;
    }
    return NULL;
}

static struct transformer *make(struct transformers *all, int epsg, OGRSpatialReferenceH target, const char *key) {
    struct transformer *slot = &all->list[0];
    for (int i = 1; i < KEPT; i++)
        if (all->list[i].used < slot->used) slot = &all->list[i];
    transformer_clear(slot);
    OGRSpatialReferenceH from = reference_new(epsg);
    if (!from) return NULL;
    slot->transformation = OCTNewCoordinateTransformation(from, target);
    OSRDestroySpatialReference(from);
    slot->key = strdup(key);
    if (!slot->transformation || !slot->key) {
        transformer_clear(slot);
        return NULL;
    }
    slot->epsg = epsg;
    slot->used = ++all->clock;
    return slot;
}

OGRCoordinateTransformationH crs_transformer(const struct crs *crs, OGRSpatialReferenceH raster, const char *key) {
    struct transformers *all = transformers_get();
    struct transformer *t = all ? find(all, crs->epsg, key) : NULL;
    if (all && !t) t = make(all, crs->epsg, raster, key);
    return t ? t->transformation : NULL;
}

/* Between two served systems; the target's definition is looked up only when there is no transformer yet. */
static OGRCoordinateTransformationH between(const struct crs *from, const struct crs *to) {
    char key[32];
    (void)snprintf(key, sizeof key, "EPSG:%d", to->epsg);
    struct transformers *all = transformers_get();
    struct transformer *t = all ? find(all, from->epsg, key) : NULL;
    OGRSpatialReferenceH target = all && !t ? reference_new(to->epsg) : NULL;
    if (target) {
        t = make(all, from->epsg, target, key);
        OSRDestroySpatialReference(target);
    }
    return t ? t->transformation : NULL;
}

bool crs_convert(const struct crs *from, const struct crs *to, int count, double *x, double *y) {
    if (from->epsg == to->epsg) return true;
    OGRCoordinateTransformationH t = between(from, to);
    if (!t || !OCTTransform(t, count, x, y, NULL)) return false;
    for (int i = 0; i < count; i++)
        if (!isfinite(x[i]) || !isfinite(y[i])) return false;
    return true;
}

/* OCTTransformBounds would do the same, but makes an inverse transformer at every call, which takes milliseconds. */
bool crs_convert_box(const struct crs *from, const struct crs *to, const double box[4], double out[4]) {
    enum { STEPS = 20, POINTS = 4 * STEPS };
    double cut[4] = {box[0], box[1], box[2], box[3]};
    double x[POINTS], y[POINTS];
    if (from->geographic && to->epsg == 3857) { /* Mercator has no poles */
        cut[1] = fmax(cut[1], -85.06);
        cut[3] = fmin(cut[3], 85.06);
    }
    for (int i = 0; i < STEPS; i++) {
        double along_x = cut[0] + (cut[2] - cut[0]) * i / STEPS;
        double along_y = cut[1] + (cut[3] - cut[1]) * i / STEPS;
        x[i] = along_x, y[i] = cut[1];
        x[STEPS + i] = cut[2], y[STEPS + i] = along_y;
        x[2 * STEPS + i] = cut[0] + cut[2] - along_x, y[2 * STEPS + i] = cut[3];
        x[3 * STEPS + i] = cut[0], y[3 * STEPS + i] = cut[1] + cut[3] - along_y;
    }
    if (!crs_convert(from, to, POINTS, x, y)) return false;
    out[0] = out[2] = x[0];
    out[1] = out[3] = y[0];
    for (int i = 1; i < POINTS; i++) {
        out[0] = fmin(out[0], x[i]);
        out[1] = fmin(out[1], y[i]);
        out[2] = fmax(out[2], x[i]);
        out[3] = fmax(out[3], y[i]);
    }
    return true;
}
