/* moment.h: times as microseconds since 1970 (UTC), for arithmetic with windows. */
#ifndef DISCOVERY_MOMENT_H
#define DISCOVERY_MOMENT_H

#include <stdint.h>

#include "discovery/stac.h"

#define HOUR_US INT64_C(3600000000)
#define DAY_US (24 * HOUR_US)
#define OPEN_PAST INT64_MIN
#define OPEN_FUTURE INT64_MAX

/** Of a text as instant_parse writes it; NULL gives `open`. */
int64_t moment_of(const char *instant, int64_t open);
/** As instant_parse writes it; "-infinity" and "infinity" for what is open or beyond the years 1 to 9999. */
const char *moment_text(struct scope *s, int64_t us);
/** Days since 1970 that the moment lies in. */
int64_t moment_day(int64_t us);
/** "YYYY-MM-DD" of days since 1970. */
const char *moment_date(struct scope *s, int64_t day);
/** a + b that stays within the open ends. */
int64_t moment_add(int64_t a, int64_t b);

#endif
