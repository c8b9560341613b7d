/* keeper.h: nadir-keeper, the program beside the download module that reads and moves files, so that no request has to. */
#ifndef DOWNLOAD_KEEPER_H
#define DOWNLOAD_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/db.h"

struct keeper {
    struct db *db;
    const char *data;    /* NADIR_DATA */
    const char *archive; /* NADIR_ARCHIVE; "": there is none */
};

struct file_sums {
    int64_t size, mtime, crc32;
    char md5[33], sha256[65];
};

/* A row that is held by a transaction while its file is worked at. */
struct hold {
    struct db_tx *tx;
    int64_t beat_us; /* when the server last heard of us */
};

/** To be called some times a second while a row is held: the server ends a transaction that it does not hear of for a minute.
 *  NADIR_EUNAVAILABLE when the work is to end. */
int keeper_beat(struct hold *h);

/** Reads a file. NADIR_ENOTFOUND if it cannot be read, NADIR_ECONFLICT if it was written meanwhile. */
int file_sums_read(struct hold *h, const char *path, struct file_sums *out);

/** One waiting row of file_sum. NADIR_ENOTFOUND when none waits. */
int keeper_sum(struct scope *s, const struct keeper *k);

/** Fetches one file that waits in the slower store. NADIR_ENOTFOUND when none waits. */
int keeper_fetch(struct scope *s, const struct keeper *k);

/** Removes fetched files that nobody used for long. */
void keeper_cool(struct scope *s, const struct keeper *k);

/** Removes what nobody used for long: plans of ZIPs, and what is known of files that are gone. Now and then. */
void keeper_sweep(const struct keeper *k);

#endif
