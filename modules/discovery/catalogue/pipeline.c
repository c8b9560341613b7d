/* pipeline.c */
#include "discovery/catalogue/pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MOST 64
#define CHUNK_BYTES (24 * 1024 * 1024)

struct pipeline {
    const struct source *source;
    const struct options *options;
    pthread_t threads[THREADS_MOST];
    int nthreads;
    pthread_mutex_t reading; /* held by the one who reads lines */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct chunk *ready[THREADS_MOST + 2]; /* by number, in a ring */
    size_t room;
    size_t begun, taken; /* chunks */
    bool ended, stopping;
    const char *why, *file;
};

struct raw {
    char *text;
    size_t len;
};

/* Reads a chunk's lines. NULL at the end. */
static struct chunk *chunk_read(struct pipeline *p, struct raw **raws) {
    const struct options *o = p->options;
    struct chunk *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    scope_init(&c->scope, "discovery", 0);
    c->batch.rows = scope_alloc(&c->scope, (size_t)o->batch * sizeof *c->batch.rows);
    c->files = scope_alloc(&c->scope, (size_t)o->batch * sizeof *c->files);
    struct collection_row **collections = scope_alloc(&c->scope, (size_t)o->batch * sizeof *collections);
    c->collections = collections;
    *raws = scope_alloc(&c->scope, (size_t)o->batch * sizeof **raws);
    const char *file, *why = NULL;
    size_t line;
    struct raw raw;
    while (c->batch.count < (size_t)o->batch && c->bytes < CHUNK_BYTES &&
           p->source->next(p->source->state, &raw.text, &raw.len, &file, &line, &why)) {
        if (line < (size_t)o->from_line && file == p->options->arguments[0]) {
            free(raw.text);
            continue;
        }
        c->files[c->batch.count] = file;
        c->batch.rows[c->batch.count].item.line = line;
        (*raws)[c->batch.count++] = raw;
        c->bytes += (int64_t)raw.len;
    }
    if (why) {
        p->why = why;
        p->file = file;
    }
    if (c->batch.count > 0) return c;
    scope_end(&c->scope);
    free(c);
    return NULL;
}

static const char *fault_text(struct scope *s, const struct fault *f) {
    return scope_printf(s, "%s: %s", f->field, f->why);
}

/* A line with "Collection" may be one; most have not. */
static bool collection_check(struct chunk *c, size_t at, const struct raw *raw) {
    if (!memmem(raw->text, raw->len, "\"Collection\"", 12)) return false;
    struct scope *s = &c->scope;
    struct batch_row *row = &c->batch.rows[at];
    struct fault f = {0};
    json_t *json = scope_json(s, json_loadb(raw->text, raw->len, 0, NULL));
    const char *type = json_string_value(json_object_get(json, "type")), *id = json_string_value(json_object_get(json, "id"));
    if (!type || strcmp(type, "Collection") != 0) return false;
    row->apart = true;
    row->item.id = scope_strdup(s, id);
    c->collections[at] = scope_alloc(s, sizeof **c->collections);
    row->outcome = OUTCOME_UNCHANGED;
    const char *owner = scope_strdup(s, json_string_value(json_object_get(json, "nadir:owner")));
    json_object_del(json, "nadir:owner");
    if (collection_row_make(s, NULL, json, c->collections[at], &f) == 0) {
        c->collections[at]->owner = owner;
        return true;
    }
    c->collections[at] = NULL;
    row->outcome = OUTCOME_REFUSED;
    row->why = fault_text(s, &f);
    return true;
}

static void line_check(struct chunk *c, size_t at, const struct raw *raw, const struct options *o) {
    struct batch_row *row = &c->batch.rows[at];
    struct fault f = {0};
    size_t line = row->item.line;
    if (!collection_check(c, at, raw) &&
        prepared_from_line(&c->scope, raw->text, raw->len, o->collection, o->owner, &row->item, &f)) {
        row->outcome = OUTCOME_REFUSED;
        row->why = fault_text(&c->scope, &f);
    }
    row->item.line = line;
    if (!o->check_only) batch_row_ready(&c->scope, row, o->no_events);
}

static void deliver(struct pipeline *p, size_t number, struct chunk *c) {
    pthread_mutex_lock(&p->lock);
    p->ready[number % p->room] = c;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* Waits until there is room for another chunk; false when there shall be none. */
static bool room_wait(struct pipeline *p, size_t *number) {
    pthread_mutex_lock(&p->lock);
    while (!p->stopping && !p->ended && p->begun - p->taken >= p->room) pthread_cond_wait(&p->changed, &p->lock);
    bool go = !p->stopping && !p->ended;
    *number = p->begun;
    pthread_mutex_unlock(&p->lock);
    return go;
}

static void *work(void *arg) {
    struct pipeline *p = arg;
    for (;;) {
        struct raw *raws;
        size_t number;
        pthread_mutex_lock(&p->reading);
        struct chunk *c = room_wait(p, &number) ? chunk_read(p, &raws) : NULL;
        pthread_mutex_lock(&p->lock);
        if (c)
            p->begun++;
        else
            p->ended = true;
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
        pthread_mutex_unlock(&p->reading);
        if (!c) return NULL;
        for (size_t i = 0; i < c->batch.count; i++) {
            line_check(c, i, &raws[i], p->options);
            free(raws[i].text);
        }
        deliver(p, number, c);
    }
}

struct pipeline *pipeline_start(const struct source *source, const struct options *o) {
    struct pipeline *p = calloc(1, sizeof *p);
    if (!p) abort();
    long cores = sysconf(_SC_NPROCESSORS_ONLN), threads = o->threads ? o->threads : cores;
    p->source = source;
    p->options = o;
    pthread_mutex_init(&p->reading, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    if (threads > THREADS_MOST) threads = THREADS_MOST;
    p->room = (size_t)threads + 2;
    for (long i = 0; i < threads; i++)
        if (pthread_create(&p->threads[p->nthreads], NULL, work, p) == 0) p->nthreads++;
    if (p->nthreads == 0) abort();
    return p;
}

struct chunk *pipeline_next(struct pipeline *p, const char **why, const char **file) {
    pthread_mutex_lock(&p->lock);
    struct chunk **place = &p->ready[p->taken % p->room];
    while (!*place && !(p->ended && p->taken == p->begun)) pthread_cond_wait(&p->changed, &p->lock);
    struct chunk *c = *place;
    *place = NULL;
    if (c) p->taken++;
    pthread_cond_broadcast(&p->changed);
    *why = c ? NULL : p->why;
    *file = p->file;
    pthread_mutex_unlock(&p->lock);
    return c;
}

void pipeline_done(struct pipeline *p, struct chunk *chunk) {
    (void)p;
    scope_end(&chunk->scope);
    free(chunk);
}

void pipeline_stop(struct pipeline *p) {
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->nthreads; i++) pthread_join(p->threads[i], NULL);
    for (size_t i = 0; i < p->room; i++)
        if (p->ready[i]) pipeline_done(p, p->ready[i]);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->reading);
    free(p);
}
