/* filter.h: what filter.c (the grammar) and filter_members.c (the meaning) share. */
#ifndef DISCOVERY_ODATA_FILTER_H
#define DISCOVERY_ODATA_FILTER_H

#include "discovery/odata/odata.h"

struct filter {
    struct scope *s;
    const struct odata_lookup *lookup;
    struct fault *fault;
    const struct token *t; /* the next one */
    size_t depth, nodes, negations;
    const char *variable;  /* of the any(…) that is being read, or NULL */
    const char *attribute; /* that it names */
    size_t names_seen;     /* conditions on the attribute's name that were read */
    struct expr chosen;    /* stands for such a condition, which by itself says nothing of the Value */
};

/* A path or a literal of a comparison. */
struct operand {
    const struct token *token;
    const struct member *member; /* of the product, or NULL */
    bool value;                  /* the Value of the attribute of any(…) */
    struct expr *literal;
    bool null;
};

enum member_kind { MEMBER_ID, MEMBER_TEXT, MEMBER_COLLECTION, MEMBER_TIME, MEMBER_ONLINE };

struct member {
    const char *path;
    enum member_kind kind;
    const char *properties[4];
};

/** The member of a path that can be filtered by, or NULL. */
const struct member *filter_member(const char *path);
/** Records a fault at the next token; returns NULL, as all of these do then. */
struct expr *filter_fail(struct filter *p, const char *why);
struct expr *filter_negate(struct filter *p, bool negated, struct expr *e);
struct expr *filter_compare(struct filter *p, const char *property, enum expr_op op, size_t count, struct expr *const *values);
/** An operand compared with literals; with null; the attribute's Value compared with them. */
struct expr *filter_condition(struct filter *p, const struct operand *o, enum expr_op op, size_t count, struct expr **values);
struct expr *filter_null_condition(struct filter *p, const struct operand *o, enum expr_op op);
struct expr *filter_value_condition(struct filter *p, enum expr_op op, size_t count, struct expr *const *values);

#endif
