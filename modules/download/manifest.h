/* manifest.h: lists of files for programs that fetch many. */
#ifndef DOWNLOAD_MANIFEST_H
#define DOWNLOAD_MANIFEST_H

#include "common/http.h"

struct manifest_file {
    const char *name; /* where it is put: '/' between folders, never "..", no control characters */
    const char *href, *type;
    const char *collection, *item, *asset;
    const char *sha256, *md5; /* hex, or NULL */
    int64_t size;             /* bytes; -1 unknown */
};

struct manifest {
    size_t count, room;
    struct manifest_file *files;
    json_t *left_out;       /* [{collection, item, asset, access}] */
    const char *expires_at; /* of the addresses; NULL: they need a credential, or none */
};

/** As JSON, with the totals. */
int manifest_json(struct response *rs, const struct manifest *m);
/** As Metalink 4 (RFC 5854), which aria2c and others take. */
int manifest_metalink(struct response *rs, const struct manifest *m);
/** As a POSIX shell script that fetches with curl, resumes, and compares SHA-256. */
int manifest_curl(struct response *rs, const struct manifest *m);

#endif
