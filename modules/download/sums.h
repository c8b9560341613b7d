/* sums.h: checksums of files below NADIR_DATA, known from an item's event on. */
#ifndef DOWNLOAD_SUMS_H
#define DOWNLOAD_SUMS_H

#include "common/bus.h"
#include "common/http.h"

enum sum_state {
    SUM_GONE,    /* there is no such file here */
    SUM_WAITING, /* not computed yet, or not of the file as it is now */
    SUM_READY,
    SUM_COLD, /* it lies in the slower store only (cold.h); checksums are told where they are known */
};

struct sum {
    enum sum_state state;
    int64_t size, mtime; /* of the file as it is now: bytes, seconds since the epoch */
    uint32_t crc32;
    const char *md5, *sha256; /* hex; NULL where they are not known */
    bool asked;               /* somebody waits for it already */
};

/** Checksums of `count` paths below NADIR_DATA, by one query and a look at each file. 0 or a negative enum nadir_error. */
int sums_find(struct scope *s, const char *const *paths, size_t count, struct sum *out);

/** Has those that wait computed before all that nobody asked for. */
int sums_ask(struct scope *s, const char *const *paths, size_t count, const struct sum *sums);

/** An item's files are to be read (discovery's item.*). */
int sums_on_item(struct scope *s, struct db_tx *tx, const struct event *e);

#endif
