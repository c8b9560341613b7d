/* folder.h: where a runner works: NADIR_DATA/work/<runner>/, with a file `lock` that is locked as long as the runner lives. */
#ifndef NADIR_RUNNER_FOLDER_H
#define NADIR_RUNNER_FOLDER_H

#include "common/db.h"

struct folder {
    const char *data; /* NADIR_DATA */
    char runner[40];  /* this runner's id */
    char path[1024];  /* its folder */
    int lock;
};

/** Makes the runner's folder, and removes those of runners that are dead, giving their jobs back to the queue.
 *  Returns 0, NADIR_EINVAL (the data folder is not usable; logged) or what the database said. */
int folder_open(struct scope *s, struct db *db, const char *data, struct folder *out);
/** Looks for dead runners again. */
int folder_sweep(struct scope *s, struct db *db, const struct folder *f);
/** Removes the folder. */
void folder_close(struct folder *f);

/** A fresh folder for an attempt, with in/, out/ and product/ below; path in the scope. NULL after a log line. */
const char *folder_attempt(struct scope *s, const struct folder *f, const char *job);

#endif
