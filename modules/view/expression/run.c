/* run.c: runs a compiled expression. */
#include <stdlib.h>

#include "common/error.h"
#include "view/expression/expression.h"
#include "view/expression/operate.h"

#define BLOCK 512 /* pixels: the registers of a usual formula stay in the first-level cache */

int expression_run(const struct expression *e, const float *const *bands, float *out, size_t n) {
    const float *slots[EXPRESSION_BANDS + EXPRESSION_CONSTANTS + EXPRESSION_OPERATIONS + 1];
    int first_constant = e->nbands;
    int first_register = first_constant + e->nconstants;
    int result = first_register + e->nregisters;
    float *memory = malloc((size_t)(e->nconstants + e->nregisters + 1) * BLOCK * sizeof *memory);
    if (!memory) return NADIR_ENOMEM;
    for (int i = first_constant; i < result; i++) slots[i] = memory + (size_t)(i - first_constant) * BLOCK;
    for (size_t i = 0; i < (size_t)e->nconstants * BLOCK; i++) memory[i] = e->constants[i / BLOCK];
    for (size_t from = 0; from < n; from += BLOCK) {
        size_t count = n - from < BLOCK ? n - from : BLOCK;
        for (int i = 0; i < e->nbands; i++) slots[i] = bands[i] + from;
        slots[result] = out + from;
        for (int i = 0; i < e->nsteps; i++) {
            const struct expression_step *step = &e->steps[i];
            float *to = step->out == result ? out + from : memory + (size_t)(step->out - first_constant) * BLOCK;
            op_run((enum op)step->op, slots[step->in[0]], slots[step->in[1]], slots[step->in[2]], to, count);
        }
        op_finish(out + from, count);
    }
    free(memory);
    return 0;
}
