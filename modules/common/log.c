#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/scope.h"

/* A line is built in place and written by one write(2), so lines of threads and processes never mix. */
#define LINE_SIZE 4096

static const char *const names[] = {"debug", "info", "warn", "error"};

static size_t put(char *line, size_t at, const char *text) {
    size_t len = strlen(text);
    if (len > LINE_SIZE - 8 - at) len = LINE_SIZE - 8 - at;
    memcpy(line + at, text, len);
    return at + len;
}

static size_t put_string(char *line, size_t at, const char *text) {
    at = put(line, at, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c && at < LINE_SIZE - 32; c++) {
        char escaped[8];
        if (*c == '"' || *c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            snprintf(escaped, sizeof escaped, "\\u%04x", *c);
        else
            snprintf(escaped, sizeof escaped, "%c", *c);
        at = put(line, at, escaped);
    }
    return put(line, at, "\"");
}

static size_t put_member(char *line, size_t at, const char *name, const char *text) {
    if (at > 1) at = put(line, at, ",");
    at = put_string(line, at, name);
    at = put(line, at, ":");
    return put_string(line, at, text);
}

void log_write(enum log_level level, const struct scope *s, const char *message, ...) {
    if (level == LOG_LEVEL_DEBUG) {
        static int debug = -1;
        if (debug < 0) debug = secure_getenv("NADIR_DEBUG") != NULL;
        if (!debug) return;
    }
    char line[LINE_SIZE], stamp[40];
    struct timespec t;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    size_t len = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp + len, sizeof stamp - len, ".%03ldZ", t.tv_nsec / 1000000);

    size_t at = put(line, 0, "{");
    at = put_member(line, at, "time", stamp);
    at = put_member(line, at, "level", names[level]);
    if (s && s->module) at = put_member(line, at, "module", s->module);
    if (s) at = put_member(line, at, "trace", s->trace.trace_id);
    at = put_member(line, at, "message", message);
    va_list args;
    va_start(args, message);
    for (const char *name; (name = va_arg(args, const char *)) != NULL;) {
        const char *text = va_arg(args, const char *);
        if (!text) break;
        at = put_member(line, at, name, text);
    }
    va_end(args);
    at = put(line, at, "}");
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0) return; /* nowhere left to say it */
}
