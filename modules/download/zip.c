/* zip.c: section numbers are those of PKWARE's APPNOTE.TXT 6.3.10. */
#include "download/zip.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"

#define MOST_32 UINT64_C(0xffffffff)
#define MOST_16 0xffffu
#define MADE_BY (3u << 8 | 45u)    /* Unix; the attributes' upper half is a mode then */
#define MODE_FILE (0100644u << 16) /* -rw-r--r-- */
#define FLAG_UTF8 (1u << 11)
#define LOCAL_MOST 59   /* bytes of a local header without its name: 30 + 9 (time) + 20 (ZIP64) */
#define CENTRAL_MOST 83 /* 46 + 9 + 28 */
#define END_MOST 98     /* 56 + 20 + 22 */
#define LINE_MOST 64    /* of an index line without its path */

struct out {
    unsigned char *data;
    size_t len;
};

/* Little-endian, as 4.4.1.1 has it. */
static void put(struct out *o, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++) o->data[o->len++] = (unsigned char)(value >> 8 * i);
}

static void put_text(struct out *o, const char *text, size_t len) {
    memcpy(o->data + o->len, text, len);
    o->len += len;
}

/* 4.4.6: years since 1980, two-second steps. */
static uint32_t dos_time(int64_t mtime) {
    time_t t = (time_t)mtime;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < 80) return 1u << 21 | 1u << 16;
    if (tm.tm_year > 207) return 127u << 25 | 12u << 21 | 31u << 16;
    return (uint32_t)(tm.tm_year - 80) << 25 | (uint32_t)(tm.tm_mon + 1) << 21 | (uint32_t)tm.tm_mday << 16 |
           (uint32_t)tm.tm_hour << 11 | (uint32_t)tm.tm_min << 5 | (uint32_t)tm.tm_sec / 2;
}

/* Version needed, flags, method, time, CRC and sizes: alike in both headers (4.3.7, 4.3.12). */
static void put_common(struct out *o, const struct zip_member *m, bool zip64) {
    uint64_t size = (uint64_t)m->size;
    put(o, zip64 ? 45 : 20, 2);
    put(o, FLAG_UTF8, 2);
    put(o, 0, 2);
    put(o, dos_time(m->mtime), 4);
    put(o, m->crc32, 4);
    put(o, size >= MOST_32 ? MOST_32 : size, 4);
    put(o, size >= MOST_32 ? MOST_32 : size, 4);
    put(o, strlen(m->name), 2);
}

/* Extended timestamp (Info-ZIP's, 4.6.1): modification time only. */
static void put_time(struct out *o, const struct zip_member *m) {
    put(o, 0x5455, 2);
    put(o, 5, 2);
    put(o, 1, 1);
    put(o, (uint64_t)m->mtime, 4);
}

/* 4.3.7. A local ZIP64 field has both sizes (4.5.3). */
static void put_local(struct out *o, const struct zip_member *m) {
    bool big = (uint64_t)m->size >= MOST_32;
    put(o, 0x04034b50, 4);
    put_common(o, m, big);
    put(o, big ? 29 : 9, 2);
    put_text(o, m->name, strlen(m->name));
    put_time(o, m);
    if (!big) return;
    put(o, 0x0001, 2);
    put(o, 16, 2);
    put(o, (uint64_t)m->size, 8);
    put(o, (uint64_t)m->size, 8);
}

/* 4.3.12. A central ZIP64 field has only what did not fit (4.5.3). */
static void put_central(struct out *o, const struct zip_member *m, uint64_t offset) {
    bool big = (uint64_t)m->size >= MOST_32, far = offset >= MOST_32;
    unsigned extra = (big ? 16u : 0u) + (far ? 8u : 0u);
    put(o, 0x02014b50, 4);
    put(o, MADE_BY, 2);
    put_common(o, m, big || far);
    put(o, 9 + (extra ? extra + 4 : 0), 2);
    put(o, 0, 6); /* comment, disk, internal attributes */
    put(o, MODE_FILE, 4);
    put(o, far ? MOST_32 : offset, 4);
    put_text(o, m->name, strlen(m->name));
    put_time(o, m);
    if (!extra) return;
    put(o, 0x0001, 2);
    put(o, extra, 2);
    if (big) put(o, (uint64_t)m->size, 8);
    if (big) put(o, (uint64_t)m->size, 8);
    if (far) put(o, offset, 8);
}

/* 4.3.14 to 4.3.16. */
static void put_end(struct out *o, uint64_t count, uint64_t offset, uint64_t len) {
    if (count >= MOST_16 || offset >= MOST_32 || len >= MOST_32) {
        put(o, 0x06064b50, 4);
        put(o, 44, 8);
        put(o, MADE_BY, 2);
        put(o, 45, 2);
        put(o, 0, 8);
        put(o, count, 8);
        put(o, count, 8);
        put(o, len, 8);
        put(o, offset, 8);
        put(o, 0x07064b50, 4);
        put(o, 0, 4);
        put(o, offset + len, 8);
        put(o, 1, 4);
    }
    put(o, 0x06054b50, 4);
    put(o, 0, 4);
    put(o, count >= MOST_16 ? MOST_16 : count, 2);
    put(o, count >= MOST_16 ? MOST_16 : count, 2);
    put(o, len >= MOST_32 ? MOST_32 : len, 4);
    put(o, offset >= MOST_32 ? MOST_32 : offset, 4);
    put(o, 0, 2);
}

void zip_layout(struct scope *s, const struct zip_member *members, size_t count, struct zip_plan *out) {
    size_t names = 0, paths = 0;
    for (size_t i = 0; i < count; i++) {
        names += strlen(members[i].name);
        paths += strlen(members[i].path);
    }
    struct out o = {.data = scope_alloc(s, count * (LOCAL_MOST + CENTRAL_MOST) + 2 * names + END_MOST)};
    size_t room = 2 * (count + 1) * LINE_MOST + paths, used = 0;
    char *index = scope_alloc(s, room);
    uint64_t *offsets = scope_alloc(s, (count + 1) * sizeof *offsets), at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before = o.len;
        offsets[i] = at;
        put_local(&o, &members[i]);
        used += (size_t)snprintf(index + used, room - used, "= %zu\n< %lld %lld %s\n", o.len - before,
                                 (long long)members[i].size, (long long)members[i].mtime, members[i].path);
        at += o.len - before + (uint64_t)members[i].size;
    }
    size_t before = o.len;
    for (size_t i = 0; i < count; i++) put_central(&o, &members[i], offsets[i]);
    put_end(&o, count, at, o.len - before);
    used += (size_t)snprintf(index + used, room - used, "= %zu\n", o.len - before);
    *out = (struct zip_plan){index, used, o.data, o.len, (int64_t)(at + o.len - before)};
}

int zip_plan_write(struct scope *s, const struct zip_plan *plan, const char *path) {
    const char *made = scope_printf(s, "%s.%d.%p", path, (int)getpid(), (const void *)plan);
    FILE *f = fopen(made, "wxe");
    bool ok = f && fprintf(f, "nadir-pieces 1 %zu %lld\n", plan->index_len, (long long)plan->total) > 0 &&
              fwrite(plan->index, 1, plan->index_len, f) == plan->index_len &&
              fwrite(plan->literals, 1, plan->literals_len, f) == plan->literals_len;
    if (f && fclose(f) != 0) ok = false;
    if (ok && rename(made, path) == 0) return 0;
    (void)unlink(made);
    log_error(s, "a ZIP's plan cannot be written", "path", path, NULL);
    return NADIR_EUNAVAILABLE;
}
