/* expr_sql.h: what the files share that turn filters into SQL. Only they write SQL for filters; all of it is the program's own
 * text: values and names that a caller sent become parameters. */
#ifndef DISCOVERY_EXPR_SQL_H
#define DISCOVERY_EXPR_SQL_H

#include "discovery/query/cql2.h"

enum value_type {
    VALUE_NONE,    /* comparable with nothing */
    VALUE_DYNAMIC, /* a property: what the item has */
    VALUE_TEXT,
    VALUE_NUMBER,
    VALUE_BOOLEAN,
    VALUE_TIME,
    VALUE_GEOMETRY,
};

/* A text that is a parameter already. */
struct named_value {
    const char *text;
    size_t number;
};

struct emit {
    struct sql *q;
    struct fault *fault;
    int depth;
    size_t positions;          /* of the filter's geometries, all together */
    struct named_value *names; /* property names */
    size_t count, room;
};

enum value_type value_type(const struct expr *e);
/** The type as which two values are compared; VALUE_NONE: the comparison is unknown. */
enum value_type value_type_common(const struct expr *a, const struct expr *b);

/* These return 0 or NADIR_EINVAL with a fault. */
/** What is written again for each member of a list may become long: refuses what has. */
int emit_bounded(struct emit *m);
int emit_condition(struct emit *m, const struct expr *e);
/** The value as text, float8, boolean or timestamptz; NULL where it is of another type. */
int emit_value(struct emit *m, const struct expr *e, enum value_type type);
/** A property as jsonb. */
void emit_json(struct emit *m, const char *property);
int emit_temporal(struct emit *m, const struct expr *e);
int emit_spatial(struct emit *m, const struct expr *e);
int emit_array_predicate(struct emit *m, const struct expr *e);

bool is_property(const struct expr *e, const char *name);

#endif
