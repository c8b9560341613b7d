/* leaves.h: the partitions of footprint, so that a search of times within one can name it: it is then planned once for all
 * values. */
#ifndef DISCOVERY_LEAVES_H
#define DISCOVERY_LEAVES_H

#include "discovery/query/moment.h"

struct leaf {
    char name[64];
    int64_t from, to; /* nominal times, both included */
};

/** The partition that holds a nominal time; false: not known. A copy that is some seconds old: partitions change by migrations.
 */
bool leaf_of(struct scope *s, int64_t at, struct leaf *out);

#endif
