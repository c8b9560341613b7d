/* attributes.c: CDSE's attribute names and the STAC properties they stand for. */
#include <ctype.h>
#include <string.h>

#include "discovery/odata/odata.h"
#include "discovery/query/cql2.h"

/* How CDSE writes what STAC has. */
enum attribute_form {
    AS_IT_IS,
    UPPER,  /* DESCENDING for descending: compared without case */
    TILE,   /* 31TCJ for MGRS-31TCJ */
    LIST,   /* VV&VH for ["VV", "VH"]; compared without case */
    LETTER, /* A for sentinel-2a */
};

struct attribute {
    const char *name, *type; /* Edm type without its prefix */
    enum attribute_form form;
    const char *properties[4]; /* the first that an item has counts */
};

static const struct attribute attributes[] = {
    {"beginningDateTime", "DateTimeOffset", AS_IT_IS, {"start_datetime", "datetime"}},
    {"endingDateTime", "DateTimeOffset", AS_IT_IS, {"end_datetime", "datetime"}},
    {"cloudCover", "Double", AS_IT_IS, {"eo:cloud_cover"}},
    {"snowCover", "Double", AS_IT_IS, {"eo:snow_cover"}},
    {"productType", "String", AS_IT_IS, {"product:type", "s2:product_type", "sar:product_type"}},
    {"processingLevel", "String", AS_IT_IS, {"processing:level", "s1:processing_level"}},
    {"processingBaseline", "String", AS_IT_IS, {"s2:processing_baseline"}},
    {"processorVersion", "String", AS_IT_IS, {"processing:version"}},
    {"processingCenter", "String", AS_IT_IS, {"processing:facility"}},
    {"processingDate", "DateTimeOffset", AS_IT_IS, {"processing:datetime", "s2:generation_time", "s1:processing_datetime"}},
    {"platformShortName", "String", UPPER, {"constellation"}},
    {"platformSerialIdentifier", "String", LETTER, {"platform"}},
    {"instrumentShortName", "String", LIST, {"instruments"}},
    {"orbitDirection", "String", UPPER, {"sat:orbit_state"}},
    {"orbitNumber", "Integer", AS_IT_IS, {"sat:absolute_orbit"}},
    {"relativeOrbitNumber", "Integer", AS_IT_IS, {"sat:relative_orbit"}},
    {"tileId", "String", TILE, {"grid:code", "s2:mgrs_tile"}},
    {"granuleIdentifier", "String", AS_IT_IS, {"s2:granule_id", "s2:tile_id"}},
    {"datastripId", "String", AS_IT_IS, {"s2:datastrip_id"}},
    {"productGroupId", "String", AS_IT_IS, {"s2:datatake_id"}},
    {"datatakeID", "Integer", AS_IT_IS, {"s1:datatake_id"}},
    {"sliceNumber", "Integer", AS_IT_IS, {"s1:slice_number"}},
    {"totalSlices", "Integer", AS_IT_IS, {"s1:total_slices"}},
    {"operationalMode", "String", AS_IT_IS, {"sar:instrument_mode", "s2:instrument_mode"}},
    {"polarisationChannels", "String", LIST, {"sar:polarizations"}},
    {"timeliness", "String", AS_IT_IS, {"product:timeliness_category", "s1:product_timeliness"}},
    {"illuminationAzimuthAngle", "Double", AS_IT_IS, {"view:sun_azimuth"}},
    {"illuminationElevationAngle", "Double", AS_IT_IS, {"view:sun_elevation"}},
    {"resolution", "Double", AS_IT_IS, {"gsd"}},
};

static const struct attribute *find(const char *name) {
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (strcmp(attributes[i].name, name) == 0) return &attributes[i];
    return NULL;
}

/* ---- conditions ---- */

static struct expr *property(struct scope *s, const char *name) {
    return expr_text(s, EXPR_PROPERTY, expr_property_name(name));
}

static struct expr *present(struct scope *s, const char *name) {
    return expr_new(s, EXPR_NOT, 1, expr_new(s, EXPR_IS_NULL, 1, property(s, name)));
}

static struct expr *compare(struct scope *s, struct expr *what, enum expr_op op, size_t count, struct expr *const *values) {
    struct expr **args = scope_alloc(s, (count + 1) * sizeof(void *));
    args[0] = what;
    memcpy(args + 1, values, count * sizeof(void *));
    return expr_list(s, op, count + 1, args);
}

struct expr *first_of(struct scope *s, const char *const *properties, enum expr_op op, size_t count,
                      struct expr *const *values) {
    struct expr *own = compare(s, property(s, properties[0]), op, count, values);
    if (!properties[1]) return own;
    struct expr *others = first_of(s, properties + 1, op, count, values);
    return expr_new(s, EXPR_OR, 2, expr_new(s, EXPR_AND, 2, present(s, properties[0]), own),
                    expr_new(s, EXPR_AND, 2, expr_new(s, EXPR_IS_NULL, 1, property(s, properties[0])), others));
}

static char *cased(struct scope *s, const char *text, int (*to)(int)) {
    char *out = scope_strdup(s, text);
    for (char *c = out; *c; c++) *c = (char)to((unsigned char)*c);
    return out;
}

static struct expr *text_of(struct scope *s, const char *text) {
    return expr_text(s, EXPR_TEXT, text);
}

/* Compared without regard to case. */
static struct expr *caseless(struct scope *s, const char *name, enum expr_op op, size_t count, struct expr *const *values) {
    struct expr **folded = scope_alloc(s, count * sizeof(void *));
    for (size_t i = 0; i < count; i++) folded[i] = expr_new(s, EXPR_CASEI, 1, values[i]);
    return compare(s, expr_new(s, EXPR_CASEI, 1, property(s, name)), op, count, folded);
}

/* The parts of "VV&VH" as an array, in the case that `to` makes. */
static struct expr *parts(struct scope *s, const char *text, int (*to)(int)) {
    struct expr *list[16];
    size_t count = 0;
    char *rest = cased(s, text, to), *part;
    while (count < 16 && (part = strsep(&rest, "&"))) list[count++] = text_of(s, part);
    return expr_list(s, EXPR_ARRAY, count, list);
}

static struct expr *same_parts(struct scope *s, const char *name, struct expr *list) {
    return expr_new(s, EXPR_AND, 2, expr_new(s, EXPR_A_CONTAINS, 2, property(s, name), list),
                    expr_new(s, EXPR_A_CONTAINED_BY, 2, property(s, name), list));
}

/* The same members, in whatever order and case. */
static struct expr *list_equal(struct scope *s, const char *name, const char *text) {
    return expr_new(s, EXPR_OR, 2, same_parts(s, name, parts(s, text, toupper)), same_parts(s, name, parts(s, text, tolower)));
}

/* The platform's name ends so: "A" for sentinel-2a. */
static struct expr *letter_equal(struct scope *s, const char *name, const char *text) {
    if (strlen(text) > 8 || strpbrk(text, "%_\\")) return expr_new(s, EXPR_IS_NULL, 1, property(s, "id"));
    return expr_new(s, EXPR_LIKE, 2, expr_new(s, EXPR_CASEI, 1, property(s, name)),
                    expr_new(s, EXPR_CASEI, 1, text_of(s, scope_printf(s, "%%%s", text))));
}

/* Lists and letters can only be equal or not, one value at a time. */
static struct expr *equal_one(struct scope *s, const struct attribute *a, enum expr_op op, size_t count,
                              struct expr *const *values, struct fault *f) {
    struct expr *any = NULL;
    for (size_t i = 0; i < count; i++) {
        if (values[i]->op != EXPR_TEXT || (op != EXPR_EQUAL && op != EXPR_NOT_EQUAL && op != EXPR_IN)) {
            fault_set(f, "$filter", scope_printf(s, "%s can only be compared with texts by eq, ne and in", a->name));
            return NULL;
        }
        struct expr *one = a->form == LIST ? list_equal(s, a->properties[0], values[i]->text)
                                           : letter_equal(s, a->properties[0], values[i]->text);
        any = any ? expr_new(s, EXPR_OR, 2, any, one) : one;
    }
    return op == EXPR_NOT_EQUAL ? expr_new(s, EXPR_NOT, 1, any) : any;
}

/* grid:code has the grid's name before the tile's. */
static struct expr *tile_condition(struct scope *s, const struct attribute *a, enum expr_op op, size_t count,
                                   struct expr *const *values) {
    struct expr **coded = scope_alloc(s, count * sizeof(void *));
    for (size_t i = 0; i < count; i++)
        coded[i] = values[i]->op == EXPR_TEXT ? text_of(s, scope_printf(s, "MGRS-%s", values[i]->text)) : values[i];
    struct expr *code = compare(s, property(s, a->properties[0]), op, count, coded);
    struct expr *tile = compare(s, property(s, a->properties[1]), op, count, values);
    return expr_new(s, EXPR_OR, 2, expr_new(s, EXPR_AND, 2, present(s, a->properties[0]), code),
                    expr_new(s, EXPR_AND, 2, expr_new(s, EXPR_IS_NULL, 1, property(s, a->properties[0])), tile));
}

struct expr *attribute_condition(struct scope *s, const char *name, enum expr_op op, size_t count, struct expr *const *values,
                                 struct fault *f) {
    const struct attribute *a = find(name);
    if (!a) return compare(s, property(s, name), op, count, values);
    switch (a->form) {
    case UPPER:
        return caseless(s, a->properties[0], op, count, values);
    case TILE:
        return tile_condition(s, a, op, count, values);
    case LIST:
    case LETTER:
        return equal_one(s, a, op, count, values, f);
    case AS_IT_IS:
        break;
    }
    return first_of(s, a->properties, op, count, values);
}

struct expr *attribute_present(struct scope *s, const char *name) {
    const struct attribute *a = find(name);
    if (!a) return present(s, name);
    struct expr *any = present(s, a->properties[0]);
    for (size_t i = 1; a->properties[i]; i++) any = expr_new(s, EXPR_OR, 2, any, present(s, a->properties[i]));
    return any;
}

/* ---- listing ---- */

static void append(json_t *list, struct scope *s, const char *name, const char *type, json_t *value) {
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:o, s:s}", "@odata.type", scope_printf(s, "#OData.CSC.%sAttribute", type),
                                    "Name", name, "Value", value, "ValueType", type));
}

/* Texts of an array joined by '&'; NULL if it holds anything else. */
static json_t *joined(struct scope *s, const json_t *array, bool upper) {
    const json_t *part;
    size_t at;
    const char *text = NULL;
    json_array_foreach((json_t *)array, at, part) {
        if (!json_is_string(part) || at >= 16) return NULL;
        text = text ? scope_printf(s, "%s&%s", text, json_string_value(part)) : json_string_value(part);
    }
    return text ? json_string(upper ? cased(s, text, toupper) : text) : NULL;
}

/* The value as CDSE writes it; NULL where the property is of another kind. */
static json_t *formed(struct scope *s, const struct attribute *a, const json_t *value) {
    const char *text = json_string_value(value);
    switch (a->form) {
    case UPPER:
        return text ? json_string(cased(s, text, toupper)) : NULL;
    case TILE:
        return text ? json_string(strncmp(text, "MGRS-", 5) == 0 ? text + 5 : text) : NULL;
    case LIST:
        return json_is_array(value) ? joined(s, value, true) : NULL;
    case LETTER:
        return text && *text ? json_string(cased(s, text + strlen(text) - 1, toupper)) : NULL;
    case AS_IT_IS:
        break;
    }
    if (strcmp(a->type, "Double") == 0) return json_is_number(value) ? json_real(json_number_value(value)) : NULL;
    if (strcmp(a->type, "Integer") == 0 && json_is_integer(value)) return json_integer(json_integer_value(value));
    return text ? json_string(text) : NULL;
}

/* A property without a name in CDSE. */
static void append_own(json_t *list, struct scope *s, const char *name, json_t *value) {
    char instant[INSTANT_SIZE];
    json_t *texts;
    if (json_is_boolean(value))
        append(list, s, name, "Boolean", json_incref(value));
    else if (json_is_integer(value))
        append(list, s, name, "Integer", json_incref(value));
    else if (json_is_real(value))
        append(list, s, name, "Double", json_incref(value));
    else if (json_is_string(value))
        append(list, s, name,
               instant_parse(json_string_value(value), json_string_length(value), instant) ? "String" : "DateTimeOffset",
               json_incref(value));
    else if (json_is_array(value) && (texts = joined(s, value, false)))
        append(list, s, name, "String", texts);
}

static bool listed_before(const json_t *taken, const char *name) {
    return json_object_get(taken, name) != NULL;
}

json_t *attributes_write(struct scope *s, const json_t *item) {
    json_t *properties = json_object_get(item, "properties"), *value, *list = json_array();
    json_t *taken = scope_json(s, json_object());
    const char *name;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        const struct attribute *a = &attributes[i];
        for (size_t p = 0; p < 4 && a->properties[p]; p++) {
            if (!(value = json_object_get(properties, a->properties[p])) || json_is_null(value)) continue;
            json_t *shown = formed(s, a, value);
            if (shown) {
                append(list, s, a->name, json_is_string(shown) && strcmp(a->type, "Integer") == 0 ? "String" : a->type, shown);
                json_object_set_new(taken, a->properties[p], json_true());
            }
            break;
        }
    }
    json_object_foreach(properties, name, value) {
        if (!listed_before(taken, name)) append_own(list, s, name, value);
    }
    return list;
}

json_t *attributes_known(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "Name", attributes[i].name, "ValueType", attributes[i].type));
    return list;
}
