/* keeper.h: nadir-keeper, the program beside the download module that reads and moves files, so that no request has to. */
#ifndef DOWNLOAD_KEEPER_H
#define DOWNLOAD_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/db.h"

struct keeper {
    struct db *db;
    const char *data; /* NADIR_DATA */
    int64_t swept_us;
};

struct file_sums {
    int64_t size, mtime, crc32;
    char md5[33], sha256[65];
};

/** True once the program was told to end. */
bool keeper_ends(const struct keeper *k);

/** Reads a file. NADIR_ENOTFOUND if it cannot be read, NADIR_ECONFLICT if it was written meanwhile. */
int file_sums_read(struct keeper *k, const char *path, struct file_sums *out);

/** One waiting row of file_sum. NADIR_ENOTFOUND when none waits. */
int keeper_sum(struct scope *s, struct keeper *k);

/** Removes what nobody used for long: plans of ZIPs, and what is known of files that are gone. Now and then. */
void keeper_sweep(struct keeper *k);

#endif
