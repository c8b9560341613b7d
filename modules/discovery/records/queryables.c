/* queryables.c: …/queryables and …/sortables: by which properties records are found and ordered. */
#include <string.h>

#include "common/module.h"
#include "discovery/records/records.h"

static const struct {
    const char *name, *column; /* the record's name; under which the store has it (migrations/discovery/006) */
    const char *title, *type, *format;
    bool sortable;
} properties[] = {
    {"id", "id", "Identifier", "string", NULL, true},
    {"type", "record:type", "Kind of resource", "string", NULL, true},
    {"title", "title", "Title", "string", NULL, true},
    {"description", "description", "Description", "string", NULL, false},
    {"keywords", "keywords", "Keywords", "array", NULL, false},
    {"license", "license", "Licence", "string", NULL, true},
    {"created", "created", "When the record was made", "string", "date-time", true},
    {"updated", "updated", "When the record was last changed", "string", "date-time", true},
    {"geometry", "geometry", "Where", NULL, "geometry-any", false},
    {"time", "datetime", "Begin of the time", "string", "date-time", true},
    {"externalIds", "record:external_ids", "Identifiers that others gave: value, scheme:value or scheme", "array", NULL, false},
    {"contacts", "record:organisations", "Organisations", "array", NULL, false},
    {"platform", "platform", "Satellites", "array", NULL, false},
    {"constellation", "constellation", "Constellations", "array", NULL, false},
    {"instruments", "instruments", "Instruments", "array", NULL, false},
    {"processing:level", "processing:level", "Levels of processing", "array", NULL, false},
};

const char *record_property(const char *name, bool sortable) {
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
        if (strcmp(properties[i].name, name) == 0 && (properties[i].sortable || !sortable)) return properties[i].column;
    return NULL;
}

int record_filter_rename(struct expr *filter, struct fault *f) {
    if (!filter) return 0;
    if (filter->op == EXPR_PROPERTY) {
        const char *column = record_property(filter->text, false);
        if (!column) return fault_set(f, "filter", "names a property that is no queryable: …/queryables lists them");
        filter->text = column;
    }
    for (size_t i = 0; i < filter->count; i++)
        if (record_filter_rename(filter->args[i], f)) return NADIR_EINVAL;
    return 0;
}

static int schema_answer(struct request *rq, struct response *rs, const char *title, const char *path, bool sortable) {
    json_t *members = json_object();
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
        if (sortable && !properties[i].sortable) continue;
        json_t *member = json_pack("{s:s, s:s*, s:s*}", "title", properties[i].title, "type", properties[i].type, "format",
                                   properties[i].format);
        if (properties[i].type && strcmp(properties[i].type, "array") == 0)
            json_object_set_new(member, "items", json_pack("{s:s}", "type", "string"));
        if (strcmp(properties[i].name, "type") == 0) json_object_set_new(member, "enum", json_pack("[s]", "dataset"));
        json_object_set_new(members, properties[i].name, member);
    }
    return records_answer(rq, rs, SCHEMA_TYPE,
                          json_pack("{s:s, s:s, s:s, s:s, s:o, s:b}", "$schema", "https://json-schema.org/draft/2019-09/schema",
                                    "$id", scope_printf(rq->scope, "%s" RECORDS_PATH "/%s", rq->base_url, path), "title", title,
                                    "type", "object", "properties", members, "additionalProperties", 0),
                          title);
}

int records_queryables(struct request *rq, struct response *rs) {
    html_prefer(rq, rs);
    if (!records_catalog_known(rq, rs)) return 0;
    return schema_answer(rq, rs, "What records can be filtered by", "queryables", false);
}

int records_sortables(struct request *rq, struct response *rs) {
    html_prefer(rq, rs);
    if (!records_catalog_known(rq, rs)) return 0;
    return schema_answer(rq, rs, "What records can be ordered by", "sortables", true);
}
