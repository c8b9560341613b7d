/* filter_xml.c: OGC Filter 1.1.0 (OGC 04-095), and 1.0.0 where it differs only in names, as a tree over the record's names. */
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"
#include "discovery/query/cql2.h"

struct reader {
    struct scope *scope;
    struct csw_fault *fault;
    size_t nodes;
};

static int refuse(struct reader *r, const char *why) {
    return csw_fault_set(r->fault, NULL, "Filter", why);
}

static int condition_read(struct reader *r, const xmlNode *node, int depth, struct expr **out);

static const struct {
    const char *name;
    enum expr_op op;
} comparisons[] =
    {
        {"PropertyIsEqualTo", EXPR_EQUAL},
        {"PropertyIsNotEqualTo", EXPR_NOT_EQUAL},
        {"PropertyIsLessThan", EXPR_LESS},
        {"PropertyIsLessThanOrEqualTo", EXPR_LESS_EQUAL},
        {"PropertyIsLessThanEqualTo", EXPR_LESS_EQUAL},
        {"PropertyIsGreaterThan", EXPR_GREATER},
        {"PropertyIsGreaterThanOrEqualTo", EXPR_GREATER_EQUAL},
        {"PropertyIsGreaterThanEqualTo", EXPR_GREATER_EQUAL},
},
  spatials[] = {
      {"BBOX", EXPR_S_INTERSECTS},   {"Intersects", EXPR_S_INTERSECTS}, {"Intersect", EXPR_S_INTERSECTS},
      {"Contains", EXPR_S_CONTAINS}, {"Within", EXPR_S_WITHIN},         {"Disjoint", EXPR_S_DISJOINT},
      {"Overlaps", EXPR_S_OVERLAPS}, {"Touches", EXPR_S_TOUCHES},       {"Crosses", EXPR_S_CROSSES},
      {"Equals", EXPR_S_EQUALS},
};

/* ogc:PropertyName or ogc:Literal; a Literal that holds nothing is an empty text. */
static int value_read(struct reader *r, const xmlNode *node, struct expr **out) {
    if (csw_xml_is(node, OGC_NS, "PropertyName") || csw_xml_is(node, OGC_NS, "ValueReference"))
        *out = expr_text(r->scope, EXPR_PROPERTY, csw_xml_text(r->scope, node));
    else if (csw_xml_is(node, OGC_NS, "Literal"))
        *out = expr_text(r->scope, EXPR_TEXT, csw_xml_text(r->scope, node));
    else
        return refuse(r, "compares something other than a PropertyName and a Literal");
    return 0;
}

/* False only when the attribute says so (Filter 1.1.0, table 7). */
static bool case_matters(struct reader *r, const xmlNode *node) {
    const char *value = csw_xml_attribute(r->scope, node, "matchCase");
    return !value || (strcasecmp(value, "false") != 0 && strcmp(value, "0") != 0);
}

static int comparison_read(struct reader *r, const xmlNode *node, enum expr_op op, struct expr **out) {
    const xmlNode *first = csw_xml_first(node), *second = csw_xml_next(first);
    struct expr *a, *b;
    if (!second || csw_xml_next(second)) return refuse(r, "has a comparison without two sides");
    if (value_read(r, first, &a) || value_read(r, second, &b)) return NADIR_EINVAL;
    if (!case_matters(r, node)) {
        a = expr_new(r->scope, EXPR_CASEI, 1, a);
        b = expr_new(r->scope, EXPR_CASEI, 1, b);
    }
    *out = expr_new(r->scope, op, 2, a, b);
    return 0;
}

static int between_read(struct reader *r, const xmlNode *node, struct expr **out) {
    const xmlNode *name = csw_xml_first(node), *lower = csw_xml_next(name), *upper = csw_xml_next(lower);
    struct expr *value, *least, *most;
    if (!csw_xml_is(lower, NULL, "LowerBoundary") || !csw_xml_is(upper, NULL, "UpperBoundary") || !csw_xml_first(lower) ||
        !csw_xml_first(upper))
        return refuse(r, "has a PropertyIsBetween without a property, a LowerBoundary and an UpperBoundary");
    if (value_read(r, name, &value) || value_read(r, csw_xml_first(lower), &least) ||
        value_read(r, csw_xml_first(upper), &most))
        return NADIR_EINVAL;
    *out = expr_new(r->scope, EXPR_BETWEEN, 3, value, least, most);
    return 0;
}

/* A pattern with the client's own wildcards as one with %, _ and \. */
static const char *pattern_make(struct scope *s, const char *pattern, const char *many, const char *one, const char *escape) {
    struct text *t = text_new(s, strlen(pattern) * 2 + 2);
    const size_t many_len = strlen(many), one_len = strlen(one), escape_len = strlen(escape);
    for (const char *p = pattern; *p;) {
        if (escape_len && p[escape_len] && strncmp(p, escape, escape_len) == 0) {
            p += escape_len;
        } else if (many_len && strncmp(p, many, many_len) == 0) {
            text_add(t, "%", 1);
            p += many_len;
            continue;
        } else if (one_len && strncmp(p, one, one_len) == 0) {
            text_add(t, "_", 1);
            p += one_len;
            continue;
        }
        if (strchr("%_\\", *p)) text_add(t, "\\", 1);
        text_add(t, p++, 1);
    }
    return t->data ? t->data : "";
}

static int like_read(struct reader *r, const xmlNode *node, struct expr **out) {
    const xmlNode *name = csw_xml_first(node), *literal = csw_xml_next(name);
    struct expr *value, *pattern;
    if (!csw_xml_is(literal, OGC_NS, "Literal")) return refuse(r, "has a PropertyIsLike without a PropertyName and a Literal");
    if (value_read(r, name, &value)) return NADIR_EINVAL;
    const char *many = csw_xml_attribute(r->scope, node, "wildCard"), *one = csw_xml_attribute(r->scope, node, "singleChar");
    const char *escape = csw_xml_attribute(r->scope, node, "escapeChar");
    if (!escape) escape = csw_xml_attribute(r->scope, node, "escape");
    const char *text =
        pattern_make(r->scope, csw_xml_text(r->scope, literal), many ? many : "%", one ? one : "_", escape ? escape : "\\");
    if (expr_pattern_bad(text)) return refuse(r, "has a pattern of over 1000 characters");
    pattern = expr_text(r->scope, EXPR_TEXT, text);
    if (!case_matters(r, node)) {
        value = expr_new(r->scope, EXPR_CASEI, 1, value);
        pattern = expr_new(r->scope, EXPR_CASEI, 1, pattern);
    }
    *out = expr_new(r->scope, EXPR_LIKE, 2, value, pattern);
    return 0;
}

/* BBOX may leave the property out: the record's place is meant. */
static int spatial_read(struct reader *r, const xmlNode *node, enum expr_op op, struct expr **out) {
    const xmlNode *first = csw_xml_first(node), *second = csw_xml_next(first);
    struct expr *args[2];
    if (first && !second && csw_gml_is_geometry(first)) {
        second = first;
        first = NULL;
    }
    if (!second) return refuse(r, "has a spatial operator without a property and a geometry");
    const xmlNode *nodes[2] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        const json_t *geometry;
        if (!nodes[i]) {
            args[i] = expr_text(r->scope, EXPR_PROPERTY, "ows:BoundingBox");
        } else if (csw_gml_is_geometry(nodes[i])) {
            if (csw_gml_parse(r->scope, nodes[i], &geometry, r->fault)) return NADIR_EINVAL;
            args[i] = expr_geometry(r->scope, geometry);
        } else if (csw_xml_is(nodes[i], OGC_NS, "PropertyName")) {
            args[i] = expr_text(r->scope, EXPR_PROPERTY, csw_xml_text(r->scope, nodes[i]));
        } else {
            return refuse(r, "has a spatial operator with something other than a PropertyName and a GML geometry");
        }
    }
    *out = expr_new(r->scope, op, 2, args[0], args[1]);
    return 0;
}

/* And, Or, Not. */
static int logic_read(struct reader *r, const xmlNode *node, enum expr_op op, int depth, struct expr **out) {
    struct expr *args[EXPR_NODES_MOST];
    size_t count = 0;
    for (const xmlNode *at = csw_xml_first(node); at; at = csw_xml_next(at)) {
        if (count == 250) return refuse(r, "joins more than 250 conditions at once");
        if (condition_read(r, at, depth + 1, &args[count++])) return NADIR_EINVAL;
    }
    if (count == 0 || (op == EXPR_NOT && count != 1)) return refuse(r, "has a logical operator without its conditions");
    *out = op != EXPR_NOT && count == 1 ? args[0] : expr_list(r->scope, op, count, args);
    return 0;
}

static int condition_read(struct reader *r, const xmlNode *node, int depth, struct expr **out) {
    if (depth > EXPR_DEPTH_MOST / 2 || ++r->nodes > EXPR_NODES_MOST / 8) return refuse(r, "is too deep or too long");
    if (!csw_xml_is(node, OGC_NS, (const char *)node->name)) return refuse(r, "has an element outside the namespace " OGC_NS);
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        if (csw_xml_is(node, OGC_NS, comparisons[i].name)) return comparison_read(r, node, comparisons[i].op, out);
    for (size_t i = 0; i < sizeof spatials / sizeof *spatials; i++)
        if (csw_xml_is(node, OGC_NS, spatials[i].name)) return spatial_read(r, node, spatials[i].op, out);
    if (csw_xml_is(node, OGC_NS, "And")) return logic_read(r, node, EXPR_AND, depth, out);
    if (csw_xml_is(node, OGC_NS, "Or")) return logic_read(r, node, EXPR_OR, depth, out);
    if (csw_xml_is(node, OGC_NS, "Not")) return logic_read(r, node, EXPR_NOT, depth, out);
    if (csw_xml_is(node, OGC_NS, "PropertyIsLike")) return like_read(r, node, out);
    if (csw_xml_is(node, OGC_NS, "PropertyIsBetween")) return between_read(r, node, out);
    if (csw_xml_is(node, OGC_NS, "PropertyIsNull")) {
        struct expr *value;
        const xmlNode *name = csw_xml_first(node);
        if (!csw_xml_is(name, OGC_NS, "PropertyName")) return refuse(r, "has a PropertyIsNull without a PropertyName");
        if (value_read(r, name, &value)) return NADIR_EINVAL;
        *out = expr_new(r->scope, EXPR_IS_NULL, 1, value);
        return 0;
    }
    return csw_fault_set(r->fault, NULL, "Filter",
                         scope_printf(r->scope, "has an operator that is not served: %s", (const char *)node->name));
}

int csw_filter_parse(struct scope *s, const xmlNode *filter, struct expr **out, struct csw_fault *f) {
    struct reader r = {.scope = s, .fault = f};
    const xmlNode *only = csw_xml_first(filter);
    if (!csw_xml_is(filter, OGC_NS, "Filter")) return refuse(&r, "must be an ogc:Filter in the namespace " OGC_NS);
    if (!only || csw_xml_next(only)) return refuse(&r, "must hold one condition");
    return condition_read(&r, only, 1, out);
}
