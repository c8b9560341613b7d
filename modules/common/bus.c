#include "common/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/bus_internal.h"
#include "common/config.h"
#include "common/id.h"
#include "common/log.h"

int64_t bus_sequence(const char *entry_id) {
    return entry_id ? strtoll(entry_id, NULL, 10) : 0;
}

/* The event's members besides its data. */
static json_t *envelope(struct scope *s, const char *type, const char *subject) {
    char id[ID_SIZE], stamp[40], parent[TRACEPARENT_SIZE];
    struct timespec now;
    struct tm utc;
    id_new(id);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp + len, sizeof stamp - len, ".%06ldZ", now.tv_nsec / 1000);
    trace_format(&s->trace, parent);
    json_t *event = json_pack("{s:s, s:s, s:s+, s:s, s:s, s:s, s:s}", "specversion", "1.0", "id", id, "source", "/nadir/",
                              s->module ? s->module : "unknown", "type", type, "time", stamp, "datacontenttype",
                              "application/json", "traceparent", parent);
    if (event && *subject) json_object_set_new(event, "subject", json_string(subject));
    return scope_json(s, event);
}

int bus_emit(struct db_tx *tx, const char *type, const char *subject, json_t *data) {
    struct scope *s = db_tx_scope(tx);
    json_t *event = envelope(s, type, subject);
    if (!data || !event || json_object_set_new(event, "data", data)) {
        log_error(s, "an event could not be written", "type", type, NULL);
        return NADIR_EINTERNAL;
    }
    db_tx_mark_events(tx);
    return db_exec(tx, NULL, "INSERT INTO outbox (event) VALUES ($1)", "j", event);
}

const char *bus_event_line(struct scope *s, const char *type, const char *subject, const char *data) {
    char *head = json_dumps(envelope(s, type, subject), JSON_COMPACT);
    if (!head) abort();
    scope_defer(s, free, head);
    return scope_printf(s, "%.*s,\"data\":%s}", (int)strlen(head) - 1, head, data);
}

static void sleep_until(struct bus *bus, int ms, bool for_events) {
    const struct timespec until = clock_after(ms);
    pthread_mutex_lock(&bus->lock);
    while (!bus->stopping && !(for_events && bus->wake))
        if (pthread_cond_timedwait(&bus->woken, &bus->lock, &until) != 0) break;
    if (for_events) bus->wake = false;
    pthread_mutex_unlock(&bus->lock);
}

void bus_wait(struct bus *bus, int ms) {
    sleep_until(bus, ms, true);
}

void bus_pause(struct bus *bus, int ms) {
    sleep_until(bus, ms, false);
}

static void wake(void *arg) {
    struct bus *bus = arg;
    pthread_mutex_lock(&bus->lock);
    bus->wake = true;
    pthread_cond_broadcast(&bus->woken);
    pthread_mutex_unlock(&bus->lock);
}

int bus_redis(const struct bus *bus, redisContext **redis) {
    if (*redis && !(*redis)->err) return 0;
    if (*redis) redisFree(*redis);
    const struct timeval timeout = {.tv_sec = 3};
    if (strncmp(bus->redis, "unix:", 5) == 0) {
        *redis = redisConnectUnixWithTimeout(bus->redis + 5, timeout);
    } else {
        char host[256];
        const char *colon = strrchr(bus->redis, ':');
        snprintf(host, sizeof host, "%.*s", colon ? (int)(colon - bus->redis) : (int)strlen(bus->redis), bus->redis);
        *redis = redisConnectWithTimeout(host, colon ? (int)strtol(colon + 1, NULL, 10) : 6379, timeout);
    }
    if (!*redis) return NADIR_EUNAVAILABLE;
    if ((*redis)->err) return NADIR_EUNAVAILABLE;
    redisSetTimeout(*redis, timeout);
    const char *password = config_text("NADIR_REDIS_PASSWORD", NULL);
    if (password) freeReplyObject(redisCommand(*redis, "AUTH %s", password));
    return (*redis)->err ? NADIR_EUNAVAILABLE : 0;
}

int bus_start(struct bus **out, const char *module, struct db *db, const char *redis, const struct subscription *subscriptions,
              size_t count) {
    struct bus *bus = calloc(1, sizeof *bus);
    if (!bus || !(bus->redis = strdup(redis))) {
        free(bus);
        return NADIR_ENOMEM;
    }
    bus->module = module;
    bus->db = db;
    bus->subscriptions = subscriptions;
    bus->count = count;
    snprintf(bus->stream, sizeof bus->stream, "nadir:%s", module);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&bus->woken, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&bus->lock, NULL);
    db_on_events(db, wake, bus);
    bus->has_relay = pthread_create(&bus->relay, NULL, bus_relay_thread, bus) == 0;
    if (bus->has_relay) pthread_setname_np(bus->relay, "relay");
    if (count > 0) {
        bus->has_consumer = pthread_create(&bus->consumer, NULL, bus_consumer_thread, bus) == 0;
        if (bus->has_consumer) pthread_setname_np(bus->consumer, "consumer");
    }
    if (!bus->has_relay || (count > 0 && !bus->has_consumer)) {
        bus_stop(bus);
        return NADIR_ENOMEM;
    }
    *out = bus;
    return 0;
}

void bus_stop(struct bus *bus) {
    if (!bus) return;
    bus->stopping = true;
    wake(bus);
    if (bus->has_relay) pthread_join(bus->relay, NULL);
    if (bus->has_consumer) pthread_join(bus->consumer, NULL);
    db_on_events(bus->db, NULL, NULL);
    pthread_cond_destroy(&bus->woken);
    pthread_mutex_destroy(&bus->lock);
    free(bus->redis);
    free(bus);
}

bool bus_alive(struct bus *bus) {
    return clock_us() - bus->redis_seen_us < 5000000;
}
