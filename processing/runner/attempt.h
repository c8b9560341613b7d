/* attempt.h: one try at one job, from its inputs to its product. */
#ifndef NADIR_RUNNER_ATTEMPT_H
#define NADIR_RUNNER_ATTEMPT_H

#include <signal.h>

#include "processing/runner/folder.h"
#include "processing/runner/queue.h"

/* What a runner was told at its start. */
struct settings {
    struct db *db;
    const char *public_url;
    const char *algorithm; /* the program nadir-algorithm */
    const char *cgroup;    /* NULL: none */
    const volatile sig_atomic_t *ending;
};

/** Runs the job and ends it in the database, whatever happens: successful, failed, or, when the runner is ending, queued again.
 */
void attempt_run(struct scope *s, const struct settings *settings, const struct folder *folder, const struct job *job);

#endif
