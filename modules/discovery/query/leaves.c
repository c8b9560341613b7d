#include "discovery/query/leaves.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/module.h"

#define LEAVES_MOST 256
#define KEPT_US INT64_C(60000000)

static struct {
    pthread_mutex_t lock;
    int64_t read_us; /* 0: never */
    size_t count;
    struct leaf leaves[LEAVES_MOST];
} copy = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A bound in microseconds; NULL: there is none. */
#define BOUND(where) "(extract(epoch FROM substring(bound FROM '" where " \\(''([^'']+)''\\)')::timestamptz) * 1000000)::bigint"

static void read_leaves(struct scope *s) {
    struct db_rows *rows;
    copy.read_us = clock_us();
    if (db_query(s, module_db("discovery"), &rows,
                 "SELECT name, " BOUND("FROM") ", " BOUND(
                     "TO") " FROM (SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS"
                           " bound FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = "
                           "'footprint'::regclass) AS parts"
                           " WHERE name ~ '^[a-z0-9_]{1,63}$' AND bound LIKE 'FOR VALUES%'",
                 ""))
        return;
    copy.count = 0;
    for (int i = 0; i < db_count(rows) && copy.count < LEAVES_MOST; i++) {
        struct leaf *l = &copy.leaves[copy.count++];
        snprintf(l->name, sizeof l->name, "%s", db_text(rows, i, 0));
        l->from = db_is_null(rows, i, 1) ? OPEN_PAST : db_int(rows, i, 1);
        l->to = db_is_null(rows, i, 2) ? OPEN_FUTURE : db_int(rows, i, 2) - 1;
    }
}

bool leaf_of(struct scope *s, int64_t at, struct leaf *out) {
    bool found = false;
    pthread_mutex_lock(&copy.lock);
    if (copy.read_us == 0 || clock_us() - copy.read_us > KEPT_US) read_leaves(s);
    for (size_t i = 0; i < copy.count && !found; i++) {
        found = copy.leaves[i].from <= at && at <= copy.leaves[i].to;
        if (found) *out = copy.leaves[i];
    }
    pthread_mutex_unlock(&copy.lock);
    return found;
}
