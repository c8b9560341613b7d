/* landing.c: /records, /records/conformance, /records/collections and /records/collections/{catalog}. */
#include <string.h>

#include "common/module.h"
#include "discovery/records/records.h"

static const char *const classes[] = {
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-collection",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core-query-parameters",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/records-api",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/sorting",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/searchable-catalog",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/filtering",
    /* 20-004r1 names the two that follow by a slash where it defines them and by a hyphen where it has them declared. */
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/searchable-catalog/sorting",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/searchable-catalog-sorting",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/searchable-catalog/filtering",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/searchable-catalog-filtering",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/html",
};

struct place {
    const char *rel, *type, *path, *title;
};

static json_t *links_of(struct request *rq, const struct place *places, size_t count) {
    json_t *links = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *link = link_to(rq->scope, places[i].rel, places[i].type, rq->base_url, places[i].path);
        json_object_set_new(link, "title", json_string(places[i].title));
        json_array_append_new(links, link);
    }
    return links;
}

int records_landing(struct request *rq, struct response *rs) {
    static const struct place places[] = {
        {"self", "application/json", "/records", "This page"},
        {"conformance", "application/json", "/records/conformance", "Conformance classes that hold"},
        {"http://www.opengis.net/def/rel/ogc/1.0/conformance", "application/json", "/records/conformance",
         "Conformance classes that hold"},
        {"data", "application/json", "/records/collections", "The catalogs"},
        {"http://www.opengis.net/def/rel/ogc/1.0/data", "application/json", "/records/collections", "The catalogs"},
        {"service-desc", "application/vnd.oai.openapi;version=3.1", "/stac/api", "Description of the API for programs"},
        {"service-doc", "text/html", "/stac/api.html", "Description of the API for people"},
    };
    html_prefer(rq, rs);
    json_t *page = json_pack("{s:s, s:s, s:o}", "title", "Nadir: records of collections", "description",
                             "Each collection of scenes and products is a record: search them by words, place, time and "
                             "properties.",
                             "links", links_of(rq, places, ARRAY_SIZE(places)));
    return records_answer(rq, rs, "application/json", page, json_string_value(json_object_get(page, "title")));
}

int records_conformance(struct request *rq, struct response *rs) {
    html_prefer(rq, rs);
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) json_array_append_new(list, json_string(classes[i]));
    return records_answer(rq, rs, "application/json", json_pack("{s:o}", "conformsTo", list), "Conformance");
}

/* The catalog (20-004r1 clause 9): a Collection whose items are records. */
static json_t *catalog(struct request *rq) {
    static const struct place places[] = {
        {"self", CATALOG_TYPE, RECORDS_PATH, "This catalog"},
        {"alternate", "application/json", RECORDS_PATH, "This catalog"},
        {"alternate", "text/html", RECORDS_PATH "?f=html", "This catalog as a page"},
        {"root", "application/json", "/records", "Landing page"},
        {"parent", "application/json", "/records/collections", "The catalogs"},
        {"items", GEOJSON, RECORDS_PATH "/items", "The records"},
        {"items", "text/html", RECORDS_PATH "/items?f=html", "The records as a page"},
        {"http://www.opengis.net/def/rel/ogc/1.0/queryables", SCHEMA_TYPE, RECORDS_PATH "/queryables",
         "What records can be filtered by"},
        {"http://www.opengis.net/def/rel/ogc/1.0/sortables", SCHEMA_TYPE, RECORDS_PATH "/sortables",
         "What records can be ordered by"},
        {"alternate", "application/json", "/stac/collections", "The same as STAC Collections"},
        {"alternate", "application/opensearchdescription+xml", "/opensearch/description.xml", "The same by OpenSearch"},
    };
    json_t *links = links_of(rq, places, ARRAY_SIZE(places));
    json_array_append_new(links, json_pack("{s:s, s:s}", "rel", "profile", "href", CATALOG_PROFILE));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:[s,s], s:[s], s:{s:{s:[[i,i,i,i]], s:s}, s:{s:[[n,n]]}}, "
                     "s:[{s:s, s:s}], s:o}",
                     "id", RECORDS_CATALOG, "type", "Collection", "itemType", "record", "title", "Collections of Nadir",
                     "description", "The collections of scenes and products that can be searched, looked at and ordered.",
                     "conformsTo", "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-collection", "keywords",
                     "earth observation", "satellite", "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "extent",
                     "spatial", "bbox", -180, -90, 180, 90, "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "temporal",
                     "interval", "defaultSortOrder", "field", "id", "direction", "asc", "links", links);
}

int records_catalogs(struct request *rq, struct response *rs) {
    static const struct place places[] = {{"self", "application/json", "/records/collections", "The catalogs"},
                                          {"alternate", "text/html", "/records/collections?f=html", "The catalogs as a page"},
                                          {"root", "application/json", "/records", "Landing page"}};
    html_prefer(rq, rs);
    json_t *page = json_pack("{s:[o], s:i, s:i, s:o}", "collections", catalog(rq), "numberMatched", 1, "numberReturned", 1,
                             "links", links_of(rq, places, ARRAY_SIZE(places)));
    return records_answer(rq, rs, "application/json", page, "Catalogs");
}

bool records_catalog_known(struct request *rq, struct response *rs) {
    const char *name = request_param(rq, "catalog");
    if (strcmp(name, RECORDS_CATALOG) == 0) return true;
    response_error(rs, 404, "no-such-catalog", NULL, "There is no catalog '%s': the one here is '%s'.", name, RECORDS_CATALOG);
    return false;
}

/* The type of a catalog's own (/req/record-collection/default-mediatype), or JSON for those who ask for no more than that. */
static const char *catalog_type(const struct request *rq) {
    const char *accept = request_header(rq, "accept");
    return accept && strstr(accept, "application/json") && !strstr(accept, CATALOG_TYPE) ? "application/json" : CATALOG_TYPE;
}

int records_catalog(struct request *rq, struct response *rs) {
    html_prefer(rq, rs);
    if (!records_catalog_known(rq, rs)) return 0;
    return records_answer(rq, rs, catalog_type(rq), catalog(rq), "Collections of Nadir");
}
