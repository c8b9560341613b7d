/* expr_sql.c: a filter's conditions as SQL over `footprint f`. Three-valued logic is SQL's own. */
#include "discovery/query/expr_sql.h"

#include <string.h>

static const char *sign_of(enum expr_op op) {
    switch (op) {
    case EXPR_EQUAL:
        return "=";
    case EXPR_NOT_EQUAL:
        return "<>";
    case EXPR_LESS:
        return "<";
    case EXPR_LESS_EQUAL:
        return "<=";
    case EXPR_GREATER:
        return ">";
    default:
        return ">=";
    }
}

/* Two properties of which nothing is known but what each item has. */
static void emit_dynamic_comparison(struct emit *m, const struct expr *a, enum expr_op op, const struct expr *b) {
    sql_add(m->q, "filter_order(");
    emit_json(m, a->text);
    sql_add(m->q, ", ");
    emit_json(m, b->text);
    sql_add(m->q, ") %s 0", sign_of(op));
}

static int emit_comparison(struct emit *m, const struct expr *a, enum expr_op op, const struct expr *b) {
    enum value_type type = value_type_common(a, b);
    if (type == VALUE_NONE) {
        sql_add(m->q, "NULL::boolean");
        return 0;
    }
    if (type == VALUE_DYNAMIC) {
        emit_dynamic_comparison(m, a, op, b);
        return 0;
    }
    int err = emit_value(m, a, type);
    if (err) return err;
    /* Texts are ordered by their characters' numbers, whatever the database's collation. */
    bool ordered = type == VALUE_TEXT && op != EXPR_EQUAL && op != EXPR_NOT_EQUAL;
    sql_add(m->q, "%s %s ", ordered ? " COLLATE \"C\"" : "", sign_of(op));
    return emit_value(m, b, type);
}

static int emit_between(struct emit *m, const struct expr *e) {
    int err = emit_comparison(m, e->args[0], EXPR_GREATER_EQUAL, e->args[1]);
    if (err) return err;
    sql_add(m->q, " AND ");
    return emit_comparison(m, e->args[0], EXPR_LESS_EQUAL, e->args[2]);
}

static bool literal(const struct expr *e) {
    return e->op == EXPR_TEXT || e->op == EXPR_NUMBER || e->op == EXPR_BOOLEAN || e->op == EXPR_TIMESTAMP || e->op == EXPR_DATE;
}

/* Literals of one type go into one list, which an index can serve. */
static int emit_members(struct emit *m, const struct expr *e, enum value_type type, bool *first) {
    bool opened = false;
    for (size_t i = 1; i < e->count; i++) {
        if (!literal(e->args[i]) || value_type_common(e->args[0], e->args[i]) != type) continue;
        if (!opened) {
            if (!*first) sql_add(m->q, " OR ");
            int err = emit_value(m, e->args[0], type);
            if (err) return err;
            sql_add(m->q, " IN (");
        }
        if (opened) sql_add(m->q, ", ");
        int err = emit_value(m, e->args[i], type);
        if (err) return err;
        opened = true;
        *first = false;
    }
    if (opened) sql_add(m->q, ")");
    return 0;
}

static int emit_in(struct emit *m, const struct expr *e) {
    static const enum value_type types[] = {VALUE_TEXT, VALUE_NUMBER, VALUE_BOOLEAN, VALUE_TIME};
    bool first = true, unknown = false;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        int err = emit_members(m, e, types[t], &first);
        if (err) return err;
    }
    for (size_t i = 1; i < e->count; i++) {
        bool none = value_type_common(e->args[0], e->args[i]) == VALUE_NONE;
        unknown = unknown || none;
        if (none || literal(e->args[i])) continue;
        if (!first) sql_add(m->q, " OR ");
        first = false;
        int err = emit_comparison(m, e->args[0], EXPR_EQUAL, e->args[i]);
        if (err) return err;
    }
    if (unknown)
        sql_add(m->q, first ? "NULL::boolean" : " OR NULL::boolean");
    else if (first)
        sql_add(m->q, "false");
    return 0;
}

static int emit_like(struct emit *m, const struct expr *e) {
    const char *why = expr_misfit(e);
    if (why) return fault_set(m->fault, "filter", why);
    enum value_type type = value_type(e->args[0]);
    if (type != VALUE_TEXT && type != VALUE_DYNAMIC) {
        sql_add(m->q, "NULL::boolean");
        return 0;
    }
    int err = emit_value(m, e->args[0], VALUE_TEXT);
    if (err) return err;
    sql_add(m->q, " LIKE ");
    return emit_value(m, e->args[1], VALUE_TEXT);
}

static int emit_is_null(struct emit *m, const struct expr *e) {
    const struct expr *value = e->args[0];
    if (is_property(value, "geometry")) {
        sql_add(m->q, "f.geom IS NULL");
    } else if (value->op == EXPR_PROPERTY && value_type(value) != VALUE_TEXT) {
        sql_add(m->q, "COALESCE(jsonb_typeof(");
        emit_json(m, value->text);
        sql_add(m->q, "), 'null') = 'null'");
    } else if (value->op >= EXPR_CASEI) {
        int err = emit_value(m, value, value_type(value));
        if (err) return err;
        sql_add(m->q, " IS NULL");
    } else { /* a literal, id or collection */
        sql_add(m->q, value->op == EXPR_NULL ? "true" : "false");
    }
    return 0;
}

static int emit_joined(struct emit *m, const struct expr *e, const char *word) {
    for (size_t i = 0; i < e->count; i++) {
        if (i > 0) sql_add(m->q, " %s ", word);
        int err = emit_condition(m, e->args[i]);
        if (err) return err;
    }
    return 0;
}

static int emit_operator(struct emit *m, const struct expr *e) {
    if (e->op >= EXPR_S_INTERSECTS && e->op <= EXPR_S_WITHIN) return emit_spatial(m, e);
    if (e->op >= EXPR_T_AFTER && e->op <= EXPR_T_STARTS) return emit_temporal(m, e);
    if (e->op >= EXPR_A_EQUALS) return emit_array_predicate(m, e);
    switch (e->op) {
    case EXPR_AND:
        return emit_joined(m, e, "AND");
    case EXPR_OR:
        return emit_joined(m, e, "OR");
    case EXPR_NOT:
        sql_add(m->q, "NOT ");
        return emit_condition(m, e->args[0]);
    case EXPR_BETWEEN:
        return emit_between(m, e);
    case EXPR_LIKE:
        return emit_like(m, e);
    case EXPR_IN:
        return emit_in(m, e);
    case EXPR_IS_NULL:
        return emit_is_null(m, e);
    default:
        return emit_comparison(m, e->args[0], e->op, e->args[1]);
    }
}

int emit_bounded(struct emit *m) {
    bool large =
        m->q->len > SQL_FILTER_MOST || m->q->count > SQL_VALUES_MOST - 100; /* the rest of the search needs some, too */
    return large ? fault_set(m->fault, "filter", "is too large") : 0;
}

int emit_condition(struct emit *m, const struct expr *e) {
    if (emit_bounded(m)) return NADIR_EINVAL;
    if (!expr_is_condition(e)) return emit_value(m, e, VALUE_BOOLEAN);
    const char *why = expr_misfit(e);
    if (why) return fault_set(m->fault, "filter", why);
    if (++m->depth > EXPR_DEPTH_MOST * 2) return fault_set(m->fault, "filter", "is nested too deep");
    sql_add(m->q, "(");
    int err = emit_operator(m, e);
    sql_add(m->q, ")");
    m->depth--;
    return err;
}

int expr_sql(struct sql *q, const struct expr *e, struct fault *f) {
    struct emit m = {.q = q, .fault = f};
    return emit_condition(&m, e);
}

const char *expr_sql_sort_type(const char *property) {
    if (strcmp(property, "id") == 0 || strcmp(property, "collection") == 0) return "text";
    if (strcmp(property, "datetime") == 0) return "timestamptz";
    return strcmp(property, "eo:cloud_cover") == 0 ? "float8" : "jsonb";
}

int expr_sql_sort_key(struct sql *q, const char *property, struct fault *f) {
    property = expr_property_name(property);
    if (strlen(property) == 0 || strlen(property) > EXPR_NAME_MOST)
        return fault_set(f, "sortby", "has names of 1 to 256 bytes");
    if (strcmp(property, "geometry") == 0) return fault_set(f, "sortby", "cannot be geometry");
    struct emit m = {.q = q, .fault = f};
    if (strcmp(property, "id") == 0) {
        sql_add(q, "f.id");
    } else if (strcmp(property, "collection") == 0) {
        sql_add(q, "f.collection");
    } else if (strcmp(property, "datetime") == 0) {
        sql_add(q, "f.datetime");
    } else if (strcmp(property, "eo:cloud_cover") == 0) {
        sql_add(q, "f.cloud_cover");
    } else {
        sql_add(q, "filter_sort_key(");
        emit_json(&m, property);
        sql_add(q, ")");
    }
    return 0;
}
