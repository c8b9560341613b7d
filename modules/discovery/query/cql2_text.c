/* cql2_text.c: reads CQL2 text (OGC 21-065r2, Annex B) by recursive descent.
 *
 * The standard's grammar cannot tell at an opening bracket whether a condition, a number or an array follows. So one ladder
 * reads all three, from OR at its top to a name at its foot, and expr_misfit() tells what does not go together.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/geo.h"
#include "discovery/query/cql2.h"
#include "discovery/query/cql2_lexer.h"
#include "discovery/query/geometry.h"

static const char DEPTH_WHY[] = "the filter has more than 64 brackets in each other";

struct parser {
    struct lexer lexer;
    struct scope *scope;
    struct fault *fault;
    int depth;
    size_t nodes;
};

/* All of these return NULL after a fault. */
static struct expr *parse_or(struct parser *p);
static struct expr *parse_sum(struct parser *p);

static struct expr *fail(struct parser *p, size_t at, const char *why) {
    fault_set(p->fault, "filter", scope_printf(p->scope, "at character %zu: %s", lexer_character(p->lexer.text, at), why));
    return NULL;
}

static struct expr *unexpected(struct parser *p, const char *wanted) {
    const struct token *t = &p->lexer.now;
    if (t->kind == TOKEN_BAD) return fail(p, t->at, t->text);
    if (t->kind == TOKEN_END) return fail(p, t->at, scope_printf(p->scope, "the filter ends where %s should follow", wanted));
    return fail(p, t->at, scope_printf(p->scope, "%s is expected here", wanted));
}

/* Every node passes here: bounded in number, and its arguments go together. */
static struct expr *node(struct parser *p, size_t at, struct expr *e) {
    if (++p->nodes > EXPR_NODES_MOST) return fail(p, at, "the filter has more than 2000 parts");
    const char *why = expr_misfit(e);
    return why ? fail(p, at, why) : e;
}

static bool take(struct parser *p, const char *sign) {
    bool found = lexer_sign(&p->lexer, sign);
    if (found) lexer_next(&p->lexer);
    return found;
}

static bool take_word(struct parser *p, const char *word) {
    bool found = lexer_is(&p->lexer, word);
    if (found) lexer_next(&p->lexer);
    return found;
}

static bool expect(struct parser *p, const char *sign, const char *name) {
    if (take(p, sign)) return true;
    unexpected(p, name);
    return false;
}

static bool reserved(const struct parser *p) {
    static const char *const words[] = {"and", "or", "not", "like", "between", "in", "is", "null", "div"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (lexer_is(&p->lexer, words[i])) return true;
    return false;
}

/* ---- lists ---- */

struct list {
    struct expr **items;
    size_t count, room;
};

static void list_add(struct parser *p, struct list *l, struct expr *e) {
    if (l->count == l->room) {
        struct expr **items = scope_alloc(p->scope, (l->room * 2 + 8) * sizeof *items);
        if (l->count > 0) memcpy(items, l->items, l->count * sizeof *items);
        l->items = items;
        l->room = l->room * 2 + 8;
    }
    l->items[l->count++] = e;
}

/* Elements after an opening bracket, up to and with the closing one. */
static bool parse_elements(struct parser *p, struct list *l) {
    if (l->count == 0 && take(p, ")")) return true;
    do {
        struct expr *e = parse_or(p);
        if (!e) return false;
        list_add(p, l, e);
    } while (take(p, ","));
    return expect(p, ")", "',' or ')'");
}

/* ---- literals ---- */

static struct expr *parse_instant(struct parser *p, bool date) {
    size_t at = p->lexer.now.at;
    if (p->lexer.now.kind != TOKEN_TEXT) return unexpected(p, "a time between quotes");
    struct expr *e = expr_instant(p->scope, p->lexer.now.text, strlen(p->lexer.now.text));
    if (!e || (e->op == EXPR_DATE) != date)
        return fail(p, at,
                    date ? "DATE needs a date such as '2020-01-31'" : "TIMESTAMP needs a time such as '2020-01-31T00:00:00Z'");
    lexer_next(&p->lexer);
    return expect(p, ")", "')'") ? node(p, at, e) : NULL;
}

/* One end of an interval; an open one leaves *out NULL. */
static bool parse_interval_end(struct parser *p, struct expr **out) {
    size_t at = p->lexer.now.at;
    *out = NULL;
    if (p->lexer.now.kind != TOKEN_TEXT) return (*out = parse_sum(p)) != NULL;
    const char *text = p->lexer.now.text;
    if (strcmp(text, "..") != 0 && !(*out = expr_instant(p->scope, text, strlen(text)))) {
        fail(p, at, "an interval's end is a time, a date or '..'");
        return false;
    }
    lexer_next(&p->lexer);
    return true;
}

static struct expr *parse_interval(struct parser *p, size_t at) {
    struct expr *from, *to;
    if (!parse_interval_end(p, &from) || !expect(p, ",", "','") || !parse_interval_end(p, &to) || !expect(p, ")", "')'"))
        return NULL;
    return node(p, at, expr_new(p->scope, EXPR_INTERVAL, 2, from, to));
}

static struct expr *parse_box(struct parser *p, size_t at) {
    const char *text = p->lexer.text, *why;
    size_t from = p->lexer.now.at, len = strcspn(text + from, ")"), used = 0;
    if (!text[from + len]) return fail(p, at, "the bracket of BBOX is not closed");
    char *numbers = scope_alloc(p->scope, len + 1);
    for (size_t i = from; i < from + len; i++)
        if (lexer_skip(text, i) == i) numbers[used++] = text[i];
    double box[4];
    if (geo_bbox_parse(numbers, box, &why)) return fail(p, at, why);
    lexer_jump(&p->lexer, from + len + 1);
    return node(p, at, expr_geometry(p->scope, geometry_from_box(p->scope, box)));
}

/* From a geometry's name to the bracket that closes it. */
static struct expr *parse_wkt(struct parser *p, size_t at) {
    const char *text = p->lexer.text, *why;
    size_t end = at + strcspn(text + at, "(");
    int depth = 0;
    do {
        depth += (text[end] == '(') - (text[end] == ')');
    } while (text[end] && text[end++] && depth > 0);
    const json_t *json;
    if (geometry_from_wkt(p->scope, text + at, end - at, &json, &why)) return fail(p, at, why);
    lexer_jump(&p->lexer, end);
    return node(p, at, expr_geometry(p->scope, json));
}

/* True if a geometry's name stands here, followed by a bracket, perhaps after a Z. */
static bool wkt_here(const struct parser *p) {
    static const char *const names[] = {"POINT",           "LINESTRING",   "POLYGON",           "MULTIPOINT",
                                        "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"};
    const char *text = p->lexer.text;
    size_t after = lexer_skip(text, p->lexer.next);
    if ((text[after] == 'Z' || text[after] == 'z') && after > p->lexer.next) after = lexer_skip(text, after + 1);
    if (text[after] != '(') return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (lexer_is(&p->lexer, names[i])) return true;
    return false;
}

/* ---- the ladder, from its foot ---- */

/* In an array function a bracket always begins an array, of one element too. */
static struct expr *parse_array(struct parser *p) {
    size_t at = p->lexer.now.at;
    struct list l = {0};
    if (!lexer_sign(&p->lexer, "(")) return parse_sum(p);
    if (++p->depth > EXPR_DEPTH_MOST) return fail(p, at, DEPTH_WHY);
    lexer_next(&p->lexer);
    while (!lexer_sign(&p->lexer, ")")) {
        if (l.count > 0 && !expect(p, ",", "',' or ')'")) return NULL;
        struct expr *e = parse_array(p);
        if (!e) return NULL;
        list_add(p, &l, e);
    }
    lexer_next(&p->lexer);
    p->depth--;
    return node(p, at, expr_list(p->scope, EXPR_ARRAY, l.count, l.items));
}

static struct expr *parse_array_function(struct parser *p, size_t at, enum expr_op op) {
    struct expr *a = parse_array(p), *b;
    if (!a || !expect(p, ",", "','") || !(b = parse_array(p)) || !expect(p, ")", "')'")) return NULL;
    return node(p, at, expr_new(p->scope, op, 2, a, b));
}

static struct expr *parse_function(struct parser *p) {
    const struct token name = p->lexer.now;
    lexer_next(&p->lexer);
    lexer_next(&p->lexer);
    if (strcasecmp(name.text, "timestamp") == 0) return parse_instant(p, false);
    if (strcasecmp(name.text, "date") == 0) return parse_instant(p, true);
    if (strcasecmp(name.text, "interval") == 0) return parse_interval(p, name.at);
    if (strcasecmp(name.text, "bbox") == 0) return parse_box(p, name.at);
    const struct cql2_op *op = cql2_op_named(name.text, name.len, false);
    if (!op || !op->text_function) return fail(p, name.at, "there is no function of this name");
    if (op->op >= EXPR_A_EQUALS) return parse_array_function(p, name.at, op->op);
    struct list l = {0};
    if (!parse_elements(p, &l)) return NULL;
    if (l.count != (size_t)op->least)
        return fail(p, name.at, op->least == 1 ? "this function has one argument" : "this function has two arguments");
    return node(p, name.at, expr_list(p->scope, op->op, l.count, l.items));
}

/* After "(": a condition or a value that is bracketed, or an array. */
static struct expr *parse_bracket(struct parser *p, size_t at) {
    struct list l = {0};
    if (take(p, ")")) return node(p, at, expr_list(p->scope, EXPR_ARRAY, 0, NULL));
    struct expr *first = parse_or(p);
    if (!first) return NULL;
    if (take(p, ")")) return first;
    if (!expect(p, ",", "an operator or ')'")) return NULL;
    list_add(p, &l, first);
    return parse_elements(p, &l) ? node(p, at, expr_list(p->scope, EXPR_ARRAY, l.count, l.items)) : NULL;
}

static struct expr *parse_name(struct parser *p) {
    const struct token t = p->lexer.now;
    if (strlen(t.text) == 0 || strlen(t.text) > EXPR_NAME_MOST) return fail(p, t.at, "a property's name has 1 to 256 bytes");
    if (t.kind == TOKEN_NAME && reserved(p)) return unexpected(p, "a property, a value or a function");
    lexer_next(&p->lexer);
    return node(p, t.at, expr_text(p->scope, EXPR_PROPERTY, expr_property_name(t.text)));
}

static struct expr *parse_primary(struct parser *p) {
    const struct token t = p->lexer.now;
    bool called = t.kind == TOKEN_NAME && p->lexer.text[lexer_skip(p->lexer.text, p->lexer.next)] == '(';
    if (t.kind == TOKEN_NAME && wkt_here(p)) return parse_wkt(p, t.at);
    if (called && !reserved(p)) return parse_function(p);
    if (take_word(p, "true")) return node(p, t.at, expr_boolean(p->scope, true));
    if (take_word(p, "false")) return node(p, t.at, expr_boolean(p->scope, false));
    if (t.kind == TOKEN_NAME || t.kind == TOKEN_QUOTED) return parse_name(p);
    if (take(p, "(")) return parse_bracket(p, t.at);
    if (t.kind != TOKEN_TEXT && t.kind != TOKEN_NUMBER) return unexpected(p, "a property, a value or a function");
    lexer_next(&p->lexer);
    return node(p, t.at, t.kind == TOKEN_TEXT ? expr_text(p->scope, EXPR_TEXT, t.text) : expr_number(p->scope, t.number));
}

/* A sign binds tighter than any operator; before a property, minus is written as a product, as the standard's example 85. */
static struct expr *parse_factor(struct parser *p) {
    size_t at = p->lexer.now.at;
    bool plus = take(p, "+"), minus = !plus && take(p, "-");
    if (plus && p->lexer.now.kind != TOKEN_NUMBER) return unexpected(p, "a number");
    struct expr *e = parse_primary(p);
    if (!e || !minus) return e;
    if (e->op != EXPR_NUMBER) return node(p, at, expr_new(p->scope, EXPR_MULTIPLY, 2, expr_number(p->scope, -1), e));
    e->number = -e->number;
    return e;
}

static struct expr *parse_power(struct parser *p) {
    size_t at = p->lexer.now.at;
    struct expr *e = parse_factor(p);
    if (!e || !take(p, "^")) return e;
    struct expr *exponent = parse_factor(p);
    return exponent ? node(p, at, expr_new(p->scope, EXPR_POWER, 2, e, exponent)) : NULL;
}

static struct expr *parse_product(struct parser *p) {
    size_t at = p->lexer.now.at;
    struct expr *e = parse_power(p);
    while (e) {
        enum expr_op op;
        if (take(p, "*"))
            op = EXPR_MULTIPLY;
        else if (take(p, "/"))
            op = EXPR_DIVIDE;
        else if (take(p, "%"))
            op = EXPR_MODULO;
        else if (take_word(p, "div"))
            op = EXPR_INTEGER_DIVIDE;
        else
            return e;
        struct expr *right = parse_power(p);
        e = right ? node(p, at, expr_new(p->scope, op, 2, e, right)) : NULL;
    }
    return NULL;
}

static struct expr *parse_sum(struct parser *p) {
    size_t at = p->lexer.now.at;
    struct expr *e = parse_product(p);
    while (e && (lexer_sign(&p->lexer, "+") || lexer_sign(&p->lexer, "-"))) {
        enum expr_op op = lexer_sign(&p->lexer, "+") ? EXPR_ADD : EXPR_SUBTRACT;
        lexer_next(&p->lexer);
        struct expr *right = parse_product(p);
        e = right ? node(p, at, expr_new(p->scope, op, 2, e, right)) : NULL;
    }
    return e;
}

static struct expr *parse_in(struct parser *p, size_t at, struct expr *value) {
    struct list l = {0};
    list_add(p, &l, value);
    if (!expect(p, "(", "'('") || !parse_elements(p, &l)) return NULL;
    return node(p, at, expr_list(p->scope, EXPR_IN, l.count, l.items));
}

static struct expr *parse_between(struct parser *p, size_t at, struct expr *value) {
    struct expr *least = parse_sum(p);
    if (!least) return NULL;
    if (!take_word(p, "and")) return unexpected(p, "AND");
    struct expr *most = parse_sum(p);
    return most ? node(p, at, expr_new(p->scope, EXPR_BETWEEN, 3, value, least, most)) : NULL;
}

static struct expr *parse_is_null(struct parser *p, size_t at, struct expr *value) {
    bool negated = take_word(p, "not");
    if (!take_word(p, "null")) return unexpected(p, "NULL");
    struct expr *e = node(p, at, expr_new(p->scope, EXPR_IS_NULL, 1, value));
    return e && negated ? node(p, at, expr_new(p->scope, EXPR_NOT, 1, e)) : e;
}

/* A comparison by a sign: EXPR_NULL when there is none. */
static enum expr_op comparison(struct parser *p) {
    static const char *const signs[] = {"=", "<>", "<=", ">=", "<", ">"};
    static const enum expr_op signed_ops[] = {EXPR_EQUAL,         EXPR_NOT_EQUAL, EXPR_LESS_EQUAL,
                                              EXPR_GREATER_EQUAL, EXPR_LESS,      EXPR_GREATER};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (take(p, signs[i])) return signed_ops[i];
    return EXPR_NULL;
}

static struct expr *parse_predicate(struct parser *p) {
    size_t at = p->lexer.now.at;
    struct expr *e = parse_sum(p), *right;
    if (!e) return NULL;
    enum expr_op op = comparison(p);
    if (op != EXPR_NULL) return (right = parse_sum(p)) ? node(p, at, expr_new(p->scope, op, 2, e, right)) : NULL;
    if (take_word(p, "is")) return parse_is_null(p, at, e);
    bool negated = take_word(p, "not");
    if (take_word(p, "like"))
        e = (right = parse_sum(p)) ? node(p, at, expr_new(p->scope, EXPR_LIKE, 2, e, right)) : NULL;
    else if (take_word(p, "between"))
        e = parse_between(p, at, e);
    else if (take_word(p, "in"))
        e = parse_in(p, at, e);
    else
        return negated ? unexpected(p, "LIKE, BETWEEN or IN") : e;
    return e && negated ? node(p, at, expr_new(p->scope, EXPR_NOT, 1, e)) : e;
}

static struct expr *parse_not(struct parser *p) {
    size_t at = p->lexer.now.at;
    if (!take_word(p, "not")) return parse_predicate(p);
    struct expr *e = parse_predicate(p);
    return e ? node(p, at, expr_new(p->scope, EXPR_NOT, 1, e)) : NULL;
}

/* Terms with a word between them as one node. */
static struct expr *parse_joined(struct parser *p, const char *word, enum expr_op op, struct expr *(*term)(struct parser *)) {
    size_t at = p->lexer.now.at;
    struct list l = {0};
    do {
        struct expr *e = term(p);
        if (!e) return NULL;
        list_add(p, &l, e);
    } while (take_word(p, word));
    return l.count == 1 ? l.items[0] : node(p, at, expr_list(p->scope, op, l.count, l.items));
}

static struct expr *parse_and(struct parser *p) {
    return parse_joined(p, "and", EXPR_AND, parse_not);
}

static struct expr *parse_or(struct parser *p) {
    if (++p->depth > EXPR_DEPTH_MOST) return fail(p, p->lexer.now.at, DEPTH_WHY);
    struct expr *e = parse_joined(p, "or", EXPR_OR, parse_and);
    p->depth--;
    return e;
}

int cql2_text_parse(struct scope *s, const char *text, struct expr **out, struct fault *f) {
    size_t len = strlen(text);
    if (len > EXPR_TEXT_MOST) return fault_set(f, "filter", "is longer than 65536 bytes");
    if (!text_is_utf8(text, len)) return fault_set(f, "filter", "is not UTF-8");
    struct parser p = {.scope = s, .fault = f};
    lexer_init(&p.lexer, s, text);
    struct expr *e = parse_or(&p);
    if (!e) return NADIR_EINVAL;
    if (p.lexer.now.kind != TOKEN_END)
        unexpected(&p, "an operator or the end of the filter");
    else if (!expr_is_condition(e) && e->op != EXPR_BOOLEAN)
        fail(&p, 0, "this is a value; a filter is a condition, such as a comparison");
    else if (expr_depth(e) > EXPR_DEPTH_MOST) /* a long sum is as deep as it is long */
        fail(&p, 0, "the filter has more than 64 levels");
    *out = e;
    return f->why ? NADIR_EINVAL : 0;
}
