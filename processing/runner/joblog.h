/* joblog.h: what a program wrote, bounded: its beginning, and of the rest the end. */
#ifndef NADIR_RUNNER_JOBLOG_H
#define NADIR_RUNNER_JOBLOG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/scope.h"

#define JOBLOG_HEAD 49152
#define JOBLOG_TAIL 16384
#define JOBLOG_LINE 400

struct joblog {
    char head[JOBLOG_HEAD];
    size_t head_len;
    char tail[JOBLOG_TAIL]; /* a ring */
    size_t tail_len;        /* bytes ever written to it */
    bool changed;           /* since joblog_text was last called */
    char line[JOBLOG_LINE]; /* the line that is being written */
    size_t line_len;
    char last[JOBLOG_LINE]; /* the last finished line that was not empty nor a report of progress */
    int progress;           /* of the last line "progress <0..100> <message>"; -1: none yet */
    char message[JOBLOG_LINE];
};

void joblog_init(struct joblog *log);
/** Adds what the program wrote: any bytes. */
void joblog_add(struct joblog *log, const char *text, size_t len);
/** The text so far as well-formed UTF-8, in the scope. */
const char *joblog_text(struct scope *s, struct joblog *log);
/** The last line the program wrote, finished or not, as well-formed UTF-8; "" if none. */
const char *joblog_last(struct scope *s, const struct joblog *log);

#endif
