/* expression.h: formulas over bands, compiled to operations over blocks of pixels.
 *
 *     (nir - red) / (nir + red)
 *     where(scl == 4 or scl == 5, clamp(2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1), -1, 1), nodata)
 *
 * From the loosest to the tightest: c ? a : b; or ||; and &&; not; == != < <= > >= (not chained); + -; * /; unary - + !; ^ **
 * (to the right). Functions are in the table of parser.c. A name is letters, digits and '_', or anything between double quotes.
 *
 * Values are 32-bit floats and NaN is "no data": it passes through every operation, comparisons and logic too, but where(),
 * ?:, coalesce() and valid(), which look at it. Dividing by zero and arguments outside of a function's domain give NaN. What is
 * too large for a float is infinite on the way (1 / exp(100) is 0) and NaN in the end. A comparison gives 1 or 0, and all but 0
 * is true.
 */
#ifndef NADIR_VIEW_EXPRESSION_H
#define NADIR_VIEW_EXPRESSION_H

#include "common/scope.h"

#define EXPRESSION_LENGTH 2000    /* bytes of text */
#define EXPRESSION_DEPTH 64       /* of brackets, signs, exponents and conditionals within each other */
#define EXPRESSION_BANDS 8        /* different bands */
#define EXPRESSION_OPERATIONS 256 /* after constants were folded and repeated parts found */
#define EXPRESSION_CONSTANTS 64   /* different ones that remain */

enum expression_kind {
    EXPRESSION_UNKNOWN,
    EXPRESSION_BAND,  /* sample * scale + offset of band `number` */
    EXPRESSION_VALUE, /* a constant */
    EXPRESSION_TEXT,  /* an expression in brackets */
};

struct expression_name {
    enum expression_kind kind;
    int number;
    double scale, offset;
    double value;
    const char *text;
};

/* What names mean where an expression is compiled. `pi`, `e` and `nodata` are known unless find() says otherwise. Of an unknown
 * name, text may say why it is. */
struct expression_names {
    struct expression_name (*find)(const void *with, const char *name);
    const void *with;
};

/* Why a text was refused: at which byte of it, and one sentence. */
struct expression_fault {
    size_t at;
    const char *why;
};

struct expression_step {
    unsigned char op;
    unsigned short in[3]; /* slots */
    unsigned short out;
};

/* Slots are numbered: bands, constants, registers, and the result. */
struct expression {
    int nbands;
    int bands[EXPRESSION_BANDS]; /* numbers that find() gave, in the order that expression_run takes them */
    int nconstants;
    float *constants;
    int nregisters;
    int nsteps;
    struct expression_step *steps;
};

/** Compiles. Memory is the scope's. NADIR_EINVAL, with the fault filled, when the text is refused. */
int expression_compile(struct scope *s, const char *text, const struct expression_names *names, const struct expression **out,
                       struct expression_fault *fault);

/** Computes n pixels. bands: as many planes of samples as the expression has bands; out must not be one of them. NADIR_ENOMEM.
 */
int expression_run(const struct expression *e, const float *const *bands, float *out, size_t n);

/** What is wrong, for people: "At character 5: why." and two lines, some sixty characters of the text and a caret under it. */
const char *expression_explain(struct scope *s, const char *text, const struct expression_fault *fault);

#endif
