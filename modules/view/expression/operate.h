/* operate.h: what an expression is made of: operations on vectors. */
#ifndef NADIR_VIEW_OPERATE_H
#define NADIR_VIEW_OPERATE_H

#include <stddef.h>

enum op {
    OP_COPY,
    /* of one operand */
    OP_NEGATE,
    OP_NOT,
    OP_ABS,
    OP_SIGN,
    OP_VALID,
    OP_SQRT,
    OP_EXP,
    OP_LOG,
    OP_LOG2,
    OP_LOG10,
    OP_FLOOR,
    OP_CEIL,
    OP_ROUND,
    OP_SIN,
    OP_COS,
    OP_TAN,
    OP_ASIN,
    OP_ACOS,
    OP_ATAN,
    OP_SINH,
    OP_COSH,
    OP_TANH,
    /* of two */
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_POWER,
    OP_MIN,
    OP_MAX,
    OP_ATAN2,
    OP_COALESCE,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_AT_MOST,
    OP_AND,
    OP_OR,
    /* of three */
    OP_SELECT,
};

/** Operands that an operation takes: 1 to 3. */
int op_operands(enum op op);

/** Does the operation on n values. Operands that it does not take are not read; out overlaps none of them. */
void op_run(enum op op, const float *a, const float *b, const float *c, float *out, size_t n);

/** What is not finite becomes NaN. */
void op_finish(float *values, size_t n);

#endif
