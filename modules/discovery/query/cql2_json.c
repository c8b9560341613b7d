/* cql2_json.c: reads CQL2 JSON (OGC 21-065r2, Annex C) and the drafts of it that clients still send. */
#include <math.h>
#include <string.h>

#include "common/geo.h"
#include "discovery/query/cql2.h"
#include "discovery/query/geometry.h"

struct reader {
    struct scope *scope;
    struct fault *fault;
    int depth;
    size_t nodes;
    size_t path[EXPR_DEPTH_MOST]; /* which argument of which, for faults */
};

/* These return NULL after a fault. */
static struct expr *read(struct reader *r, const json_t *json);

/* JSON has no characters left to count: a fault names the place as args[1].args[0]. */
static struct expr *fail(struct reader *r, const char *why) {
    const char *place = "";
    for (int i = 1; i < r->depth && i < EXPR_DEPTH_MOST; i++)
        place = scope_printf(r->scope, "%s%sargs[%zu]", place, *place ? "." : "", r->path[i]);
    fault_set(r->fault, "filter", scope_printf(r->scope, "at %s: %s", *place ? place : "the top", why));
    return NULL;
}

static struct expr *node(struct reader *r, struct expr *e) {
    if (++r->nodes > EXPR_NODES_MOST) return fail(r, "the filter has more than 2000 parts");
    const char *why = expr_misfit(e);
    return why ? fail(r, why) : e;
}

/* ---- values ---- */

static struct expr *read_property(struct reader *r, const json_t *name) {
    size_t len = json_string_length(name);
    if (len == 0 || len > EXPR_NAME_MOST) return fail(r, "a property's name has 1 to 256 bytes");
    return node(r, expr_text(r->scope, EXPR_PROPERTY, expr_property_name(json_string_value(name))));
}

static struct expr *read_instant(struct reader *r, const json_t *text, enum expr_op op) {
    struct expr *e = json_is_string(text) ? expr_instant(r->scope, json_string_value(text), json_string_length(text)) : NULL;
    if (!e || e->op != op)
        return fail(r, op == EXPR_DATE ? "date needs a date such as 2020-01-31"
                                       : "timestamp needs a time such as 2020-01-31T00:00:00Z");
    return node(r, e);
}

static bool read_interval_end(struct reader *r, const json_t *json, struct expr **out) {
    *out = NULL;
    if (json_is_object(json)) return (*out = read(r, json)) != NULL;
    const char *text = json_string_value(json);
    if (text && strcmp(text, "..") == 0) return true;
    if (text && (*out = expr_instant(r->scope, text, strlen(text)))) return true;
    fail(r, "an interval's end is a time, a date, a property or '..'");
    return false;
}

static struct expr *read_interval(struct reader *r, const json_t *ends) {
    struct expr *from, *to;
    if (json_array_size(ends) != 2) return fail(r, "an interval is an array of two ends");
    if (!read_interval_end(r, json_array_get(ends, 0), &from) || !read_interval_end(r, json_array_get(ends, 1), &to))
        return NULL;
    return node(r, expr_new(r->scope, EXPR_INTERVAL, 2, from, to));
}

static struct expr *read_box(struct reader *r, const json_t *numbers) {
    double box[4];
    const char *why;
    if (geo_bbox_from_json(numbers, box, &why)) return fail(r, why);
    return node(r, expr_geometry(r->scope, geometry_from_box(r->scope, box)));
}

static struct expr *read_geometry(struct reader *r, const json_t *geojson) {
    const json_t *flat;
    const char *why;
    if (geometry_flat(r->scope, geojson, &flat, &why)) return fail(r, why);
    return node(r, expr_geometry(r->scope, flat));
}

/* ---- operators ---- */

/* Reads args[from…] into list; a member that is an array is taken apart when `flat` is set. Returns false after a fault. */
static bool read_args(struct reader *r, const json_t *args, struct expr **list, size_t base) {
    for (size_t i = 0; i < json_array_size(args); i++) {
        if (r->depth < EXPR_DEPTH_MOST) r->path[r->depth] = base + i;
        if (!(list[base + i] = read(r, json_array_get(args, i)))) return false;
    }
    return true;
}

/* IN has its members in an array of their own, and drafts gave BETWEEN its bounds so. */
static struct expr *read_with_list(struct reader *r, const struct cql2_op *op, const json_t *args) {
    const json_t *members = json_array_get(args, 1);
    size_t count = json_array_size(members) + 1;
    if (json_array_size(args) != 2 || !json_is_array(members) || (op->op == EXPR_BETWEEN && count != 3))
        return fail(r, op->op == EXPR_IN ? "in has a value and an array of members" : "between has a value and two bounds");
    if (count > EXPR_NODES_MOST) return fail(r, "the filter has more than 2000 parts");
    struct expr **list = scope_alloc(r->scope, count * sizeof *list);
    if (r->depth < EXPR_DEPTH_MOST) r->path[r->depth] = 0;
    if (!(list[0] = read(r, json_array_get(args, 0))) || !read_args(r, members, list, 1)) return NULL;
    return node(r, expr_list(r->scope, op->op, count, list));
}

static struct expr *read_op(struct reader *r, const char *name, const json_t *args) {
    const struct cql2_op *op = cql2_op_named(name, strlen(name), true);
    if (!op) return fail(r, "there is no operator or function of this name");
    bool single = op->least == 1 && op->most == 1 && !json_is_array(args); /* drafts: {"op": "isNull", "args": {…}} */
    json_t *wrapped = single && args ? scope_json(r->scope, json_pack("[O]", args)) : NULL;
    if (wrapped) args = wrapped;
    size_t count = json_array_size(args);
    if (op->op == EXPR_IN || (op->op == EXPR_BETWEEN && count == 2)) return read_with_list(r, op, args);
    if (!json_is_array(args) || count < (size_t)op->least || (op->most && count > (size_t)op->most))
        return fail(r, op->least == 1
                           ? (op->most ? "args is an array of one argument" : "args is an array of conditions")
                           : (op->most == 3 ? "args is an array of three arguments" : "args is an array of two arguments"));
    if (count > EXPR_NODES_MOST) return fail(r, "the filter has more than 2000 parts");
    struct expr **list = scope_alloc(r->scope, count * sizeof *list);
    if (!read_args(r, args, list, 0)) return NULL;
    /* AND and OR of one condition are that condition. */
    if (count == 1 && (op->op == EXPR_AND || op->op == EXPR_OR)) {
        struct expr *joined = expr_list(r->scope, op->op, count, list);
        return node(r, joined) ? list[0] : NULL;
    }
    return node(r, expr_list(r->scope, op->op, count, list));
}

static struct expr *read_object(struct reader *r, const json_t *json) {
    const json_t *member = json_object_get(json, "op");
    if (member) {
        if (!json_is_string(member)) return fail(r, "op is a text");
        return read_op(r, json_string_value(member), json_object_get(json, "args"));
    }
    if ((member = json_object_get(json, "property"))) return read_property(r, member);
    if ((member = json_object_get(json, "timestamp"))) return read_instant(r, member, EXPR_TIMESTAMP);
    if ((member = json_object_get(json, "date"))) return read_instant(r, member, EXPR_DATE);
    if ((member = json_object_get(json, "interval"))) return read_interval(r, member);
    if (json_object_get(json, "type")) return read_geometry(r, json);
    if ((member = json_object_get(json, "bbox"))) return read_box(r, member);
    void *only = json_object_iter((json_t *)json);
    if (json_object_size(json) != 1) return fail(r, "this object is no operator, property, time or geometry");
    return read_op(r, json_object_iter_key(only), json_object_iter_value(only)); /* drafts: {"eq": […]} */
}

static struct expr *read_array(struct reader *r, const json_t *json) {
    size_t count = json_array_size(json);
    if (count > EXPR_NODES_MOST) return fail(r, "the filter has more than 2000 parts");
    struct expr **list = scope_alloc(r->scope, (count + 1) * sizeof *list);
    return read_args(r, json, list, 0) ? node(r, expr_list(r->scope, EXPR_ARRAY, count, list)) : NULL;
}

static struct expr *read_number(struct reader *r, double number) {
    return isfinite(number) ? node(r, expr_number(r->scope, number)) : fail(r, "this number is too large");
}

static struct expr *read(struct reader *r, const json_t *json) {
    if (r->depth >= EXPR_DEPTH_MOST) return fail(r, "the filter has more than 64 levels");
    r->depth++;
    struct expr *e;
    if (json_is_object(json))
        e = read_object(r, json);
    else if (json_is_array(json))
        e = read_array(r, json);
    else if (json_is_string(json))
        e = node(r, expr_text(r->scope, EXPR_TEXT, json_string_value(json)));
    else if (json_is_number(json))
        e = read_number(r, json_number_value(json));
    else if (json_is_boolean(json))
        e = node(r, expr_boolean(r->scope, json_is_true(json)));
    else
        e = fail(r, "null is no value; use isNull");
    r->depth--;
    return e;
}

int cql2_json_parse(struct scope *s, const json_t *json, struct expr **out, struct fault *f) {
    struct reader r = {.scope = s, .fault = f};
    struct expr *e = read(&r, json);
    if (!e) return NADIR_EINVAL;
    if (!expr_is_condition(e) && e->op != EXPR_BOOLEAN)
        return fault_set(f, "filter", "is a value; a filter is a condition, such as a comparison");
    *out = e;
    return 0;
}
