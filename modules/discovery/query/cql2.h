/* cql2.h: what the readers and the writer of CQL2's two forms share: the names of its operators and its values. */
#ifndef DISCOVERY_CQL2_H
#define DISCOVERY_CQL2_H

#include "discovery/query/expr.h"

/* An operator that is written as a function or a word with arguments. */
struct cql2_op {
    enum expr_op op;
    int least, most;    /* arguments; most 0: any number */
    bool text_function; /* written name(a, b) in CQL2 text */
    const char *json;   /* as CQL2 JSON writes it; CQL2 text writes functions the same, in any case */
    const char *older;  /* as drafts of the standard wrote it, or NULL */
};

/** By its name in CQL2 JSON, in any case; drafts too when older is set. NULL: there is no such operator. */
const struct cql2_op *cql2_op_named(const char *name, size_t len, bool older);
const struct cql2_op *cql2_op_of(enum expr_op op);

/** A node that is true, false or unknown, and not a value. */
bool expr_is_condition(const struct expr *e);
/** A node that may stand in arithmetic. */
bool expr_is_numeric(const struct expr *e);
/** A node that may be compared with = and <. */
bool expr_is_scalar(const struct expr *e);

/** The first reason why the node cannot have these arguments, or NULL. The readers of both forms ask it, so that they agree. */
const char *expr_misfit(const struct expr *e);

/** An RFC 3339 time or date as a TIMESTAMP or DATE node; NULL if the text is neither. */
struct expr *expr_instant(struct scope *s, const char *text, size_t len);
/** A time without its trailing zeros: what people write. */
const char *instant_short(struct scope *s, const char *normalised);

/** A name without "properties." before it, however often. */
const char *expr_property_name(const char *name);

/** How many levels the tree has; a leaf is one. */
size_t expr_depth(const struct expr *e);

/** True if the text could not be a pattern of LIKE: its end escapes nothing, or it is too long to match in bounded time. */
bool expr_pattern_bad(const char *pattern);

#define EXPR_PATTERN_MOST 1000 /* bytes */
#define EXPR_NAME_MOST 256     /* bytes of a property's name */

#endif
