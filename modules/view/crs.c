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

OGRCoordinateTransformationH crs_transformer(const struct crs *crs, OGRSpatialReferenceH raster, const char *key) {
    struct transformers *all = transformers_get();
    if (!all) return NULL;
    struct transformer *slot = &all->list[0];
    for (int i = 0; i < KEPT; i++) {
        struct transformer *t = &all->list[i];
        if (t->transformation && t->epsg == crs->epsg && strcmp(t->key, key) == 0) {
            t->used = ++all->clock;
            return t->transformation;
        }
        if (t->used < slot->used) slot = t;
    }
    transformer_clear(slot);
    OGRSpatialReferenceH from = reference_new(crs->epsg);
    if (!from) return NULL;
    slot->transformation = OCTNewCoordinateTransformation(from, raster);
    OSRDestroySpatialReference(from);
    slot->key = strdup(key);
    if (!slot->transformation || !slot->key) {
        transformer_clear(slot);
        return NULL;
    }
    slot->epsg = crs->epsg;
    slot->used = ++all->clock;
    return slot->transformation;
}

static OGRCoordinateTransformationH between(const struct crs *from, const struct crs *to) {
    char key[32];
    (void)snprintf(key, sizeof key, "EPSG:%d", to->epsg);
    OGRSpatialReferenceH target = reference_new(to->epsg);
    if (!target) return NULL;
    OGRCoordinateTransformationH found = crs_transformer(from, target, key);
    OSRDestroySpatialReference(target);
    return found;
}

bool crs_convert(const struct crs *from, const struct crs *to, int count, double *x, double *y) {
    if (from->epsg == to->epsg) return true;
    OGRCoordinateTransformationH t = between(from, to);
    if (!t || !OCTTransform(t, count, x, y, NULL)) return false;
    for (int i = 0; i < count; i++)
        if (!isfinite(x[i]) || !isfinite(y[i])) return false;
    return true;
}

bool crs_convert_box(const struct crs *from, const struct crs *to, const double box[4], double out[4]) {
    if (from->epsg == to->epsg) {
        memcpy(out, box, 4 * sizeof out[0]);
        return true;
    }
    double cut[4] = {box[0], box[1], box[2], box[3]};
    if (from->geographic && to->epsg == 3857) { /* Mercator has no poles */
        cut[1] = fmax(cut[1], -85.06);
        cut[3] = fmin(cut[3], 85.06);
    }
    OGRCoordinateTransformationH t = between(from, to);
    return t && OCTTransformBounds(t, cut[0], cut[1], cut[2], cut[3], &out[0], &out[1], &out[2], &out[3], 21) &&
           isfinite(out[0]) && isfinite(out[1]) && isfinite(out[2]) && isfinite(out[3]);
}
