/* bus.h: events between modules: CloudEvents 1.0 on Redis Streams, effect exactly once.
 *
 * Producing. bus_emit() writes a row into the module's `outbox` in the caller's transaction. One relay a database (an
 * advisory lock elects it among replicas) gives committed rows a gapless sequence and appends them to the stream
 * `nadir:<module>` with the entry id `<sequence>-0`. Should Redis have lost entries, its last id is behind the sequence and the
 * relay appends them again from the outbox. So the stream is always a copy of the outbox and an entry's id never changes.
 *
 * Consuming. A module keeps in its own database, table `bus_cursor`, the last entry it has taken of each stream. The
 * effect of an event and the cursor move in one transaction, so the effect happens exactly once whatever is killed when.
 * Events of one stream are handled in order, one at a time. An event that fails is retried with back-off; after 8 tries
 * it is stored in `bus_dead_letter` and the stream goes on. NADIR_EUNAVAILABLE and NADIR_ETIMEOUT are retried for ever.
 */
#ifndef NADIR_BUS_H
#define NADIR_BUS_H

#include <jansson.h>
#include <stddef.h>

#include "common/db.h"
#include "common/scope.h"

struct event {
    const char *id;      /* CloudEvents id (UUIDv7) */
    const char *source;  /* "/nadir/<module>" */
    const char *type;    /* "order.paid" */
    const char *subject; /* what it is about: an id; "" if none */
    const char *time;    /* RFC 3339 UTC */
    const json_t *data;  /* an object */
};

/** What a module does on an event. The effect goes through tx, which the bus commits together with the cursor.
 *  Returns 0 or a negative enum nadir_error (then nothing is kept). The event is borrowed. */
typedef int (*bus_handler)(struct scope *s, struct db_tx *tx, const struct event *e);

/* One subscription: a producing module, an event type ("order.paid", or a prefix "item.*", or "*") and the handler. */
struct subscription {
    const char *producer;
    const char *type;
    bus_handler handler;
};

/** Adds an event to the outbox of the transaction's database. data (stolen) is an object. subject may be "". */
int bus_emit(struct db_tx *tx, const char *type, const char *subject, json_t *data);

/** The finished event as bus_emit puts it into the outbox, for writers that COPY many; the text belongs to the scope. data is
 *  JSON text of an object. They call db_tx_mark_events themselves. */
const char *bus_event_line(struct scope *s, const char *type, const char *subject, const char *data);

struct bus;

/** Starts the relay thread and, if there are subscriptions, the consumer thread of a module. redis is "host:port" or
 *  "unix:/path". subscriptions are borrowed for the process's life. Free with bus_stop. */
int bus_start(struct bus **out, const char *module, struct db *db, const char *redis, const struct subscription *subscriptions,
              size_t count);
void bus_stop(struct bus *bus);
/** True if Redis answered the relay within the last five seconds. */
bool bus_alive(struct bus *bus);

/** Hands a dead letter of this module's database to its handlers again. Effect and mark are one transaction, so it happens
 * once. NADIR_ENOTFOUND when there is no such letter, or it was replayed before; otherwise what the handler said (it stays
 * then). */
int bus_replay(struct scope *s, struct bus *bus, int64_t dead_letter);

#endif
