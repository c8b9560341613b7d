/* collection_queryables.c: /stac/collections-queryables: what collections can be filtered and sorted by. */
#include "common/module.h"
#include "discovery/collections.h"

int collections_queryables(struct request *rq, struct response *rs) {
    static const struct {
        const char *name, *title;
    } texts[] = {{"id", "Identifier"},
                 {"title", "Title"},
                 {"description", "Description"},
                 {"license", "Licence (SPDX)"},
                 {"stac_version", "STAC version"}};
    json_t *properties = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        json_object_set_new(properties, texts[i].name, json_pack("{s:s, s:s}", "title", texts[i].title, "type", "string"));
    json_object_set_new(properties, "keywords",
                        json_pack("{s:s, s:s, s:{s:s}}", "title", "Keywords", "type", "array", "items", "type", "string"));
    json_object_set_new(
        properties, "datetime",
        json_pack("{s:s, s:s, s:s}", "title", "Begin of the temporal extent", "type", "string", "format", "date-time"));
    json_object_set_new(
        properties, "geometry",
        json_pack("{s:s, s:s}", "title", "Boxes of the spatial extent", "$ref", "https://geojson.org/schema/Geometry.json"));
    const char *id = scope_printf(rq->scope, "%s/stac/collections-queryables", rq->base_url);
    return response_json_as(rs, 200, "application/schema+json",
                            json_pack("{s:s, s:s, s:s, s:s, s:o, s:b}", "$schema",
                                      "https://json-schema.org/draft/2019-09/schema", "$id", id, "type", "object", "title",
                                      "Queryables of collections", "properties", properties, "additionalProperties", 1));
}
