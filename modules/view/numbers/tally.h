/* tally.h: weighted statistics of values that come one by one.
 *
 *   weight W = Σ w, mean = Σ w v / W, sum = Σ w v, std = sqrt(Σ w (v - mean)² / W): of the population, as numpy.std with ddof
 * 0, by West's recurrence (1979, CACM 22(9), 532-535), which does not cancel out. The p-th percentile is the smallest value v
 *   such that the weights of all values up to v reach p % of W (numpy's "inverted_cdf"): found exactly, in a second pass.
 *   A histogram's cells are [edge, next edge), the last one closed, as numpy.histogram has them.
 */
#ifndef NADIR_VIEW_TALLY_H
#define NADIR_VIEW_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#define PERCENTILES_MOST 8
#define BINS_MOST 1024

struct tally {
    int64_t count;
    double weight, mean, moment, min, max; /* moment: Σ w (v - mean)² */
};

/* A run of values, such as a line of pixels: sums of what they are more than the first. */
struct run {
    int64_t count;
    double first, weight, sum, squares, min, max;
};

static inline void run_add(struct run *r, double value, double weight) {
    if (r->count++ == 0) r->first = r->min = r->max = value;
    double more = value - r->first;
    r->weight += weight;
    r->sum += weight * more;
    r->squares += weight * more * more;
    r->min = value < r->min ? value : r->min;
    r->max = value > r->max ? value : r->max;
}

/** Joins a run to what was there before, and empties it. */
void tally_join(struct tally *t, struct run *r);
double tally_std(const struct tally *t);

/* Values are kept as 32-bit floats here: 16 bits of them in the first pass, the other 16, where a percentile lies, in the
 * second. */
struct percentiles {
    int count;
    double asked[PERCENTILES_MOST]; /* 0 to 100 */
    double found[PERCENTILES_MOST];
    double weight;
    double *high, *low[PERCENTILES_MOST]; /* weights by half a key */
    unsigned bucket[PERCENTILES_MOST];
    double below[PERCENTILES_MOST]; /* weight of the buckets before */
};

/** `asked` and `count` are set. NADIR_ENOMEM. End it with percentiles_end. */
int percentiles_begin(struct percentiles *p);
void percentiles_end(struct percentiles *p);
static inline uint32_t percentiles_key(double value) {
    union {
        float f;
        uint32_t u;
    } bits = {.f = (float)value + 0.0F};                          /* -0 is 0 */
    return bits.u & 0x80000000U ? ~bits.u : bits.u | 0x80000000U; /* floats sort as these do */
}

static inline void percentiles_first(struct percentiles *p, double value, double weight) {
    p->high[percentiles_key(value) >> 16] += weight;
    p->weight += weight;
}
/** Between the passes. NADIR_ENOMEM. */
int percentiles_turn(struct percentiles *p);
static inline void percentiles_second(struct percentiles *p, double value, double weight) {
    uint32_t key = percentiles_key(value);
    for (int i = 0; i < p->count; i++)
        if (p->bucket[i] == key >> 16 && (i == 0 || p->low[i] != p->low[i - 1])) p->low[i][key & 0xffff] += weight;
}
/** Fills `found`; NaN where there was no value. */
void percentiles_find(struct percentiles *p);

struct histogram {
    int bins;
    double edges[BINS_MOST + 1];
    int64_t counts[BINS_MOST];
    double weights[BINS_MOST];
    int64_t beyond; /* values outside of the edges */
    double beyond_weight;
};

/** Lays out bins from low to high; where they are one value, half a unit on both sides, as numpy does. */
void histogram_begin(struct histogram *h, int bins, double low, double high);
void histogram_add(struct histogram *h, double value, double weight);

#endif
