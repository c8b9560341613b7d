#include "discovery/query/moment.h"

#include <stdlib.h>
#include <time.h>

#define FIRST_US (INT64_C(-62135596800) * 1000000) /* 0001-01-01 */
#define LAST_US (INT64_C(253402300800) * 1000000)  /* 10000-01-01 */

/* The number at a place of a text that instant_parse wrote. */
static int part(const char *instant, size_t at) {
    return (int)strtol(instant + at, NULL, 10);
}

int64_t moment_of(const char *instant, int64_t open) {
    if (!instant) return open;
    struct tm tm = {.tm_year = part(instant, 0) - 1900,
                    .tm_mon = part(instant, 5) - 1,
                    .tm_mday = part(instant, 8),
                    .tm_hour = part(instant, 11),
                    .tm_min = part(instant, 14),
                    .tm_sec = part(instant, 17)};
    return (int64_t)timegm(&tm) * 1000000 + part(instant, 20);
}

int64_t moment_day(int64_t us) {
    return us >= 0 ? us / DAY_US : -((-us + DAY_US - 1) / DAY_US);
}

const char *moment_text(struct scope *s, int64_t us) {
    if (us < FIRST_US) return "-infinity";
    if (us >= LAST_US) return "infinity";
    int64_t seconds = us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
    time_t t = (time_t)seconds;
    struct tm tm;
    gmtime_r(&t, &tm);
    return scope_printf(s, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                        tm.tm_min, tm.tm_sec, (int)(us - seconds * 1000000));
}

const char *moment_date(struct scope *s, int64_t day) {
    return scope_strndup(s, moment_text(s, day * DAY_US), 10);
}

int64_t moment_add(int64_t a, int64_t b) {
    int64_t sum;
    if (a == OPEN_PAST || a == OPEN_FUTURE) return a;
    if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? OPEN_FUTURE : OPEN_PAST;
    return sum;
}
