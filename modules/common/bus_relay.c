/* The relay: from the outbox to the stream.
 *
 * Two steps, each safe to repeat. (1) Committed rows without a sequence get the next numbers, in one transaction under an
 * advisory lock, so that among replicas one at a time does it. (2) Rows whose sequence is above the stream's last id are
 * appended with that id. Redis itself refuses an id that is not above the last, so a row is never appended twice; and when
 * Redis has lost its tail, or all, its last id is lower and the same step appends the lost rows again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/metrics.h"

#define POLL_MS 500           /* other replicas' commits are found by looking */
#define BATCH 500             /* rows appended in one round trip */
#define RELAY_LOCK 0x6e616472 /* "nadr" */
#define VERIFY_US 2000000     /* how often the stream's last id is asked for again */
#define CLEAN_US (600 * 1000000LL)
#define STREAM_MOST "1000000" /* entries kept in Redis; the outbox keeps 30 days */

struct relay {
    struct bus *bus;
    redisContext *redis;
    int64_t last;        /* the stream's last id as we know it; -1 unknown */
    int64_t verified_us; /* when it was asked for */
    int64_t cleaned_us;
};

/* The stream's last id, 0 for a stream that does not exist. Counters for what Redis once held survive trimming. */
static int stream_last(struct relay *r) {
    int64_t now = clock_us();
    if (r->last >= 0 && now - r->verified_us < VERIFY_US) return 0;
    if (bus_redis(r->bus, &r->redis) != 0) return NADIR_EUNAVAILABLE;
    redisReply *reply = redisCommand(r->redis, "XINFO STREAM %s", r->bus->stream);
    if (!reply) return NADIR_EUNAVAILABLE;
    int err = 0;
    r->last = 0;
    if (reply->type == REDIS_REPLY_ERROR && !strstr(reply->str, "no such key")) err = NADIR_EUNAVAILABLE; /* loading */
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2)
        if (strcmp(reply->element[i]->str, "last-generated-id") == 0) r->last = bus_sequence(reply->element[i + 1]->str);
    freeReplyObject(reply);
    if (err) {
        r->last = -1;
        return err;
    }
    r->verified_us = now;
    r->bus->redis_seen_us = now;
    return 0;
}

/* Step 1. Sequences start above what Redis has seen, should the database be older than the stream. */
static int assign(struct scope *s, struct relay *r) {
    struct db_rows *rows;
    int err = db_query(s, r->bus->db, &rows, "SELECT EXISTS (SELECT 1 FROM outbox WHERE sequence IS NULL)", "");
    if (err || !db_bool(rows, 0, 0)) return err;
    struct db_tx *tx;
    if ((err = db_begin(s, r->bus->db, &tx)) != 0) return err;
    if ((err = db_exec(tx, &rows, "SELECT pg_try_advisory_xact_lock($1)", "i", RELAY_LOCK)) != 0) return err;
    if (!db_bool(rows, 0, 0)) return 0;
    err =
        db_exec(tx, NULL,
                "UPDATE outbox o SET sequence = n.sequence FROM (SELECT id, greatest((SELECT max(sequence) FROM outbox), $1) + "
                "row_number() OVER (ORDER BY id) AS sequence FROM outbox WHERE sequence IS NULL ORDER BY id LIMIT 5000) n "
                "WHERE o.id = n.id",
                "l", r->last);
    return err ? err : db_commit(tx);
}

/* Step 2, one batch. Returns the number of rows appended, or a negative error. */
static int append(struct scope *s, struct relay *r) {
    struct db_rows *rows;
    int err =
        db_query(s, r->bus->db, &rows, "SELECT sequence, event FROM outbox WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                 "li", r->last, BATCH);
    if (err) return err;
    int n = db_count(rows);
    if (n == 0) return 0;
    /* Over the connection that told the last id: a new one may lead to a Redis that came back without its tail. */
    if (!r->redis || r->redis->err) return NADIR_EUNAVAILABLE;
    /* A stream that had entries must still be there: one that was deleted since we looked is not begun anew in its middle. */
    const char *command = r->last > 0 ? "XADD %s NOMKSTREAM %s-0 e %b" : "XADD %s %s-0 e %b";
    for (int i = 0; i < n; i++) {
        const char *event = db_text(rows, i, 1);
        if (redisAppendCommand(r->redis, command, r->bus->stream, db_text(rows, i, 0), event, strlen(event)) != REDIS_OK)
            return NADIR_EUNAVAILABLE;
    }
    for (int i = 0; i < n; i++) {
        redisReply *reply;
        if (redisGetReply(r->redis, (void **)&reply) != REDIS_OK) return NADIR_EUNAVAILABLE;
        if (reply->type == REDIS_REPLY_ERROR || reply->type == REDIS_REPLY_NIL)
            err = NADIR_EUNAVAILABLE; /* another replica was first, Redis is full, or the stream is gone: ask again */
        else if (!err)
            r->last = db_int(rows, i, 0);
        freeReplyObject(reply);
    }
    r->bus->redis_seen_us = clock_us();
    return err ? err : n;
}

static void clean(struct scope *s, struct relay *r) {
    if (clock_us() - r->cleaned_us < CLEAN_US) return;
    r->cleaned_us = clock_us();
    db_query(
        s, r->bus->db, NULL,
        "DELETE FROM outbox WHERE created_at < now() - interval '30 days' AND sequence < (SELECT max(sequence) FROM outbox)",
        "");
    db_query(s, r->bus->db, NULL, "DELETE FROM idempotency WHERE created_at < now() - interval '7 days'", "");
    db_query(s, r->bus->db, NULL, "DELETE FROM auth_revoked WHERE expires_at < now()", "");
    if (bus_redis(r->bus, &r->redis) == 0)
        freeReplyObject(redisCommand(r->redis, "XTRIM %s MAXLEN ~ %s", r->bus->stream, STREAM_MOST));
}

static int turn(struct scope *s, struct relay *r) {
    int err = stream_last(r);
    if (!err) err = assign(s, r);
    int n = 0;
    while (!err && (n = append(s, r)) > 0) metrics_add("nadir_events_published_total", n);
    if (n < 0) err = n;
    if (err)
        r->last = -1;
    else
        clean(s, r);
    return err;
}

void *bus_relay_thread(void *arg) {
    struct relay r = {.bus = arg, .last = -1, .cleaned_us = clock_us()};
    int failures = 0;
    while (!r.bus->stopping) {
        struct scope s;
        scope_init(&s, r.bus->module, 30000);
        int err = turn(&s, &r);
        if (err && failures++ % 20 == 0) log_warn(&s, "relay waits", "why", nadir_strerror(err), NULL);
        if (!err) failures = 0;
        scope_end(&s);
        bus_wait(r.bus, POLL_MS);
    }
    if (r.redis) redisFree(r.redis);
    return NULL;
}
