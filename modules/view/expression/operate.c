#include "view/expression/operate.h"

#include <float.h>
#include <math.h>

/* The loops exist twice: for any processor, and for those with AVX2, which most are. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

#define EACH(RESULT)                                                                                                           \
    for (size_t i = 0; i < n; i++) out[i] = (RESULT);                                                                          \
    break

/* Not-a-number among the operands wins over what C says of comparisons and of powf(1, NaN). */
#define EITHER_NAN isunordered(a[i], b[i])
#define TRUTH(CONDITION) EACH(EITHER_NAN ? NAN : (CONDITION) ? 1.0F : 0.0F)

int op_operands(enum op op) {
    if (op == OP_SELECT) return 3;
    return op >= OP_ADD ? 2 : 1;
}

/* What the C library computes value by value. */
static void run_library(enum op op, const float *a, const float *b, float *restrict out, size_t n) {
    switch (op) {
    case OP_EXP:
        EACH(expf(a[i]));
    case OP_LOG:
        EACH(a[i] > 0 ? logf(a[i]) : NAN);
    case OP_LOG2:
        EACH(a[i] > 0 ? log2f(a[i]) : NAN);
    case OP_LOG10:
        EACH(a[i] > 0 ? log10f(a[i]) : NAN);
    case OP_ROUND:
        EACH(roundf(a[i]));
    case OP_SIN:
        EACH(sinf(a[i]));
    case OP_COS:
        EACH(cosf(a[i]));
    case OP_TAN:
        EACH(tanf(a[i]));
    case OP_ASIN:
        EACH(asinf(a[i]));
    case OP_ACOS:
        EACH(acosf(a[i]));
    case OP_ATAN:
        EACH(atanf(a[i]));
    case OP_SINH:
        EACH(sinhf(a[i]));
    case OP_COSH:
        EACH(coshf(a[i]));
    case OP_TANH:
        EACH(tanhf(a[i]));
    case OP_POWER:
        EACH(EITHER_NAN || (a[i] == 0 && b[i] < 0) ? NAN : powf(a[i], b[i]));
    default: /* OP_ATAN2 */
        EACH(atan2f(a[i], b[i]));
    }
}

/* What the processor has instructions for. */
VECTORISED static void run_simple(enum op op, const float *a, const float *b, const float *c, float *restrict out, size_t n) {
    switch (op) {
    case OP_COPY:
        EACH(a[i]);
    case OP_NEGATE:
        EACH(-a[i]);
    case OP_NOT:
        EACH(isnan(a[i]) ? NAN : a[i] == 0 ? 1.0F : 0.0F);
    case OP_ABS:
        EACH(fabsf(a[i]));
    case OP_SIGN:
        EACH(a[i] > 0 ? 1.0F : a[i] < 0 ? -1.0F : a[i]);
    case OP_VALID:
        EACH(fabsf(a[i]) <= FLT_MAX ? 1.0F : 0.0F);
    case OP_SQRT:
        EACH(sqrtf(a[i]));
    case OP_FLOOR:
        EACH(floorf(a[i]));
    case OP_CEIL:
        EACH(ceilf(a[i]));
    case OP_ADD:
        EACH(a[i] + b[i]);
    case OP_SUBTRACT:
        EACH(a[i] - b[i]);
    case OP_MULTIPLY:
        EACH(a[i] * b[i]);
    case OP_DIVIDE:
        EACH(b[i] == 0 ? NAN : a[i] / b[i]);
    case OP_MIN:
        EACH(isnan(a[i]) || a[i] < b[i] ? a[i] : b[i]);
    case OP_MAX:
        EACH(isnan(a[i]) || a[i] > b[i] ? a[i] : b[i]);
    case OP_COALESCE:
        EACH(fabsf(a[i]) <= FLT_MAX ? a[i] : b[i]);
    case OP_EQUAL:
        TRUTH(a[i] == b[i]);
    case OP_UNEQUAL:
        TRUTH(a[i] != b[i]);
    case OP_LESS:
        TRUTH(a[i] < b[i]);
    case OP_AT_MOST:
        TRUTH(a[i] <= b[i]);
    case OP_AND:
        TRUTH(a[i] != 0 && b[i] != 0);
    case OP_OR:
        TRUTH(a[i] != 0 || b[i] != 0);
    default: /* OP_SELECT */
        EACH(isnan(a[i]) ? NAN : a[i] != 0 ? b[i] : c[i]);
    }
}

static int in_library(enum op op) {
    return (op >= OP_EXP && op <= OP_LOG10) || (op >= OP_ROUND && op <= OP_TANH) || op == OP_POWER || op == OP_ATAN2;
}

void op_run(enum op op, const float *a, const float *b, const float *c, float *out, size_t n) {
    if (in_library(op))
        run_library(op, a, b, out, n);
    else
        run_simple(op, a, b, c, out, n);
}

VECTORISED void op_finish(float *values, size_t n) {
    for (size_t i = 0; i < n; i++) values[i] = fabsf(values[i]) <= FLT_MAX ? values[i] : NAN;
}
