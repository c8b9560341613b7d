/* dublin_core.c: a record as csw:BriefRecord, csw:SummaryRecord or csw:Record (OGC 07-006r1 tables 54 and 55, record.xsd). */
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"

struct writer {
    struct scope *scope;
    struct text *text;
    const struct csw *names; /* its ElementNames, if any, are all that is written */
};

static const char *local(const char *name) {
    const char *slash = strrchr(name, '/');
    if (slash) name = slash + 1;
    const char *colon = strchr(name, ':');
    return colon ? colon + 1 : name;
}

static bool wanted(const struct writer *w, const char *name) {
    if (w->names->nelement_names == 0) return true;
    for (size_t i = 0; i < w->names->nelement_names; i++)
        if (strcasecmp(local(w->names->element_names[i]), local(name)) == 0) return true;
    return false;
}

static void put(const struct writer *w, const char *name, const char *value) {
    if (wanted(w, name)) xml_element(w->scope, w->text, name, value);
}

static void put_list(const struct writer *w, const char *name, const json_t *list) {
    size_t at;
    const json_t *value;
    json_array_foreach((json_t *)list, at, value) put(w, name, json_string_value(value));
}

/* Latitude first, as the URN has it. */
static void corners(const struct writer *w, double west, double south, double east, double north) {
    xml_raw(w->text,
            "<ows:BoundingBox crs=\"urn:ogc:def:crs:EPSG::4326\" dimensions=\"2\">\n<ows:LowerCorner>%.10g "
            "%.10g</ows:LowerCorner>\n"
            "<ows:UpperCorner>%.10g %.10g</ows:UpperCorner>\n</ows:BoundingBox>\n",
            south, west, north, east);
}

/* A box across the antimeridian is two. */
static void box(const struct writer *w, const struct csw_record *r) {
    if (!r->placed || !wanted(w, "ows:BoundingBox")) return;
    if (r->box[0] <= r->box[2]) {
        corners(w, r->box[0], r->box[1], r->box[2], r->box[3]);
    } else {
        corners(w, r->box[0], r->box[1], 180, r->box[3]);
        corners(w, -180, r->box[1], r->box[2], r->box[3]);
    }
}

static void references(const struct writer *w, const struct csw_record *r) {
    struct csw_link links[CSW_LINKS_MOST];
    size_t count = csw_record_links(r, links);
    if (!wanted(w, "dct:references")) return;
    for (size_t i = 0; i < count; i++) {
        xml_raw(w->text, "<dct:references scheme=\"%s\">", links[i].protocol);
        const char *href = http_escape(w->scope, links[i].href);
        text_add(w->text, href, strlen(href));
        xml_raw(w->text, "</dct:references>\n");
    }
}

static void publishers(const struct writer *w, const struct csw_record *r) {
    size_t at;
    const json_t *provider;
    json_array_foreach((json_t *)json_object_get(r->properties, "providers"), at, provider)
        put(w, "dc:publisher", json_string_value(json_object_get(provider, "name")));
}

/* DCMI Period. */
static const char *period(const struct writer *w, const struct csw_record *r) {
    if (!r->begin && !r->end) return NULL;
    return scope_printf(w->scope, "%s%s%s%s%sscheme=W3C-DTF", r->begin ? "start=" : "", r->begin ? r->begin : "",
                        r->begin ? "; " : "", r->end ? scope_printf(w->scope, "end=%s", r->end) : "", r->end ? "; " : "");
}

static void full(const struct writer *w, const struct csw_record *r) {
    publishers(w, r);
    put(w, "dc:date", r->kind == CSW_DATASET ? r->begin : NULL);
    put(w, "dct:temporal", period(w, r));
    put(w, "dc:rights", r->licence);
    put(w, "dc:language", "eng");
    references(w, r);
}

void csw_dublin_core_write(struct text *t, const struct csw_record *r, enum csw_set set, const struct csw *names) {
    static const char *const elements[] = {"csw:BriefRecord", "csw:SummaryRecord", "csw:Record"};
    const struct writer w = {r->scope, t, names};
    if (names->nelement_names) set = CSW_FULL;
    xml_raw(t, "<%s>\n", elements[set]);
    put(&w, "dc:identifier", r->identifier);
    put(&w, "dc:title", r->title);
    put(&w, "dc:type", r->kind == CSW_SERIES ? "series" : "dataset");
    if (set != CSW_BRIEF) {
        put_list(&w, "dc:subject", r->keywords);
        put(&w, "dc:format", r->kind == CSW_SERIES ? "application/json" : GEOJSON);
        put(&w, "dc:relation", r->parent);
        put(&w, "dct:modified", r->modified);
        put(&w, "dct:abstract", r->abstract);
    }
    if (set == CSW_FULL) full(&w, r);
    box(&w, r);
    xml_raw(t, "</%s>\n", elements[set]);
}
