/* load.c: nadir-catalogue load and validate. */
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "discovery/catalogue/collection_store.h"
#include "discovery/catalogue/report.h"

#define PATIENCE 30 /* times that the database may be away, two seconds each, before the load ends */

static atomic_int interrupted;

static void on_interrupt(int number) {
    (void)number;
    interrupted = 1;
}

static int collections_store(struct chunk *c, struct db *db) {
    int err = 0;
    for (size_t i = 0; !err && i < c->batch.count; i++)
        if (c->collections[i]) err = collection_store(&c->scope, db, c->collections[i], &c->batch.rows[i], c->batch.upsert);
    return err;
}

/* A chunk into the catalogue. The database may go away for a while: what it took then is unchanged the next time. */
static int chunk_store(struct chunk *c, struct db *db) {
    for (int attempt = 0;; attempt++) {
        int err = collections_store(c, db);
        if (!err) err = batch_store(&c->scope, db, &c->batch, NULL, NULL);
        if ((err != NADIR_EUNAVAILABLE && err != NADIR_EBUSY) || attempt == PATIENCE || interrupted) return err;
        batch_again(&c->batch);
        sleep(2);
    }
}

static void chunk_prepare(struct chunk *c, const struct options *o) {
    c->batch.upsert = o->upsert;
    c->batch.skip_duplicates = o->skip_duplicates;
    c->batch.quiet = o->no_events;
}

/* Reads all; db NULL: only checks. */
static int run(const struct options *o, struct db *db) {
    struct scope s;
    struct source source;
    struct report report;
    int64_t total;
    scope_init(&s, "discovery", 0);
    if (!report_begin(&report, o) || !source_open(&s, o, &source, &total)) {
        scope_end(&s);
        return 2;
    }
    struct pipeline *p = pipeline_start(&source, o);
    struct chunk *c;
    const char *why = NULL, *file = NULL;
    int err = 0;
    while (!err && !interrupted && (c = pipeline_next(p, &why, &file))) {
        chunk_prepare(c, o);
        if (db) err = chunk_store(c, db);
        if (err) {
            const struct batch_row *first = &c->batch.rows[0];
            fprintf(stderr, "nadir-catalogue: %s: %s, line %zu and what follows were not taken: go on with --from-line %zu\n",
                    nadir_strerror(err), c->files[0], first->item.line, first->item.line);
        } else {
            report_chunk(&report, c);
            report_progress(&report, source_done(&source), total);
        }
        pipeline_done(p, c);
    }
    pipeline_stop(p);
    source_close(&source);
    int status = report_end(&report, o->command);
    if (why) fprintf(stderr, "nadir-catalogue: %s %s\n", file, why);
    if (interrupted) fputs("nadir-catalogue: ended before its time; run it again to go on\n", stderr);
    scope_end(&s);
    return err || why || interrupted ? 2 : status;
}

int load_command(const struct options *o) {
    struct db *db;
    const char *conninfo = config_need("NADIR_DB_DISCOVERY");
    if (!conninfo || db_open(&db, conninfo, 2)) return 2;
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    int status = run(o, db);
    db_close(db);
    return status;
}

int validate_command(const struct options *o) {
    struct options checked = *o;
    checked.check_only = true;
    return run(&checked, NULL);
}
