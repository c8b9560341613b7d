/* dump.c: nadir-catalogue dump. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "discovery/catalogue/options.h"
#include "discovery/catalogue/stream.h"

struct dump {
    FILE *out;
    const char *base;
    long long count;
};

static int line_write(void *arg, const PGresult *r, struct scope *s) {
    struct dump *d = arg;
    const char *line = stream_document(s, stream_text(r, 0), stream_text(r, 1), stream_text(r, 2), d->base);
    d->count++;
    if (fputs(line, d->out) >= 0 && fputc('\n', d->out) != EOF) return 0;
    fprintf(stderr, "nadir-catalogue: cannot write: %s\n", strerror(errno));
    return 2;
}

int dump_command(const struct options *o) {
    struct dump d = {.out = stdout, .base = config_text("NADIR_PUBLIC_URL", "http://localhost")};
    const char *const values[] = {o->collection, o->private_too ? "t" : "f"};
    if (o->out && !(d.out = fopen(o->out, "we"))) {
        fprintf(stderr, "nadir-catalogue: %s cannot be written: %s\n", o->out, strerror(errno));
        return 2;
    }
    struct stream *st = stream_open();
    int err = st ? 0 : 2;
    if (!err)
        err = stream_rows(st,
                          "SELECT document, NULL, owner FROM collection WHERE ($1::text IS NULL OR id = $1)"
                          " AND (owner IS NULL OR $2::boolean) ORDER BY id",
                          2, values, line_write, &d);
    long long collections = d.count;
    if (!err)
        err = stream_rows(st,
                          "SELECT document, storage::text, owner FROM item WHERE ($1::text IS NULL OR collection = $1)"
                          " AND (owner IS NULL OR $2::boolean) ORDER BY collection, id",
                          2, values, line_write, &d);
    stream_close(st);
    bool written = fflush(d.out) == 0 && !ferror(d.out);
    if (o->out && fclose(d.out) != 0) written = false;
    if (!err && !written) fputs("nadir-catalogue: the dump could not be written to its end\n", stderr);
    if (!err && written && !o->quiet)
        fprintf(stderr, "dump: %lld collections, %lld items\n", collections, d.count - collections);
    return err ? err : written ? 0 : 2;
}
