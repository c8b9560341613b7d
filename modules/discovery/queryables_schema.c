/* queryables_schema.c: from what items hold to the JSON Schema of what filters can name. */
#include <string.h>

#include "discovery/queryables.h"

#define VALUES_MOST 20 /* texts that are listed, as in migrations/discovery/009 */

/* ---- merging ---- */

static void list_merge(json_t *into, const json_t *list) {
    size_t i, j;
    json_t *value, *held;
    json_array_foreach((json_t *)list, i, value) {
        bool there = false;
        json_array_foreach(into, j, held) there = there || json_equal(held, value);
        if (!there) json_array_append(into, value);
    }
}

static void bound_merge(json_t *into, const json_t *from, const char *key, bool least) {
    const json_t *a = json_object_get(into, key);
    json_t *b = json_object_get(from, key);
    if (!b) return;
    bool wider = !a || (least ? json_number_value(b) < json_number_value(a) : json_number_value(b) > json_number_value(a));
    if (wider) json_object_set(into, key, b);
}

static json_int_t texts(const json_t *kinds) {
    return json_integer_value(json_object_get(kinds, "texts"));
}

static void kinds_merge(json_t *into, const json_t *kinds) {
    json_t *values = json_object_get(into, "values"), *more = json_object_get(kinds, "values");
    bool times = (texts(into) == 0 || json_is_true(json_object_get(into, "time"))) &&
                 (texts(kinds) == 0 || json_is_true(json_object_get(kinds, "time")));
    /* Listed on one side and too many on the other: too many. Without texts there is nothing to list. */
    if (texts(into) > 0 && texts(kinds) > 0 && (!values || !more))
        json_object_del(into, "values");
    else if (values && more)
        list_merge(values, more);
    else if (more)
        json_object_set_new(into, "values", json_copy(more));
    if (json_array_size(json_object_get(into, "values")) > VALUES_MOST) json_object_del(into, "values");
    bound_merge(into, kinds, "least", true);
    bound_merge(into, kinds, "most", false);
    list_merge(json_object_get(into, "types"), json_object_get(kinds, "types"));
    json_object_set_new(into, "time", json_boolean(times && texts(into) + texts(kinds) > 0));
    json_object_set_new(into, "texts", json_integer(texts(into) + texts(kinds)));
}

void summary_merge(json_t *into, const json_t *summary) {
    const char *name;
    json_t *kinds;
    json_object_foreach((json_t *)summary, name, kinds) {
        json_t *held = json_object_get(into, name), *items = json_object_get(kinds, "items");
        if (!held) {
            json_object_set_new(into, name, json_deep_copy(kinds));
            continue;
        }
        kinds_merge(held, kinds);
        json_t *held_items = json_object_get(held, "items");
        if (items && held_items)
            kinds_merge(held_items, items);
        else if (items)
            json_object_set_new(held, "items", json_deep_copy(items));
    }
}

/* ---- the schema ---- */

/* A list is worth giving when its texts come again and again; else it is a list of names. */
static bool enumerable(const json_t *kinds) {
    size_t count = json_array_size(json_object_get(kinds, "values"));
    return count > 0 && texts(kinds) >= 2 * (json_int_t)count && json_array_size(json_object_get(kinds, "types")) == 1;
}

static json_t *kinds_schema(const json_t *kinds) {
    const json_t *types = json_object_get(kinds, "types"), *items = json_object_get(kinds, "items");
    json_t *schema = json_object();
    if (json_array_size(types) == 1)
        json_object_set(schema, "type", json_array_get(types, 0));
    else
        json_object_set(schema, "type", (json_t *)types);
    if (json_is_true(json_object_get(kinds, "time")))
        json_object_set_new(schema, "format", json_string("date-time"));
    else if (enumerable(kinds))
        json_object_set(schema, "enum", json_object_get(kinds, "values"));
    if (json_object_get(kinds, "least")) {
        json_object_set(schema, "minimum", json_object_get(kinds, "least"));
        json_object_set(schema, "maximum", json_object_get(kinds, "most"));
    }
    if (items) json_object_set_new(schema, "items", kinds_schema(items));
    return schema;
}

static json_t *own_members(void) {
    return json_pack("{s:{s:s,s:s}, s:{s:s,s:s}, s:{s:s,s:s}, s:{s:s,s:s,s:s}}", "id", "title", "Item identifier", "type",
                     "string", "collection", "title", "Collection identifier", "type", "string", "geometry", "title",
                     "Footprint", "$ref", "https://geojson.org/schema/Geometry.json", "datetime", "title",
                     "Time of acquisition", "type", "string", "format", "date-time");
}

json_t *queryables_schema(const json_t *summary) {
    json_t *properties = own_members();
    const char *name;
    json_t *kinds;
    json_object_foreach((json_t *)summary, name, kinds) {
        if (json_object_get(properties, name)) continue;
        json_t *schema = kinds_schema(kinds);
        json_object_set_new(schema, "title", json_string(name));
        json_object_set_new(properties, name, schema);
    }
    return properties;
}
