/* source.c: where a load's lines come from. */
#include <stdio.h>
#include <string.h>

#include "discovery/catalogue/lines.h"
#include "discovery/catalogue/parquet.h"
#include "discovery/catalogue/pipeline.h"

static bool text_next(void *state, char **line, size_t *len, const char **file, size_t *number, const char **why) {
    struct lines *l = state;
    bool more = lines_next(l, line, len, why);
    *file = l->at < l->nfiles ? l->files[l->at] : "";
    *number = l->line;
    return more;
}

static bool text_open(struct scope *s, const struct options *o, struct source *out, int64_t *total) {
    struct lines *l = scope_alloc(s, sizeof *l);
    const char *why;
    if (!lines_open(l, o->arguments, o->count, &why)) {
        fprintf(stderr, "nadir-catalogue: %s %s\n", o->arguments[l->at], why);
        return false;
    }
    *total = l->total;
    *out = (struct source){l, text_next};
    return true;
}

bool source_open(struct scope *s, const struct options *o, struct source *out, int64_t *total) {
    size_t parquet = 0;
    *total = 0;
    for (size_t i = 0; i < o->count; i++) parquet += parquet_named(o->arguments[i]);
    if (parquet == 0) return text_open(s, o, out, total);
    if (parquet == o->count) return parquet_open(s, o->arguments, o->count, out);
    fputs("nadir-catalogue: load Parquet files and others one after another, not by one command\n", stderr);
    return false;
}

int64_t source_done(const struct source *source) {
    return source->next == text_next ? lines_done(source->state) : 0;
}

void source_close(struct source *source) {
    if (source->next == text_next)
        lines_close(source->state);
    else
        parquet_close(source);
}
