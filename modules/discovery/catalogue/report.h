/* report.h: what a load tells while it runs, line by line, and at its end. */
#ifndef DISCOVERY_REPORT_H
#define DISCOVERY_REPORT_H

#include <stdio.h>

#include "discovery/catalogue/pipeline.h"

struct report {
    FILE *file;
    bool all, quiet;
    int64_t counts[OUTCOMES], lines, began_us, told_us;
    char first_why[300]; /* of the first line that was refused */
};

/** False with the fault told when the file cannot be written. */
bool report_begin(struct report *r, const struct options *o);
/** Adds a chunk: its outcomes are final. */
void report_chunk(struct report *r, const struct chunk *chunk);
/** A line of progress, at most once a second; done and total in bytes (0: not known). */
void report_progress(struct report *r, int64_t done, int64_t total);
/** The last line. Returns the exit status: 0, or 1 if something was refused. */
int report_end(struct report *r, const char *verb);

#endif
