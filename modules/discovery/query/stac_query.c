/* stac_query.c: the query extension of STAC API: {"eo:cloud_cover": {"lt": 10, "gte": 1}}. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/query/cql2.h"

static const char VALUE_WHY[] = "compares with texts, finite numbers and booleans";

static struct expr *literal(struct scope *s, const json_t *value) {
    if (json_is_string(value)) return expr_text(s, EXPR_TEXT, json_string_value(value));
    if (json_is_boolean(value)) return expr_boolean(s, json_is_true(value));
    if (json_is_number(value) && isfinite(json_number_value(value))) return expr_number(s, json_number_value(value));
    return NULL;
}

/* A pattern of LIKE that means the text itself, with anything before or after it. */
static const char *pattern(struct scope *s, const char *before, const char *text, const char *after) {
    char *escaped = scope_alloc(s, strlen(text) * 2 + 1), *to = escaped;
    for (; *text; text++) {
        if (strchr("%_\\", *text)) *to++ = '\\';
        *to++ = *text;
    }
    return scope_printf(s, "%s%s%s", before, escaped, after);
}

static struct expr *members(struct scope *s, struct expr *property, const json_t *list) {
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > EXPR_NODES_MOST / 2) return NULL;
    struct expr **args = scope_alloc(s, (count + 1) * sizeof *args);
    args[0] = property;
    for (size_t i = 0; i < count; i++)
        if (!(args[i + 1] = literal(s, json_array_get(list, i)))) return NULL;
    struct expr *in = expr_list(s, EXPR_IN, count + 1, args);
    if (count == 0 || strcmp(property->text, "id") == 0 || strcmp(property->text, "collection") == 0) return in;
    /* Of a property that is a list ("instruments"), one of its members must be among them. */
    return expr_new(s, EXPR_OR, 2, in, expr_new(s, EXPR_A_OVERLAPS, 2, property, expr_list(s, EXPR_ARRAY, count, args + 1)));
}

/* Clients that take values from a command line send numbers as texts: such a text stands for the number as well. */
static struct expr *comparison(struct scope *s, enum expr_op op, struct expr *property, struct expr *right) {
    struct expr *compared = expr_new(s, op, 2, property, right);
    char *end;
    if (right->op != EXPR_TEXT || !*right->text || strspn(right->text, "+-.0123456789eE") != strlen(right->text))
        return compared;
    double number = strtod(right->text, &end);
    if (*end || !isfinite(number) || strcmp(property->text, "id") == 0 || strcmp(property->text, "collection") == 0)
        return compared;
    return expr_new(s, EXPR_OR, 2, compared, expr_new(s, op, 2, property, expr_number(s, number)));
}

static struct expr *matching(struct scope *s, const char *op, struct expr *property, const json_t *value) {
    const char *before = strcmp(op, "startsWith") == 0 ? "" : "%", *after = strcmp(op, "endsWith") == 0 ? "" : "%";
    if (!json_is_string(value)) return NULL;
    const char *like = pattern(s, before, json_string_value(value), after);
    return expr_pattern_bad(like) ? NULL : expr_new(s, EXPR_LIKE, 2, property, expr_text(s, EXPR_TEXT, like));
}

static struct expr *null_test(struct scope *s, enum expr_op op, struct expr *property) {
    struct expr *is = expr_new(s, EXPR_IS_NULL, 1, property);
    return op == EXPR_EQUAL ? is : expr_new(s, EXPR_NOT, 1, is);
}

static int condition(struct scope *s, const char *name, const char *op, const json_t *value, struct expr **out,
                     struct fault *f) {
    struct expr *property = expr_text(s, EXPR_PROPERTY, expr_property_name(name)), *right;
    if (strcmp(op, "in") == 0) {
        *out = members(s, property, value);
        return *out ? 0 : fault_set(f, "query", "'in' needs an array of texts, numbers and booleans");
    }
    if (strcmp(op, "startsWith") == 0 || strcmp(op, "endsWith") == 0 || strcmp(op, "contains") == 0) {
        *out = matching(s, op, property, value);
        return *out ? 0 : fault_set(f, "query", "'startsWith', 'endsWith' and 'contains' need a text of at most 1000 bytes");
    }
    static const char *const names[] = {"eq", "neq", "lt", "lte", "gt", "gte"};
    static const enum expr_op ops[] = {EXPR_EQUAL,      EXPR_NOT_EQUAL, EXPR_LESS,
                                       EXPR_LESS_EQUAL, EXPR_GREATER,   EXPR_GREATER_EQUAL};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(op, names[i]) != 0) continue;
        if (json_is_null(value) && i < 2) {
            *out = null_test(s, ops[i], property);
            return 0;
        }
        right = literal(s, value);
        if (!right) return fault_set(f, "query", VALUE_WHY);
        *out = comparison(s, ops[i], property, right);
        return 0;
    }
    return fault_set(f, "query", "has operators eq, neq, lt, lte, gt, gte, in, startsWith, endsWith and contains");
}

int stac_query_parse(struct scope *s, const json_t *json, struct expr **out, struct fault *f) {
    struct expr *list[EXPR_NODES_MOST / 3] = {NULL};
    size_t count = 0;
    const char *name, *op;
    json_t *conditions, *value;
    if (!json_is_object(json)) return fault_set(f, "query", "is an object of properties");
    json_object_foreach((json_t *)json, name, conditions) {
        if (!*name || strlen(name) > EXPR_NAME_MOST) return fault_set(f, "query", "has names of 1 to 256 bytes");
        if (!json_is_object(conditions)) return fault_set(f, "query", "has an object of operators for each property");
        json_object_foreach(conditions, op, value) {
            if (count == sizeof list / sizeof *list) return fault_set(f, "query", "has more than 666 conditions");
            int err = condition(s, name, op, value, &list[count++], f);
            if (err) return err;
        }
    }
    *out = count == 0 ? expr_boolean(s, true) : count == 1 ? list[0] : expr_list(s, EXPR_AND, count, list);
    return 0;
}
