/* bus_internal.h: what bus.c, bus_relay.c and bus_consumer.c share. */
#ifndef NADIR_BUS_INTERNAL_H
#define NADIR_BUS_INTERNAL_H

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/bus.h"

struct bus {
    const char *module;
    struct db *db;
    char *redis;
    char stream[80]; /* our own: nadir:<module> */
    const struct subscription *subscriptions;
    size_t count;
    pthread_t relay, consumer;
    bool has_relay, has_consumer;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool wake; /* events were committed here */
    atomic_bool stopping;
    _Atomic int64_t redis_seen_us; /* last answer of Redis to the relay */
};

void *bus_relay_thread(void *bus);
void *bus_consumer_thread(void *bus);

/** Sleeps until events were committed here, the bus is stopping or `ms` have passed. For the relay. */
void bus_wait(struct bus *bus, int ms);
/** Sleeps until the bus is stopping or `ms` have passed. */
void bus_pause(struct bus *bus, int ms);

/** Connects if *redis is NULL or broken. Returns 0 or NADIR_EUNAVAILABLE. */
int bus_redis(const struct bus *bus, redisContext **redis);

/** Calls the handlers of all subscriptions that an event of that stream fits. */
int bus_call_handlers(struct scope *s, const struct bus *bus, const char *stream, struct db_tx *tx, const struct event *e);
/** The event in a CloudEvents document; texts are borrowed from it, "" where absent. */
struct event bus_event(const json_t *document);

/** The sequence of an entry id "<sequence>-0"; 0 when malformed. */
int64_t bus_sequence(const char *entry_id);

#endif
