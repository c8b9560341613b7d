/* expr_sql_sets.c: the spatial and the array functions of CQL2. */
#include <string.h>

#include "discovery/query/expr_sql.h"
#include "discovery/query/geometry.h"

/* ---- space ---- */

static int emit_geometry(struct emit *m, const struct expr *e) {
    if (e->op == EXPR_PROPERTY) {
        sql_add(m->q, "f.geom");
        return 0;
    }
    m->positions += geometry_positions(e->json);
    if (m->positions > POSITIONS_MOST) return fault_set(m->fault, "filter", "has geometries of more than 20000 positions");
    const char *ewkb = geometry_ewkb(m->q->scope, e->json);
    if (!ewkb)
        return fault_set(m->fault, "filter", "has a geometry that is empty, or is not valid and has more than 300 positions");
    sql_value(m->q, ewkb, "::geometry");
    return 0;
}

/* PostGIS finds these by the index of f.geom by itself. Items' geometries are valid, and so are ours. */
int emit_spatial(struct emit *m, const struct expr *e) {
    static const char *const functions[] = {"ST_Intersects", "ST_Contains", "ST_Crosses", "ST_Disjoint",
                                            "ST_Equals",     "ST_Overlaps", "ST_Touches", "ST_Within"};
    for (size_t i = 0; i < 2; i++) {
        if (value_type(e->args[i]) == VALUE_GEOMETRY) continue;
        sql_add(m->q, "NULL::boolean"); /* a property that is no geometry */
        return 0;
    }
    sql_add(m->q, "%s(", functions[e->op - EXPR_S_INTERSECTS]);
    int err = emit_geometry(m, e->args[0]);
    if (err) return err;
    sql_add(m->q, ", ");
    err = emit_geometry(m, e->args[1]);
    sql_add(m->q, ")");
    return err;
}

/* ---- arrays ---- */

static json_t *literal_json(struct scope *s, const struct expr *e) {
    switch (e->op) {
    case EXPR_NUMBER:
        return json_real(e->number);
    case EXPR_BOOLEAN:
        return json_boolean(e->boolean);
    case EXPR_TIMESTAMP:
        return json_string(instant_short(s, e->text)); /* in items, times are texts */
    case EXPR_ARRAY: {
        json_t *list = json_array();
        for (size_t i = 0; i < e->count; i++) json_array_append_new(list, literal_json(s, e->args[i]));
        return list;
    }
    default:
        return json_string(e->text);
    }
}

static bool has_property(const struct expr *e) {
    for (size_t i = 0; i < e->count; i++)
        if (e->args[i]->op == EXPR_PROPERTY || has_property(e->args[i])) return true;
    return false;
}

static bool has_array(const struct expr *e) {
    for (size_t i = 0; i < e->count; i++)
        if (e->args[i]->op == EXPR_ARRAY) return true;
    return false;
}

/* A property of the item as jsonb, the item's own members included. */
static void emit_element_property(struct emit *m, const struct expr *e) {
    if (is_property(e, "id"))
        sql_add(m->q, "to_jsonb(f.id)");
    else if (is_property(e, "collection"))
        sql_add(m->q, "to_jsonb(f.collection)");
    else
        emit_json(m, e->text);
}

static int emit_array(struct emit *m, const struct expr *e) {
    if (++m->depth > EXPR_DEPTH_MOST * 2) return fault_set(m->fault, "filter", "is nested too deep");
    if (e->op == EXPR_PROPERTY) {
        emit_element_property(m, e);
    } else if (!has_property(e)) {
        json_t *json = scope_json(m->q->scope, literal_json(m->q->scope, e));
        sql_value(m->q, json_line(m->q->scope, json), "::jsonb");
    } else {
        sql_add(m->q, "jsonb_build_array(");
        for (size_t i = 0; i < e->count; i++) {
            if (i > 0) sql_add(m->q, ", ");
            int err = emit_array(m, e->args[i]);
            if (err) return err;
        }
        sql_add(m->q, ")");
    }
    m->depth--;
    return 0;
}

static int emit_two_arrays(struct emit *m, const char *before, const struct expr *a, const char *between,
                           const struct expr *b) {
    sql_add(m->q, "%s", before);
    int err = emit_array(m, a);
    if (err) return err;
    sql_add(m->q, "%s", between);
    err = emit_array(m, b);
    sql_add(m->q, ")");
    return err;
}

/* A property against a list of scalars: jsonb's own containment says the same as sets, and sooner. */
static int emit_property_and_list(struct emit *m, const struct expr *property, const char *sign, const struct expr *list) {
    sql_add(m->q, "CASE WHEN jsonb_typeof(");
    emit_json(m, property->text);
    sql_add(m->q, ") = 'array' THEN ");
    int err = emit_two_arrays(m, "(", property, sign, list);
    sql_add(m->q, " END");
    return err;
}

static bool plain_list(const struct expr *e) {
    return e->op == EXPR_ARRAY && !has_property(e) && !has_array(e);
}

/* Some member is like the pattern; unknown where the property is no array. */
static int emit_member_like(struct emit *m, const struct expr *property, const struct expr *pattern) {
    sql_add(m->q, "CASE WHEN jsonb_typeof(");
    emit_element_property(m, property);
    sql_add(m->q, ") = 'array' THEN EXISTS (SELECT FROM jsonb_array_elements_text(");
    emit_element_property(m, property);
    sql_add(m->q, ") AS member WHERE filter_casei(member) LIKE filter_casei(");
    sql_value(m->q, pattern->text, "::text");
    sql_add(m->q, ")) END");
    return 0;
}

int emit_array_predicate(struct emit *m, const struct expr *e) {
    const struct expr *a = e->args[0], *b = e->args[1];
    if (e->op == EXPR_A_LIKE) return emit_member_like(m, a, b);
    if (e->op == EXPR_A_OVERLAPS) return emit_two_arrays(m, "filter_overlaps(", a, ", ", b);
    if (e->op == EXPR_A_CONTAINED_BY || e->op == EXPR_A_CONTAINS) {
        const struct expr *large = e->op == EXPR_A_CONTAINS ? a : b, *small = e->op == EXPR_A_CONTAINS ? b : a;
        if (value_type(large) == VALUE_DYNAMIC && plain_list(small)) return emit_property_and_list(m, large, " @> ", small);
        if (value_type(small) == VALUE_DYNAMIC && plain_list(large)) return emit_property_and_list(m, small, " <@ ", large);
        return emit_two_arrays(m, "filter_superset(", large, ", ", small);
    }
    int err = emit_two_arrays(m, "filter_superset(", a, ", ", b);
    if (err) return err;
    return emit_two_arrays(m, " AND filter_superset(", b, ", ", a);
}
