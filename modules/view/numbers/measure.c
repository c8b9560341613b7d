#include "view/numbers/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/metrics.h"

/* A sample to the value that is reported. */
struct linear {
    double scale, offset;
    bool plain;
};

static struct linear linear_of(const struct scene *scene, const struct subject *subject, bool samples) {
    if (subject->formula || samples) return (struct linear){1, 0, true};
    const struct band *b = &scene->bands[subject->band];
    return (struct linear){b->scale, b->offset, b->scale == 1 && b->offset == 0};
}

static double linear_apply(const struct linear *l, double sample) {
    return l->plain ? sample : sample * l->scale + l->offset;
}

struct work {
    const struct wanted *wanted;
    struct linear linear;
    double sign; /* of the scale: percentiles are found of samples, turned round where that is negative */
    struct percentiles percentiles;
    struct measure *out;
};

static void left_out(struct measure *out, enum cell state, double weight) {
    struct share *share = state == CELL_NODATA ? &out->nodata : &out->masked;
    share->count++;
    share->weight += weight;
}

static void first_pass(struct work *w, const struct cells *c) {
    size_t n = (size_t)c->block.width * (size_t)c->block.height, at = 0;
    struct run run = {0};
    while (at < n) {
        for (size_t end = at + (size_t)c->block.width; at < end; at++) {
            if (c->states[at] == CELL_VALID) {
                run_add(&run, linear_apply(&w->linear, c->values[at]), c->weights[at]);
                if (w->percentiles.count) percentiles_first(&w->percentiles, w->sign * c->values[at], c->weights[at]);
            } else if (c->states[at] != CELL_OUTSIDE) {
                left_out(w->out, (enum cell)c->states[at], c->weights[at]);
            }
        }
        tally_join(&w->out->tally, &run);
    }
}

static void second_pass(struct work *w, const struct cells *c) {
    size_t n = (size_t)c->block.width * (size_t)c->block.height;
    for (size_t i = 0; i < n; i++) {
        if (c->states[i] != CELL_VALID) continue;
        percentiles_second(&w->percentiles, w->sign * c->values[i], c->weights[i]);
        if (w->out->histogram) histogram_add(w->out->histogram, linear_apply(&w->linear, c->values[i]), c->weights[i]);
    }
}

static int pass(struct work *w, struct cells *c, void (*take)(struct work *w, const struct cells *c)) {
    bool more = true;
    int err = 0;
    while (!err && more) {
        err = cells_next(c, &more);
        if (!err && more) take(w, c);
    }
    return err;
}

static int run(struct scope *s, struct work *w, struct cells *c) {
    const struct wanted *wanted = w->wanted;
    struct measure *out = w->out;
    out->cost = cells_cost(c);
    if (out->cost > wanted->pixels_most) return NADIR_ETOOLARGE;
    int err = wanted->gate ? gate_pass(s, wanted->gate, out->cost) : 0;
    if (!err && w->percentiles.count) err = percentiles_begin(&w->percentiles);
    if (!err) err = pass(w, c, first_pass);
    out->pixels = c->pixels;
    if (err || (!w->percentiles.count && !wanted->bins)) return err;
    if (w->percentiles.count) err = percentiles_turn(&w->percentiles);
    if (wanted->bins) {
        bool own = wanted->ranged || out->tally.count == 0;
        out->histogram = scope_alloc(s, sizeof *out->histogram);
        histogram_begin(out->histogram, wanted->bins, own ? wanted->range[0] : out->tally.min,
                        own ? wanted->range[1] : out->tally.max);
    }
    if (!err) err = pass(w, c, second_pass);
    if (!err) percentiles_find(&w->percentiles);
    for (int i = 0; !err && i < w->percentiles.count; i++)
        out->percentiles[i] = linear_apply(&w->linear, w->sign * w->percentiles.found[i]);
    return err;
}

int measure(struct scope *s, const struct scene *scene, const struct subject *subject, const struct area *area,
            const struct wanted *wanted, struct measure *out) {
    struct work w = {.wanted = wanted, .linear = linear_of(scene, subject, wanted->samples), .out = out};
    struct cells c;
    *out = (struct measure){0};
    w.sign = w.linear.scale < 0 ? -1 : 1;
    w.percentiles.count = wanted->npercentiles;
    memcpy(w.percentiles.asked, wanted->percentiles, sizeof wanted->percentiles);
    int err = cells_begin(s, scene, subject, area, &c);
    if (!err) {
        const char *code = OSRGetAuthorityCode(c.grid->srs, NULL);
        out->epsg = code ? (int)strtol(code, NULL, 10) : 0;
        out->pixel_x = fabs(c.grid->forward[1]) * c.level.shrink_x;
        out->pixel_y = fabs(c.grid->forward[5]) * c.level.shrink_y;
        out->overview = c.overview;
        out->tolerance = c.zone.tolerance;
        err = run(s, &w, &c);
        metrics_add("nadir_view_numbers_pixels_total", (double)c.pixels);
    }
    if (w.percentiles.high) percentiles_end(&w.percentiles);
    cells_end(&c);
    return err;
}
