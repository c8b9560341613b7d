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

/* Moves the cursor to an entry, and tells where it was; its row stays locked until the transaction's end, so that of several
 * replicas one takes what follows. */
static int cursor_move(struct db_tx *tx, const struct stream *stream, const char *entry_id, int64_t *was) {
    struct db_rows *rows;
    for (int attempt = 0; attempt < 2; attempt++) {
        int err = db_exec(tx, &rows,
                          "UPDATE bus_cursor c SET last_id = $2 FROM (SELECT last_id FROM bus_cursor WHERE stream = $1 FOR "
                          "UPDATE) AS o WHERE c.stream = $1 RETURNING o.last_id",
                          "ss", stream->name, entry_id);
        if (!err && db_count(rows) == 0)
            err = db_exec(tx, NULL, "INSERT INTO bus_cursor (stream, last_id) VALUES ($1, '0-0') ON CONFLICT DO NOTHING", "s",
                          stream->name);
        else if (!err)
            *was = bus_sequence(db_text(rows, 0, 0));
        if (err || db_count(rows) == 1) return err;
    }
    return NADIR_EINTERNAL;
}

/* One try of one entry: effect and cursor in one transaction. e NULL: the event is given up, store it as a dead letter instead.
 */
static int take(struct scope *s, struct consumer *c, const struct stream *stream, const char *entry_id, const struct event *e,
                const char *raw, const char *error) {
    struct db_tx *tx;
    int64_t was = 0;
    int err = db_begin(s, c->bus->db, &tx);
    if (err) return err;
    err = cursor_move(tx, stream, entry_id, &was);
    if (err || was >= bus_sequence(entry_id)) goto out;
    if (e)
        err = bus_call_handlers(s, c->bus, stream->name, tx, e);
    else
        err = db_exec(tx, NULL, "INSERT INTO bus_dead_letter (stream, entry_id, event, error) VALUES ($1, $2, $3, $4)", "ssss",
                      stream->name, entry_id, raw, error);
    if (!err) return db_commit(tx);
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
static bool is_entry(const redisReply *entry) {
    return entry->elements == 2 && entry->element[1]->elements >= 2;
}

static const char *entry_id(const redisReply *entry) {
    return entry->element[0]->str;
}

static const char *entry_event(const redisReply *entry) {
    return entry->element[1]->element[1]->str;
}

/* The effects of many entries in one transaction; those before `was` another replica took. */
static int take_many(struct scope *s, const struct consumer *c, const struct stream *stream, struct db_tx *tx,
                     json_t *const *events, const redisReply *entries, int64_t was) {
    for (size_t i = 0; i < entries->elements; i++) {
        if (!events[i] || bus_sequence(entry_id(entries->element[i])) <= was) continue;
        struct event e = bus_event(events[i]);
        if (!json_is_object(e.data)) return NADIR_EINVAL;
        trace_continue(&s->trace, *member(events[i], "traceparent") ? member(events[i], "traceparent") : NULL);
        int err = bus_call_handlers(s, c->bus, stream->name, tx, &e);
        if (err) return err;
    }
    return 0;
}

/* All that was read in one go: one commit for many events. True if it is done; false: nothing was kept, take them one by one,
 * for one of them may be at fault. */
static bool handle_many(struct consumer *c, struct stream *stream, const redisReply *entries) {
    struct scope s;
    struct db_tx *tx = NULL;
    int64_t was = 0;
    size_t wanted_count = 0;
    bool unreadable = false;
    scope_init(&s, c->bus->module, EVENT_TIMEOUT_MS);
    json_t **events = scope_alloc(&s, entries->elements * sizeof(json_t *));
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        json_t *json = is_entry(entry) ? scope_json(&s, json_loads(entry_event(entry), 0, NULL)) : NULL;
        if (is_entry(entry) && !json) unreadable = true;
        if (!json || !wanted(c, stream, bus_event(json).type)) continue;
        events[i] = json;
        wanted_count++;
    }
    const char *last = entry_id(entries->element[entries->elements - 1]);
    int err = unreadable ? NADIR_EINVAL : 0;
    if (!err && wanted_count) err = db_begin(&s, c->bus->db, &tx);
    if (tx) err = cursor_move(tx, stream, last, &was);
    if (tx && !err && was < bus_sequence(last)) {
        err = take_many(&s, c, stream, tx, events, entries, was);
        if (!err) err = db_commit(tx);
        if (!err) metrics_add("nadir_events_consumed_total", (double)wanted_count);
    }
    db_rollback(tx);
    scope_end(&s);
    if (!err) stream->last = bus_sequence(last);
    return err == 0;
}

static bool handle_stream(struct consumer *c, struct stream *stream, const redisReply *entries) {
    if (entries->elements > 1 && handle_many(c, stream, entries)) return true;
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (is_entry(entry) && !handle(c, stream, entry_id(entry), entry_event(entry))) return false;
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
