/* ndjson_write.c */
#include "discovery/catalogue/ndjson_write.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "discovery/catalogue/stream.h"

struct writing {
    gzFile out;
    const char *base;
    long long count;
};

static int line_write(void *arg, const PGresult *r, struct scope *s) {
    struct writing *w = arg;
    const char *line = stream_document(s, stream_text(r, 0), NULL, NULL, w->base);
    w->count++;
    if (gzputs(w->out, line) >= 0 && gzputc(w->out, '\n') >= 0) return 0;
    fputs("nadir-catalogue: the file cannot be written\n", stderr);
    return 2;
}

static int lines_write(struct writing *w, const char *collections, long long *items) {
    struct stream *st = stream_open();
    int err = st ? 0 : 2;
    if (!err)
        err = stream_rows(st,
                          "SELECT document FROM collection WHERE owner IS NULL"
                          " AND ($1::text IS NULL OR id = ANY (string_to_array($1, ' '))) ORDER BY id",
                          1, &collections, line_write, w);
    long long before = w->count;
    if (!err)
        err = stream_rows(st,
                          "SELECT i.document FROM item i JOIN collection c ON c.id = i.collection"
                          " WHERE i.owner IS NULL AND c.owner IS NULL"
                          " AND ($1::text IS NULL OR i.collection = ANY (string_to_array($1, ' ')))"
                          " ORDER BY i.collection, i.id",
                          1, &collections, line_write, w);
    stream_close(st);
    *items = w->count - before;
    return err;
}

int ndjson_write(const char *file, const char *collections, const char *base_url, bool quiet) {
    struct writing w = {.out = gzopen(file, "wbe6"), .base = base_url};
    long long items = 0;
    if (!w.out) {
        fprintf(stderr, "nadir-catalogue: %s cannot be written\n", file);
        return 2;
    }
    int err = lines_write(&w, collections, &items);
    if (gzclose(w.out) != Z_OK && !err) {
        fprintf(stderr, "nadir-catalogue: %s cannot be written to its end\n", file);
        err = 2;
    }
    if (err) (void)unlink(file);
    if (!err && !quiet) fprintf(stderr, "export: %lld items, %lld collections in %s\n", items, w.count - items, file);
    return err;
}
