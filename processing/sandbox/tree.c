#include "processing/sandbox/tree.h"

#include <errno.h>
#include <fts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"

void tree_measure(const char *root, int64_t most_bytes, int64_t most_entries, struct tree_size *out) {
    *out = (struct tree_size){0};
    char *const roots[] = {(char *)root, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (!fts) return;
    const FTSENT *e;
    while ((e = fts_read(fts))) {
        if (e->fts_level == FTS_ROOTLEVEL || e->fts_info == FTS_DP) continue;
        out->entries++;
        if (e->fts_info == FTS_F) {
            int64_t allocated = (int64_t)e->fts_statp->st_blocks * 512;
            int64_t size = e->fts_statp->st_size;
            out->bytes += size > allocated ? size : allocated;
            if (size > out->greatest) out->greatest = size;
        }
        if (out->bytes > most_bytes || out->entries > most_entries) break;
    }
    (void)fts_close(fts);
}

int tree_remove(const char *root) {
    struct stat st;
    if (lstat(root, &st)) return errno == ENOENT ? 0 : NADIR_EINTERNAL;
    char *const roots[] = {(char *)root, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV | FTS_NOSTAT, NULL);
    if (!fts) return NADIR_EINTERNAL;
    int bad = 0;
    FTSENT *e;
    while ((e = fts_read(fts))) {
        switch (e->fts_info) {
        case FTS_D: /* before it is read: a folder without permissions could not be emptied */
            (void)chmod(e->fts_accpath, 0700);
            break;
        case FTS_DNR:
            if (chmod(e->fts_accpath, 0700) == 0 && !e->fts_number) {
                e->fts_number = 1;
                (void)fts_set(fts, e, FTS_AGAIN);
            } else {
                bad = 1;
            }
            break;
        case FTS_DP:
            if (rmdir(e->fts_accpath)) bad = 1;
            break;
        case FTS_ERR:
            bad = 1;
            break;
        default:
            if (unlink(e->fts_accpath)) bad = 1;
        }
    }
    (void)fts_close(fts);
    if (bad) log_warn(NULL, "a folder could not be removed in full", "folder", root, NULL);
    return bad ? NADIR_EINTERNAL : 0;
}
