/* The consumer: from the streams into the module's database. See bus.h for what it promises. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/metrics.h"

#define TRIES_MOST 8
#define STREAMS_MOST 16
#define EVENT_TIMEOUT_MS 30000

struct stream {
    char name[80];
    int64_t last; /* the last sequence taken */
};

struct consumer {
    struct bus *bus;
    redisContext *redis;
    struct stream streams[STREAMS_MOST];
    int nstreams;
    bool loaded;
};

static void find_streams(struct consumer *c) {
    for (size_t i = 0; i < c->bus->count; i++) {
        char name[80];
        bool known = false;
        snprintf(name, sizeof name, "nadir:%s", c->bus->subscriptions[i].producer);
        for (int j = 0; j < c->nstreams && !known; j++) known = strcmp(c->streams[j].name, name) == 0;
        if (!known && c->nstreams < STREAMS_MOST) snprintf(c->streams[c->nstreams++].name, sizeof name, "%s", name);
    }
}

static int load_cursors(struct scope *s, struct consumer *c) {
    struct db_rows *rows;
    int err = db_query(s, c->bus->db, &rows, "SELECT stream, last_id FROM bus_cursor", "");
    if (err) return err;
    for (int i = 0; i < c->nstreams; i++) {
        c->streams[i].last = 0;
        for (int row = 0; row < db_count(rows); row++)
            if (strcmp(db_text(rows, row, 0), c->streams[i].name) == 0)
                c->streams[i].last = bus_sequence(db_text(rows, row, 1));
    }
    c->loaded = true;
    return 0;
}

static bool matches(const char *pattern, const char *type) {
    size_t len = strlen(pattern);
    if (len > 0 && pattern[len - 1] == '*') return strncmp(pattern, type, len - 1) == 0;
    return strcmp(pattern, type) == 0;
}

static bool wanted(const struct consumer *c, const struct stream *stream, const char *type) {
    for (size_t i = 0; i < c->bus->count; i++)
        if (strcmp(stream->name + 6, c->bus->subscriptions[i].producer) == 0 && matches(c->bus->subscriptions[i].type, type))
            return true;
    return false;
}

int bus_call_handlers(struct scope *s, const struct bus *bus, const char *stream, struct db_tx *tx, const struct event *e) {
    for (size_t i = 0; i < bus->count; i++) {
        const struct subscription *sub = &bus->subscriptions[i];
        if (strcmp(stream + strlen("nadir:"), sub->producer) != 0 || !matches(sub->type, e->type)) continue;
        int err = sub->handler(s, tx, e);
        if (err) return err;
    }
    return 0;
}

/* Locks the cursor and tells whether the entry is still to be taken: another replica may have been faster. */
static int lock_cursor(struct db_tx *tx, const struct stream *stream, int64_t sequence, bool *taken) {
    struct db_rows *rows;
    int err = db_exec(tx, NULL, "INSERT INTO bus_cursor (stream, last_id) VALUES ($1, '0-0') ON CONFLICT DO NOTHING", "s",
                      stream->name);
    if (err) return err;
    err = db_exec(tx, &rows, "SELECT last_id FROM bus_cursor WHERE stream = $1 FOR UPDATE", "s", stream->name);
    if (err) return err;
    *taken = bus_sequence(db_text(rows, 0, 0)) >= sequence;
    return 0;
}

static int move_cursor(struct db_tx *tx, const struct stream *stream, const char *entry_id) {
    return db_exec(tx, NULL, "UPDATE bus_cursor SET last_id = $2 WHERE stream = $1", "ss", stream->name, entry_id);
}

/* One try: effect and cursor in one transaction. e NULL: the event is given up, store it as a dead letter instead. */
static int take(struct scope *s, struct consumer *c, const struct stream *stream, const char *entry_id, const struct event *e,
                const char *raw, const char *error) {
    struct db_tx *tx;
    bool taken;
    int err = db_begin(s, c->bus->db, &tx);
    if (err) return err;
    if ((err = lock_cursor(tx, stream, bus_sequence(entry_id), &taken)) != 0) goto out;
    if (taken) goto out;
    if (e)
        err = bus_call_handlers(s, c->bus, stream->name, tx, e);
    else
        err = db_exec(tx, NULL, "INSERT INTO bus_dead_letter (stream, entry_id, event, error) VALUES ($1, $2, $3, $4)", "ssss",
                      stream->name, entry_id, raw, error);
    if (err || (err = move_cursor(tx, stream, entry_id)) != 0) goto out;
    return db_commit(tx);
out:
    db_rollback(tx);
    return err;
}

static const char *member(const json_t *event, const char *name) {
    const char *text = json_string_value(json_object_get(event, name));
    return text ? text : "";
}

struct event bus_event(const json_t *document) {
    return (struct event){member(document, "id"),      member(document, "source"), member(document, "type"),
                          member(document, "subject"), member(document, "time"),   json_object_get(document, "data")};
}

static bool transient(int err) {
    return err == NADIR_EUNAVAILABLE || err == NADIR_ETIMEOUT || err == NADIR_EBUSY;
}

/* Takes one entry, however long it needs. Returns false when the bus is stopping. */
static bool handle(struct consumer *c, struct stream *stream, const char *entry_id, const char *raw) {
    int err = 0;
    for (int tries = 0; !c->bus->stopping;) {
        struct scope s;
        scope_init(&s, c->bus->module, EVENT_TIMEOUT_MS);
        json_t *json = scope_json(&s, json_loads(raw, 0, NULL));
        struct event e = bus_event(json);
        trace_continue(&s.trace, *member(json, "traceparent") ? member(json, "traceparent") : NULL);
        bool done;
        if (json && !wanted(c, stream, e.type)) {
            done = true;
        } else {
            bool give_up = !json_is_object(e.data) || tries >= TRIES_MOST;
            err = take(&s, c, stream, entry_id, give_up ? NULL : &e, raw, nadir_strerror(err));
            done = err == 0;
            if (done && give_up) {
                log_error(&s, "event given up", "stream", stream->name, "entry", entry_id, "type", e.type, NULL);
                metrics_add("nadir_events_dead_total", 1);
            } else if (done) {
                metrics_add("nadir_events_consumed_total", 1);
            } else {
                if (!transient(err)) tries++;
                log_warn(&s, "event will be tried again", "stream", stream->name, "entry", entry_id, "type", e.type, "why",
                         nadir_strerror(err), NULL);
            }
        }
        scope_end(&s);
        if (done) {
            stream->last = bus_sequence(entry_id);
            return true;
        }
        bus_pause(c->bus, tries < 5 ? 50 << tries : 1000);
    }
    return false;
}

static redisReply *read_streams(struct consumer *c) {
    const char *argv[6 + 2 * STREAMS_MOST] = {"XREAD", "COUNT", "64", "BLOCK", "1000", "STREAMS"};
    char ids[STREAMS_MOST][24];
    int argc = 6;
    for (int i = 0; i < c->nstreams; i++) {
        snprintf(ids[i], sizeof ids[i], "%" PRId64 "-0", c->streams[i].last);
        argv[argc + i] = c->streams[i].name;
        argv[argc + c->nstreams + i] = ids[i];
    }
    argc += 2 * c->nstreams;
    return redisCommandArgv(c->redis, argc, argv, NULL);
}

/* An entry is [id, ["e", json]]. Others are not of our relay and are passed over. */
static bool handle_stream(struct consumer *c, struct stream *stream, const redisReply *entries) {
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (entry->elements != 2 || entry->element[1]->elements < 2) continue;
        if (!handle(c, stream, entry->element[0]->str, entry->element[1]->element[1]->str)) return false;
    }
    return true;
}

static int turn(struct consumer *c) {
    if (!c->loaded) {
        struct scope s;
        scope_init(&s, c->bus->module, 5000);
        int err = load_cursors(&s, c);
        scope_end(&s);
        if (err) return err;
    }
    if (bus_redis(c->bus, &c->redis) != 0) return NADIR_EUNAVAILABLE;
    redisReply *reply = read_streams(c);
    if (!reply) return NADIR_EUNAVAILABLE;
    int err = reply->type == REDIS_REPLY_ERROR ? NADIR_EUNAVAILABLE : 0;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const redisReply *one = reply->element[i];
        for (int j = 0; j < c->nstreams; j++)
            if (one->elements == 2 && strcmp(one->element[0]->str, c->streams[j].name) == 0)
                handle_stream(c, &c->streams[j], one->element[1]);
    }
    freeReplyObject(reply);
    return err;
}

void *bus_consumer_thread(void *arg) {
    struct consumer c = {.bus = arg};
    find_streams(&c);
    while (!c.bus->stopping)
        if (turn(&c) != 0) bus_pause(c.bus, 500);
    if (c.redis) redisFree(c.redis);
    return NULL;
}
