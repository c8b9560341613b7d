/* times.h: moments and intervals as WMS (06-042 annex D), WMTS and OGC API write them. */
#ifndef NADIR_VIEW_TIMES_H
#define NADIR_VIEW_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/scope.h"

#define TIMES_MOST 32

/* Milliseconds since the epoch; `to` is left out of the range. */
struct time_range {
    int64_t from, to;
};

struct times {
    int count; /* 0: any time */
    bool current;
    struct time_range ranges[TIMES_MOST];
};

/** Reads a list, separated by commas, of moments of any precision from the year to the millisecond (each stands for all the
 * time that it names), intervals "from/to" or "from/to/period" (the period is not looked at), with ".." or nothing for an open
 * end, and "current" (the newest day; `current` is set and no range added). NULL and "" are any time. False when malformed. */
bool times_parse(const char *text, struct times *out);

/** True if a moment of [from, to] lies in one of the ranges, or there are none. */
bool times_touch(const struct times *times, int64_t from, int64_t to);

/** The ranges as the text of a PostgreSQL tstzrange[], in the scope; NULL for any time. */
const char *times_sql(struct scope *s, const struct times *times);

/** "2024-05-01T10:00:00Z", in the scope. */
const char *time_text(struct scope *s, int64_t ms);

#endif
