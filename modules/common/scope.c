#include "common/scope.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Memory is cut from blocks; a block is at least this large, so a typical request needs one or two. */
#define BLOCK_SIZE 8192

struct scope_block {
    struct scope_block *next;
    size_t used, room;
    _Alignas(max_align_t) char data[];
};

struct scope_deferred {
    struct scope_deferred *next;
    void (*release)(void *);
    void *object;
};

int64_t clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct timespec clock_after(int ms) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

void scope_init(struct scope *s, const char *module, int timeout_ms) {
    memset(s, 0, sizeof *s);
    s->module = module;
    if (timeout_ms > 0) s->deadline_us = clock_us() + (int64_t)timeout_ms * 1000;
    trace_begin(&s->trace);
}

void scope_end(struct scope *s) {
    while (s->deferred) {
        struct scope_deferred *d = s->deferred;
        s->deferred = d->next;
        d->release(d->object);
    }
    while (s->blocks) {
        struct scope_block *b = s->blocks;
        s->blocks = b->next;
        free(b);
    }
}

static struct scope_block *block_add(struct scope *s, size_t least) {
    size_t room = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    struct scope_block *b = malloc(sizeof *b + room);
    if (!b) {
        fputs("{\"level\":\"error\",\"message\":\"out of memory\"}\n", stderr);
        abort();
    }
    b->used = 0;
    b->room = room;
    /* A block made for one large object goes behind the current one, which still has room for small ones. */
    if (s->blocks && least > BLOCK_SIZE) {
        b->next = s->blocks->next;
        s->blocks->next = b;
    } else {
        b->next = s->blocks;
        s->blocks = b;
    }
    return b;
}

void *scope_alloc(struct scope *s, size_t size) {
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 2) abort();
    size = (size + align - 1) & ~(align - 1);
    struct scope_block *b = s->blocks;
    if (!b || b->room - b->used < size) b = block_add(s, size);
    void *p = b->data + b->used;
    b->used += size;
    memset(p, 0, size);
    return p;
}

char *scope_strndup(struct scope *s, const char *text, size_t len) {
    if (!text) return NULL;
    char *copy = scope_alloc(s, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *scope_strdup(struct scope *s, const char *text) {
    return text ? scope_strndup(s, text, strlen(text)) : NULL;
}

char *scope_printf(struct scope *s, const char *format, ...) {
    va_list args;
    char small[256];
    va_start(args, format);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len < 0) abort();
    char *text = scope_alloc(s, (size_t)len + 1);
    if ((size_t)len < sizeof small) {
        memcpy(text, small, (size_t)len);
        return text;
    }
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

void scope_defer(struct scope *s, void (*release)(void *), void *object) {
    struct scope_deferred *d = scope_alloc(s, sizeof *d);
    d->release = release;
    d->object = object;
    d->next = s->deferred;
    s->deferred = d;
}

static void json_release(void *json) {
    json_decref(json);
}

json_t *scope_json(struct scope *s, json_t *json) {
    if (json) scope_defer(s, json_release, json);
    return json;
}

int scope_left_ms(const struct scope *s, int most) {
    if (!s->deadline_us) return most;
    int64_t left = (s->deadline_us - clock_us()) / 1000;
    if (left <= 0) return 0;
    return left < most ? (int)left : most;
}
