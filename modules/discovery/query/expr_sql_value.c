/* expr_sql_value.c: the values in a filter as SQL: literals as parameters, properties by their names as parameters. */
#include <string.h>

#include "discovery/query/expr_sql.h"

bool is_property(const struct expr *e, const char *name) {
    return e && e->op == EXPR_PROPERTY && strcmp(e->text, name) == 0;
}

enum value_type value_type(const struct expr *e) {
    if (expr_is_condition(e)) return VALUE_BOOLEAN;
    if (e->op >= EXPR_ADD && e->op <= EXPR_POWER) return VALUE_NUMBER;
    switch (e->op) {
    case EXPR_PROPERTY:
        if (strcmp(e->text, "id") == 0 || strcmp(e->text, "collection") == 0) return VALUE_TEXT;
        if (strcmp(e->text, "datetime") == 0) return VALUE_TIME;
        return strcmp(e->text, "geometry") == 0 ? VALUE_GEOMETRY : VALUE_DYNAMIC;
    case EXPR_TEXT:
    case EXPR_CASEI:
    case EXPR_ACCENTI:
        return VALUE_TEXT;
    case EXPR_NUMBER:
        return VALUE_NUMBER;
    case EXPR_BOOLEAN:
        return VALUE_BOOLEAN;
    case EXPR_TIMESTAMP:
    case EXPR_DATE:
        return VALUE_TIME;
    case EXPR_GEOMETRY:
        return VALUE_GEOMETRY;
    default:
        return VALUE_NONE;
    }
}

/* Properties that STAC defines as times: a text that is a time is compared with them as one, however it is written. */
static bool time_named(const struct expr *e) {
    static const char *const names[] = {"datetime", "start_datetime", "end_datetime", "created",
                                        "updated",  "published",      "expires",      "unpublished"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is_property(e, names[i])) return true;
    return false;
}

/* "2020-01-02" or an RFC 3339 time as instant_parse writes it; false if the text is neither. */
static bool instant_text(const char *text, char out[INSTANT_SIZE]) {
    char day[] = "0000-00-00T00:00:00Z";
    size_t len = strlen(text);
    if (len != 10) return instant_parse(text, len, out) == 0;
    memcpy(day, text, 10);
    return instant_parse(day, sizeof day - 1, out) == 0;
}

static enum value_type against(const struct expr *property, enum value_type own, const struct expr *other,
                               enum value_type type) {
    char instant[INSTANT_SIZE];
    bool time = other->op == EXPR_TEXT && time_named(property) && instant_text(other->text, instant);
    if (time) return VALUE_TIME;
    return own == VALUE_DYNAMIC ? type : VALUE_NONE;
}

enum value_type value_type_common(const struct expr *a, const struct expr *b) {
    enum value_type ta = value_type(a), tb = value_type(b);
    if (ta == VALUE_GEOMETRY || tb == VALUE_GEOMETRY || ta == VALUE_NONE || tb == VALUE_NONE) return VALUE_NONE;
    if (ta == tb) return ta;
    if (ta == VALUE_DYNAMIC || (ta == VALUE_TIME && a->op == EXPR_PROPERTY)) {
        enum value_type common = against(a, ta, b, tb);
        if (common != VALUE_NONE) return common;
    }
    if (tb == VALUE_DYNAMIC || (tb == VALUE_TIME && b->op == EXPR_PROPERTY)) return against(b, tb, a, ta);
    return VALUE_NONE;
}

/* A property's name as a parameter, the same one wherever the name comes again. */
static void emit_name(struct emit *m, const char *name) {
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->names[i].text, name) == 0) {
            sql_add(m->q, "$%zu::text", m->names[i].number);
            return;
        }
    sql_value(m->q, name, "::text");
    if (m->count == m->room) {
        size_t room = m->room * 2 + 8;
        struct named_value *names = scope_alloc(m->q->scope, room * sizeof *names);
        if (m->count > 0) memcpy(names, m->names, m->count * sizeof *names);
        m->names = names;
        m->room = room;
    }
    m->names[m->count++] = (struct named_value){name, m->q->count};
}

/* "a.b" is the property of that name, or where there is none the member b of the property a. */
void emit_json(struct emit *m, const char *property) {
    bool nested = strchr(property, '.') != NULL;
    sql_add(m->q, nested ? "COALESCE(f.properties -> " : "(f.properties -> ");
    emit_name(m, property);
    if (nested) {
        sql_add(m->q, ", f.properties #> string_to_array(");
        emit_name(m, property);
        sql_add(m->q, ", '.')");
    }
    sql_add(m->q, ")");
}

static void emit_column_or_json(struct emit *m, const struct expr *e, const char *function) {
    sql_add(m->q, "%s(", function);
    emit_json(m, e->text);
    sql_add(m->q, ")");
}

static int emit_text(struct emit *m, const struct expr *e) {
    if (is_property(e, "id"))
        sql_add(m->q, "f.id");
    else if (is_property(e, "collection"))
        sql_add(m->q, "f.collection");
    else if (e->op == EXPR_PROPERTY)
        emit_column_or_json(m, e, "filter_text");
    else if (e->op == EXPR_TEXT)
        sql_value(m->q, e->text, "::text");
    else if (e->op == EXPR_CASEI || e->op == EXPR_ACCENTI) {
        const char *why = expr_misfit(e);
        if (why) return fault_set(m->fault, "filter", why);
        sql_add(m->q, e->op == EXPR_CASEI ? "filter_casei(" : "filter_accenti(");
        int err = emit_value(m, e->args[0], VALUE_TEXT);
        sql_add(m->q, ")");
        return err;
    } else
        sql_add(m->q, "NULL::text");
    return 0;
}

static int emit_arithmetic(struct emit *m, const struct expr *e) {
    const char *why = expr_misfit(e);
    if (why) return fault_set(m->fault, "filter", why);
    static const char *const functions[] = {"filter_add",      "filter_add",    "filter_multiply", "filter_divide",
                                            "filter_quotient", "filter_modulo", "filter_power"};
    sql_add(m->q, "%s(", functions[e->op - EXPR_ADD]);
    int err = emit_value(m, e->args[0], VALUE_NUMBER);
    if (err) return err;
    sql_add(m->q, e->op == EXPR_SUBTRACT ? ", -" : ", ");
    err = emit_value(m, e->args[1], VALUE_NUMBER);
    sql_add(m->q, ")");
    return err;
}

static int emit_number(struct emit *m, const struct expr *e) {
    if (e->op >= EXPR_ADD && e->op <= EXPR_POWER) return emit_arithmetic(m, e);
    if (is_property(e, "eo:cloud_cover"))
        sql_add(m->q, "f.cloud_cover");
    else if (e->op == EXPR_PROPERTY && value_type(e) == VALUE_DYNAMIC)
        emit_column_or_json(m, e, "filter_number");
    else if (e->op == EXPR_NUMBER)
        sql_value(m->q, scope_printf(m->q->scope, "%.17g", e->number), "::float8");
    else
        sql_add(m->q, "NULL::float8");
    return 0;
}

static int emit_boolean(struct emit *m, const struct expr *e) {
    if (expr_is_condition(e)) return emit_condition(m, e);
    if (e->op == EXPR_PROPERTY && value_type(e) == VALUE_DYNAMIC)
        emit_column_or_json(m, e, "filter_boolean");
    else if (e->op == EXPR_BOOLEAN)
        sql_value(m->q, e->boolean ? "true" : "false", "::boolean");
    else
        sql_add(m->q, "NULL::boolean");
    return 0;
}

static int emit_time(struct emit *m, const struct expr *e) {
    char instant[INSTANT_SIZE];
    if (is_property(e, "datetime"))
        sql_add(m->q, "f.datetime");
    else if (e->op == EXPR_PROPERTY && value_type(e) == VALUE_DYNAMIC)
        emit_column_or_json(m, e, "filter_time");
    else if (e->text && e->op != EXPR_PROPERTY && instant_text(e->text, instant))
        sql_value(m->q, instant, "::timestamptz");
    else
        sql_add(m->q, "NULL::timestamptz");
    return 0;
}

int emit_value(struct emit *m, const struct expr *e, enum value_type type) {
    if (emit_bounded(m)) return NADIR_EINVAL;
    if (++m->depth > EXPR_DEPTH_MOST * 2) return fault_set(m->fault, "filter", "is nested too deep");
    int err;
    switch (type) {
    case VALUE_TEXT:
        err = emit_text(m, e);
        break;
    case VALUE_NUMBER:
        err = emit_number(m, e);
        break;
    case VALUE_BOOLEAN:
        err = emit_boolean(m, e);
        break;
    case VALUE_TIME:
        err = emit_time(m, e);
        break;
    default:
        err = fault_set(m->fault, "filter", "compares a value that cannot be compared");
        break;
    }
    m->depth--;
    return err;
}
