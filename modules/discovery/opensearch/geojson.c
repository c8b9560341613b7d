/* geojson.c: answers as GeoJSON the way OGC 17-047 (OpenSearch-EO GeoJSON(-LD) response encoding) writes Earth Observation. */
#include <string.h>

#include "discovery/opensearch/opensearch.h"
#include "discovery/records/records.h"

#define PROFILE "http://www.opengis.net/spec/eo-geojson/1.0"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* Links lie in lists by what they are for (17-047, 7.1.4 and table 8). */
static const char *list_name(const char *rel) {
    static const struct {
        const char *rel, *list;
    } lists[] = {
        {"enclosure", "data"}, {"icon", "previews"}, {"alternate", "alternates"}, {"license", "rights"}, {"self", "self"},
        {"search", "search"},  {"first", "first"},   {"previous", "previous"},    {"next", "next"},      {"last", "last"},
        {"up", "up"},          {"via", "via"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].rel, rel) == 0) return lists[i].list;
    return "related";
}

static json_t *links_object(const struct feed_link *list, size_t count) {
    json_t *links = json_pack("{s:[{s:s}]}", "profiles", "href", PROFILE);
    for (size_t i = 0; i < count; i++) {
        const char *name = list_name(list[i].rel);
        json_t *link = json_pack("{s:s, s:s, s:s*}", "href", list[i].href, "type", list[i].type, "title", list[i].title);
        if (list[i].length > 0) json_object_set_new(link, "length", json_integer(list[i].length));
        if (!json_object_get(links, name)) json_object_set_new(links, name, json_array());
        json_array_append_new(json_object_get(links, name), link);
    }
    return links;
}

/* Copies members under other names; those that are absent stay absent. */
struct renamed {
    const char *to, *from;
};

static json_t *renamed(const json_t *properties, const struct renamed *names, size_t count) {
    json_t *out = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(properties, names[i].from);
        if (value && !json_is_null(value) && !json_object_get(out, names[i].to)) json_object_set(out, names[i].to, value);
    }
    return out;
}

static json_t *instrument(const json_t *properties) {
    const json_t *first = json_array_get(json_object_get(properties, "instruments"), 0);
    bool radar = json_object_get(properties, "sar:instrument_mode") || json_object_get(properties, "sar:polarizations");
    if (!first) return NULL;
    return json_pack("{s:O, s:s*}", "instrumentShortName", first, "sensorType",
                     radar                                           ? "RADAR"
                     : json_object_get(properties, "eo:cloud_cover") ? "OPTICAL"
                                                                     : NULL);
}

/* 17-047 table 11. */
static json_t *acquisition(const json_t *properties) {
    static const struct renamed parameters[] = {
        {"orbitNumber", "sat:absolute_orbit"},
        {"relativeOrbitNumber", "sat:relative_orbit"},
        {"orbitDirection", "sat:orbit_state"},
        {"operationalMode", "sar:instrument_mode"},
        {"polarisationChannels", "sar:polarizations"},
        {"antennaLookDirection", "sar:observation_direction"},
        {"resolution", "gsd"},
        {"beginningDateTime", "start_datetime"},
        {"beginningDateTime", "datetime"},
        {"endingDateTime", "end_datetime"},
        {"endingDateTime", "datetime"},
        {"incidenceAngle", "view:incidence_angle"},
    };
    static const struct renamed angles[] = {{"illuminationAzimuthAngle", "view:sun_azimuth"},
                                            {"illuminationElevationAngle", "view:sun_elevation"}};
    const json_t *platform = json_object_get(properties, "platform");
    json_t *one = json_object(), *values = renamed(properties, parameters, sizeof parameters / sizeof *parameters);
    json_t *sun = renamed(properties, angles, sizeof angles / sizeof *angles), *sensor = instrument(properties);
    json_object_set_new(values, "acquisitionAngles", sun);
    if (json_object_size(sun) == 0) json_object_del(values, "acquisitionAngles");
    if (json_is_string(platform)) json_object_set_new(one, "platform", json_pack("{s:O}", "platformShortName", platform));
    if (sensor) json_object_set_new(one, "instrument", sensor);
    json_object_set_new(one, "acquisitionParameters", values);
    return json_pack("[o]", one);
}

/* 17-047 table 13. */
static json_t *product(const json_t *properties) {
    static const struct renamed names[] = {
        {"productType", "product:type"},
        {"productType", "sar:product_type"},
        {"productType", "s2:product_type"},
        {"processingLevel", "processing:level"},
        {"processingLevel", "s2:processing_level"},
        {"processingCenter", "processing:facility"},
        {"processingDate", "processing:datetime"},
        {"productVersion", "version"},
        {"cloudCover", "eo:cloud_cover"},
        {"snowCover", "eo:snow_cover"},
        {"timeliness", "product:timeliness"},
    };
    return renamed(properties, names, sizeof names / sizeof *names);
}

static json_t *feature(const struct feed *feed, const json_t *entry) {
    struct scope *s = feed->rq->scope;
    struct feed_link list[FEED_LINKS_MOST];
    const json_t *own = json_object_get(entry, "properties");
    const char *id = text_of(entry, "id"), *title = text_of(own ? own : entry, "title");
    json_t *bbox, *geometry;
    json_t *properties = json_pack("{s:s, s:s, s:s*, s:s, s:s*, s:s*}", "title", title ? title : id, "identifier", id, "date",
                                   entry_date(s, entry), "updated", entry_updated(entry), "published",
                                   text_of(own, "published"), "created", text_of(own, "created"));
    if (feed->collections) {
        geometry = extent_geometry(entry);
        bbox = json_array_get(json_object_get(json_object_get(json_object_get(entry, "extent"), "spatial"), "bbox"), 0);
        json_object_set_new(properties, "kind", json_string("http://purl.org/dc/dcmitype/Collection"));
        json_object_set_new(properties, "abstract", json_string(text_of(entry, "description")));
        json_object_set_new(properties, "license", json_string(text_of(entry, "license")));
        if (json_object_get(entry, "keywords")) json_object_set(properties, "keyword", json_object_get(entry, "keywords"));
    } else {
        bbox = json_object_get(entry, "bbox");
        geometry = json_incref(json_object_get(entry, "geometry"));
        json_object_set_new(properties, "kind", json_string("http://purl.org/dc/dcmitype/Dataset"));
        json_object_set_new(properties, "status", json_string("ARCHIVED"));
        json_object_set_new(properties, "collection", json_string(text_of(entry, "collection")));
        json_object_set_new(properties, "parentIdentifier", json_string(text_of(entry, "collection")));
        json_object_set_new(properties, "acquisitionInformation", acquisition(own));
        json_object_set_new(properties, "productInformation", product(own));
    }
    json_object_set_new(properties, "links", links_object(list, entry_links(feed, entry, list)));
    return json_pack("{s:s, s:s, s:o, s:O*, s:o}", "type", "Feature", "id", entry_address(feed, entry), "geometry",
                     geometry ? geometry : json_null(), "bbox", bbox, "properties", properties);
}

/* The request's arguments, as they were understood to be sent. */
static json_t *queries(const struct feed *feed) {
    json_t *request = json_object();
    for (size_t i = 0; i < feed->rq->args.count; i++)
        if (*feed->rq->args.list[i].value)
            json_object_set_new(request, feed->rq->args.list[i].name, json_string(feed->rq->args.list[i].value));
    return json_pack("{s:o}", "request", request);
}

static int answer(struct response *rs, struct scope *s, json_t *document) {
    return response_text(rs, 200, GEOJSON, json_line(s, scope_json(s, document)));
}

int eo_geojson_answer(struct response *rs, const struct feed *feed) {
    struct feed_link list[FEED_LINKS_MOST];
    size_t count = feed_links(feed, list);
    json_t *features = json_array();
    for (size_t i = 0; i < feed->count; i++) json_array_append_new(features, feature(feed, feed->entries[i]));
    json_t *properties =
        json_pack("{s:s, s:s, s:s, s:s*, s:o}", "title", feed->title, "lang", "en", "creator", "Nadir", "subtitle",
                  feed->estimated ? "The number of results is an estimate" : NULL, "links", links_object(list, count));
    json_t *page = json_pack("{s:s, s:s, s:I, s:i, s:o, s:o, s:o}", "type", "FeatureCollection", "id", list[0].href,
                             "startIndex", (json_int_t)feed->search->start, "itemsPerPage", feed->search->query.limit,
                             "queries", queries(feed), "properties", properties, "features", features);
    if (feed->total >= 0) json_object_set_new(page, "totalResults", json_integer(feed->total));
    return answer(rs, feed->rq->scope, page);
}

int eo_geojson_entry_answer(struct response *rs, const struct feed *feed) {
    return answer(rs, feed->rq->scope, feature(feed, feed->entries[0]));
}
