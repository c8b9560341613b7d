/* /processing/processes: what can be run, and how it wants its inputs. */
#include <string.h>

#include "processing/service/processing.h"

static json_t *summary(const struct request *rq, const struct process *p) {
    const char *path = scope_printf(rq->scope, "/processing/processes/%s", p->id);
    json_t *links = json_array();
    (void)json_array_append_new(links, link_to(rq, "self", "application/json", "Description", path));
    (void)json_array_append_new(links, link_to(rq, "http://www.opengis.net/def/rel/ogc/1.0/execute", "application/json",
                                               "Execute", scope_printf(rq->scope, "%s/execution", path)));
    return json_pack("{s:s,s:s,s:O,s:O?,s:[s,s,s],s:[s],s:O,s:s,s:b,s:o}", "id", p->id, "version", p->version, "title",
                     json_object_get(p->manifest, "title"), "description", json_object_get(p->manifest, "description"),
                     "jobControlOptions", "sync-execute", "async-execute", "dismiss", "outputTransmission", "reference",
                     "nadir:price", json_object_get(p->manifest, "price"), "nadir:visibility",
                     p->is_public ? "public" : "private", "nadir:own",
                     p->owner && rq->auth.subject && strcmp(p->owner, rq->auth.subject) == 0, "links", links);
}

static json_t *scene_schema(const json_t *input) {
    json_t *schema = json_pack("{s:s,s:[s,s],s:{s:{s:s},s:{s:s}}}", "type", "object", "required", "collection", "item",
                               "properties", "collection", "type", "string", "item", "type", "string");
    const json_t *bands = json_object_get(input, "bands");
    (void)json_object_set_new(schema, "x-nadir-bands", bands ? json_incref((json_t *)bands) : json_array());
    return schema;
}

/* The JSON schema of an input that is no scene. */
static json_t *value_schema(const json_t *input) {
    const char *kind = json_string_value(json_object_get(input, "type"));
    static const char *const copied[] = {"minimum", "maximum", "default"};
    json_t *schema = json_pack("{s:s}", "type", strcmp(kind, "choice") == 0 ? "string" : kind);
    for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
        json_t *value = json_object_get(input, copied[i]);
        if (value) (void)json_object_set(schema, copied[i], value);
    }
    json_t *most = json_object_get(input, "max_length"), *choices = json_object_get(input, "choices");
    if (most) (void)json_object_set(schema, "maxLength", most);
    if (choices) (void)json_object_set(schema, "enum", choices);
    return schema;
}

static json_t *inputs_of(const struct process *p) {
    json_t *inputs = json_object(), *input;
    const char *name;
    json_object_foreach(json_object_get(p->manifest, "inputs"), name, input) {
        const char *kind = json_string_value(json_object_get(input, "type"));
        bool scene = strcmp(kind, "scene") == 0;
        (void)json_object_set_new(inputs, name,
                                  json_pack("{s:O,s:O?,s:i,s:i,s:o}", "title", json_object_get(input, "title"), "description",
                                            json_object_get(input, "description"), "minOccurs",
                                            json_object_get(input, "default") ? 0 : 1, "maxOccurs", 1, "schema",
                                            scene ? scene_schema(input) : value_schema(input)));
    }
    return inputs;
}

static json_t *outputs_of(const struct process *p) {
    const json_t *output = json_object_get(p->manifest, "output");
    return json_pack("{s:{s:O,s:{s:s,s:s,s:s}},s:{s:s,s:{s:s,s:s}}}", json_string_value(json_object_get(output, "key")),
                     "title", json_object_get(output, "title"), "schema", "type", "string", "contentEncoding", "binary",
                     "contentMediaType", COG_TYPE, "item", "title", "The STAC item of the result", "schema", "type", "object",
                     "contentMediaType", "application/geo+json");
}

int processes_list(struct request *rq, struct response *rs) {
    int64_t limit;
    struct process *list;
    int count;
    bool more;
    if (request_arg_int(rq, rs, "limit", 1, 1000000, 50, &limit)) return 0;
    if (limit > 500) limit = 500; /* a greater number means "many" (OGC 18-062r2, 7.9) */
    int err = process_list(rq->scope, &rq->auth, request_arg(rq, "token"), (int)limit, &list, &count, &more);
    if (err) return err;
    json_t *processes = json_array(), *links = json_array();
    for (int i = 0; i < count; i++) (void)json_array_append_new(processes, summary(rq, &list[i]));
    (void)json_array_append_new(links, link_to(rq, "self", "application/json", "This list", "/processing/processes"));
    if (more) (void)json_array_append_new(links, response_next_link(rq, "application/json", list[count - 1].id));
    return response_json(rs, 200, json_pack("{s:o,s:o}", "processes", processes, "links", links));
}

int processes_get(struct request *rq, struct response *rs) {
    struct process p;
    int err = process_find(rq->scope, &rq->auth, request_param(rq, "process"), &p);
    if (err == NADIR_ENOTFOUND) {
        return ogc_exception(rs, 404, "no-such-process",
                             "There is no such process; /processing/processes lists what there is.");
    }
    if (err) return err;
    json_t *description = summary(rq, &p);
    (void)json_object_set_new(description, "inputs", inputs_of(&p));
    (void)json_object_set_new(description, "outputs", outputs_of(&p));
    (void)json_object_set(description, "nadir:limits", json_object_get(p.manifest, "limits"));
    return response_json(rs, 200, description);
}
