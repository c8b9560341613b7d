/* parquet.c */
#include "discovery/catalogue/parquet.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <ogr_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const char *const *files;
    size_t nfiles, at, row;
    GDALDatasetH dataset;
    OGRLayerH layer;
};

bool parquet_named(const char *file) {
    size_t len = strlen(file);
    return (len > 8 && strcmp(file + len - 8, ".parquet") == 0) || (len > 11 && strcmp(file + len - 11, ".geoparquet") == 0);
}

GDALDriverH parquet_driver(void) {
    GDALAllRegister();
    GDALDriverH driver = GDALGetDriverByName("Parquet");
    if (!driver)
        fprintf(
            stderr,
            "nadir-catalogue: the GDAL of this machine (%s) has no Parquet driver, which GDAL 3.5 and later have when they are "
            "built with Apache Arrow; Debian 12's libgdal32 is not. Use ndjson, which says the same.\n",
            GDALVersionInfo("RELEASE_NAME"));
    return driver;
}

/* ---- from columns to an item ---- */

static json_t *numbers_of(const double *list, int count) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(array, json_real(list[i]));
    return array;
}

static json_t *integers_of(const GIntBig *list, int count) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(array, json_integer(list[i]));
    return array;
}

/* A text that holds JSON by its column's declaration, or because no other text begins so in a STAC Item. */
static json_t *text_of(const char *text, OGRFieldDefnH field) {
    json_t *json = NULL;
    if (OGR_Fld_GetSubType(field) == OFSTJSON || *text == '{' || *text == '[') json = json_loads(text, 0, NULL);
    return json ? json : json_string(text);
}

static json_t *time_of(OGRFeatureH feature, int at) {
    int year, month, day, hour, minute, zone;
    float second;
    char text[40];
    if (!OGR_F_GetFieldAsDateTimeEx(feature, at, &year, &month, &day, &hour, &minute, &second, &zone)) return json_null();
    int shift = zone > 1 ? (zone - 100) * 15 : 0; /* in minutes; 100 is UTC, each step a quarter of an hour */
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%06.3f%c%02d:%02d", year, month, day, hour, minute, (double)second,
             shift < 0 ? '-' : '+', abs(shift) / 60, abs(shift) % 60);
    return json_string(text);
}

static json_t *value_of(OGRFeatureH feature, int at, OGRFieldDefnH field) {
    int count = 0;
    switch (OGR_Fld_GetType(field)) {
    case OFTInteger:
    case OFTInteger64:
        if (OGR_Fld_GetSubType(field) == OFSTBoolean) return json_boolean(OGR_F_GetFieldAsInteger(feature, at));
        return json_integer(OGR_F_GetFieldAsInteger64(feature, at));
    case OFTReal:
        return json_real(OGR_F_GetFieldAsDouble(feature, at));
    case OFTRealList: {
        const double *list = OGR_F_GetFieldAsDoubleList(feature, at, &count);
        return numbers_of(list, count);
    }
    case OFTInteger64List: {
        const GIntBig *list = OGR_F_GetFieldAsInteger64List(feature, at, &count);
        return integers_of(list, count);
    }
    case OFTIntegerList: {
        const int *list = OGR_F_GetFieldAsIntegerList(feature, at, &count);
        json_t *array = json_array();
        for (int i = 0; i < count; i++) json_array_append_new(array, json_integer(list[i]));
        return array;
    }
    case OFTStringList: {
        json_t *array = json_array();
        for (char **text = OGR_F_GetFieldAsStringList(feature, at); text && *text; text++)
            json_array_append_new(array, json_string(*text));
        return array;
    }
    case OFTDateTime:
    case OFTDate:
        return time_of(feature, at);
    default:
        return text_of(OGR_F_GetFieldAsString(feature, at), field);
    }
}

/* Puts a value under "a.b.c": GDAL names the members of structs so. At most three levels. Steals value. */
static void nest(json_t *object, const char *name, json_t *value) {
    char part[512];
    for (int level = 0; level < 2; level++) {
        const char *dot = strchr(name, '.');
        if (!dot || (size_t)(dot - name) >= sizeof part) break;
        snprintf(part, sizeof part, "%.*s", (int)(dot - name), name);
        json_t *inner = json_object_get(object, part);
        if (!json_is_object(inner)) {
            inner = json_object();
            json_object_set_new(object, part, inner);
        }
        object = inner;
        name = dot + 1;
    }
    json_object_set_new(object, name, value);
}

/* bbox is a struct of xmin, ymin, xmax, ymax there. */
static void bbox_restore(json_t *item) {
    const json_t *box = json_object_get(item, "bbox");
    static const char *const names[] = {"xmin", "ymin", "xmax", "ymax"};
    if (!json_is_object(box)) return;
    json_t *list = json_array();
    for (int i = 0; i < 4; i++) json_array_append(list, json_object_get(box, names[i]));
    if (json_array_size(list) == 4)
        json_object_set_new(item, "bbox", list);
    else
        json_decref(list);
}

static bool is_top_level(const char *name) {
    static const char *const names[] = {"type",       "stac_version", "stac_extensions", "id",
                                        "collection", "bbox",         "links",           "assets"};
    size_t len = strcspn(name, ".");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && strncmp(name, names[i], len) == 0) return true;
    return false;
}

json_t *item_of_feature(OGRFeatureH feature) {
    json_t *properties = json_object(), *item = json_pack("{s:s, s:s}", "type", "Feature", "stac_version", STAC_VERSION);
    for (int i = 0; i < OGR_F_GetFieldCount(feature); i++) {
        OGRFieldDefnH field = OGR_F_GetFieldDefnRef(feature, i);
        const char *name = OGR_Fld_GetNameRef(field);
        if (OGR_F_IsFieldSetAndNotNull(feature, i))
            nest(is_top_level(name) ? item : properties, name, value_of(feature, i, field));
    }
    bbox_restore(item);
    if (!json_object_get(properties, "datetime")) json_object_set_new(properties, "datetime", json_null());
    json_object_set_new(item, "properties", properties);
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    char *text = geometry ? OGR_G_ExportToJson(geometry) : NULL;
    json_object_set_new(item, "geometry", text ? json_loads(text, 0, NULL) : json_null());
    CPLFree(text);
    if (!json_object_get(item, "assets")) json_object_set_new(item, "assets", json_object());
    if (!json_object_get(item, "links")) json_object_set_new(item, "links", json_array());
    json_object_set_new(item, "type", json_string("Feature"));
    return item;
}

/* ---- reading ---- */

static bool file_begin(struct reading *r) {
    static const char *const drivers[] = {"Parquet", NULL};
    r->dataset = GDALOpenEx(r->files[r->at], GDAL_OF_VECTOR | GDAL_OF_READONLY, drivers, NULL, NULL);
    r->layer = r->dataset ? GDALDatasetGetLayer(r->dataset, 0) : NULL;
    r->row = 0;
    return r->layer != NULL;
}

static bool next(void *state, char **line, size_t *len, const char **file, size_t *number, const char **why) {
    struct reading *r = state;
    *why = NULL;
    while (r->at < r->nfiles) {
        *file = r->files[r->at];
        if (!r->dataset && !file_begin(r)) {
            *why = "cannot be read as Parquet";
            return false;
        }
        OGRFeatureH feature = OGR_L_GetNextFeature(r->layer);
        if (feature) {
            json_t *item = item_of_feature(feature);
            OGR_F_Destroy(feature);
            *line = json_dumps(item, JSON_COMPACT);
            json_decref(item);
            *len = *line ? strlen(*line) : 0;
            *number = ++r->row;
            return *line != NULL;
        }
        GDALClose(r->dataset);
        r->dataset = NULL;
        r->at++;
    }
    *file = "";
    return false;
}

bool parquet_open(struct scope *s, const char *const *files, size_t count, struct source *out) {
    if (!parquet_driver()) return false;
    struct reading *r = scope_alloc(s, sizeof *r);
    r->files = files;
    r->nfiles = count;
    *out = (struct source){r, next};
    return true;
}

void parquet_close(struct source *source) {
    struct reading *r = source->state;
    if (r->dataset) GDALClose(r->dataset);
}
