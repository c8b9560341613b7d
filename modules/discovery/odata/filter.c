/* filter.c: $filter by recursive descent: or, and, not, conditions.
 *
 *     Collection/Name eq 'SENTINEL-2' and not contains(Name,'L1C')
 *     Attributes/OData.CSC.DoubleAttribute/any(att:att/Name eq 'cloudCover' and att/OData.CSC.DoubleAttribute/Value le 10.00)
 *     OData.CSC.Intersects(area=geography'SRID=4326;POLYGON((…))')
 *
 * Inside any(…) the attribute's name is read ahead, so that Name and Value may stand in either order.
 */
#include <stdio.h>
#include <string.h>

#include "discovery/odata/filter.h"
#include "discovery/query/cql2.h"
#include "discovery/query/geometry.h"

static struct expr *parse_or(struct filter *p);

static bool is_word(const struct token *t, const char *word) {
    return t->kind == TOKEN_NAME && strcmp(t->text, word) == 0;
}

static bool take(struct filter *p, enum token_kind kind) {
    if (p->t->kind != kind) return false;
    p->t++;
    return true;
}

static bool take_word(struct filter *p, const char *word) {
    if (!is_word(p->t, word)) return false;
    p->t++;
    return true;
}

/* ---- operands ---- */

static bool literal(struct filter *p, struct operand *out) {
    const struct token *t = p->t;
    switch (t->kind) {
    case TOKEN_TEXT:
    case TOKEN_UUID:
        out->literal = expr_text(p->s, EXPR_TEXT, t->text);
        break;
    case TOKEN_NUMBER:
        out->literal = expr_number(p->s, t->number);
        break;
    case TOKEN_TIMESTAMP:
        out->literal = expr_text(p->s, EXPR_TIMESTAMP, t->text);
        break;
    case TOKEN_DATE:
        out->literal = expr_text(p->s, EXPR_DATE, t->text);
        break;
    case TOKEN_NAME:
        if (strcmp(t->text, "null") == 0)
            out->null = true;
        else if (strcmp(t->text, "true") == 0 || strcmp(t->text, "false") == 0)
            out->literal = expr_boolean(p->s, t->text[0] == 't');
        else
            return false;
        break;
    default:
        return false;
    }
    out->token = t;
    p->t++;
    return true;
}

/* True if a path is var/Value or var/OData.CSC.…Attribute/Value (end "Value" or "Name"). */
static bool of_variable(const struct filter *p, const struct token *t, const char *end) {
    if (!p->variable || t->kind != TOKEN_NAME) return false;
    size_t len = strlen(p->variable);
    if (strncmp(t->text, p->variable, len) != 0 || t->text[len] != '/') return false;
    const char *rest = t->text + len + 1;
    if (strncmp(rest, "OData.CSC.", 10) == 0 && strchr(rest, '/')) rest = strchr(rest, '/') + 1;
    return strcmp(rest, end) == 0;
}

static int path(struct filter *p, struct operand *out) {
    if (p->t->kind != TOKEN_NAME) {
        filter_fail(p, "a property, a value or a function is expected");
        return NADIR_EINVAL;
    }
    out->token = p->t;
    if (of_variable(p, p->t, "Value")) {
        out->value = true;
        p->t++;
        return 0;
    }
    if (!(out->member = filter_member(p->t->text))) {
        filter_fail(p, scope_printf(p->s, "'%.100s' is not a property that can be filtered by", p->t->text));
        return NADIR_EINVAL;
    }
    p->t++;
    return 0;
}

/* ---- comparisons ---- */

static bool comparison_op(const struct token *t, enum expr_op *op, enum expr_op *mirrored) {
    static const struct {
        const char *word;
        enum expr_op op, mirrored;
    } ops[] = {{"eq", EXPR_EQUAL, EXPR_EQUAL},  {"ne", EXPR_NOT_EQUAL, EXPR_NOT_EQUAL},
               {"lt", EXPR_LESS, EXPR_GREATER}, {"le", EXPR_LESS_EQUAL, EXPR_GREATER_EQUAL},
               {"gt", EXPR_GREATER, EXPR_LESS}, {"ge", EXPR_GREATER_EQUAL, EXPR_LESS_EQUAL}};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (!is_word(t, ops[i].word)) continue;
        *op = ops[i].op;
        *mirrored = ops[i].mirrored;
        return true;
    }
    return false;
}

static struct expr *in_list(struct filter *p, const struct operand *what) {
    struct expr *values[NAMES_MOST];
    size_t count = 0;
    if (!take(p, TOKEN_OPEN)) return filter_fail(p, "a list in brackets is expected after 'in'");
    do {
        struct operand value = {0};
        if (!literal(p, &value) || value.null) return filter_fail(p, "a value is expected");
        if (count == NAMES_MOST) return filter_fail(p, "a list has 1,000 values at most");
        values[count++] = value.literal;
    } while (take(p, TOKEN_COMMA));
    if (!take(p, TOKEN_CLOSE)) return filter_fail(p, "')' is expected");
    return filter_condition(p, what, EXPR_IN, count, values);
}

static struct expr *comparison(struct filter *p) {
    struct operand left = {0}, right = {0};
    enum expr_op op, mirrored;
    bool literal_first = literal(p, &left);
    if (!literal_first && path(p, &left)) return NULL;
    if (!literal_first && take_word(p, "in")) return in_list(p, &left);
    if (!comparison_op(p->t, &op, &mirrored)) return filter_fail(p, "eq, ne, lt, le, gt, ge or in is expected");
    p->t++;
    if (literal_first ? path(p, &right) : !literal(p, &right))
        return p->fault->why ? NULL : filter_fail(p, "a value is expected");
    const struct operand *what = literal_first ? &right : &left, *value = literal_first ? &left : &right;
    if (value->null) return filter_null_condition(p, what, op);
    struct expr *values[] = {value->literal};
    return filter_condition(p, what, literal_first ? mirrored : op, 1, values);
}

/* ---- functions ---- */

/* The pattern of LIKE that finds a text as it stands. */
static const char *pattern(struct scope *s, const char *text, bool before, bool after) {
    char *out = scope_alloc(s, 2 * strlen(text) + 3), *o = out;
    if (before) *o++ = '%';
    for (; *text; text++) {
        if (strchr("%_\\", *text)) *o++ = '\\';
        *o++ = *text;
    }
    if (after) *o++ = '%';
    return out;
}

/* contains(Name,'S2A') and the like. */
static struct expr *text_function(struct filter *p, bool before, bool after) {
    struct operand what = {0};
    p->t += 2;
    if (path(p, &what)) return NULL;
    if (!what.value && what.member->kind != MEMBER_TEXT && what.member->kind != MEMBER_COLLECTION)
        return filter_fail(p, "only a Name or an attribute's Value can be searched for text");
    if (!take(p, TOKEN_COMMA) || p->t->kind != TOKEN_TEXT) return filter_fail(p, "a text in quotes is expected");
    struct expr *values[] = {expr_text(p->s, EXPR_TEXT, pattern(p->s, p->t->text, before, after))};
    p->t++;
    if (!take(p, TOKEN_CLOSE)) return filter_fail(p, "')' is expected");
    return what.value ? filter_value_condition(p, EXPR_LIKE, 1, values)
                      : filter_compare(p, what.member->properties[0], EXPR_LIKE, 1, values);
}

/* OData.CSC.Intersects(area=geography'…'), also geo.intersects(Footprint,geography'…'). */
static struct expr *intersects(struct filter *p) {
    const json_t *geojson;
    const char *why;
    p->t += 2;
    if (p->t->kind == TOKEN_NAME && p->t[1].kind == TOKEN_COMMA) p->t += 2;
    if (p->t->kind == TOKEN_NAME && p->t[1].kind == TOKEN_EQUALS) p->t += 2;
    if (p->t->kind != TOKEN_GEOGRAPHY) return filter_fail(p, "geography'SRID=4326;POLYGON((…))' is expected");
    if (geometry_from_wkt(p->s, p->t->text, strlen(p->t->text), &geojson, &why))
        return filter_fail(p, scope_printf(p->s, "the area %s", why));
    p->t++;
    if (!take(p, TOKEN_CLOSE)) return filter_fail(p, "')' is expected");
    return expr_new(p->s, EXPR_S_INTERSECTS, 2, expr_text(p->s, EXPR_PROPERTY, "geometry"), expr_geometry(p->s, geojson));
}

/* The attribute that the any(…) before us is about: the one text that its variable's Name is compared with. */
static int attribute_ahead(struct filter *p) {
    size_t open = 1, found = 0;
    for (const struct token *t = p->t; t->kind != TOKEN_END && open > 0; t++) {
        open += t->kind == TOKEN_OPEN;
        open -= t->kind == TOKEN_CLOSE;
        if (!of_variable(p, t, "Name") || open == 0) continue;
        if (!is_word(t + 1, "eq") || t[2].kind != TOKEN_TEXT) continue;
        p->attribute = t[2].text;
        found++;
    }
    if (found == 1 && strlen(p->attribute) >= 1 && strlen(p->attribute) <= 200) return 0;
    filter_fail(p, scope_printf(p->s, "any(…) must name one attribute: %s/Name eq 'cloudCover'", p->variable));
    return NADIR_EINVAL;
}

/* Attributes/OData.CSC.DoubleAttribute/any(att:att/Name eq '…' and att/OData.CSC.DoubleAttribute/Value le 10). */
static struct expr *any_attribute(struct filter *p) {
    if (p->variable) return filter_fail(p, "any(…) cannot stand in another");
    p->t += 2;
    if (p->t->kind != TOKEN_NAME || p->t[1].kind != TOKEN_COLON || strchr(p->t->text, '/'))
        return filter_fail(p, "any(att:…) is expected");
    p->variable = p->t->text;
    p->t += 2;
    p->names_seen = 0;
    if (attribute_ahead(p)) return NULL;
    struct expr *e = parse_or(p);
    if (!e) return NULL;
    if (p->names_seen != 1) return filter_fail(p, "an attribute's Name must be compared by eq and joined by 'and'");
    if (!take(p, TOKEN_CLOSE)) return filter_fail(p, "')' is expected");
    p->variable = NULL;
    return e == &p->chosen ? attribute_present(p->s, p->attribute) : e;
}

/* att/Name eq 'cloudCover': chooses the attribute. */
static struct expr *attribute_name(struct filter *p) {
    p->t += 3;
    p->names_seen++;
    return &p->chosen;
}

static struct expr *call(struct filter *p) {
    static const struct {
        const char *name;
        bool before, after;
    } texts[] = {{"contains", true, true}, {"startswith", false, true}, {"endswith", true, false}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is_word(p->t, texts[i].name)) return text_function(p, texts[i].before, texts[i].after);
    if (is_word(p->t, "OData.CSC.Intersects") || is_word(p->t, "geo.intersects")) return intersects(p);
    size_t len = strlen(p->t->text);
    if (strncmp(p->t->text, "Attributes/", 11) == 0 && len > 4 && strcmp(p->t->text + len - 4, "/any") == 0)
        return any_attribute(p);
    return filter_fail(p, scope_printf(p->s, "there is no function '%.100s'", p->t->text));
}

/* A function, which may be followed by "eq true". */
static struct expr *called(struct filter *p) {
    struct expr *e = call(p);
    if (!e || !is_word(p->t, "eq") || (!is_word(p->t + 1, "true") && !is_word(p->t + 1, "false"))) return e;
    bool negated = is_word(p->t + 1, "false");
    p->t += 2;
    return filter_negate(p, negated, e);
}

/* ---- and, or, not ---- */

static struct expr *primary(struct filter *p) {
    if (++p->nodes > EXPR_NODES_MOST) return filter_fail(p, "the filter has too many conditions");
    if (take(p, TOKEN_OPEN)) {
        struct expr *e = parse_or(p);
        if (e && !take(p, TOKEN_CLOSE)) return filter_fail(p, "')' is expected");
        return e;
    }
    if (of_variable(p, p->t, "Name") && is_word(p->t + 1, "eq") && p->t[2].kind == TOKEN_TEXT) return attribute_name(p);
    return p->t->kind == TOKEN_NAME && p->t[1].kind == TOKEN_OPEN && !is_word(p->t, "in") ? called(p) : comparison(p);
}

static struct expr *parse_not(struct filter *p) {
    if (++p->depth > EXPR_DEPTH_MOST) return filter_fail(p, "brackets and nots are nested too deeply");
    struct expr *e;
    if (take_word(p, "not")) {
        size_t names = p->names_seen;
        p->negations++;
        e = parse_not(p);
        p->negations--;
        if (e && p->names_seen != names && p->variable) return filter_fail(p, "an attribute's Name cannot stand under 'not'");
        e = filter_negate(p, true, e);
    } else {
        e = primary(p);
    }
    p->depth--;
    return e;
}

/* Conditions joined by a word, as one node. */
static struct expr *joined(struct filter *p, const char *word, enum expr_op op, struct expr *(*part)(struct filter *)) {
    struct expr **list = NULL, *e;
    size_t count = 0, room = 0, names = p->names_seen;
    bool chosen = false;
    do {
        if (!(e = part(p))) return NULL;
        if (e == &p->chosen && op == EXPR_AND) {
            chosen = true;
            continue;
        }
        if (count == room) {
            struct expr **more = scope_alloc(p->s, (room = room ? 2 * room : 4) * sizeof(void *));
            if (count > 0) memcpy(more, list, count * sizeof(void *));
            list = more;
        }
        list[count++] = e;
    } while (take_word(p, word));
    if (op == EXPR_OR && count > 1 && p->variable && p->names_seen != names)
        return filter_fail(p, "an attribute's Name cannot stand under 'or'");
    if (count == 0 && chosen) return &p->chosen;
    return count == 1 ? list[0] : expr_list(p->s, op, count, list);
}

static struct expr *parse_and(struct filter *p) {
    return joined(p, "and", EXPR_AND, parse_not);
}

static struct expr *parse_or(struct filter *p) {
    return joined(p, "or", EXPR_OR, parse_and);
}

int odata_filter_parse(struct scope *s, const struct odata_lookup *lookup, const char *text, struct expr **out,
                       struct fault *f) {
    struct token *tokens;
    int err = odata_lex(s, text, &tokens, f);
    if (err) return err;
    struct filter p = {.s = s, .lookup = lookup, .fault = f, .t = tokens};
    *out = parse_or(&p);
    if (*out && p.t->kind != TOKEN_END) *out = filter_fail(&p, "'and', 'or' or the end is expected");
    if (*out && expr_depth(*out) > EXPR_DEPTH_MOST) *out = filter_fail(&p, "brackets and nots are nested too deeply");
    return *out ? 0 : NADIR_EINVAL;
}
