/* ogc_landing.c: /view/ogc, its conformance, its description, and the tile matrix sets. */
#include <string.h>

#include "view/ogc.h"

#define OPENAPI_TYPE "application/vnd.oai.openapi;version=3.1"
#define SPEC "http://www.opengis.net/spec/"

/* openapi.yaml as it stands beside this file, linked in. */
__asm__(".section .rodata\n"
        ".local view_openapi_begin\n"
        ".local view_openapi_end\n"
        "view_openapi_begin:\n"
        ".incbin \"" OPENAPI_FILE "\"\n"
        "view_openapi_end: .byte 0\n"
        ".previous\n");
extern const char view_openapi_begin[], view_openapi_end[];

static const char *const classes[] = {
    SPEC "ogcapi-common-1/1.0/conf/core",
    SPEC "ogcapi-common-1/1.0/conf/json",
    SPEC "ogcapi-common-2/1.0/conf/collections",
    SPEC "ogcapi-tiles-1/1.0/conf/core",
    SPEC "ogcapi-tiles-1/1.0/conf/tileset",
    SPEC "ogcapi-tiles-1/1.0/conf/tilesets-list",
    SPEC "ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    SPEC "ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    SPEC "ogcapi-tiles-1/1.0/conf/datetime",
    SPEC "ogcapi-tiles-1/1.0/conf/png",
    SPEC "ogcapi-tiles-1/1.0/conf/jpeg",
    SPEC "ogcapi-tiles-1/1.0/conf/mvt",
    SPEC "tms/2.0/conf/tilematrixset",
    SPEC "tms/2.0/conf/json-tilematrixset",
    SPEC "ogcapi-maps-1/1.0/conf/core",
    SPEC "ogcapi-maps-1/1.0/conf/collection-map",
    SPEC "ogcapi-maps-1/1.0/conf/styled-map",
    SPEC "ogcapi-maps-1/1.0/conf/background",
    SPEC "ogcapi-maps-1/1.0/conf/crs",
    SPEC "ogcapi-maps-1/1.0/conf/scaling",
    SPEC "ogcapi-maps-1/1.0/conf/spatial-subsetting",
    SPEC "ogcapi-maps-1/1.0/conf/datetime",
    SPEC "ogcapi-maps-1/1.0/conf/tilesets",
    SPEC "ogcapi-maps-1/1.0/conf/png",
    SPEC "ogcapi-maps-1/1.0/conf/jpeg",
};

json_t *ogc_link(const struct request *rq, const char *rel, const char *type, const char *title, const char *path) {
    return json_pack("{s:s, s:s, s:s, s:o}", "rel", rel, "type", type, "title", title, "href",
                     json_sprintf("%s%s", rq->base_url, path));
}

int ogc_landing(struct request *rq, struct response *rs) {
    json_t *links = json_array();
    json_array_append_new(links, ogc_link(rq, "self", "application/json", "This document", "/view/ogc"));
    json_array_append_new(links, ogc_link(rq, "service-desc", OPENAPI_TYPE, "The API's description", "/view/ogc/api"));
    json_array_append_new(links,
                          ogc_link(rq, REL_CONFORMANCE, "application/json", "What it conforms to", "/view/ogc/conformance"));
    json_array_append_new(links,
                          ogc_link(rq, "conformance", "application/json", "What it conforms to", "/view/ogc/conformance"));
    json_array_append_new(links, ogc_link(rq, REL_DATA, "application/json", "The layers", "/view/ogc/collections"));
    json_array_append_new(links, ogc_link(rq, "data", "application/json", "The layers", "/view/ogc/collections"));
    json_array_append_new(links,
                          ogc_link(rq, REL_TILING_SCHEMES, "application/json", "Tile matrix sets", "/view/ogc/tileMatrixSets"));
    json_array_append_new(
        links, ogc_link(rq, REL_TILESETS_VECTOR, "application/json", "Footprints of all public items", "/view/ogc/tiles"));
    view_public(rq, rs, 60);
    return view_json(rq, rs,
                     json_pack("{s:s, s:s, s:o}", "title", "Nadir", "description",
                               "Collections, scenes and products of the catalogue as maps and tiles", "links", links));
}

int ogc_conformance(struct request *rq, struct response *rs) {
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) json_array_append_new(list, json_string(classes[i]));
    view_public(rq, rs, 300);
    return view_json(rq, rs, json_pack("{s:o}", "conformsTo", list));
}

int ogc_api(struct request *rq, struct response *rs) {
    view_public(rq, rs, 300);
    return view_text(rq, rs, OPENAPI_TYPE,
                     scope_strndup(rq->scope, view_openapi_begin, (size_t)(view_openapi_end - view_openapi_begin)));
}

/* The UTM zones are found by their names; the list has those that serve the whole earth. */
int ogc_tile_sets(struct request *rq, struct response *rs) {
    json_t *list = json_array();
    struct tile_set set;
    for (int i = 0; i < TILE_SETS; i++) {
        tile_set_at(i, &set);
        json_t *links = json_array();
        json_array_append_new(links, ogc_link(rq, "self", "application/json", set.title,
                                              scope_printf(rq->scope, "/view/ogc/tileMatrixSets/%s", set.id)));
        json_t *entry = json_pack("{s:s, s:s, s:s, s:o}", "id", set.id, "title", set.title, "crs", set.crs_uri, "links", links);
        if (set.registered) json_object_set_new(entry, "uri", json_string(set.registered));
        json_array_append_new(list, entry);
    }
    view_public(rq, rs, 300);
    return view_json(rq, rs, json_pack("{s:o}", "tileMatrixSets", list));
}

int ogc_tile_set(struct request *rq, struct response *rs) {
    struct tile_set set;
    if (!tile_set_find(request_param(rq, "set"), &set))
        return response_error(rs, 404, "no-such-tile-matrix-set", "tileMatrixSetId",
                              "There is no such tile matrix set; see %s.", "/view/ogc/tileMatrixSets");
    view_public(rq, rs, 300);
    return view_json(rq, rs, tile_set_json(&set));
}
