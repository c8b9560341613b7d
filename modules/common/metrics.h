/* metrics.h: counters, gauges and histograms in the Prometheus text format 0.0.4.
 *
 * A series is named with its labels, as it will be printed: metrics_add("nadir_orders_total{state=\"paid\"}", 1).
 * Series are created on first use, at most 2,000 a process (further ones are dropped and counted): label values must come from
 * small closed sets, never from what a user sent.
 */
#ifndef NADIR_METRICS_H
#define NADIR_METRICS_H

struct scope;

void metrics_add(const char *series, double value);
void metrics_set(const char *series, double value);
/** Observes seconds into a histogram with fixed buckets 1 ms … 10 s. */
void metrics_observe(const char *series, double seconds);
/** The whole exposition text, in the scope. */
char *metrics_text(struct scope *s);

#endif
