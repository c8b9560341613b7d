/* db_pool.h: connections of db.h; for db.c and db_pool.c only.
 *
 * A connection is always in exactly one place: on its pool's idle list, or in the hands of one caller (busy). A broken one is
 * closed by whoever finds it broken, and its place in the pool becomes free.
 */
#ifndef NADIR_DB_POOL_H
#define NADIR_DB_POOL_H

#include <libpq-fe.h>
#include <pthread.h>

#include "common/db.h"

#define PREPARED_MOST 256 /* statements remembered a connection; past it the connection is replaced when released */

struct db_conn {
    struct db_conn *next; /* on the idle list, most recently used first */
    PGconn *pg;
    int64_t idle_since_us;
    int nprepared;
    uint64_t prepared[PREPARED_MOST]; /* hashes of prepared texts, unordered */
};

struct db {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    char *conninfo;
    int most, open, busy;
    struct db_conn *idle;
    void (*wake)(void *); /* called after a commit that held events */
    void *wake_arg;
};

/** Takes a healthy connection, waiting for one until the scope's deadline but at most 5 s.
 *  NADIR_EBUSY or NADIR_EUNAVAILABLE. */
int db_conn_take(struct scope *s, struct db *db, struct db_conn **out);
/** Gives a connection back; a broken one, or one in a transaction, is closed. */
void db_conn_give(struct db *db, struct db_conn *c);

#endif
