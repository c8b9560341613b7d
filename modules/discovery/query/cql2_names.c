/* cql2_names.c: the operators of CQL2 by name (OGC 21-065r2, Annex B and C). */
#include <string.h>
#include <strings.h>

#include "discovery/query/cql2.h"

static const struct cql2_op ops[] = {
    {EXPR_AND, 1, 0, false, "and", NULL},
    {EXPR_OR, 1, 0, false, "or", NULL},
    {EXPR_NOT, 1, 1, false, "not", NULL},
    {EXPR_EQUAL, 2, 2, false, "=", "eq"},
    {EXPR_NOT_EQUAL, 2, 2, false, "<>", "neq"},
    {EXPR_LESS, 2, 2, false, "<", "lt"},
    {EXPR_LESS_EQUAL, 2, 2, false, "<=", "lte"},
    {EXPR_GREATER, 2, 2, false, ">", "gt"},
    {EXPR_GREATER_EQUAL, 2, 2, false, ">=", "gte"},
    {EXPR_BETWEEN, 3, 3, false, "between", NULL},
    {EXPR_LIKE, 2, 2, false, "like", NULL},
    {EXPR_IN, 2, 0, false, "in", NULL},
    {EXPR_IS_NULL, 1, 1, false, "isNull", NULL},
    {EXPR_CASEI, 1, 1, true, "casei", NULL},
    {EXPR_ACCENTI, 1, 1, true, "accenti", NULL},
    {EXPR_ADD, 2, 2, false, "+", NULL},
    {EXPR_SUBTRACT, 2, 2, false, "-", NULL},
    {EXPR_MULTIPLY, 2, 2, false, "*", NULL},
    {EXPR_DIVIDE, 2, 2, false, "/", NULL},
    {EXPR_INTEGER_DIVIDE, 2, 2, false, "div", NULL},
    {EXPR_MODULO, 2, 2, false, "%", NULL},
    {EXPR_POWER, 2, 2, false, "^", NULL},
    {EXPR_S_INTERSECTS, 2, 2, true, "s_intersects", "intersects"},
    {EXPR_S_CONTAINS, 2, 2, true, "s_contains", NULL},
    {EXPR_S_CROSSES, 2, 2, true, "s_crosses", "crosses"},
    {EXPR_S_DISJOINT, 2, 2, true, "s_disjoint", NULL},
    {EXPR_S_EQUALS, 2, 2, true, "s_equals", NULL},
    {EXPR_S_OVERLAPS, 2, 2, true, "s_overlaps", NULL},
    {EXPR_S_TOUCHES, 2, 2, true, "s_touches", "touches"},
    {EXPR_S_WITHIN, 2, 2, true, "s_within", "within"},
    {EXPR_T_AFTER, 2, 2, true, "t_after", "after"},
    {EXPR_T_BEFORE, 2, 2, true, "t_before", "before"},
    {EXPR_T_CONTAINS, 2, 2, true, "t_contains", NULL},
    {EXPR_T_DISJOINT, 2, 2, true, "t_disjoint", NULL},
    {EXPR_T_DURING, 2, 2, true, "t_during", "during"},
    {EXPR_T_EQUALS, 2, 2, true, "t_equals", "tequals"},
    {EXPR_T_FINISHED_BY, 2, 2, true, "t_finishedBy", NULL},
    {EXPR_T_FINISHES, 2, 2, true, "t_finishes", NULL},
    {EXPR_T_INTERSECTS, 2, 2, true, "t_intersects", "anyinteracts"},
    {EXPR_T_MEETS, 2, 2, true, "t_meets", NULL},
    {EXPR_T_MET_BY, 2, 2, true, "t_metBy", NULL},
    {EXPR_T_OVERLAPPED_BY, 2, 2, true, "t_overlappedBy", NULL},
    {EXPR_T_OVERLAPS, 2, 2, true, "t_overlaps", NULL},
    {EXPR_T_STARTED_BY, 2, 2, true, "t_startedBy", NULL},
    {EXPR_T_STARTS, 2, 2, true, "t_starts", NULL},
    {EXPR_A_EQUALS, 2, 2, true, "a_equals", NULL},
    {EXPR_A_CONTAINS, 2, 2, true, "a_contains", NULL},
    {EXPR_A_CONTAINED_BY, 2, 2, true, "a_containedBy", NULL},
    {EXPR_A_OVERLAPS, 2, 2, true, "a_overlaps", NULL},
    {EXPR_A_LIKE, 2, 2, true, "a_like", NULL},
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
