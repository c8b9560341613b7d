/* bench_expression: nanoseconds of CPU a pixel of compiled expressions beside the same formulas as plain C loops, over a tile's
 * worth of pixels (256 x 256) again and again, the best of several rounds each. No arguments. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "view/expression/expression.h"

#define PIXELS (256 * 256)
#define BANDS 4
#define TIMES 200
#define ROUNDS 9

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

static struct expression_name find(const void *with, const char *name) {
    static const char *const bands[BANDS] = {"blue", "green", "red", "nir"};
    (void)with;
    for (int i = 0; i < BANDS; i++)
        if (strcmp(bands[i], name) == 0) return (struct expression_name){.kind = EXPRESSION_BAND, .number = i, .scale = 1};
    return (struct expression_name){0};
}

static double cpu_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

VECTORISED static void ndvi(const float *const *b, float *restrict out) {
    const float *red = b[2], *nir = b[3];
    for (int i = 0; i < PIXELS; i++) {
        float sum = nir[i] + red[i];
        out[i] = sum == 0 ? NAN : (nir[i] - red[i]) / sum;
    }
}

VECTORISED static void evi(const float *const *b, float *restrict out) {
    const float *blue = b[0], *red = b[2], *nir = b[3];
    for (int i = 0; i < PIXELS; i++) {
        float below = nir[i] + 6 * red[i] - 7.5F * blue[i] + 1;
        float v = below == 0 ? NAN : 2.5F * (nir[i] - red[i]) / below;
        v = v < -1 ? -1 : v;
        out[i] = v > 1 ? 1 : v;
    }
}

static void kernel(const float *const *b, float *restrict out) {
    const float *red = b[2], *nir = b[3];
    for (int i = 0; i < PIXELS; i++) {
        float d = nir[i] - red[i];
        float k = expf(-(d * d) / 0.5F);
        out[i] = (1 - k) / (1 + k);
    }
}

static const struct formula {
    const char *title, *text;
    void (*plain)(const float *const *bands, float *out);
} formulas[] = {
    {"NDVI, 3 operations", "(nir - red) / (nir + red)", ndvi},
    {"EVI clamped, 10 operations", "clamp(2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1), -1, 1)", evi},
    {"kernel NDVI, with exp", "(1 - exp(-(nir - red) ^ 2 / 0.5)) / (1 + exp(-(nir - red) ^ 2 / 0.5))", kernel},
};

static double plain_ns(const struct formula *f, const float *const *bands, float *out) {
    double start = cpu_s();
    for (int i = 0; i < TIMES; i++) f->plain(bands, out);
    return (cpu_s() - start) * 1e9 / TIMES / PIXELS;
}

static double compiled_ns(const struct expression *e, const float *const *bands, float *out) {
    double start = cpu_s();
    for (int i = 0; i < TIMES; i++)
        if (expression_run(e, bands, out, PIXELS)) exit(1);
    return (cpu_s() - start) * 1e9 / TIMES / PIXELS;
}

static void measure(struct scope *s, const struct formula *f, float *const planes[BANDS], float *out[2]) {
    const struct expression_names names = {find, NULL};
    const struct expression *e;
    struct expression_fault fault;
    const float *used[EXPRESSION_BANDS] = {0};
    const float *const all[BANDS] = {planes[0], planes[1], planes[2], planes[3]};
    if (expression_compile(s, f->text, &names, &e, &fault)) exit(1);
    for (int i = 0; i < e->nbands; i++) used[i] = planes[e->bands[i]];
    double plain = HUGE_VAL, compiled = HUGE_VAL, start = cpu_s();
    for (int i = 0; i < 1000; i++)
        if (expression_compile(s, f->text, &names, &e, &fault)) exit(1);
    double compiling = (cpu_s() - start) * 1e6 / 1000;
    for (int i = 0; i < ROUNDS; i++) {
        plain = fmin(plain, plain_ns(f, all, out[0]));
        compiled = fmin(compiled, compiled_ns(e, used, out[1]));
    }
    for (int i = 0; i < PIXELS; i++)
        if (!(fabsf(out[0][i] - out[1][i]) <= 1e-5F * fmaxf(1, fabsf(out[0][i])))) exit(1); /* they must agree */
    printf("%-28s %2d steps: compiled %.2f ns a pixel, plain C %.2f, ratio %.2f; compiling %.1f us\n", f->title, e->nsteps,
           compiled, plain, compiled / plain, compiling);
}

int main(void) {
    struct scope s;
    float *planes[BANDS], *out[2];
    scope_init(&s, "bench", 0);
    for (int b = 0; b < BANDS + 2; b++) {
        float *plane = scope_alloc(&s, PIXELS * sizeof *plane);
        for (int i = 0; i < PIXELS && b < BANDS; i++)
            plane[i] = 0.02F + 0.1F * (float)b + (float)((i * 7919 + b) % 1000) * 1e-4F;
        if (b < BANDS)
            planes[b] = plane;
        else
            out[b - BANDS] = plane;
    }
    for (size_t i = 0; i < sizeof formulas / sizeof formulas[0]; i++) measure(&s, &formulas[i], planes, out);
    scope_end(&s);
    return 0;
}
