/* tree.h: folders that an untrusted program wrote: measured and removed without following a link. */
#ifndef NADIR_SANDBOX_TREE_H
#define NADIR_SANDBOX_TREE_H

#include <stdint.h>

struct tree_size {
    int64_t bytes;   /* allocated or apparent size of regular files, whichever is greater (sparse files count in full) */
    int64_t entries; /* below the root */
    int64_t greatest;
};

/** Measures a folder; stops counting once a bound is passed. The program may change it meanwhile. */
void tree_measure(const char *root, int64_t most_bytes, int64_t most_entries, struct tree_size *out);

/** Removes a folder and all below it, folders without permissions included. Nothing must run in it any more.
 *  Returns 0 (also when it was not there) or NADIR_EINTERNAL. */
int tree_remove(const char *root);

#endif
