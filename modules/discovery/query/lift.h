/* lift.h: what a filter says that the query can say itself. */
#ifndef DISCOVERY_LIFT_H
#define DISCOVERY_LIFT_H

#include "discovery/query/moment.h"
#include "discovery/query/query.h"

/** The same query, with conditions that all items must meet moved from the filter to where the query has a place for them:
 *  T_INTERSECTS of datetime, S_INTERSECTS of geometry, collections and ids. Texts and lists are the scope's or the query's. */
void query_lift(struct scope *s, const struct query *q, struct query *out);

/* Nominal datetimes, both included. */
struct window {
    int64_t oldest, newest;
};

/** Narrows a window by what the filter says of datetime. It may become empty. */
void filter_window(struct scope *s, const struct expr *filter, struct window *w);

#endif
