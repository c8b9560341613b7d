/* statistics.h: what the files of the statistics module share. */
#ifndef NADIR_STATISTICS_H
#define NADIR_STATISTICS_H

#include "common/bus.h"
#include "common/http.h"

struct db *statistics_db(void);

int kpis_get(struct request *rq, struct response *rs);
int series_get(struct request *rq, struct response *rs);

/** Adds an event of any module to the daily counters. Events that count nothing are no fault. */
int counters_on_event(struct scope *s, struct db_tx *tx, const struct event *e);

/** True if the caller wants CSV: ?format=csv, or Accept prefers text/csv. NADIR_EINVAL after answering 400 to another format.
 */
int wants_csv(const struct request *rq, struct response *rs, bool *csv);

#endif
