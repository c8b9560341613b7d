/* parser.c: reads an expression by precedence climbing and builds its graph on the way. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "view/expression/builder.h"
#include "view/expression/lexer.h"

/* The parsing functions return a node, or -1 after the fault was told. */
struct parser {
    struct scope *scope;
    struct lexer lexer;
    const struct expression_names *names;
    struct builder *builder;
    struct expression_fault *fault;
    int depth;
    bool inside;      /* a name's text is being read: */
    size_t inside_at; /* faults in it are the name's */
};

enum call { CALL_STEP, CALL_ROW, CALL_CLAMP };

static const struct function {
    const char *name;
    enum call call; /* CALL_ROW: f(a, b, c) is f(f(a, b), c) */
    enum op op;
    int least, most; /* arguments */
} functions[] = {
    {"abs", CALL_STEP, OP_ABS, 1, 1},      {"sign", CALL_STEP, OP_SIGN, 1, 1},         {"sqrt", CALL_STEP, OP_SQRT, 1, 1},
    {"exp", CALL_STEP, OP_EXP, 1, 1},      {"log", CALL_STEP, OP_LOG, 1, 1},           {"ln", CALL_STEP, OP_LOG, 1, 1},
    {"log2", CALL_STEP, OP_LOG2, 1, 1},    {"log10", CALL_STEP, OP_LOG10, 1, 1},       {"floor", CALL_STEP, OP_FLOOR, 1, 1},
    {"ceil", CALL_STEP, OP_CEIL, 1, 1},    {"round", CALL_STEP, OP_ROUND, 1, 1},       {"sin", CALL_STEP, OP_SIN, 1, 1},
    {"cos", CALL_STEP, OP_COS, 1, 1},      {"tan", CALL_STEP, OP_TAN, 1, 1},           {"asin", CALL_STEP, OP_ASIN, 1, 1},
    {"acos", CALL_STEP, OP_ACOS, 1, 1},    {"atan", CALL_STEP, OP_ATAN, 1, 1},         {"sinh", CALL_STEP, OP_SINH, 1, 1},
    {"cosh", CALL_STEP, OP_COSH, 1, 1},    {"tanh", CALL_STEP, OP_TANH, 1, 1},         {"valid", CALL_STEP, OP_VALID, 1, 1},
    {"pow", CALL_STEP, OP_POWER, 2, 2},    {"atan2", CALL_STEP, OP_ATAN2, 2, 2},       {"min", CALL_ROW, OP_MIN, 2, 16},
    {"max", CALL_ROW, OP_MAX, 2, 16},      {"coalesce", CALL_ROW, OP_COALESCE, 2, 16}, {"clamp", CALL_CLAMP, OP_MAX, 3, 3},
    {"where", CALL_STEP, OP_SELECT, 3, 3}, {"if", CALL_STEP, OP_SELECT, 3, 3},
};

static const struct operator_entry {
    enum token token;
    int precedence;
    enum op op;
    bool turned; /* a > b is b < a */
} operators[] = {
    {TOKEN_OR, 1, OP_OR, false},           {TOKEN_AND, 2, OP_AND, false},         {TOKEN_EQUAL, 4, OP_EQUAL, false},
    {TOKEN_UNEQUAL, 4, OP_UNEQUAL, false}, {TOKEN_LESS, 4, OP_LESS, false},       {TOKEN_AT_MOST, 4, OP_AT_MOST, false},
    {TOKEN_GREATER, 4, OP_LESS, true},     {TOKEN_AT_LEAST, 4, OP_AT_MOST, true}, {TOKEN_PLUS, 5, OP_ADD, false},
    {TOKEN_MINUS, 5, OP_SUBTRACT, false},  {TOKEN_TIMES, 6, OP_MULTIPLY, false},  {TOKEN_OVER, 6, OP_DIVIDE, false},
};
#define PRECEDENCE_NOT 3
#define PRECEDENCE_COMPARISON 4

static int expression(struct parser *p);
static int unary(struct parser *p);

static int fail(struct parser *p, size_t at, const char *why) {
    if (!p->fault->why) *p->fault = (struct expression_fault){p->inside ? p->inside_at : at, why};
    return -1;
}

/* A word that is no value: what the lexer found wrong with it, or that something is missing before it. */
static int unexpected(struct parser *p, const char *wanted) {
    const struct lexer *l = &p->lexer;
    if (l->token == TOKEN_BAD) return fail(p, l->at, l->why);
    const char *where = l->token == TOKEN_END ? "before the end" : "here";
    return fail(p, l->at, scope_printf(p->scope, "%s is missing %s", wanted, where));
}

static int step(struct parser *p, size_t at, enum op op, int first, int second, int third) {
    int node = build_step(p->builder, op, first, second, third);
    return node < 0 ? fail(p, at, "the expression has too many parts") : node;
}

static int constant(struct parser *p, size_t at, float value) {
    int node = build_constant(p->builder, value);
    return node < 0 ? fail(p, at, "the expression has too many parts") : node;
}

static bool descend(struct parser *p) {
    if (p->depth < EXPRESSION_DEPTH) {
        p->depth++;
        return true;
    }
    fail(p, p->lexer.at, "the expression is nested too deeply");
    return false;
}

static int band(struct parser *p, size_t at, const struct expression_name *found) {
    int node = build_band(p->builder, found->number);
    if (node < 0) return fail(p, at, "an expression may use at most 8 bands");
    if (found->scale != 1) {
        int scale = constant(p, at, (float)found->scale);
        node = scale < 0 ? -1 : step(p, at, OP_MULTIPLY, node, scale, scale);
    }
    if (node >= 0 && found->offset != 0) {
        int offset = constant(p, at, (float)found->offset);
        node = offset < 0 ? -1 : step(p, at, OP_ADD, node, offset, offset);
    }
    return node;
}

/* A name that stands for a text: the text is read in its place. */
static int text(struct parser *p, size_t at, const char *replacement) {
    struct lexer outer = p->lexer;
    bool was_inside = p->inside;
    if (!was_inside) p->inside_at = at;
    p->inside = true;
    lexer_start(&p->lexer, replacement);
    int node = expression(p);
    if (node >= 0 && p->lexer.token != TOKEN_END) node = unexpected(p, "an operator");
    p->inside = was_inside;
    p->lexer = outer;
    return node;
}

static int name(struct parser *p) {
    size_t at = p->lexer.at;
    char word[NAME_MOST + 1];
    memcpy(word, p->lexer.name, sizeof word);
    bool quoted = p->lexer.token == TOKEN_QUOTED;
    lexer_next(&p->lexer);
    struct expression_name found = p->names->find(p->names->with, word);
    switch (found.kind) {
    case EXPRESSION_BAND:
        return band(p, at, &found);
    case EXPRESSION_VALUE:
        return constant(p, at, (float)found.value);
    case EXPRESSION_TEXT:
        return text(p, at, found.text);
    case EXPRESSION_UNKNOWN:
        break;
    }
    if (!quoted && strcmp(word, "pi") == 0) return constant(p, at, (float)M_PI);
    if (!quoted && strcmp(word, "e") == 0) return constant(p, at, (float)M_E);
    if (!quoted && strcmp(word, "nodata") == 0) return constant(p, at, NAN);
    return fail(p, at, found.text ? found.text : scope_printf(p->scope, "there is no band or constant \"%s\"", word));
}

static int apply(struct parser *p, size_t at, const struct function *f, const int *arguments, int count) {
    if (f->call == CALL_STEP)
        return step(p, at, f->op, arguments[0], arguments[count > 1 ? 1 : 0], arguments[count > 2 ? 2 : 0]);
    if (f->call == CALL_CLAMP) {
        int raised = step(p, at, OP_MAX, arguments[0], arguments[1], 0);
        return raised < 0 ? -1 : step(p, at, OP_MIN, raised, arguments[2], 0);
    }
    int node = arguments[0];
    for (int i = 1; i < count && node >= 0; i++) node = step(p, at, f->op, node, arguments[i], 0);
    return node;
}

/* Arguments up to the closing bracket, which is passed. Returns how many, or -1. */
static int read_arguments(struct parser *p, int *arguments, int most) {
    for (int count = 0;;) {
        if (count == most) return fail(p, p->lexer.at, "this function takes no more arguments");
        int node = expression(p);
        if (node < 0) return -1;
        arguments[count++] = node;
        if (p->lexer.token != TOKEN_COMMA && p->lexer.token != TOKEN_CLOSE) return unexpected(p, "a comma or a bracket");
        bool last = p->lexer.token == TOKEN_CLOSE;
        lexer_next(&p->lexer);
        if (last) return count;
    }
}

static int call(struct parser *p) {
    size_t at = p->lexer.at;
    const struct function *f = NULL;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, p->lexer.name) == 0) f = &functions[i];
    if (!f) return fail(p, at, scope_printf(p->scope, "there is no function \"%s\"", p->lexer.name));
    lexer_next(&p->lexer);
    lexer_next(&p->lexer);
    int arguments[16];
    int count = read_arguments(p, arguments, f->most);
    if (count < 0) return -1;
    if (count < f->least)
        return fail(p, at,
                    scope_printf(p->scope, "%s takes %d arguments%s", f->name, f->least, f->most > f->least ? " or more" : ""));
    return apply(p, at, f, arguments, count);
}

static bool opens(const struct lexer *l) {
    return l->text[l->next + strspn(l->text + l->next, " \t\r\n")] == '(';
}

static int primary(struct parser *p) {
    struct lexer *l = &p->lexer;
    if (l->token == TOKEN_NUMBER) {
        int node = constant(p, l->at, l->number);
        lexer_next(l);
        return node;
    }
    if (l->token == TOKEN_NAME && opens(l)) return call(p);
    if (l->token == TOKEN_NAME || l->token == TOKEN_QUOTED) return name(p);
    if (l->token != TOKEN_OPEN) return unexpected(p, "a value");
    size_t at = l->at;
    lexer_next(l);
    int node = expression(p);
    if (node < 0) return -1;
    if (l->token == TOKEN_END) return fail(p, at, "this bracket is not closed");
    if (l->token != TOKEN_CLOSE) return unexpected(p, "an operator or a bracket");
    lexer_next(l);
    return node;
}

static int power(struct parser *p) {
    int base = primary(p);
    if (base < 0 || p->lexer.token != TOKEN_POWER) return base;
    size_t at = p->lexer.at;
    lexer_next(&p->lexer);
    int exponent = unary(p);
    return exponent < 0 ? -1 : step(p, at, OP_POWER, base, exponent, 0);
}

static int unary(struct parser *p) {
    enum token sign = p->lexer.token;
    size_t at = p->lexer.at;
    if (!descend(p)) return -1;
    int node;
    if (sign == TOKEN_MINUS || sign == TOKEN_PLUS || sign == TOKEN_NOT) {
        lexer_next(&p->lexer);
        node = unary(p);
        if (node >= 0 && sign != TOKEN_PLUS) node = step(p, at, sign == TOKEN_NOT ? OP_NOT : OP_NEGATE, node, 0, 0);
    } else {
        node = power(p);
    }
    p->depth--;
    return node;
}

static const struct operator_entry *operator_of(enum token token, int least) {
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (operators[i].token == token && operators[i].precedence >= least) return &operators[i];
    return NULL;
}

static int binary(struct parser *p, int least);

static int negation(struct parser *p) {
    size_t at = p->lexer.at;
    if (!descend(p)) return -1;
    lexer_next(&p->lexer);
    int node = binary(p, PRECEDENCE_NOT);
    p->depth--;
    return node < 0 ? -1 : step(p, at, OP_NOT, node, 0, 0);
}

static int binary(struct parser *p, int least) {
    int left = p->lexer.token == TOKEN_NOT_WORD && least <= PRECEDENCE_NOT ? negation(p) : unary(p);
    const struct operator_entry *o;
    while (left >= 0 && (o = operator_of(p->lexer.token, least))) {
        size_t at = p->lexer.at;
        lexer_next(&p->lexer);
        int right = binary(p, o->precedence + 1);
        if (right < 0) return -1;
        left = step(p, at, o->op, o->turned ? right : left, o->turned ? left : right, 0);
        const struct operator_entry *next = operator_of(p->lexer.token, PRECEDENCE_COMPARISON);
        if (o->precedence == PRECEDENCE_COMPARISON && next && next->precedence == PRECEDENCE_COMPARISON)
            return fail(p, p->lexer.at, "comparisons cannot be chained: join them with \"and\"");
    }
    return left;
}

static int expression(struct parser *p) {
    if (!descend(p)) return -1;
    int node = binary(p, 1);
    if (node >= 0 && p->lexer.token == TOKEN_QUESTION) {
        size_t at = p->lexer.at;
        lexer_next(&p->lexer);
        int yes = expression(p);
        if (yes < 0) return -1;
        if (p->lexer.token != TOKEN_COLON) return unexpected(p, "the other value, after a colon,");
        lexer_next(&p->lexer);
        int no = expression(p);
        node = no < 0 ? -1 : step(p, at, OP_SELECT, node, yes, no);
    }
    p->depth--;
    return node;
}

int expression_compile(struct scope *s, const char *source, const struct expression_names *names, const struct expression **out,
                       struct expression_fault *fault) {
    struct parser p = {.scope = s, .names = names, .fault = fault};
    *fault = (struct expression_fault){0};
    if (strnlen(source, EXPRESSION_LENGTH + 1) > EXPRESSION_LENGTH) {
        fail(&p, EXPRESSION_LENGTH, "the expression is longer than 2000 bytes");
        return NADIR_EINVAL;
    }
    struct scope working; /* the graph is far larger than what comes of it, which may be kept for long */
    scope_init(&working, "view", 0);
    p.builder = scope_alloc(&working, sizeof *p.builder);
    lexer_start(&p.lexer, source);
    int result = expression(&p);
    if (result >= 0 && p.lexer.token != TOKEN_END) result = unexpected(&p, "an operator");
    if (result >= 0) fault->why = build_finish(s, &working, p.builder, result, out);
    scope_end(&working);
    return fault->why ? NADIR_EINVAL : 0;
}

static bool continues(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

const char *expression_explain(struct scope *s, const char *source, const struct expression_fault *fault) {
    const char *at = source + fault->at;
    const char *from = at;
    const char *to = at;
    int column = 0;
    int number = 1;
    for (const char *c = source; c < at; c++) number += !continues(*c);
    for (; from > source && column < 30; column++) do
            from--;
        while (from > source && continues(*from));
    for (int i = 0; i < 30 && *to; i++) do
            to++;
        while (continues(*to));
    char *part = scope_strndup(s, from, (size_t)(to - from));
    for (char *c = part; *c; c++)
        if ((unsigned char)*c < ' ') *c = ' ';
    return scope_printf(s, "At character %d: %s.\n%s\n%*s^", number, fault->why, part, column, "");
}
