/* Expressions over bands: what compiles stays within its limits and runs, and a refusal points into the text. */
#include <math.h>

#include "fuzz.h"
#include "view/expression/expression.h"

#define PIXELS 5

/* Any short name is a band of a number, so that the limit of bands is met; "k…" is a constant and "t" a text. */
static struct expression_name find(const void *with, const char *name) {
    (void)with;
    if (name[0] == 'k') return (struct expression_name){.kind = EXPRESSION_VALUE, .value = (double)strlen(name) - 2};
    if (strcmp(name, "t") == 0)
        return (struct expression_name){.kind = EXPRESSION_TEXT, .text = "exp(-(a - b) ^ 2 / (2 * k ^ 2))"};
    if (strlen(name) > 2) return (struct expression_name){0};
    int number = (unsigned char)name[0] * 256 + (unsigned char)name[1];
    return (struct expression_name){
        .kind = EXPRESSION_BAND, .number = number, .scale = number % 3 ? 1 : 0.5, .offset = number % 5 ? 0 : -1};
}

static void run(const struct expression *e) {
    static const float samples[PIXELS] = {0, -1.5F, 3e38F, 1e-40F, NAN};
    const float *bands[EXPRESSION_BANDS];
    float out[PIXELS];
    for (int i = 0; i < EXPRESSION_BANDS; i++) bands[i] = samples;
    must(expression_run(e, bands, out, PIXELS) == 0);
    for (int i = 0; i < PIXELS; i++) must(isnan(out[i]) || isfinite(out[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct expression_names names = {find, NULL};
    const struct expression *e = NULL;
    struct expression_fault fault;
    struct scope s;
    scope_init(&s, "fuzz", 0);
    const char *text = fuzz_text(&s, data, size);
    int err = expression_compile(&s, text, &names, &e, &fault);
    must((err != 0) == (fault.why != NULL));
    if (err) {
        must(fault.at <= strlen(text));
        must(strstr(expression_explain(&s, text, &fault), fault.why) != NULL);
    } else {
        must(e->nbands <= EXPRESSION_BANDS && e->nconstants <= EXPRESSION_CONSTANTS && e->nsteps <= EXPRESSION_OPERATIONS);
        run(e);
    }
    scope_end(&s);
    return 0;
}
