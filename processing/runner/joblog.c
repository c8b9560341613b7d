#include "processing/runner/joblog.h"

#include <stdlib.h>
#include <string.h>

#include "common/http.h"

void joblog_init(struct joblog *log) {
    memset(log, 0, sizeof(*log));
    log->progress = -1;
}

/* A line has ended: it may tell the progress. */
static void line_end(struct joblog *log) {
    log->line[log->line_len] = 0;
    char *rest = NULL;
    if (strncmp(log->line, "progress ", 9) == 0) {
        long percent = strtol(log->line + 9, &rest, 10);
        if (rest != log->line + 9 && percent >= 0 && percent <= 100) {
            log->progress = (int)percent;
            memcpy(log->message, *rest == ' ' ? rest + 1 : rest, strlen(*rest == ' ' ? rest + 1 : rest) + 1);
        }
    } else if (log->line_len > 0) {
        memcpy(log->last, log->line, log->line_len + 1);
    }
    log->line_len = 0;
}

static void store(struct joblog *log, const char *text, size_t len) {
    size_t first = JOBLOG_HEAD - log->head_len < len ? JOBLOG_HEAD - log->head_len : len;
    memcpy(log->head + log->head_len, text, first);
    log->head_len += first;
    for (size_t i = first; i < len; i++) log->tail[log->tail_len++ % JOBLOG_TAIL] = text[i];
}

void joblog_add(struct joblog *log, const char *text, size_t len) {
    log->changed = log->changed || len > 0;
    store(log, text, len);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            line_end(log);
        } else if (log->line_len < JOBLOG_LINE - 1) { /* the rest of a longer line is only in the text */
            log->line[log->line_len++] = text[i];
        }
    }
}

/* Copies with every byte that is no well-formed UTF-8, and every control character but line feed and tab, replaced by '?'. */
static size_t clean(char *to, const char *from, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)from[i];
        size_t width = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        bool good = width <= len - i && text_is_utf8(from + i, width) && !(c < 0x20 && c != '\n' && c != '\t') && c != 0x7f;
        if (good) {
            memcpy(to + n, from + i, width);
            n += width;
            i += width;
        } else {
            to[n++] = '?';
            i++;
        }
    }
    to[n] = 0;
    return n;
}

const char *joblog_text(struct scope *s, struct joblog *log) {
    char *text = scope_alloc(s, JOBLOG_HEAD + JOBLOG_TAIL + 100);
    size_t n = clean(text, log->head, log->head_len);
    log->changed = false;
    if (log->tail_len > JOBLOG_TAIL) {
        static const char gap[] = "\n[... the middle was not kept ...]\n";
        memcpy(text + n, gap, sizeof(gap) - 1);
        n += sizeof(gap) - 1;
    }
    size_t kept = log->tail_len < JOBLOG_TAIL ? log->tail_len : JOBLOG_TAIL;
    char *straight = scope_alloc(s, kept + 1);
    for (size_t i = 0; i < kept; i++) straight[i] = log->tail[(log->tail_len - kept + i) % JOBLOG_TAIL];
    (void)clean(text + n, straight, kept);
    return text;
}

const char *joblog_last(struct scope *s, const struct joblog *log) {
    const char *line = log->line_len > 0 ? log->line : log->last;
    size_t len = log->line_len > 0 ? log->line_len : strlen(log->last);
    char *out = scope_alloc(s, len + 1);
    (void)clean(out, line, len);
    return out;
}
