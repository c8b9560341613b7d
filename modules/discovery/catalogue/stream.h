/* stream.h: large results row by row, in constant memory, from one snapshot of the catalogue. */
#ifndef DISCOVERY_STREAM_H
#define DISCOVERY_STREAM_H

#include <libpq-fe.h>

#include "discovery/stac.h"

struct stream;

/** Connects to the catalogue by NADIR_DB_DISCOVERY and begins a read-only snapshot. NULL after telling on standard error. */
struct stream *stream_open(void);
void stream_close(struct stream *st);

/** Calls row(arg, result, row's scope) for each row (row 0 of the result); a scope a row. Parameters are texts, NULL for SQL
 * NULL. Returns 0, or 2 after telling what failed; a row that returns other than 0 ends it. */
int stream_rows(struct stream *st, const char *sql, int count, const char *const *values,
                int (*row)(void *arg, const PGresult *r, struct scope *s), void *arg);

/** The text of a column, NULL for SQL NULL. */
const char *stream_text(const PGresult *r, int column);
/** A stored item or collection as a writer would have sent it: the public URL in place, nadir:path and nadir:owner back. */
const char *stream_document(struct scope *s, const char *document, const char *storage, const char *owner, const char *base);

#endif
