/* filter_query.c: which of a filter's conditions a query has a place of its own for, and $orderby.
 *
 * A query finds rows by area, time, collection and id through indexes. What AND-ed conditions say of them is therefore put
 * there too; a condition that the query's own member says completely is left out of the filter.
 */
#include <string.h>

#include "discovery/odata/odata.h"

struct placing {
    struct scope *s;
    struct query *q;
    struct fault *f;
    struct expr *rest;
};

static bool is_property(const struct expr *e, const char *name) {
    return e->op == EXPR_PROPERTY && strcmp(e->text, name) == 0;
}

/* property = text or property IN (texts) as names; false if it is neither. */
static bool names_of(struct scope *s, const struct expr *e, const char *property, struct names *out) {
    if ((e->op != EXPR_EQUAL && e->op != EXPR_IN) || !is_property(e->args[0], property)) return false;
    const char **list = scope_alloc(s, e->count * sizeof *list);
    for (size_t i = 1; i < e->count; i++) {
        if (e->args[i]->op != EXPR_TEXT) return false;
        list[i - 1] = e->args[i]->text;
    }
    *out = (struct names){e->count - 1, list};
    return e->count - 1 <= NAMES_MOST;
}

/* An end of the time covered compared with a time: the time that the product must reach at least (from) or at most (to). The
 * condition itself stays: the query finds whatever overlaps. */
static void time_place(struct placing *p, const struct expr *e) {
    if (e->op < EXPR_EQUAL || e->op > EXPR_GREATER_EQUAL || e->op == EXPR_NOT_EQUAL) return;
    if (!is_property(e->args[0], COVERED_FROM) && !is_property(e->args[0], COVERED_TO)) return;
    const char *at = e->args[1]->text;
    if (e->args[1]->op == EXPR_DATE) at = scope_printf(p->s, "%sT00:00:00.000000Z", at);
    bool least = e->op == EXPR_EQUAL || e->op == EXPR_GREATER || e->op == EXPR_GREATER_EQUAL;
    bool most = e->op == EXPR_EQUAL || e->op == EXPR_LESS || e->op == EXPR_LESS_EQUAL;
    if (least && (!p->q->from || strcmp(p->q->from, at) < 0)) p->q->from = at;
    if (most && (!p->q->to || strcmp(p->q->to, at) > 0)) p->q->to = at;
}

static int place(struct placing *p, struct expr *e) {
    struct query *q = p->q;
    if (e->op == EXPR_AND) {
        for (size_t i = 0; i < e->count; i++) {
            int err = place(p, e->args[i]);
            if (err) return err;
        }
        return 0;
    }
    if (e->op == EXPR_S_INTERSECTS && !q->area && is_property(e->args[0], "geometry") && e->args[1]->op == EXPR_GEOMETRY)
        return query_area(p->s, e->args[1]->json, "$filter", &q->area, p->f);
    if (q->collections.count == 0 && names_of(p->s, e, "collection", &q->collections)) return 0;
    if (q->ids.count == 0 && names_of(p->s, e, "id", &q->ids)) return 0;
    time_place(p, e);
    p->rest = expr_and(p->s, p->rest, e);
    return 0;
}

/* Ends of the time covered become what STAC keeps them in: start_datetime and end_datetime, or datetime alone. */
static struct expr *covered_expand(struct scope *s, struct expr *e) {
    static const char *const from[] = {"start_datetime", "datetime", NULL}, *const to[] = {"end_datetime", "datetime", NULL};
    if (!e || e->count == 0) return e;
    if (is_property(e->args[0], COVERED_FROM)) return first_of(s, from, e->op, e->count - 1, e->args + 1);
    if (is_property(e->args[0], COVERED_TO)) return first_of(s, to, e->op, e->count - 1, e->args + 1);
    if (e->op != EXPR_AND && e->op != EXPR_OR && e->op != EXPR_NOT) return e;
    for (size_t i = 0; i < e->count; i++) e->args[i] = covered_expand(s, e->args[i]);
    return e;
}

int odata_filter_place(struct scope *s, struct expr *filter, struct query *q, struct fault *f) {
    struct placing p = {.s = s, .q = q, .f = f};
    int err = place(&p, filter);
    /* Bounds that contradict each other find nothing; the conditions themselves say so, and a query wants from <= to. */
    if (q->from && q->to && strcmp(q->from, q->to) > 0) q->to = q->from;
    q->filter = covered_expand(s, p.rest);
    return err;
}

/* ---- $orderby ---- */

/* ContentDate is ordered by the nominal time, which lists are kept in the order of. */
static const struct {
    const char *path, *properties[3];
} keys[] = {
    {"ContentDate/Start", {"datetime"}},           {"ContentDate/End", {"datetime"}},
    {"PublicationDate", {"published", "created"}}, {"OriginDate", {"created"}},
    {"ModificationDate", {"updated", "created"}},  {"Name", {"id"}},
    {"Collection/Name", {"collection"}},
};

static int key_add(struct scope *s, char *part, struct query *q, struct fault *f) {
    char *rest = part, *word;
    const char *path = NULL;
    bool descending = false;
    size_t count = 0;
    while ((word = strsep(&rest, " "))) {
        if (!*word) continue;
        if (count == 0)
            path = word;
        else if (count > 1 || (strcmp(word, "asc") != 0 && strcmp(word, "desc") != 0))
            return fault_set(f, "$orderby", "must be properties separated by commas, each with asc or desc");
        else
            descending = strcmp(word, "desc") == 0;
        count++;
    }
    for (size_t i = 0; path && i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i].path, path) != 0) continue;
        for (size_t k = 0; k < 3 && keys[i].properties[k]; k++) {
            if (q->nsorts == SORTS_MOST) return fault_set(f, "$orderby", "has too many properties");
            q->sorts[q->nsorts++] = (struct sort){keys[i].properties[k], descending};
        }
        return 0;
    }
    return fault_set(f, "$orderby",
                     scope_printf(s,
                                  "knows ContentDate/Start, ContentDate/End, PublicationDate, OriginDate, ModificationDate, "
                                  "Name and Collection/Name, not '%.100s'",
                                  path ? path : ""));
}

int odata_orderby(struct scope *s, const char *text, struct query *q, struct fault *f) {
    char *rest = scope_strdup(s, text), *part;
    while ((part = strsep(&rest, ","))) {
        int err = key_add(s, part, q, f);
        if (err) return err;
    }
    return 0;
}
