/* expr_sql_time.c: the temporal functions of CQL2 (OGC 21-065r2 clause 7.8; the relations are OWL-Time's).
 *
 * An instant is an interval whose ends are the same. The property `datetime` is the time that the item covers, `f.during`;
 * where it meets a literal interval, a range operator that an index can serve stands before the exact condition.
 */
#include "discovery/query/expr_sql.h"

/* An end of an interval. A literal becomes a parameter when it is first written. */
struct bound {
    const struct expr *value; /* NULL: open */
    const char *column;       /* of the item, instead of a value */
    bool last;
    size_t parameter;
};

struct span {
    struct bound ends[2];
    bool covered; /* f.during */
    bool literal;
};

/* A relation holds when each of these does: end of a, sign, end of b; 0 is the start, 1 the end. */
struct relation {
    enum expr_op op, inverse;
    struct {
        int a;
        const char *sign;
        int b;
    } parts[3];
    const char *range; /* implied between the ranges, and served by an index */
    bool exact;        /* the range operator says it all */
};

static const struct relation relations[] = {
    {EXPR_T_AFTER, EXPR_T_BEFORE, {{0, ">", 1}}, ">>", true},
    {EXPR_T_BEFORE, EXPR_T_AFTER, {{1, "<", 0}}, "<<", true},
    {EXPR_T_CONTAINS, EXPR_T_DURING, {{0, "<", 0}, {1, ">", 1}}, "@>", false},
    {EXPR_T_DURING, EXPR_T_CONTAINS, {{0, ">", 0}, {1, "<", 1}}, "<@", false},
    {EXPR_T_EQUALS, EXPR_T_EQUALS, {{0, "=", 0}, {1, "=", 1}}, "=", true},
    {EXPR_T_FINISHED_BY, EXPR_T_FINISHES, {{0, "<", 0}, {1, "=", 1}}, "&&", false},
    {EXPR_T_FINISHES, EXPR_T_FINISHED_BY, {{0, ">", 0}, {1, "=", 1}}, "&&", false},
    {EXPR_T_INTERSECTS, EXPR_T_INTERSECTS, {{0, "<=", 1}, {1, ">=", 0}}, "&&", true},
    {EXPR_T_MEETS, EXPR_T_MET_BY, {{1, "=", 0}}, "&&", false},
    {EXPR_T_MET_BY, EXPR_T_MEETS, {{0, "=", 1}}, "&&", false},
    {EXPR_T_OVERLAPPED_BY, EXPR_T_OVERLAPS, {{0, ">", 0}, {0, "<", 1}, {1, ">", 1}}, "&&", false},
    {EXPR_T_OVERLAPS, EXPR_T_OVERLAPPED_BY, {{0, "<", 0}, {1, ">", 0}, {1, "<", 1}}, "&&", false},
    {EXPR_T_STARTED_BY, EXPR_T_STARTS, {{0, "=", 0}, {1, ">", 1}}, "&&", false},
    {EXPR_T_STARTS, EXPR_T_STARTED_BY, {{0, "=", 0}, {1, "<", 1}}, "&&", false},
};

static const struct relation *relation_of(enum expr_op op) {
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++)
        if (relations[i].op == op) return &relations[i];
    return NULL;
}

static bool fixed(const struct expr *e) {
    return !e || e->op != EXPR_PROPERTY;
}

static struct span span_of(const struct expr *e) {
    if (is_property(e, "datetime"))
        return (struct span){.ends = {{.column = "lower(f.during)"}, {.column = "upper(f.during)", .last = true}},
                             .covered = true};
    const struct expr *from = e->op == EXPR_INTERVAL ? e->args[0] : e, *to = e->op == EXPR_INTERVAL ? e->args[1] : e;
    return (struct span){.ends = {{.value = from}, {.value = to, .last = true}}, .literal = fixed(from) && fixed(to)};
}

static int emit_bound(struct emit *m, struct bound *b) {
    if (b->column)
        sql_add(m->q, "%s", b->column);
    else if (!b->value)
        sql_add(m->q, b->last ? "'infinity'::timestamptz" : "'-infinity'::timestamptz");
    else if (b->parameter > 0)
        sql_add(m->q, "$%zu::timestamptz", b->parameter);
    else {
        int err = emit_value(m, b->value, VALUE_TIME);
        if (b->value->op != EXPR_PROPERTY) b->parameter = m->q->count;
        return err;
    }
    return 0;
}

static int emit_range(struct emit *m, struct span *s) {
    sql_add(m->q, "tstzrange(");
    for (int i = 0; i < 2; i++) {
        if (i > 0) sql_add(m->q, ", ");
        if (!s->ends[i].value) {
            sql_add(m->q, "NULL");
            continue;
        }
        int err = emit_bound(m, &s->ends[i]);
        if (err) return err;
    }
    sql_add(m->q, ", '[]')");
    return 0;
}

static int emit_relation(struct emit *m, const struct relation *r, struct span *a, struct span *b) {
    bool ranges = a->covered && b->literal;
    if (ranges) {
        sql_add(m->q, "f.during %s ", r->range);
        int err = emit_range(m, b);
        if (err || r->exact) return err;
    }
    for (int i = 0; i < 3 && r->parts[i].sign; i++) {
        if (ranges || i > 0) sql_add(m->q, " AND ");
        int err = emit_bound(m, &a->ends[r->parts[i].a]);
        if (err) return err;
        sql_add(m->q, " %s ", r->parts[i].sign);
        err = emit_bound(m, &b->ends[r->parts[i].b]);
        if (err) return err;
    }
    return 0;
}

int emit_temporal(struct emit *m, const struct expr *e) {
    for (size_t i = 0; i < 2; i++) {
        const char *why = e->args[i]->op == EXPR_INTERVAL ? expr_misfit(e->args[i]) : NULL;
        if (why) return fault_set(m->fault, "filter", why);
    }
    bool disjoint = e->op == EXPR_T_DISJOINT;
    const struct relation *r = relation_of(disjoint ? EXPR_T_INTERSECTS : e->op);
    struct span a = span_of(e->args[0]), b = span_of(e->args[1]);
    if (disjoint) sql_add(m->q, "NOT (");
    int err = b.covered && a.literal ? emit_relation(m, relation_of(r->inverse), &b, &a) : emit_relation(m, r, &a, &b);
    if (disjoint) sql_add(m->q, ")");
    return err;
}
