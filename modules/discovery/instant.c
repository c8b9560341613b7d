/* instant.c: RFC 3339 times and STAC's datetime intervals. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "discovery/stac.h"

/* Reads exactly n digits; -1 if they are not there. */
static int digits(const char *p, const char *end, int n) {
    int value = 0;
    if (end - p < n) return -1;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)p[i])) return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

/* Minutes of "Z" or "+hh:mm"; returns -1 unless it is all that is left. */
static int offset_minutes(const char *p, const char *end, int *out) {
    *out = 0;
    if (end - p == 1 && (*p == 'Z' || *p == 'z')) return 0;
    if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':') return -1;
    int hours = digits(p + 1, end, 2), minutes = digits(p + 4, end, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return -1;
    *out = (hours * 60 + minutes) * (*p == '-' ? -1 : 1);
    return 0;
}

/* Reads ".123…"; digits beyond microseconds are dropped. Returns the end, or NULL. */
static const char *fraction(const char *p, const char *end, int *micros) {
    *micros = 0;
    if (p >= end || *p != '.') return p;
    if (++p >= end || !isdigit((unsigned char)*p)) return NULL;
    for (int scale = 100000; p < end && isdigit((unsigned char)*p); p++, scale /= 10) *micros += (*p - '0') * scale;
    return p;
}

int instant_parse(const char *text, size_t len, char out[INSTANT_SIZE]) {
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *end = text + len;
    if (len < 20 || len > 64 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
        text[16] != ':')
        return NADIR_EINVAL;
    int year = digits(text, end, 4), month = digits(text + 5, end, 2), day = digits(text + 8, end, 2);
    int hour = digits(text + 11, end, 2), minute = digits(text + 14, end, 2), second = digits(text + 17, end, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 60)
        return NADIR_EINVAL;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > month_days[month - 1] + (leap && month == 2)) return NADIR_EINVAL;
    int micros = 0, offset = 0;
    const char *rest = fraction(text + 19, end, &micros);
    if (!rest || offset_minutes(rest, end, &offset)) return NADIR_EINVAL;

    struct tm tm = {
        .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute, .tm_sec = second};
    time_t seconds = timegm(&tm) - (time_t)offset * 60;
    if (!gmtime_r(&seconds, &tm) || tm.tm_year + 1900 < 1 || tm.tm_year + 1900 > 9999) return NADIR_EINVAL;
    char written[64];
    snprintf(written, sizeof written, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, micros);
    memcpy(out, written, INSTANT_SIZE - 1);
    out[INSTANT_SIZE - 1] = '\0';
    return 0;
}

/* One end of an interval: a time, or "" or ".." for an open end. */
static int interval_end(struct scope *s, const char *text, size_t len, const char **out) {
    *out = NULL;
    if (len == 0 || (len == 2 && memcmp(text, "..", 2) == 0)) return 0;
    char *instant = scope_alloc(s, INSTANT_SIZE);
    *out = instant;
    return instant_parse(text, len, instant);
}

int interval_parse(struct scope *s, const char *text, const char **from, const char **to, const char **why) {
    const char *slash = strchr(text, '/');
    *why = "must be an RFC 3339 time such as 2020-01-31T00:00:00Z, or an interval a/b of two of them, one of which may be '..'";
    if (!slash) {
        if (interval_end(s, text, strlen(text), from) || !*from) return NADIR_EINVAL;
        *to = *from;
        return 0;
    }
    if (interval_end(s, text, (size_t)(slash - text), from) || interval_end(s, slash + 1, strlen(slash + 1), to))
        return NADIR_EINVAL;
    if (!*from && !*to) return NADIR_EINVAL;
    if (*from && *to && strcmp(*from, *to) > 0) {
        *why = "the interval ends before it begins";
        return NADIR_EINVAL;
    }
    return 0;
}
