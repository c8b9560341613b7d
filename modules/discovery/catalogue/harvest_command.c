/* harvest_command.c: nadir-catalogue harvest: what is due, or one harvest now, in the foreground. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/config.h"
#include "discovery/catalogue/options.h"
#include "discovery/harvest/harvest.h"

#define TURN_MS 2000

struct progress {
    int64_t run, pages;
    bool ended, failed;
};

/* The newest run of a harvest, told when it went on. */
static int run_tell(struct db *db, const char *id, int64_t after, bool quiet, struct progress *p) {
    struct scope s;
    struct db_rows *r;
    scope_init(&s, "discovery", 30000);
    int err =
        db_query(&s, db, &r,
                 "SELECT run, pages, created, updated, unchanged, duplicates, refused, removed, ended_at IS NOT NULL, state,"
                 " error FROM harvest_run WHERE harvest = $1 AND run > $2 ORDER BY run DESC LIMIT 1",
                 "sl", id, after);
    if (!err && db_count(r) == 1) {
        bool news = p->run != db_int(r, 0, 0) || p->pages != db_int(r, 0, 1) || db_bool(r, 0, 8);
        *p = (struct progress){db_int(r, 0, 0), db_int(r, 0, 1), db_bool(r, 0, 8), strcmp(db_text(r, 0, 9), "failed") == 0};
        if (news && (!quiet || p->ended))
            fprintf(stderr,
                    "harvest: %s, %s pages, %s created, %s updated, %s unchanged, %s duplicates, %s refused, %s removed%s%s\n",
                    db_text(r, 0, 9), db_text(r, 0, 1), db_text(r, 0, 2), db_text(r, 0, 3), db_text(r, 0, 4), db_text(r, 0, 5),
                    db_text(r, 0, 6), db_text(r, 0, 7), db_text(r, 0, 10) ? ": " : "",
                    db_text(r, 0, 10) ? db_text(r, 0, 10) : "");
    }
    scope_end(&s);
    return err;
}

/* Works, or waits while the server's own runner works, until the harvest's new run has ended. */
static int run_await(struct db *db, const char *id, int64_t after, bool quiet) {
    struct progress p = {0};
    for (;;) {
        struct scope s;
        bool worked, held;
        scope_init(&s, "discovery", 0);
        int err = runner_turn(&s, db, TURN_MS, &worked, &held);
        scope_end(&s);
        if (!err) err = run_tell(db, id, after, quiet, &p);
        if (err) {
            fprintf(stderr, "nadir-catalogue: %s; run it again to go on\n", nadir_strerror(err));
            return 2;
        }
        if (p.ended) return p.failed ? 1 : 0;
        if (!worked) usleep(500000);
    }
}

static int one(struct db *db, const char *name, bool quiet) {
    struct scope s;
    struct db_rows *rows;
    int status = 2;
    scope_init(&s, "discovery", 0);
    /* An open run goes on; else a new one begins. */
    int err = db_query(&s, db, &rows,
                       "SELECT h.id, h.enabled, coalesce((SELECT max(run) FROM harvest_run r WHERE r.harvest = h.id"
                       " AND r.ended_at IS NOT NULL), 0) FROM harvest h WHERE h.name = $1 OR h.id = $1 OR h.url = $1 LIMIT 1",
                       "s", name);
    if (!err && db_count(rows) == 1) {
        err = harvest_due_now(&s, db, db_text(rows, 0, 0), false);
        if (!err && !db_bool(rows, 0, 1))
            fputs("nadir-catalogue: that harvest is switched off\n", stderr);
        else if (!err)
            status = run_await(db, db_text(rows, 0, 0), db_int(rows, 0, 2), quiet);
    } else if (!err) {
        fprintf(stderr, "nadir-catalogue: there is no harvest '%s': make one by POST /discovery/v1/harvests\n", name);
    }
    if (err) fprintf(stderr, "nadir-catalogue: the database: %s\n", nadir_strerror(err));
    scope_end(&s);
    return status;
}

static int due(struct db *db) {
    struct scope s;
    bool worked = true, held = false;
    int err = 0;
    while (!err && worked && !held) {
        scope_init(&s, "discovery", 0);
        err = runner_turn(&s, db, TURN_MS, &worked, &held);
        scope_end(&s);
    }
    if (held) fputs("nadir-catalogue: the server harvests what is due already\n", stderr);
    if (err) fprintf(stderr, "nadir-catalogue: the database: %s\n", nadir_strerror(err));
    return err ? 2 : 0;
}

int harvest_command(const struct options *o) {
    struct db *db;
    const char *conninfo = config_need("NADIR_DB_DISCOVERY");
    if (!conninfo || db_open(&db, conninfo, 4)) return 2;
    int status = o->count ? one(db, o->arguments[0], o->quiet) : due(db);
    db_close(db);
    return status;
}
