/* pipeline.h: lines are read by one thread at a time, checked by several, and come out in their order, by the chunk. */
#ifndef DISCOVERY_PIPELINE_H
#define DISCOVERY_PIPELINE_H

#include "discovery/catalogue/batch.h"
#include "discovery/catalogue/options.h"

/* Where lines come from: files of text (lines.h) or of Parquet (parquet.h). All calls are made under one lock. */
struct source {
    void *state;
    /** The next line as malloc'ed text, its file and its number there. False at the end, or with *why set. */
    bool (*next)(void *state, char **line, size_t *len, const char **file, size_t *number, const char **why);
};

struct chunk {
    struct scope scope;
    struct batch batch;
    const char **files;                  /* of each row */
    struct collection_row **collections; /* of rows that hold a collection, else NULL */
    int64_t bytes;
};

struct pipeline;

struct pipeline *pipeline_start(const struct source *source, const struct options *o);
/** The next chunk, or NULL at the end; then *why is NULL or tells what ended the reading too early (with *file). */
struct chunk *pipeline_next(struct pipeline *p, const char **why, const char **file);
/** Gives a chunk's memory back. */
void pipeline_done(struct pipeline *p, struct chunk *chunk);
void pipeline_stop(struct pipeline *p);

/** Opens the source for files: all of text, or all of Parquet. False with a fault told on standard error. */
bool source_open(struct scope *s, const struct options *o, struct source *out, int64_t *total);
/** Bytes read so far, for progress; 0: not known. */
int64_t source_done(const struct source *source);
void source_close(struct source *source);

#endif
