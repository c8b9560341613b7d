#include "processing/runner/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/id.h"
#include "common/log.h"
#include "common/module.h"
#include "processing/runner/queue.h"
#include "processing/sandbox/tree.h"

static int make(const char *path) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return 0;
    log_error(NULL, "a folder cannot be made", "folder", path, "why", strerror(errno), NULL); // NOLINT(concurrency-mt-unsafe)
    return NADIR_EINVAL;
}

int folder_open(struct scope *s, struct db *db, const char *data, struct folder *out) {
    *out = (struct folder){.data = data, .lock = -1};
    static const char *const parts[] = {"results", "work"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (make(scope_printf(s, "%s/%s", data, parts[i]))) return NADIR_EINVAL;
    }
    id_new(out->runner);
    /* The lock is taken before the folder has its name, so that a sweep never meets a living one that is not locked. */
    const char *fresh = scope_printf(s, "%s/work/.%s", data, out->runner);
    if (make(fresh)) return NADIR_EINVAL;
    out->lock = open(scope_printf(s, "%s/lock", fresh), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (out->lock < 0 || flock(out->lock, LOCK_EX | LOCK_NB)) return NADIR_EINVAL;
    if (snprintf(out->path, sizeof(out->path), "%s/work/%s", data, out->runner) >= (int)sizeof(out->path)) return NADIR_EINVAL;
    if (rename(fresh, out->path)) return NADIR_EINVAL;
    return folder_sweep(s, db, out);
}

static int sweep_one(struct scope *s, struct db *db, const struct folder *f, const char *name) {
    if (!id_valid(name) || strcmp(name, f->runner) == 0) return 0;
    const char *path = scope_printf(s, "%s/work/%s", f->data, name);
    int lock = open(scope_printf(s, "%s/lock", path), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB)) {
        close(lock); /* it lives */
        return 0;
    }
    int err = queue_bury(s, db, name);
    if (!err) (void)tree_remove(path);
    if (lock >= 0) close(lock);
    return err;
}

int folder_sweep(struct scope *s, struct db *db, const struct folder *f) {
    DIR *work = opendir(scope_printf(s, "%s/work", f->data));
    if (!work) return NADIR_EINVAL;
    const struct dirent *d;
    int err = 0;
    while (!err && (d = readdir(work))) err = sweep_one(s, db, f, d->d_name); // NOLINT(concurrency-mt-unsafe)
    closedir(work);
    return err;
}

void folder_close(struct folder *f) {
    if (f->path[0]) (void)tree_remove(f->path);
    if (f->lock >= 0) close(f->lock);
    f->lock = -1;
}

const char *folder_attempt(struct scope *s, const struct folder *f, const char *job) {
    const char *path = scope_printf(s, "%s/%s", f->path, job);
    if (tree_remove(path) || make(path)) return NULL;
    static const char *const parts[] = {"in", "out", "made", "product"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (make(scope_printf(s, "%s/%s", path, parts[i]))) return NULL;
    }
    return path;
}
