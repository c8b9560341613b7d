/* cql2_names.c: the operators of CQL2 by name (OGC 21-065r2, Annex B and C). */
#include <string.h>
#include <strings.h>

#include "discovery/query/cql2.h"

static const struct cql2_op ops[] = {
    {EXPR_AND, "and", NULL, 1, 0, false},
    {EXPR_OR, "or", NULL, 1, 0, false},
    {EXPR_NOT, "not", NULL, 1, 1, false},
    {EXPR_EQUAL, "=", "eq", 2, 2, false},
    {EXPR_NOT_EQUAL, "<>", "neq", 2, 2, false},
    {EXPR_LESS, "<", "lt", 2, 2, false},
    {EXPR_LESS_EQUAL, "<=", "lte", 2, 2, false},
    {EXPR_GREATER, ">", "gt", 2, 2, false},
    {EXPR_GREATER_EQUAL, ">=", "gte", 2, 2, false},
    {EXPR_BETWEEN, "between", NULL, 3, 3, false},
    {EXPR_LIKE, "like", NULL, 2, 2, false},
    {EXPR_IN, "in", NULL, 2, 0, false},
    {EXPR_IS_NULL, "isNull", NULL, 1, 1, false},
    {EXPR_CASEI, "casei", NULL, 1, 1, true},
    {EXPR_ACCENTI, "accenti", NULL, 1, 1, true},
    {EXPR_ADD, "+", NULL, 2, 2, false},
    {EXPR_SUBTRACT, "-", NULL, 2, 2, false},
    {EXPR_MULTIPLY, "*", NULL, 2, 2, false},
    {EXPR_DIVIDE, "/", NULL, 2, 2, false},
    {EXPR_INTEGER_DIVIDE, "div", NULL, 2, 2, false},
    {EXPR_MODULO, "%", NULL, 2, 2, false},
    {EXPR_POWER, "^", NULL, 2, 2, false},
    {EXPR_S_INTERSECTS, "s_intersects", "intersects", 2, 2, true},
    {EXPR_S_CONTAINS, "s_contains", NULL, 2, 2, true},
    {EXPR_S_CROSSES, "s_crosses", "crosses", 2, 2, true},
    {EXPR_S_DISJOINT, "s_disjoint", NULL, 2, 2, true},
    {EXPR_S_EQUALS, "s_equals", NULL, 2, 2, true},
    {EXPR_S_OVERLAPS, "s_overlaps", NULL, 2, 2, true},
    {EXPR_S_TOUCHES, "s_touches", "touches", 2, 2, true},
    {EXPR_S_WITHIN, "s_within", "within", 2, 2, true},
    {EXPR_T_AFTER, "t_after", "after", 2, 2, true},
    {EXPR_T_BEFORE, "t_before", "before", 2, 2, true},
    {EXPR_T_CONTAINS, "t_contains", NULL, 2, 2, true},
    {EXPR_T_DISJOINT, "t_disjoint", NULL, 2, 2, true},
    {EXPR_T_DURING, "t_during", "during", 2, 2, true},
    {EXPR_T_EQUALS, "t_equals", "tequals", 2, 2, true},
    {EXPR_T_FINISHED_BY, "t_finishedBy", NULL, 2, 2, true},
    {EXPR_T_FINISHES, "t_finishes", NULL, 2, 2, true},
    {EXPR_T_INTERSECTS, "t_intersects", "anyinteracts", 2, 2, true},
    {EXPR_T_MEETS, "t_meets", NULL, 2, 2, true},
    {EXPR_T_MET_BY, "t_metBy", NULL, 2, 2, true},
    {EXPR_T_OVERLAPPED_BY, "t_overlappedBy", NULL, 2, 2, true},
    {EXPR_T_OVERLAPS, "t_overlaps", NULL, 2, 2, true},
    {EXPR_T_STARTED_BY, "t_startedBy", NULL, 2, 2, true},
    {EXPR_T_STARTS, "t_starts", NULL, 2, 2, true},
    {EXPR_A_EQUALS, "a_equals", NULL, 2, 2, true},
    {EXPR_A_CONTAINS, "a_contains", NULL, 2, 2, true},
    {EXPR_A_CONTAINED_BY, "a_containedBy", NULL, 2, 2, true},
    {EXPR_A_OVERLAPS, "a_overlaps", NULL, 2, 2, true},
    {EXPR_A_LIKE, "a_like", NULL, 2, 2, true},
};

static bool is(const char *name, const char *given, size_t len) {
    return name && strlen(name) == len && strncasecmp(name, given, len) == 0;
}

const struct cql2_op *cql2_op_named(const char *name, size_t len, bool older) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (is(ops[i].json, name, len) || (older && is(ops[i].older, name, len))) return &ops[i];
    return NULL;
}

const struct cql2_op *cql2_op_of(enum expr_op op) {
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (ops[i].op == op) return &ops[i];
    return NULL;
}
