/* report.c */
#include "discovery/catalogue/report.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

bool report_begin(struct report *r, const struct options *o) {
    *r = (struct report){.all = o->report_all, .quiet = o->quiet, .began_us = clock_us()};
    if (!o->report) return true;
    r->file = fopen(o->report, "ae");
    if (!r->file) fprintf(stderr, "nadir-catalogue: the report cannot be written to %s\n", o->report);
    return r->file != NULL;
}

static bool was_taken(enum outcome outcome) {
    return outcome == OUTCOME_CREATED || outcome == OUTCOME_UPDATED || outcome == OUTCOME_UNCHANGED ||
           outcome == OUTCOME_WAITING;
}

static void row_tell(struct report *r, const char *file, const struct batch_row *row) {
    json_t *line =
        json_pack("{s:s, s:I, s:s?, s:s?, s:s, s:s?}", "file", file, "line", (json_int_t)row->item.line, "collection",
                  row->item.collection, "id", row->item.id, "outcome", outcome_name(row->outcome), "why", row->why);
    if (!line) return;
    json_dumpf(line, r->file, JSON_COMPACT);
    fputc('\n', r->file);
    json_decref(line);
}

void report_chunk(struct report *r, const struct chunk *chunk) {
    for (size_t i = 0; i < chunk->batch.count; i++) {
        const struct batch_row *row = &chunk->batch.rows[i];
        r->counts[row->outcome]++;
        r->lines++;
        if (row->outcome == OUTCOME_REFUSED && !*r->first_why)
            snprintf(r->first_why, sizeof r->first_why, "%s, line %zu: %s", chunk->files[i], row->item.line, row->why);
        if (r->file && (r->all || !was_taken(row->outcome))) row_tell(r, chunk->files[i], row);
    }
    if (r->file) fflush(r->file);
}

static void counts_print(const struct report *r) {
    double seconds = (double)(clock_us() - r->began_us) / 1e6;
    fprintf(stderr, "%" PRId64 " lines", r->lines);
    for (int i = 0; i < OUTCOMES; i++)
        if (r->counts[i])
            fprintf(stderr, ", %" PRId64 " %s", r->counts[i], i == OUTCOME_WAITING ? "good" : outcome_name((enum outcome)i));
    fprintf(stderr, ", %.0f/s", (double)r->lines / (seconds > 0.001 ? seconds : 0.001));
}

void report_progress(struct report *r, int64_t done, int64_t total) {
    bool terminal = isatty(STDERR_FILENO);
    int64_t now = clock_us();
    if (r->quiet || now - r->told_us < (terminal ? 500000 : 2000000)) return;
    r->told_us = now;
    if (terminal) fputs("\r\033[K", stderr);
    counts_print(r);
    if (total > 0) fprintf(stderr, ", %d %%", (int)(100 * done / total));
    fputs(terminal ? "" : "\n", stderr);
}

int report_end(struct report *r, const char *verb) {
    if (!r->quiet) {
        if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
        fprintf(stderr, "%s: ", verb);
        counts_print(r);
        fputc('\n', stderr);
        if (*r->first_why) fprintf(stderr, "the first refused: %s\n", r->first_why);
    }
    bool written = !r->file || (fflush(r->file) == 0 && !ferror(r->file));
    if (!written) fputs("nadir-catalogue: the report could not be written to its end\n", stderr);
    if (r->file) fclose(r->file);
    return r->counts[OUTCOME_REFUSED] || r->counts[OUTCOME_EXISTS] || !written ? 1 : 0;
}
