#include "common/metrics.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/scope.h"

#define SERIES_MOST 2000
#define TABLE_SIZE 4096 /* open addressing; a power of two above SERIES_MOST */
#define BUCKETS 13

static const double bounds[BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

struct series {
    char *name; /* with its labels */
    enum kind kind;
    double value; /* or the histogram's sum */
    uint64_t count, buckets[BUCKETS];
};

static struct series *table[TABLE_SIZE];
static int nseries;
static double dropped;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Call with the lock held. NULL when the table is full. */
static struct series *series_get(const char *name, enum kind kind) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = name; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    uint32_t at = hash % TABLE_SIZE;
    while (table[at] && strcmp(table[at]->name, name) != 0) at = (at + 1) % TABLE_SIZE;
    if (table[at]) return table[at];
    if (nseries == SERIES_MOST) {
        dropped++;
        return NULL;
    }
    struct series *s = calloc(1, sizeof *s);
    if (!s || !(s->name = strdup(name))) abort();
    s->kind = kind;
    nseries++;
    return table[at] = s;
}

void metrics_add(const char *name, double value) {
    pthread_mutex_lock(&lock);
    struct series *s = series_get(name, KIND_COUNTER);
    if (s) s->value += value;
    pthread_mutex_unlock(&lock);
}

void metrics_set(const char *name, double value) {
    pthread_mutex_lock(&lock);
    struct series *s = series_get(name, KIND_GAUGE);
    if (s) s->value = value;
    pthread_mutex_unlock(&lock);
}

void metrics_observe(const char *name, double seconds) {
    pthread_mutex_lock(&lock);
    struct series *s = series_get(name, KIND_HISTOGRAM);
    if (s) {
        s->value += seconds;
        s->count++;
        for (int i = 0; i < BUCKETS; i++)
            if (seconds <= bounds[i]) s->buckets[i]++;
    }
    pthread_mutex_unlock(&lock);
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(struct series *const *)a)->name, (*(struct series *const *)b)->name);
}

static void print_histogram(FILE *f, const struct series *s, const char *base, int base_len, const char *labels) {
    const char *comma = *labels ? "," : "";
    for (int i = 0; i < BUCKETS; i++)
        fprintf(f, "%.*s_bucket{%s%sle=\"%g\"} %llu\n", base_len, base, labels, comma, bounds[i],
                (unsigned long long)s->buckets[i]);
    fprintf(f, "%.*s_bucket{%s%sle=\"+Inf\"} %llu\n", base_len, base, labels, comma, (unsigned long long)s->count);
    const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    fprintf(f, "%.*s_sum%s%s%s %.9g\n", base_len, base, open, labels, close, s->value);
    fprintf(f, "%.*s_count%s%s%s %llu\n", base_len, base, open, labels, close, (unsigned long long)s->count);
}

char *metrics_text(struct scope *scope) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    struct series *sorted[SERIES_MOST];
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f) abort();
    pthread_mutex_lock(&lock);
    int n = 0;
    for (int i = 0; i < TABLE_SIZE; i++)
        if (table[i]) sorted[n++] = table[i];
    qsort(sorted, (size_t)n, sizeof *sorted, by_name);
    const char *previous = "";
    int previous_len = 0;
    for (int i = 0; i < n; i++) {
        const struct series *s = sorted[i];
        int base_len = (int)strcspn(s->name, "{");
        if (base_len != previous_len || strncmp(previous, s->name, (size_t)base_len) != 0)
            fprintf(f, "# TYPE %.*s %s\n", base_len, s->name, types[s->kind]);
        previous = s->name;
        previous_len = base_len;
        if (s->kind != KIND_HISTOGRAM) {
            fprintf(f, "%s %.17g\n", s->name, s->value);
            continue;
        }
        char labels[512] = "";
        if (s->name[base_len])
            snprintf(labels, sizeof labels, "%.*s", (int)strlen(s->name + base_len) - 2, s->name + base_len + 1);
        print_histogram(f, s, s->name, base_len, labels);
    }
    fprintf(f, "# TYPE nadir_metrics_dropped_total counter\nnadir_metrics_dropped_total %.17g\n", dropped);
    pthread_mutex_unlock(&lock);
    fclose(f);
    char *copy = scope_strndup(scope, text, len);
    free(text);
    return copy;
}
