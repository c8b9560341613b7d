/* odata.h: the OData v4 door, as the Copernicus Data Space Ecosystem (CDSE) defines it and its users script it
 * (https://documentation.dataspace.copernicus.eu/APIs/OData.html): entity type Product with Attributes, functions of namespace
 * OData.CSC.
 *
 * A Product is a STAC item. Its Name is the item's id; its Id is a UUID made of collection and id (product_id). Attributes are
 * the item's properties, those that CDSE has a name for under that name, the others under their own.
 */
#ifndef DISCOVERY_ODATA_H
#define DISCOVERY_ODATA_H

#include "common/id.h"
#include "discovery/query/query.h"
#include "discovery/stac.h"

#define TOP_DEFAULT 20
#define TOP_MOST 1000
#define SKIP_MOST 1000000
#define ODATA_JSON "application/json;odata.metadata=minimal"

/* ---- lex.c ---- */

enum token_kind {
    TOKEN_END,
    TOKEN_NAME, /* a word or a path: "Collection/Name", "OData.CSC.Intersects" */
    TOKEN_TEXT, /* 'text', unescaped */
    TOKEN_NUMBER,
    TOKEN_TIMESTAMP, /* normalised by instant_parse */
    TOKEN_DATE,
    TOKEN_UUID,
    TOKEN_GEOGRAPHY, /* WKT without its SRID */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_COLON,
    TOKEN_EQUALS,
};

struct token {
    enum token_kind kind;
    size_t at; /* byte of the text, from 0 */
    const char *text;
    double number;
};

#define TOKENS_MOST 8000

/** Cuts a $filter into tokens, the last of which is TOKEN_END. NADIR_EINVAL with a fault in "$filter". */
int odata_lex(struct scope *s, const char *text, struct token **out, struct fault *f);

/* ---- attributes.c ---- */

/** The condition that an attribute, by its name in CDSE or in STAC, compares so with a value. values are literals; op is a
 * comparison (one value), EXPR_IN or EXPR_LIKE (a pattern). NULL with a fault where the attribute has no such comparison. */
struct expr *attribute_condition(struct scope *s, const char *name, enum expr_op op, size_t count, struct expr *const *values,
                                 struct fault *f);
/** The condition that an item has the attribute. */
struct expr *attribute_present(struct scope *s, const char *name);
/** The first of these properties that an item has compares so. */
struct expr *first_of(struct scope *s, const char *const *properties, enum expr_op op, size_t count,
                      struct expr *const *values);
/** The attributes of an item as CDSE lists them: [{@odata.type, Name, Value, ValueType}]. A new reference. */
json_t *attributes_write(struct scope *s, const json_t *item);
/** Names and value types of the attributes that have a name in CDSE. A new reference. */
json_t *attributes_known(void);

/* ---- filter.c, filter_query.c ---- */

/* How a filter finds what it names; the database's way is odata_catalogue. */
struct odata_lookup {
    /** The collections of that name: the one of that id, or those of a mission ("SENTINEL-2": sentinel-2-l1c, …). */
    int (*collections)(struct scope *s, const char *name, struct names *out);
    /** The item of a product id. NADIR_ENOTFOUND. */
    int (*product)(struct scope *s, const char *uuid, const char **collection, const char **item);
};

/** Parses a $filter. NADIR_EINVAL with a fault in "$filter" that says at which character. */
int odata_filter_parse(struct scope *s, const struct odata_lookup *lookup, const char *text, struct expr **out,
                       struct fault *f);
/** Puts a filter into a query: what its AND-ed conditions say of place, time, collections and ids where indexes serve them,
 *  the rest as the query's filter. */
int odata_filter_place(struct scope *s, struct expr *filter, struct query *q, struct fault *f);
/** Reads $orderby. */
int odata_orderby(struct scope *s, const char *text, struct query *q, struct fault *f);

/* Stand in a parsed filter for the ends of the time covered, until odata_filter_place writes them out. */
#define COVERED_FROM "nadir:covered_from"
#define COVERED_TO "nadir:covered_to"

/* ---- product.c ---- */

enum product_member { /* bits of what is told of a product; order as in product_members */
                      PRODUCT_ATTRIBUTES = 1 << 0,
                      PRODUCT_ASSETS = 1 << 1,
                      PRODUCT_LOCATIONS = 1 << 2,
};

struct product_view {
    unsigned expand;
    const char **select; /* NULL: all */
    size_t nselect;
};

/** The UUID (version 3) of a product. migrations/discovery/006_odata.sql has the same function. */
void product_id(const char *collection, const char *id, char out[ID_SIZE]);
/** Reads $expand and $select. NADIR_EINVAL with a fault. */
int product_view_read(struct scope *s, const char *expand, const char *select, struct product_view *out, struct fault *f);
/** A Product of a STAC item. A new reference. */
json_t *product_write(struct scope *s, const json_t *item, const struct product_view *view);
/** "$metadata#Products" and what is selected and expanded. */
const char *product_context(struct scope *s, const struct product_view *view, bool one);
/** WKT of a GeoJSON geometry. */
char *geometry_wkt(struct scope *s, const json_t *geometry);
/** Bytes of an asset by file:size; -1 unknown. */
int64_t asset_size(const json_t *asset);

/* ---- products.c, nodes.c, metadata.c ---- */

/** Finds a product by its id in the address and answers 404 itself (*item is NULL then). */
int product_find(struct request *rq, struct response *rs, json_t **item);
/** Answers JSON in which BASE_MARK stands for the public URL. Steals json. */
int odata_answer(struct request *rq, struct response *rs, json_t *json);

extern const struct odata_lookup odata_catalogue;

int odata_service_get(struct request *rq, struct response *rs);
int odata_metadata_get(struct request *rq, struct response *rs);
int odata_attributes_get(struct request *rq, struct response *rs);
int products_list(struct request *rq, struct response *rs);
int products_count(struct request *rq, struct response *rs);
int products_filter_list(struct request *rq, struct response *rs);
int product_get(struct request *rq, struct response *rs);
int product_attributes_get(struct request *rq, struct response *rs);
int product_value_get(struct request *rq, struct response *rs);
int product_nodes_get(struct request *rq, struct response *rs);

#endif
