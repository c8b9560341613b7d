/* lift.c: what a filter asks for that the query can say itself. Searches by place, time, collection and id have ways of their
 * own (indexes, partitions, kept counts), and take them whatever door or language the condition came by. */
#include "discovery/query/lift.h"

#include <string.h>

#include "discovery/query/expr_sql.h"
#include "discovery/query/geometry.h"

/* The side that is no such property; NULL if neither is. */
static const struct expr *other_than(const struct expr *e, const char *property) {
    if (e->count != 2) return NULL;
    if (is_property(e->args[0], property)) return e->args[1];
    return is_property(e->args[1], property) ? e->args[0] : NULL;
}

static const char *instant_of(struct scope *s, const struct expr *e) {
    if (e->op == EXPR_DATE) return scope_printf(s, "%sT00:00:00.000000Z", e->text);
    return e->op == EXPR_TIMESTAMP ? e->text : NULL;
}

/* A time or an interval without properties in it. */
static bool literal_span(struct scope *s, const struct expr *e, const char **from, const char **to) {
    if (e->op != EXPR_INTERVAL) return (*from = *to = instant_of(s, e)) != NULL;
    *from = e->args[0] ? instant_of(s, e->args[0]) : NULL;
    *to = e->args[1] ? instant_of(s, e->args[1]) : NULL;
    return (!e->args[0] || *from) && (!e->args[1] || *to) && (*from || *to) && (!*from || !*to || strcmp(*from, *to) <= 0);
}

/* Each of these returns true when the query says all of the condition now. */

static bool lift_time(struct scope *s, const struct expr *e, struct query *q) {
    const char *from, *to;
    const struct expr *time = other_than(e, "datetime");
    if (!time || q->from || q->to || !literal_span(s, time, &from, &to)) return false;
    /* All but these imply that the times meet. */
    if (e->op == EXPR_T_AFTER || e->op == EXPR_T_BEFORE || e->op == EXPR_T_DISJOINT) return false;
    q->from = from;
    q->to = to;
    return e->op == EXPR_T_INTERSECTS;
}

static bool lift_place(struct scope *s, const struct expr *e, struct query *q) {
    const struct expr *place = other_than(e, "geometry");
    if (q->area || !place || place->op != EXPR_GEOMETRY) return false;
    q->area = geometry_ewkb(s, place->json);
    return q->area != NULL;
}

static bool lift_names(struct scope *s, const struct expr *e, const char *property, struct names *names) {
    if (names->count > 0 || e->count < 2 || e->count > NAMES_MOST || !is_property(e->args[0], property)) return false;
    const char **list = scope_alloc(s, (e->count - 1) * sizeof *list);
    for (size_t i = 1; i < e->count; i++) {
        if (e->args[i]->op != EXPR_TEXT) return false;
        list[i - 1] = e->args[i]->text;
    }
    *names = (struct names){e->count - 1, list};
    return true;
}

static bool lift_condition(struct scope *s, const struct expr *e, struct query *q) {
    if (e->op >= EXPR_T_AFTER && e->op <= EXPR_T_STARTS) return lift_time(s, e, q);
    if (e->op == EXPR_S_INTERSECTS) return lift_place(s, e, q);
    if (e->op == EXPR_EQUAL || e->op == EXPR_IN)
        return lift_names(s, e, "collection", &q->collections) || lift_names(s, e, "id", &q->ids);
    return false;
}

void query_lift(struct scope *s, const struct query *q, struct query *out) {
    *out = *q;
    if (!q->filter) return;
    size_t count = q->filter->op == EXPR_AND ? q->filter->count : 1, left = 0;
    const struct expr *only[] = {q->filter};
    const struct expr *const *conditions = q->filter->op == EXPR_AND ? (const struct expr *const *)q->filter->args : only;
    struct expr **kept = scope_alloc(s, count * sizeof *kept);
    for (size_t i = 0; i < count; i++)
        if (expr_misfit(conditions[i]) || !lift_condition(s, conditions[i], out)) kept[left++] = (struct expr *)conditions[i];
    out->filter = left == 0 ? NULL : left == 1 ? kept[0] : left == count ? q->filter : expr_list(s, EXPR_AND, left, kept);
}

/* One comparison of datetime with a time narrows the window. */
static void narrow(struct scope *s, const struct expr *e, enum expr_op op, const struct expr *time, struct window *w) {
    const char *text = is_property(e, "datetime") ? instant_of(s, time) : NULL;
    if (!text) return;
    int64_t at = moment_of(text, OPEN_PAST);
    bool from = op == EXPR_GREATER || op == EXPR_GREATER_EQUAL || op == EXPR_EQUAL;
    bool to = op == EXPR_LESS || op == EXPR_LESS_EQUAL || op == EXPR_EQUAL;
    if (from && at > w->oldest) w->oldest = at;
    if (to && at < w->newest) w->newest = at;
}

void filter_window(struct scope *s, const struct expr *filter, struct window *w) {
    if (!filter) return;
    if (filter->op == EXPR_AND)
        for (size_t i = 0; i < filter->count; i++) filter_window(s, filter->args[i], w);
    else if (filter->op == EXPR_BETWEEN) {
        narrow(s, filter->args[0], EXPR_GREATER_EQUAL, filter->args[1], w);
        narrow(s, filter->args[0], EXPR_LESS_EQUAL, filter->args[2], w);
    } else if (filter->op >= EXPR_EQUAL && filter->op <= EXPR_GREATER_EQUAL)
        narrow(s, filter->args[0], filter->op, filter->args[1], w);
}
