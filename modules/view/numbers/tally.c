#include "view/numbers/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define HALF 65536 /* values of half a key */
#define NEARLY 1e-12

void tally_join(struct tally *t, struct run *r) {
    if (r->count == 0) return;
    double mean = r->first + r->sum / r->weight;
    double moment = fmax(r->squares - r->sum * r->sum / r->weight, 0);
    double off = mean - t->mean;
    if (t->count == 0) {
        *t = (struct tally){r->count, r->weight, mean, moment, r->min, r->max};
    } else {
        double whole = t->weight + r->weight;
        t->mean += off * r->weight / whole;
        t->moment += moment + off * off * t->weight * r->weight / whole;
        t->weight = whole;
        t->count += r->count;
        t->min = fmin(t->min, r->min);
        t->max = fmax(t->max, r->max);
    }
    *r = (struct run){0};
}

double tally_std(const struct tally *t) {
    return t->weight > 0 ? sqrt(fmax(t->moment, 0) / t->weight) : NAN;
}

/* ---- percentiles ---- */

static double value_of(uint32_t key) {
    union {
        uint32_t u;
        float f;
    } bits = {.u = key & 0x80000000U ? key & 0x7fffffffU : ~key};
    return bits.f;
}

int percentiles_begin(struct percentiles *p) {
    p->high = calloc(HALF, sizeof *p->high);
    return p->high ? 0 : NADIR_ENOMEM;
}

void percentiles_end(struct percentiles *p) {
    for (int i = 0; i < p->count; i++)
        if (i == 0 || p->low[i] != p->low[i - 1]) free(p->low[i]);
    free(p->high);
    p->high = NULL;
    memset(p->low, 0, sizeof p->low);
}

/* The entry at which what is summed up reaches the target: the first that is not empty for a target of 0. */
static unsigned reach(const double *weights, double target, double *below) {
    unsigned last = 0;
    double sum = *below;
    for (unsigned i = 0; i < HALF; i++) {
        if (weights[i] <= 0) continue;
        last = i;
        *below = sum;
        sum += weights[i];
        if (sum >= target) break;
    }
    return last;
}

static double target_of(const struct percentiles *p, int i) {
    return p->weight * (p->asked[i] / 100 - NEARLY);
}

int percentiles_turn(struct percentiles *p) {
    for (int i = 0; i < p->count; i++) {
        p->below[i] = 0;
        p->bucket[i] = reach(p->high, target_of(p, i), &p->below[i]);
        /* Asked in ascending order: those of one bucket follow each other. */
        if (i > 0 && p->bucket[i] == p->bucket[i - 1])
            p->low[i] = p->low[i - 1];
        else
            p->low[i] = calloc(HALF, sizeof *p->low[i]);
        if (!p->low[i]) return NADIR_ENOMEM;
    }
    return 0;
}

void percentiles_find(struct percentiles *p) {
    for (int i = 0; i < p->count; i++) {
        double below = p->below[i];
        p->found[i] = p->weight > 0 ? value_of(p->bucket[i] << 16 | reach(p->low[i], target_of(p, i), &below)) : NAN;
    }
}

/* ---- histogram ---- */

void histogram_begin(struct histogram *h, int bins, double low, double high) {
    if (low == high) {
        low -= 0.5;
        high += 0.5;
    }
    *h = (struct histogram){.bins = bins};
    double step = (high - low) / bins;
    for (int i = 0; i < bins; i++) h->edges[i] = i * step + low;
    h->edges[bins] = high;
}

void histogram_add(struct histogram *h, double value, double weight) {
    double low = h->edges[0], high = h->edges[h->bins];
    if (value < low || value > high) {
        h->beyond++;
        h->beyond_weight += weight;
        return;
    }
    int bin = (int)((value - low) / (high - low) * h->bins);
    if (bin >= h->bins) bin = h->bins - 1;
    if (value < h->edges[bin]) /* rounding put it on the wrong side of an edge */
        bin--;
    else if (bin < h->bins - 1 && value >= h->edges[bin + 1])
        bin++;
    h->counts[bin] += 1;
    h->weights[bin] += weight;
}
