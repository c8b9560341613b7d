/* where.h: a query's conditions over rows that were gathered before. */
#ifndef DISCOVERY_WHERE_H
#define DISCOVERY_WHERE_H

#include "discovery/query/query.h"

/** Adds "FROM <table> f WHERE …" with all of the query's conditions and rights, over a table of few rows that has footprint's
 *  columns: no windows of time, which only save looking at partitions. table is the program's own text. NADIR_EINVAL with a
 *  fault. */
int query_where_in(struct sql *sql, const char *table, const struct auth *who, const struct query *q, struct fault *f);

#endif
