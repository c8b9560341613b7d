#include "view/times.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The years that PostgreSQL and struct tm both hold without thought. */
#define EARLIEST (-62135596800000) /* 0001-01-01 */
#define LATEST 253402300800000     /* 10000-01-01 */

static bool digits(const char **at, int count, int least, int most, int *out) {
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!isdigit((unsigned char)(*at)[i])) return false;
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += count;
    *out = value;
    return value >= least && value <= most;
}

static int64_t milliseconds(const struct tm *tm) {
    struct tm copy = *tm;
    return (int64_t)timegm(&copy) * 1000;
}

/* The offset of "Z", "+hh:mm" or "-hh:mm" in minutes; nothing is UTC. */
static bool zone(const char **at, int *minutes) {
    int hours = 0;
    int rest = 0;
    *minutes = 0;
    if (**at == 'Z' || **at == 'z') {
        (*at)++;
        return true;
    }
    if (**at != '+' && **at != '-') return true;
    int sign = *(*at)++ == '-' ? -1 : 1;
    if (!digits(at, 2, 0, 23, &hours) || *(*at)++ != ':' || !digits(at, 2, 0, 59, &rest)) return false;
    *minutes = sign * (hours * 60 + rest);
    return true;
}

static bool fraction(const char **at, int *ms) {
    int scale = 100;
    *ms = 0;
    if (!isdigit((unsigned char)**at)) return false;
    for (; isdigit((unsigned char)**at); (*at)++, scale /= 10) *ms += (**at - '0') * scale;
    return true;
}

/* The clock's part, after the T; *length becomes how long what was named lasts. */
static bool clock_part(const char **at, struct tm *tm, int *ms, int64_t *length) {
    if (!digits(at, 2, 0, 23, &tm->tm_hour)) return false;
    *length = 3600000;
    if (**at != ':') return true;
    (*at)++;
    if (!digits(at, 2, 0, 59, &tm->tm_min)) return false;
    *length = 60000;
    if (**at != ':') return true;
    (*at)++;
    if (!digits(at, 2, 0, 60, &tm->tm_sec)) return false;
    *length = 1000;
    if (**at != '.') return true;
    (*at)++;
    *length = 1;
    return fraction(at, ms);
}

/* All the time that a moment names: "2024" is a year, "2024-05-01" a day. */
static bool moment(const char *text, struct time_range *out) {
    struct tm tm = {.tm_mday = 1};
    int ms = 0;
    int minutes = 0;
    int year;
    int64_t length = 0;
    int *longest = &tm.tm_year; /* the calendar's unit that was named last */
    if (!digits(&text, 4, 1, 9999, &year)) return false;
    tm.tm_year = year - 1900;
    if (*text == '-') {
        text++;
        if (!digits(&text, 2, 1, 12, &tm.tm_mon)) return false;
        tm.tm_mon--;
        longest = &tm.tm_mon;
        if (*text == '-') {
            text++;
            if (!digits(&text, 2, 1, 31, &tm.tm_mday)) return false;
            longest = &tm.tm_mday;
            if (*text == 'T' || *text == 't' || *text == ' ') {
                text++;
                if (!clock_part(&text, &tm, &ms, &length)) return false;
            }
        }
    }
    if (!zone(&text, &minutes) || *text) return false;
    int day = tm.tm_mday;
    struct tm checked = tm;
    out->from = (int64_t)timegm(&checked) * 1000 + ms - (int64_t)minutes * 60000;
    if (checked.tm_mday != day) return false; /* 31 February */
    if (length) {
        out->to = out->from + length;
    } else {
        (*longest)++;
        out->to = milliseconds(&tm) - (int64_t)minutes * 60000;
    }
    return true;
}

static bool open_end(const char *text) {
    return !*text || strcmp(text, "..") == 0;
}

static bool one(char *text, struct times *times) {
    struct time_range a = {EARLIEST, EARLIEST};
    struct time_range b = {LATEST, LATEST};
    char *slash = strchr(text, '/');
    if (strcasecmp(text, "current") == 0) {
        times->current = true;
        return true;
    }
    if (!slash) {
        if (!moment(text, &a)) return false;
        times->ranges[times->count++] = a;
        return true;
    }
    *slash = '\0';
    char *end = slash + 1;
    char *period = strchr(end, '/');
    if (period) *period = '\0';
    if (period && (strchr(period + 1, '/') || (period[1] != 'P' && strcmp(period + 1, "0") != 0))) return false;
    if (open_end(text) && open_end(end)) return false;
    if (!open_end(text) && !moment(text, &a)) return false;
    if (!open_end(end) && strcasecmp(end, "current") != 0 && !moment(end, &b)) return false;
    if (b.to <= a.from) return false;
    times->ranges[times->count++] = (struct time_range){a.from, b.to};
    return true;
}

bool times_parse(const char *text, struct times *out) {
    char copy[64];
    *out = (struct times){0};
    while (text && *text) {
        size_t len = strcspn(text, ",");
        if (len == 0 || len >= sizeof copy || out->count == TIMES_MOST) return false;
        memcpy(copy, text, len);
        copy[len] = '\0';
        if (!one(copy, out)) return false;
        text += len;
        if (*text == ',' && !*++text) return false;
    }
    return true;
}

bool times_touch(const struct times *times, int64_t from, int64_t to) {
    for (int i = 0; i < times->count; i++)
        if (times->ranges[i].from <= to && times->ranges[i].to > from) return true;
    return times->count == 0;
}

const char *time_text(struct scope *s, int64_t ms) {
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm tm;
    char text[64];
    if (!gmtime_r(&seconds, &tm)) return "";
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec);
    int rest = (int)(ms - (int64_t)seconds * 1000);
    return rest ? scope_printf(s, "%s.%03dZ", text, rest) : scope_printf(s, "%sZ", text);
}

const char *times_sql(struct scope *s, const struct times *times) {
    const char *list = "";
    if (!times->count) return NULL;
    for (int i = 0; i < times->count; i++) {
        const struct time_range *r = &times->ranges[i];
        const char *from = r->from == EARLIEST ? "" : time_text(s, r->from);
        const char *to = r->to == LATEST ? "" : time_text(s, r->to);
        list = scope_printf(s, "%s%s\"[%s,%s)\"", list, i ? "," : "", from, to);
    }
    return scope_printf(s, "{%s}", list);
}
