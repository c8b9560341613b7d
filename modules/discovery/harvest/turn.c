/* turn.c: whose turn it is to harvest: among replicas, and beside nadir-catalogue harvest, one at a time. */
#include <stdatomic.h>

#include "discovery/harvest/harvest.h"

#define HARVEST_LOCK 0x68617276 /* "harv" */
#define STEP_MS 180000

static atomic_bool stopping;

void runner_stop(bool stop) {
    stopping = stop;
}

/* One step of whatever waits longest. *worked false: nothing is due. */
static int step_next(struct db *db, bool *worked) {
    struct scope s;
    struct harvest h;
    struct harvest_run run;
    bool ended;
    scope_init(&s, "discovery", STEP_MS);
    int err = runs_begin(&s, db);
    if (!err) err = runs_next(&s, db, &h, &run, worked);
    if (!err && *worked) err = harvest_step(&s, db, &h, &run, &ended);
    scope_end(&s);
    return err;
}

int runner_turn(struct scope *s, struct db *db, int ms, bool *worked, bool *held) {
    struct db_tx *tx;
    struct db_rows *rows;
    int64_t until = clock_us() + (int64_t)ms * 1000;
    bool any = true;
    *worked = *held = false;
    int err = db_begin(s, db, &tx);
    if (!err) err = db_exec(tx, &rows, "SELECT pg_try_advisory_xact_lock($1)", "i", HARVEST_LOCK);
    if (err) return err;
    *held = !db_bool(rows, 0, 0);
    while (!err && !*held && any && !stopping && clock_us() < until) {
        err = step_next(db, &any);
        if (any) *worked = true;
    }
    db_rollback(tx);
    return err;
}
