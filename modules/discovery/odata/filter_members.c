/* filter_members.c: what a filter's comparisons with members of a product, and with an attribute's value, ask of an item. */
#include <string.h>

#include "discovery/odata/filter.h"

static const struct member members[] = {
    {"Id", MEMBER_ID, {NULL}},
    {"Name", MEMBER_TEXT, {"id"}},
    {"Collection/Name", MEMBER_COLLECTION, {"collection"}},
    {"ContentDate/Start", MEMBER_TIME, {COVERED_FROM}},
    {"ContentDate/End", MEMBER_TIME, {COVERED_TO}},
    {"PublicationDate", MEMBER_TIME, {"published", "created", "datetime"}},
    {"OriginDate", MEMBER_TIME, {"created", "datetime"}},
    {"ModificationDate", MEMBER_TIME, {"updated", "created", "datetime"}},
    {"EvictionDate", MEMBER_TIME, {"expires"}},
    {"Online", MEMBER_ONLINE, {NULL}},
};

const struct member *filter_member(const char *path) {
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(members[i].path, path) == 0) return &members[i];
    return NULL;
}

struct expr *filter_fail(struct filter *p, const char *why) {
    fault_set(p->fault, "$filter", scope_printf(p->s, "at character %zu: %s", p->t->at + 1, why));
    return NULL;
}

/* Always and never true, for what is known of every product. */
static struct expr *constant(struct filter *p, bool value) {
    struct expr *never = expr_new(p->s, EXPR_IS_NULL, 1, expr_text(p->s, EXPR_PROPERTY, "id"));
    return value ? expr_new(p->s, EXPR_NOT, 1, never) : never;
}

struct expr *filter_negate(struct filter *p, bool negated, struct expr *e) {
    return negated && e ? expr_new(p->s, EXPR_NOT, 1, e) : e;
}

/* ---- conditions ---- */

struct expr *filter_compare(struct filter *p, const char *property, enum expr_op op, size_t count, struct expr *const *values) {
    const char *const one[] = {property, NULL};
    return first_of(p->s, one, op, count, values);
}

/* One of these pairs of collection and item; that it is one of these items, said before, is what an index finds. */
static struct expr *id_condition(struct filter *p, size_t count, struct expr *const *values) {
    struct expr *any = NULL, **items = scope_alloc(p->s, (count + 1) * sizeof(void *));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const char *collection, *item;
        if (values[i]->op != EXPR_TEXT || !id_valid(values[i]->text)) return filter_fail(p, "an Id is a UUID");
        int err = p->lookup->product(p->s, values[i]->text, &collection, &item);
        if (err == NADIR_ENOTFOUND) continue;
        if (err) return filter_fail(p, "the Id cannot be looked up now");
        struct expr *in = expr_text(p->s, EXPR_TEXT, collection);
        items[n] = expr_text(p->s, EXPR_TEXT, item);
        struct expr *one = expr_new(p->s, EXPR_AND, 2, filter_compare(p, "collection", EXPR_EQUAL, 1, &in),
                                    filter_compare(p, "id", EXPR_EQUAL, 1, &items[n++]));
        any = any ? expr_new(p->s, EXPR_OR, 2, any, one) : one;
    }
    if (!any) return constant(p, false);
    return n == 1 ? any : expr_new(p->s, EXPR_AND, 2, filter_compare(p, "id", EXPR_IN, n, items), any);
}

static struct expr *collection_condition(struct filter *p, size_t count, struct expr *const *values) {
    struct expr *list[NAMES_MOST];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct names found = {0};
        if (values[i]->op != EXPR_TEXT) return filter_fail(p, "a collection's name is a text");
        if (p->lookup->collections(p->s, values[i]->text, &found))
            return filter_fail(p, "the collection cannot be looked up now");
        for (size_t k = 0; k < found.count && n < NAMES_MOST; k++) list[n++] = expr_text(p->s, EXPR_TEXT, found.list[k]);
    }
    return n > 0 ? filter_compare(p, "collection", EXPR_IN, n, list) : constant(p, false);
}

/* CDSE's names end in .SAFE, STAC's ids do not: a product is found by either. */
static struct expr *name_condition(struct filter *p, size_t count, struct expr *const *values) {
    struct expr **list = scope_alloc(p->s, 2 * count * sizeof(void *));
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i]->op != EXPR_TEXT) return filter_fail(p, "a Name is a text");
        size_t len = strlen(values[i]->text);
        list[n++] = values[i];
        if (len > 5 && strcmp(values[i]->text + len - 5, ".SAFE") == 0)
            list[n++] = expr_text(p->s, EXPR_TEXT, scope_strndup(p->s, values[i]->text, len - 5));
    }
    if (n > NAMES_MOST) return filter_fail(p, "these are too many names at once");
    return n == 1 ? filter_compare(p, "id", EXPR_EQUAL, 1, list) : filter_compare(p, "id", EXPR_IN, n, list);
}

/* What can be ordered from the archive is not online (STAC order extension). */
static struct expr *online_condition(struct filter *p, const struct expr *value) {
    if (value->op != EXPR_BOOLEAN) return filter_fail(p, "Online is true or false");
    struct expr *status = expr_text(p->s, EXPR_PROPERTY, "order:status");
    struct expr *done = expr_text(p->s, EXPR_TEXT, "succeeded");
    struct expr *online =
        expr_new(p->s, EXPR_OR, 2, expr_new(p->s, EXPR_IS_NULL, 1, status),
                 expr_new(p->s, EXPR_AND, 2, expr_new(p->s, EXPR_NOT, 1, expr_new(p->s, EXPR_IS_NULL, 1, status)),
                          expr_new(p->s, EXPR_EQUAL, 2, status, done)));
    return filter_negate(p, !value->boolean, online);
}

static bool is_equality(enum expr_op op) {
    return op == EXPR_EQUAL || op == EXPR_NOT_EQUAL || op == EXPR_IN;
}

/* Times may be quoted, as older scripts do. */
static struct expr *as_time(struct filter *p, struct expr *value) {
    char instant[INSTANT_SIZE];
    if (value->op == EXPR_TIMESTAMP || value->op == EXPR_DATE) return value;
    if (value->op == EXPR_TEXT && instant_parse(value->text, strlen(value->text), instant) == 0)
        return expr_text(p->s, EXPR_TIMESTAMP, scope_strdup(p->s, instant));
    return filter_fail(p, "a time such as 2022-05-03T00:00:00.000Z is expected");
}

static struct expr *member_condition(struct filter *p, const struct member *m, enum expr_op op, size_t count,
                                     struct expr **values) {
    if (m->kind != MEMBER_TIME && m->kind != MEMBER_TEXT && !is_equality(op))
        return filter_fail(p, scope_printf(p->s, "%s can only be compared by eq, ne and in", m->path));
    switch (m->kind) {
    case MEMBER_ID:
        return filter_negate(p, op == EXPR_NOT_EQUAL, id_condition(p, count, values));
    case MEMBER_COLLECTION:
        return filter_negate(p, op == EXPR_NOT_EQUAL, collection_condition(p, count, values));
    case MEMBER_ONLINE:
        if (count != 1) return filter_fail(p, "Online is compared with one value");
        return filter_negate(p, op == EXPR_NOT_EQUAL, online_condition(p, values[0]));
    case MEMBER_TEXT:
        if (is_equality(op)) return filter_negate(p, op == EXPR_NOT_EQUAL, name_condition(p, count, values));
        if (values[0]->op != EXPR_TEXT) return filter_fail(p, "a Name is a text");
        return filter_compare(p, "id", op, count, values);
    case MEMBER_TIME:
        break;
    }
    for (size_t i = 0; i < count; i++)
        if (!(values[i] = as_time(p, values[i]))) return NULL;
    return first_of(p->s, m->properties, op, count, values);
}

/* any(…) is false, not unknown, of a product without the attribute, which matters under not. */
struct expr *filter_value_condition(struct filter *p, enum expr_op op, size_t count, struct expr *const *values) {
    struct expr *e = attribute_condition(p->s, p->attribute, op, count, values, p->fault);
    if (!e) return NULL;
    return p->negations > 0 ? expr_new(p->s, EXPR_AND, 2, attribute_present(p->s, p->attribute), e) : e;
}

struct expr *filter_condition(struct filter *p, const struct operand *o, enum expr_op op, size_t count, struct expr **values) {
    return o->value ? filter_value_condition(p, op, count, values) : member_condition(p, o->member, op, count, values);
}

/* eq null and ne null. */
struct expr *filter_null_condition(struct filter *p, const struct operand *o, enum expr_op op) {
    if (op != EXPR_EQUAL && op != EXPR_NOT_EQUAL) return filter_fail(p, "null can only be compared by eq and ne");
    if (o->value) return filter_negate(p, op == EXPR_EQUAL, attribute_present(p->s, p->attribute));
    bool may_lack = o->member->kind == MEMBER_TIME && strcmp(o->member->properties[0], "expires") == 0;
    if (!may_lack) return constant(p, op == EXPR_NOT_EQUAL);
    struct expr *lacks = expr_new(p->s, EXPR_IS_NULL, 1, expr_text(p->s, EXPR_PROPERTY, "expires"));
    return filter_negate(p, op == EXPR_NOT_EQUAL, lacks);
}
