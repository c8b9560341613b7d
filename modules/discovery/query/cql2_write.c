/* cql2_write.c: writes a filter as CQL2 JSON. */
#include <math.h>
#include <string.h>

#include "discovery/query/cql2.h"

static json_t *write_time(const char *key, const char *text) {
    return json_pack("{s:s}", key, text);
}

/* Whole numbers without a fraction, as people write them. */
static json_t *write_number(double number) {
    if (number == floor(number) && fabs(number) < 9e15) return json_integer((json_int_t)number);
    return json_real(number);
}

static json_t *write_timestamp(const char *text) {
    struct scope s;
    scope_init(&s, "discovery", 0);
    json_t *json = json_string(instant_short(&s, text));
    scope_end(&s);
    return json;
}

static json_t *write_interval_end(const struct expr *e) {
    if (!e) return json_string("..");
    if (e->op == EXPR_TIMESTAMP) return write_timestamp(e->text);
    return e->op == EXPR_DATE ? json_string(e->text) : cql2_json_write(e);
}

static json_t *write_list(const struct expr *e, size_t from) {
    json_t *list = json_array();
    for (size_t i = from; i < e->count; i++) json_array_append_new(list, cql2_json_write(e->args[i]));
    return list;
}

json_t *cql2_json_write(const struct expr *e) {
    switch (e->op) {
    case EXPR_PROPERTY:
        return write_time("property", e->text);
    case EXPR_TEXT:
        return json_string(e->text);
    case EXPR_NUMBER:
        return write_number(e->number);
    case EXPR_BOOLEAN:
        return json_boolean(e->boolean);
    case EXPR_TIMESTAMP:
        return json_pack("{s:o}", "timestamp", write_timestamp(e->text));
    case EXPR_DATE:
        return write_time("date", e->text);
    case EXPR_INTERVAL:
        return json_pack("{s:[o,o]}", "interval", write_interval_end(e->args[0]), write_interval_end(e->args[1]));
    case EXPR_GEOMETRY:
        return json_incref((json_t *)e->json);
    case EXPR_ARRAY:
        return write_list(e, 0);
    case EXPR_NULL:
        return json_null();
    case EXPR_IN:
        return json_pack("{s:s, s:[o,o]}", "op", "in", "args", cql2_json_write(e->args[0]), write_list(e, 1));
    default:
        return json_pack("{s:s, s:o}", "op", cql2_op_of(e->op)->json, "args", write_list(e, 0));
    }
}
