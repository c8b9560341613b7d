/* zip.h: the layout of a ZIP whose members are stored files: everything but the files' own bytes. */
#ifndef DOWNLOAD_ZIP_H
#define DOWNLOAD_ZIP_H

#include <stdint.h>

#include "common/scope.h"

struct zip_member {
    const char *name; /* in the archive, UTF-8, '/' between folders; at most 65,535 bytes */
    const char *path; /* below NADIR_DATA */
    int64_t size;     /* bytes */
    int64_t mtime;    /* seconds since the epoch */
    uint32_t crc32;
};

/* A plan of pieces, as the gateway's module ngx_http_nadir_pieces reads it: index, then literals. */
struct zip_plan {
    const char *index;
    size_t index_len;
    const unsigned char *literals;
    size_t literals_len;
    int64_t total; /* bytes of the archive */
};

/** Lays out a ZIP (APPNOTE.TXT 6.3.10) of stored members, in their order, with ZIP64 records (4.3.14, 4.3.15, 4.5.3) only where
 *  a number needs them, so that old programs read what they can. Times are UTC, exactly in the extra field 0x5455. */
void zip_layout(struct scope *s, const struct zip_member *members, size_t count, struct zip_plan *out);

/** Writes a plan to a file, whole or not at all (a new file, renamed). 0 or NADIR_EUNAVAILABLE. */
int zip_plan_write(struct scope *s, const struct zip_plan *plan, const char *path);

#endif
