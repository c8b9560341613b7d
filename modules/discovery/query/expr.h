/* expr.h: a filter as a tree. Every door's language (CQL2 text and JSON, STAC query, OData $filter, OGC Filter and CQL of CSW,
 * OpenSearch parameters) is read into it, and query/expr_sql.c alone turns it into SQL. Memory is the scope's.
 *
 * The operators are those of CQL2 (OGC 21-065r2). A comparison between values of different types, or with a property that the
 * item does not have, is unknown, as SQL's NULL is: NOT of it is unknown too, and such an item is not found.
 */
#ifndef DISCOVERY_EXPR_H
#define DISCOVERY_EXPR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "discovery/query/sql.h"
#include "discovery/stac.h"

enum expr_op {
    /* values */
    EXPR_PROPERTY, /* text: the name, without "properties." before it; "id", "collection", "geometry", "datetime" are the item's
                    */
    EXPR_TEXT,     /* text */
    EXPR_NUMBER,   /* number */
    EXPR_BOOLEAN,  /* boolean */
    EXPR_TIMESTAMP, /* text, as instant_parse normalises it */
    EXPR_DATE,      /* text "YYYY-MM-DD"; compared with times it is the day's first instant in UTC */
    EXPR_INTERVAL,  /* two args: timestamps, dates, properties; NULL args[i]: open */
    EXPR_GEOMETRY,  /* json: GeoJSON that geo_geometry_check passed; a BBOX is given as its polygon(s) */
    EXPR_ARRAY,     /* args */
    EXPR_NULL,
    /* text functions */
    EXPR_CASEI,
    EXPR_ACCENTI,
    /* arithmetic */
    EXPR_ADD,
    EXPR_SUBTRACT,
    EXPR_MULTIPLY,
    EXPR_DIVIDE,
    EXPR_INTEGER_DIVIDE, /* CQL2 div */
    EXPR_MODULO,
    EXPR_POWER,
    /* conditions */
    EXPR_AND, /* any number of args, one at least */
    EXPR_OR,
    EXPR_NOT,
    EXPR_EQUAL,
    EXPR_NOT_EQUAL,
    EXPR_LESS,
    EXPR_LESS_EQUAL,
    EXPR_GREATER,
    EXPR_GREATER_EQUAL,
    EXPR_BETWEEN, /* value, least, most */
    EXPR_LIKE,    /* value, pattern (text; % and _, escaped by a backslash) */
    EXPR_IN,      /* value, then the members */
    EXPR_IS_NULL,
    EXPR_S_INTERSECTS, /* the spatial eight: two geometries or geometry properties */
    EXPR_S_CONTAINS,
    EXPR_S_CROSSES,
    EXPR_S_DISJOINT,
    EXPR_S_EQUALS,
    EXPR_S_OVERLAPS,
    EXPR_S_TOUCHES,
    EXPR_S_WITHIN,
    EXPR_T_AFTER, /* the temporal fifteen: two instants or intervals */
    EXPR_T_BEFORE,
    EXPR_T_CONTAINS,
    EXPR_T_DISJOINT,
    EXPR_T_DURING,
    EXPR_T_EQUALS,
    EXPR_T_FINISHED_BY,
    EXPR_T_FINISHES,
    EXPR_T_INTERSECTS,
    EXPR_T_MEETS,
    EXPR_T_MET_BY,
    EXPR_T_OVERLAPPED_BY,
    EXPR_T_OVERLAPS,
    EXPR_T_STARTED_BY,
    EXPR_T_STARTS,
    EXPR_A_EQUALS, /* the four of arrays: two arrays or array properties */
    EXPR_A_CONTAINS,
    EXPR_A_CONTAINED_BY,
    EXPR_A_OVERLAPS,
    EXPR_A_LIKE, /* our own: an array of texts, and a pattern that one of them is like, whatever the case */
};

#define EXPR_DEPTH_MOST 64
#define EXPR_NODES_MOST 2000
#define EXPR_TEXT_MOST 65536 /* bytes of a filter's text */

struct expr {
    enum expr_op op;
    size_t count;
    struct expr **args;
    const char *text;
    double number;
    bool boolean;
    const json_t *json;
};

/** A node with `count` arguments given after it (struct expr *). */
struct expr *expr_new(struct scope *s, enum expr_op op, size_t count, ...);
struct expr *expr_list(struct scope *s, enum expr_op op, size_t count, struct expr *const *args);
struct expr *expr_text(struct scope *s, enum expr_op op, const char *text); /* PROPERTY, TEXT, TIMESTAMP, DATE */
struct expr *expr_number(struct scope *s, double number);
struct expr *expr_boolean(struct scope *s, bool value);
struct expr *expr_geometry(struct scope *s, const json_t *geojson);
/** Both must hold; either may be NULL. */
struct expr *expr_and(struct scope *s, struct expr *a, struct expr *b);

/** Parses CQL2 text / CQL2 JSON (also the older "eq"/"filter-lang=cql-json" op names where they are unambiguous).
 *  NADIR_EINVAL with a fault in field "filter" that says at which character. */
int cql2_text_parse(struct scope *s, const char *text, struct expr **out, struct fault *f);
int cql2_json_parse(struct scope *s, const json_t *json, struct expr **out, struct fault *f);
/** STAC API's query extension: {"eo:cloud_cover": {"lt": 10}, …}. Field "query". */
int stac_query_parse(struct scope *s, const json_t *json, struct expr **out, struct fault *f);
/** The tree as CQL2 JSON (a new reference): the form that saved searches and tokens keep, and text and JSON are compared in. */
json_t *cql2_json_write(const struct expr *e);

/** Adds the condition to a statement over `footprint f`. Checks types; NADIR_EINVAL with a fault. Values become parameters. */
int expr_sql(struct sql *q, const struct expr *e, struct fault *f);
/** Adds an ORDER BY expression for a property: what compares as the values do, numbers before texts, NULL where it is absent.
 */
int expr_sql_sort_key(struct sql *q, const char *property, struct fault *f);
/** That expression's SQL type, for the casts of a token's values: "text" (id, collection), "timestamptz" (datetime), "float8"
 *  (eo:cloud_cover) or "jsonb". */
const char *expr_sql_sort_type(const char *property);

#endif
