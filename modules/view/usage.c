/* usage.c: how often each item was drawn, counted in memory and told every ten seconds. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "view/view.h"

#define COUNTERS 1024
#define NAME_MOST 512

struct counter {
    char *name; /* collection NUL item; NULL: free */
    size_t name_len;
    int64_t count, bytes;
};

static struct counter counters[COUNTERS];
static struct counter rest; /* items for which there was no room */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
static uint64_t hash(const char *name, size_t len) {
    uint64_t h = 0xcbf29ce484222325U;
    for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)name[i]) * 0x100000001b3U;
    return h;
}

static struct counter *counter_for(const char *name, size_t len) {
    uint64_t start = hash(name, len);
    for (uint64_t probe = 0; probe < 16; probe++) {
        struct counter *c = &counters[(start + probe) % COUNTERS];
        if (!c->name) {
            c->name = malloc(len);
            if (!c->name) return &rest;
            memcpy(c->name, name, len);
            c->name_len = len;
            return c;
        }
        if (c->name_len == len && memcmp(c->name, name, len) == 0) return c;
    }
    return &rest;
}

void usage_count(const char *collection, const char *item, size_t bytes) {
    char name[NAME_MOST];
    size_t first = strlen(collection) + 1;
    size_t len = first + strlen(item) + 1;
    (void)pthread_mutex_lock(&lock);
    struct counter *c = &rest;
    if (len <= sizeof name) {
        memcpy(name, collection, first);
        memcpy(name + first, item, len - first);
        c = counter_for(name, len);
    }
    c->count++;
    c->bytes += (int64_t)bytes;
    (void)pthread_mutex_unlock(&lock);
}

static int emit(struct db_tx *tx, const struct counter *c) {
    json_t *data = json_pack("{s:s, s:I, s:I}", "kind", "tiles", "count", (json_int_t)c->count, "bytes", (json_int_t)c->bytes);
    const char *item = c->name ? c->name + strlen(c->name) + 1 : "";
    if (c->name) json_object_set_new(data, "collection", json_string(c->name));
    if (*item) json_object_set_new(data, "item", json_string(item)); /* a map of a whole collection has none */
    return bus_emit(tx, "usage.recorded", item, data);
}

/* Takes all counts out; those that could not be told are put back. */
static struct counter *take(struct scope *s, size_t *n) {
    struct counter *taken = scope_alloc(s, sizeof counters + sizeof rest);
    *n = 0;
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < COUNTERS; i++) {
        if (!counters[i].name) continue;
        taken[(*n)++] = counters[i];
        scope_defer(s, free, counters[i].name);
    }
    if (rest.count) taken[(*n)++] = rest;
    memset(counters, 0, sizeof counters);
    memset(&rest, 0, sizeof rest);
    (void)pthread_mutex_unlock(&lock);
    return taken;
}

static void put_back(const struct counter *taken, size_t n) {
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n; i++) {
        struct counter *c = taken[i].name ? counter_for(taken[i].name, taken[i].name_len) : &rest;
        c->count += taken[i].count;
        c->bytes += taken[i].bytes;
    }
    (void)pthread_mutex_unlock(&lock);
}

int usage_flush(struct scope *s) {
    struct db_tx *tx;
    size_t n;
    struct counter *taken = take(s, &n);
    if (!n) return 0;
    int err = db_begin(s, module_db("view"), &tx);
    for (size_t i = 0; !err && i < n; i++) err = emit(tx, &taken[i]);
    if (!err) err = db_commit(tx);
    if (err) put_back(taken, n);
    return err;
}
