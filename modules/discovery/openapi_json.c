/* openapi_json.c: the description of the API as OpenAPI 3.0 in JSON, which GDAL, QGIS and OWSLib look for; it is written as
 * OpenAPI 3.1 in YAML. What 3.1 has and 3.0 has not is said in 3.0's words: const is an enum of one, a type "or null" is
 * nullable, and a choice of types is any type.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "discovery/stac.h"

#define DEPTH_MOST 100

static json_t *scalar(const yaml_node_t *node) {
    const char *text = (const char *)node->data.scalar.value;
    char *end;
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return json_string(text);
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) return json_boolean(*text == 't');
    if (strcmp(text, "null") == 0 || !*text) return json_null();
    if (!strchr("-0123456789", *text)) return json_string(text);
    long long whole = strtoll(text, &end, 10);
    if (!*end) return json_integer(whole);
    double number = strtod(text, &end);
    return *end ? json_string(text) : json_real(number);
}

static json_t *from_yaml(yaml_document_t *document, const yaml_node_t *node, int depth) {
    if (!node || depth > DEPTH_MOST) return json_null();
    if (node->type == YAML_SCALAR_NODE) return scalar(node);
    if (node->type == YAML_SEQUENCE_NODE) {
        json_t *list = json_array();
        for (const yaml_node_item_t *at = node->data.sequence.items.start; at < node->data.sequence.items.top; at++)
            json_array_append_new(list, from_yaml(document, yaml_document_get_node(document, *at), depth + 1));
        return list;
    }
    json_t *object = json_object();
    for (const yaml_node_pair_t *at = node->data.mapping.pairs.start; at < node->data.mapping.pairs.top; at++) {
        const yaml_node_t *key = yaml_document_get_node(document, at->key);
        if (key && key->type == YAML_SCALAR_NODE)
            json_object_set_new(object, (const char *)key->data.scalar.value,
                                from_yaml(document, yaml_document_get_node(document, at->value), depth + 1));
    }
    return object;
}

/* ["string", "null"] */
static void type_older(json_t *schema, const json_t *types) {
    const char *only = NULL;
    size_t at, named = 0;
    const json_t *type;
    json_array_foreach((json_t *)types, at, type) {
        if (strcmp(json_string_value(type) ? json_string_value(type) : "", "null") == 0) {
            json_object_set_new(schema, "nullable", json_true());
        } else {
            only = json_string_value(type);
            named++;
        }
    }
    if (named == 1 && only)
        json_object_set_new(schema, "type", json_string(only));
    else
        json_object_del(schema, "type");
}

static void older(json_t *value) {
    size_t at;
    const char *key;
    json_t *member;
    if (json_is_array(value)) {
        json_array_foreach(value, at, member) older(member);
        return;
    }
    if (!json_is_object(value)) return;
    json_t *fixed = json_object_get(value, "const"), *types = json_object_get(value, "type");
    if (fixed && !json_is_object(fixed)) {
        json_object_set_new(value, "enum", json_pack("[O]", fixed));
        json_object_del(value, "const");
    }
    if (json_is_array(types)) type_older(value, types);
    json_object_foreach(value, key, member) older(member);
}

json_t *openapi_json(const char *yaml, size_t len) {
    yaml_parser_t parser;
    yaml_document_t document;
    json_t *json = NULL;
    if (!yaml_parser_initialize(&parser)) return NULL;
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, len);
    if (yaml_parser_load(&parser, &document)) {
        json = from_yaml(&document, yaml_document_get_root_node(&document), 0);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    json_object_set_new(json, "openapi", json_string("3.0.3"));
    json_object_del(json_object_get(json_object_get(json, "info"), "license"), "identifier");
    older(json);
    return json;
}
