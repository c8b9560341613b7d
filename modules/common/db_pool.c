#include "common/db_pool.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"

#define IDLE_MOST_US (60 * 1000000LL)
#define WAIT_MOST_MS 5000

int db_open(struct db **out, const char *conninfo, int most) {
    struct db *db = calloc(1, sizeof *db);
    if (!db || !(db->conninfo = strdup(conninfo))) {
        free(db);
        return NADIR_ENOMEM;
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&db->freed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&db->lock, NULL);
    db->most = most > 0 ? most : 8;
    *out = db;
    return 0;
}

static void conn_close(struct db_conn *c) {
    PQfinish(c->pg);
    free(c);
}

void db_close(struct db *db) {
    if (!db) return;
    while (db->idle) {
        struct db_conn *c = db->idle;
        db->idle = c->next;
        conn_close(c);
    }
    pthread_cond_destroy(&db->freed);
    pthread_mutex_destroy(&db->lock);
    free(db->conninfo);
    free(db);
}

const char *db_conninfo(const struct db *db) {
    return db->conninfo;
}

void db_stats(struct db *db, int *busy, int *open) {
    pthread_mutex_lock(&db->lock);
    *busy = db->busy;
    *open = db->open;
    pthread_mutex_unlock(&db->lock);
}

/* The server says nothing to an idle connection, so readable means that it hung up (or is about to). */
static bool conn_healthy(struct db_conn *c) {
    struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN};
    if (p.fd < 0) return false;
    if (poll(&p, 1, 0) > 0 && !PQconsumeInput(c->pg)) return false;
    return PQstatus(c->pg) == CONNECTION_OK && PQtransactionStatus(c->pg) == PQTRANS_IDLE && !(p.revents & (POLLHUP | POLLERR));
}

static void quiet(void *arg, const char *message) {
    (void)arg;
    (void)message; /* notices may hold values; errors are reported by their SQLSTATE */
}

/* Opens a connection within `timeout_ms`. */
static int conn_open(struct scope *s, const struct db *db, int timeout_ms, struct db_conn **out) {
    char seconds[12];
    snprintf(seconds, sizeof seconds, "%d", timeout_ms < 2000 ? 2 : (timeout_ms + 999) / 1000);
    const char *names[] = {"dbname", "connect_timeout", "application_name", "client_encoding", NULL};
    const char *values[] = {db->conninfo, seconds, s->module ? s->module : "nadir", "UTF8", NULL};
    struct db_conn *c = calloc(1, sizeof *c);
    if (!c) return NADIR_ENOMEM;
    c->pg = PQconnectdbParams(names, values, 1);
    if (PQstatus(c->pg) != CONNECTION_OK) {
        log_warn(s, "database cannot be reached", "database", c->pg && PQdb(c->pg) ? PQdb(c->pg) : "", NULL);
        conn_close(c);
        return NADIR_EUNAVAILABLE;
    }
    PQsetNoticeProcessor(c->pg, quiet, NULL);
    *out = c;
    return 0;
}

/* With the lock held: waits until a connection is idle or may be opened. */
static int wait_for_room(struct db *db, int timeout_ms) {
    const struct timespec until = clock_after(timeout_ms);
    while (!db->idle && db->open >= db->most)
        if (pthread_cond_timedwait(&db->freed, &db->lock, &until) == ETIMEDOUT) return NADIR_EBUSY;
    return 0;
}

int db_conn_take(struct scope *s, struct db *db, struct db_conn **out) {
    int timeout_ms = scope_left_ms(s, WAIT_MOST_MS);
    pthread_mutex_lock(&db->lock);
    int err = wait_for_room(db, timeout_ms);
    if (err) {
        pthread_mutex_unlock(&db->lock);
        return err;
    }
    while (db->idle) {
        struct db_conn *c = db->idle;
        db->idle = c->next;
        if (conn_healthy(c)) {
            db->busy++;
            pthread_mutex_unlock(&db->lock);
            *out = c;
            return 0;
        }
        conn_close(c);
        db->open--;
    }
    db->open++;
    db->busy++;
    pthread_mutex_unlock(&db->lock);
    err = conn_open(s, db, timeout_ms, out);
    if (err) {
        pthread_mutex_lock(&db->lock);
        db->open--;
        db->busy--;
        pthread_cond_signal(&db->freed);
        pthread_mutex_unlock(&db->lock);
    }
    return err;
}

/* With the lock held: unlinks connections that have been idle for long; they are the last ones of the list. */
static struct db_conn *take_expired(struct db *db, int64_t now) {
    struct db_conn **p = &db->idle;
    while (*p && now - (*p)->idle_since_us < IDLE_MOST_US) p = &(*p)->next;
    struct db_conn *expired = *p;
    *p = NULL;
    for (struct db_conn *c = expired; c; c = c->next) db->open--;
    return expired;
}

void db_conn_give(struct db *db, struct db_conn *c) {
    bool keep = PQstatus(c->pg) == CONNECTION_OK && PQtransactionStatus(c->pg) == PQTRANS_IDLE && c->nprepared < PREPARED_MOST;
    if (!keep) conn_close(c);
    pthread_mutex_lock(&db->lock);
    db->busy--;
    if (keep) {
        c->idle_since_us = clock_us();
        c->next = db->idle;
        db->idle = c;
    } else {
        db->open--;
    }
    struct db_conn *expired = take_expired(db, clock_us());
    pthread_cond_signal(&db->freed);
    pthread_mutex_unlock(&db->lock);
    while (expired) {
        struct db_conn *next = expired->next;
        conn_close(expired);
        expired = next;
    }
}

bool db_alive(struct db *db, int timeout_ms) {
    struct scope s;
    scope_init(&s, NULL, timeout_ms);
    bool alive = db_query(&s, db, NULL, "SELECT 1", "") == 0;
    scope_end(&s);
    return alive;
}
