/* scope.h: the memory, the deadline and the trace of one piece of work.
 *
 * A request, the handling of one event and one turn of a background loop each have a scope. What is allocated
 * from it, and what is deferred to it (query results, JSON trees), is released when the scope ends, so handlers
 * read straight down and have nothing to clean up. Database calls, HTTP fetches and log lines take the scope and
 * so know how long they may last and to which trace they belong. A scope belongs to one thread at a time.
 */
#ifndef NADIR_SCOPE_H
#define NADIR_SCOPE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/trace.h"

struct scope_block;
struct scope_deferred;

struct scope {
    struct scope_block *blocks;
    struct scope_deferred *deferred;
    int64_t deadline_us; /* CLOCK_MONOTONIC microseconds; 0: none */
    struct trace trace;
    const char *module; /* whose work it is, for logs; borrowed */
};

/** Starts a scope. timeout_ms 0 means no deadline. A new trace is begun. */
void scope_init(struct scope *s, const char *module, int timeout_ms);

/** Runs what was deferred (last first) and frees all memory. The scope may be initialised again. */
void scope_end(struct scope *s);

/** Memory of the scope, zeroed, aligned for any type. Aborts when memory is exhausted: never NULL. */
void *scope_alloc(struct scope *s, size_t size);
char *scope_strdup(struct scope *s, const char *text); /* NULL gives NULL */
char *scope_strndup(struct scope *s, const char *text, size_t len);
char *scope_printf(struct scope *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Calls release(object) at the end of the scope. */
void scope_defer(struct scope *s, void (*release)(void *), void *object);

/** Gives a JSON tree's reference to the scope (decref'd at its end) and returns the tree. NULL gives NULL. */
json_t *scope_json(struct scope *s, json_t *json);

/** Milliseconds left until the deadline: 0 when it has passed, otherwise at most `most`. */
int scope_left_ms(const struct scope *s, int most);

/** CLOCK_MONOTONIC in microseconds. */
int64_t clock_us(void);

/** The moment `ms` milliseconds from now on CLOCK_MONOTONIC, for pthread_cond_timedwait. */
struct timespec clock_after(int ms);

#endif
