#include "view/expression/builder.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static int add(struct builder *b, const struct node *node) {
    if (b->count == NODES_MOST) return -1;
    b->nodes[b->count] = *node;
    return b->count++;
}

/* 0 and -0 are two. */
static bool same(float a, float b) {
    return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b);
}

int build_constant(struct builder *b, float value) {
    for (int i = 0; i < b->count; i++)
        if (b->nodes[i].kind == NODE_CONSTANT && same(b->nodes[i].value, value)) return i;
    return add(b, &(struct node){.kind = NODE_CONSTANT, .value = value});
}

int build_band(struct builder *b, int number) {
    for (int i = 0; i < b->count; i++)
        if (b->nodes[i].kind == NODE_BAND && b->nodes[i].number == number) return i;
    if (b->bands == EXPRESSION_BANDS) return -1;
    b->bands++;
    return add(b, &(struct node){.kind = NODE_BAND, .number = number});
}

static bool is_value(const struct builder *b, int node, float value) {
    return b->nodes[node].kind == NODE_CONSTANT && b->nodes[node].value == value;
}

static int square(struct builder *b, int x) {
    return x < 0 ? -1 : build_step(b, OP_MULTIPLY, x, x, x);
}

/* Powers that are written more cheaply otherwise; -1 for others. */
static int build_power(struct builder *b, int base, int exponent) {
    if (is_value(b, exponent, 1)) return base;
    if (is_value(b, exponent, 2)) return square(b, base);
    if (is_value(b, exponent, 4)) return square(b, square(b, base));
    if (is_value(b, exponent, 0.5F)) return build_step(b, OP_SQRT, base, base, base);
    if (is_value(b, exponent, 3)) {
        int squared = square(b, base);
        return squared < 0 ? -1 : build_step(b, OP_MULTIPLY, squared, base, base);
    }
    if (is_value(b, exponent, -1)) {
        int one = build_constant(b, 1);
        return one < 0 ? -1 : build_step(b, OP_DIVIDE, one, base, base);
    }
    return -1;
}

static bool commutes(enum op op) {
    return op == OP_ADD || op == OP_MULTIPLY || op == OP_EQUAL || op == OP_UNEQUAL || op == OP_AND || op == OP_OR;
}

static int fold(struct builder *b, enum op op, const int in[3]) {
    float value;
    op_run(op, &b->nodes[in[0]].value, &b->nodes[in[1]].value, &b->nodes[in[2]].value, &value, 1);
    return build_constant(b, value);
}

int build_step(struct builder *b, enum op op, int first, int second, int third) {
    int operands = op_operands(op);
    int in[3] = {first, operands > 1 ? second : first, operands > 2 ? third : first};
    bool constant = true;
    for (int i = 0; i < 3; i++) constant = constant && b->nodes[in[i]].kind == NODE_CONSTANT;
    if (constant) return fold(b, op, in);
    if (op == OP_SELECT && b->nodes[first].kind == NODE_CONSTANT)
        return isnan(b->nodes[first].value) ? first : b->nodes[first].value != 0 ? second : third;
    if (op == OP_POWER) {
        int simpler = build_power(b, first, second);
        if (simpler >= 0) return simpler;
    }
    if (commutes(op) && in[0] > in[1]) {
        in[0] = second;
        in[1] = first;
        in[2] = second;
    }
    for (int i = 0; i < b->count; i++) {
        const struct node *n = &b->nodes[i];
        if (n->kind == NODE_STEP && n->op == op && memcmp(n->in, in, sizeof in) == 0) return i;
    }
    return add(b, &(struct node){.kind = NODE_STEP, .op = op, .in = {in[0], in[1], in[2]}});
}

/* Where each node that is needed ends up. */
struct layout {
    const struct builder *b;
    bool needed[NODES_MOST];
    int last_use[NODES_MOST]; /* the node that reads it last */
    int slot[NODES_MOST];
    int free[NODES_MOST], nfree; /* registers, as slots */
    int next;                    /* slot */
};

static void find_needed(struct layout *l, int result) {
    l->needed[result] = true;
    for (int i = result; i >= 0; i--) {
        const struct node *n = &l->b->nodes[i];
        if (!l->needed[i] || n->kind != NODE_STEP) continue;
        for (int k = 0; k < 3; k++) {
            if (!l->needed[n->in[k]]) l->last_use[n->in[k]] = i;
            l->needed[n->in[k]] = true;
        }
    }
}

static void place_bands(struct layout *l, struct expression *e) {
    for (int i = 0; i < l->b->count; i++) {
        if (!l->needed[i] || l->b->nodes[i].kind != NODE_BAND) continue;
        e->bands[e->nbands++] = l->b->nodes[i].number;
        l->slot[i] = l->next++;
    }
}

static void place_constants(struct layout *l, struct expression *e) {
    for (int i = 0; i < l->b->count; i++) {
        if (!l->needed[i] || l->b->nodes[i].kind != NODE_CONSTANT) continue;
        if (e->nconstants < EXPRESSION_CONSTANTS) e->constants[e->nconstants] = l->b->nodes[i].value;
        e->nconstants++;
        l->slot[i] = l->next++;
    }
}

/* A register is free again after the step that reads it last; a step never writes what it reads. */
static void place_step(struct layout *l, struct expression *e, int i) {
    const struct node *n = &l->b->nodes[i];
    struct expression_step *step = &e->steps[e->nsteps++];
    if (l->nfree) {
        l->slot[i] = l->free[--l->nfree];
    } else {
        l->slot[i] = l->next++;
        e->nregisters++;
    }
    step->op = (unsigned char)n->op;
    step->out = (unsigned short)l->slot[i];
    for (int k = 0; k < 3; k++) {
        int in = n->in[k];
        step->in[k] = (unsigned short)l->slot[in];
        if (l->b->nodes[in].kind != NODE_STEP || l->last_use[in] != i) continue;
        l->last_use[in] = -1;
        l->free[l->nfree++] = l->slot[in];
    }
}

const char *build_finish(struct scope *s, struct scope *working, const struct builder *b, int result,
                         const struct expression **out) {
    struct layout *l = scope_alloc(working, sizeof *l);
    struct expression *e = scope_alloc(s, sizeof *e);
    l->b = b;
    find_needed(l, result);
    int steps = b->nodes[result].kind == NODE_STEP ? 0 : 1;
    for (int i = 0; i < b->count; i++) steps += l->needed[i] && b->nodes[i].kind == NODE_STEP;
    if (steps > EXPRESSION_OPERATIONS) return "the expression has more than 256 operations";
    e->steps = scope_alloc(s, (size_t)steps * sizeof *e->steps);
    e->constants = scope_alloc(s, EXPRESSION_CONSTANTS * sizeof *e->constants);
    place_bands(l, e);
    place_constants(l, e);
    if (e->nconstants > EXPRESSION_CONSTANTS) return "the expression has more than 64 different constants";
    for (int i = 0; i < b->count; i++)
        if (l->needed[i] && b->nodes[i].kind == NODE_STEP) place_step(l, e, i);
    if (b->nodes[result].kind != NODE_STEP) {
        unsigned short from = (unsigned short)l->slot[result];
        e->steps[e->nsteps++] = (struct expression_step){.op = OP_COPY, .in = {from, from, from}};
    }
    e->steps[e->nsteps - 1].out = (unsigned short)(e->nbands + e->nconstants + e->nregisters);
    *out = e;
    return NULL;
}
