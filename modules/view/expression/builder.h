/* builder.h: a graph of operations in which nothing is there twice, and its layout as an expression. */
#ifndef NADIR_VIEW_BUILDER_H
#define NADIR_VIEW_BUILDER_H

#include "view/expression/expression.h"
#include "view/expression/operate.h"

#define NODES_MOST 1024 /* of the graph, with what was folded away */

enum node_kind { NODE_BAND, NODE_CONSTANT, NODE_STEP };

struct node {
    enum node_kind kind;
    enum op op;
    int in[3];
    int number;  /* of a band */
    float value; /* of a constant */
};

struct builder {
    struct node nodes[NODES_MOST]; /* operands come before what uses them */
    int count;
    int bands;
};

/* Each returns the node's index, or -1 when there are too many. */
int build_constant(struct builder *b, float value);
int build_band(struct builder *b, int number);
/** Operands that the operation does not take are ignored. Constants are folded by the very operation that would run. */
int build_step(struct builder *b, enum op op, int first, int second, int third);

/** Lays out what the result needs, in s. Returns NULL, or why it cannot. */
const char *build_finish(struct scope *s, struct scope *working, const struct builder *b, int result,
                         const struct expression **out);

#endif
