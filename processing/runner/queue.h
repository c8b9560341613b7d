/* queue.h: jobs as the runner sees them, in processing's database.
 *
 * A job that runs has a runner and a lease. The runner renews the lease; one that is killed does not, and then
 * any runner takes the job again. Whatever a runner writes about a job it writes only while the job is still its own, so of two
 * that believe so one is refused.
 */
#ifndef NADIR_RUNNER_QUEUE_H
#define NADIR_RUNNER_QUEUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/db.h"
#include "processing/sandbox/sandbox.h"

#define LEASE_SECONDS 30
#define MOST_ATTEMPTS 3

struct job {
    const char *job, *process, *version, *owner, *currency, *created_at;
    int64_t estimate, pixels;
    bool package;
    int attempts; /* this one included */
    const json_t *work;
    const char *runner;
};

/* How an attempt ended, for the record. */
struct outcome {
    const char *reason;  /* NULL: well */
    const char *message; /* for people */
    int exit_code;       /* -1: none */
    bool ran;            /* whether end is filled */
    struct sandbox_end end;
};

/** Takes the next job, of those owners first who have the fewest running. NADIR_ENOTFOUND when there is none. */
int queue_claim(struct scope *s, struct db *db, const char *runner, struct job *out);
/** Renews the lease and stores the progress. NADIR_ECONFLICT when the job is no longer this runner's (dismissed, or lost). */
int queue_renew(struct scope *s, struct db *db, const struct job *job, int progress, const char *message);
/** Stores the log's text. */
int queue_log(struct scope *s, struct db *db, const struct job *job, const char *text);
/** Ends a job as failed and says so to the others. NADIR_ECONFLICT as above. */
int queue_fail(struct scope *s, struct db *db, const struct job *job, const struct outcome *outcome);
/** Ends a job as successful: within one transaction that holds the job's row `publish` puts the files in their place, and the
 *  state and the events job.succeeded and product.created become true together. item is borrowed. */
int queue_succeed(struct scope *s, struct db *db, const struct job *job, const struct outcome *outcome, const json_t *item,
                  int (*publish)(void *context), void *context);
/** Gives a job back without counting the attempt: the runner is ending. */
int queue_release(struct scope *s, struct db *db, const struct job *job);
/** Puts the jobs of a runner that is known to be dead back in the queue. */
int queue_bury(struct scope *s, struct db *db, const char *runner);

#endif
