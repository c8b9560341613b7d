#include "processing/runner/attempt.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "processing/runner/item.h"
#include "processing/runner/joblog.h"
#include "processing/runner/product.h"
#include "processing/runner/stage.h"
#include "processing/sandbox/tree.h"

#define BEAT_US 1000000
#define MIB INT64_C(1048576)
#define FILES_MOST 10000
#define PROCESSES_MOST 64
#define PRODUCT_FROM 85 /* the share of the progress that is the algorithm's own */

struct attempt {
    struct scope *scope;
    const struct settings *settings;
    const struct folder *folder;
    const struct job *job;
    const char *path; /* the attempt's folder */
    const char *key;  /* of the output */
    struct joblog log;
    int from, to; /* progress of the step that runs */
    int64_t beaten;
    bool lost; /* the job is not this runner's any more */
    struct outcome outcome;
};

static int limit(const struct job *job, const char *name, int otherwise) {
    const json_t *value = json_object_get(json_object_get(job->work, "limits"), name);
    return json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
}

/* ---- while something runs ---- */

/* Renews the lease once a second. A database that is away stops nothing: the job goes on, and is still ours when it
 * is back, or is not, and then the end of it is refused. */
static bool beat(void *context) {
    struct attempt *a = context;
    if (*a->settings->ending) return false;
    if (clock_us() - a->beaten < BEAT_US) return true;
    a->beaten = clock_us();
    struct scope s;
    scope_init(&s, "processing", 5000);
    int percent = a->from + (a->log.progress > 0 ? a->log.progress * (a->to - a->from) / 100 : 0);
    struct joblog message = {0};
    joblog_add(&message, a->log.message, strlen(a->log.message));
    int err = queue_renew(&s, a->settings->db, a->job, percent, joblog_last(&s, &message));
    if (err == NADIR_ECONFLICT) a->lost = true;
    if (!err && a->log.changed) (void)queue_log(&s, a->settings->db, a->job, joblog_text(&s, &a->log));
    scope_end(&s);
    return !a->lost;
}

static bool watch(void *context, const char *text, size_t len) {
    struct attempt *a = context;
    joblog_add(&a->log, text, len);
    return beat(a);
}

/* ---- the two steps ---- */

static void failed(struct attempt *a, const char *reason, const char *message) {
    if (a->outcome.reason) return;
    a->outcome.reason = reason;
    a->outcome.message = message;
}

/* What people read of an end that was not well. */
static const char *explain(struct attempt *a, const struct sandbox *box) {
    struct scope *s = a->scope;
    const struct sandbox_end *end = &a->outcome.end;
    switch (end->reason) {
    case SANDBOX_OOM:
        return scope_printf(s, "The program needed more than its %lld MiB of memory.", (long long)(box->memory / MIB));
    case SANDBOX_TIMEOUT:
        return scope_printf(s, "The program took longer than its %d seconds.", box->seconds);
    case SANDBOX_DISK:
        return scope_printf(s, "The program wrote more than its %lld MiB or %d files.", (long long)(box->disk / MIB),
                            box->files);
    case SANDBOX_SIGNAL:
        return scope_printf(s, "The program was ended by signal %d (%s).", end->code, sigabbrev_np(end->code) ?: "?");
    case SANDBOX_EXIT:
        return scope_printf(s, "The program ended with status %d: %s", end->code, joblog_last(s, &a->log));
    default:
        return "";
    }
}

/* The caller's share of a box. Returns true when the program ended well. */
static bool step(struct attempt *a, struct sandbox *box, const char *exit_reason) {
    struct sandbox_end end = {0};
    box->cgroup = a->settings->cgroup;
    box->files = FILES_MOST;
    box->processes = PROCESSES_MOST;
    int err = sandbox_run(box, watch, a, &end);
    if (err) {
        failed(a, "internal", "The sandbox could not be started.");
        return false;
    }
    double before = a->outcome.ran ? a->outcome.end.seconds : 0;
    int64_t peak = a->outcome.ran ? a->outcome.end.memory_peak : 0;
    a->outcome.ran = true;
    a->outcome.end = end;
    if (end.reason != SANDBOX_DONE && end.reason != SANDBOX_STOPPED) {
        if (end.reason == SANDBOX_EXIT) a->outcome.exit_code = end.code;
        failed(a, end.reason == SANDBOX_EXIT ? exit_reason : sandbox_reason_name(end.reason), explain(a, box));
    }
    a->outcome.end.seconds += before;
    if (peak > end.memory_peak) a->outcome.end.memory_peak = peak;
    return end.reason == SANDBOX_DONE;
}

static bool algorithm_step(struct attempt *a) {
    struct scope *s = a->scope;
    const char *entry = json_string_value(json_object_get(a->job->work, "entry")), *why = "";
    const char *out = scope_printf(s, "%s/out", a->path);
    struct sandbox box = {.workdir = "/out",
                          .writable = out,
                          .memory = limit(a->job, "memory_mb", 512) * MIB,
                          .disk = limit(a->job, "disk_mb", 512) * MIB,
                          .seconds = limit(a->job, "seconds", 300)};
    if (!entry) entry = "";
    const char *const own[] = {"/usr/bin/python3", scope_printf(s, "/app/%s", entry), NULL};
    const char *const built_in[] = {"/app/nadir-algorithm", a->job->process, NULL};
    box.argv = a->job->package ? own : built_in;
    int err = a->job->package
                  ? sandbox_mount(&box, scope_printf(s, "%s/packages/%s/%s", a->folder->data, a->job->process, a->job->version),
                                  "/app", false)
                  : sandbox_mount(&box, a->settings->algorithm, "/app/nadir-algorithm", false);
    if (!err) err = stage_inputs(s, a->job, a->folder->data, a->path, &box, beat, a, &why);
    if (!err) err = sandbox_mount(&box, out, "/out", true);
    if (err == NADIR_ENOTFOUND) {
        failed(a, "input", why);
    } else if (err && err != NADIR_ECONFLICT) {
        failed(a, "internal", "The inputs could not be put in place.");
    }
    return !err && step(a, &box, "exit");
}

/* The program's result must be a plain file: a link would lead the next step elsewhere. It may have taken its own rights away.
 */
static bool result_there(struct attempt *a) {
    struct stat st;
    const char *path = scope_printf(a->scope, "%s/out/result.tif", a->path);
    if (lstat(path, &st)) {
        failed(a, "result", "The program wrote no /out/result.tif.");
    } else if (!S_ISREG(st.st_mode)) {
        failed(a, "result", "/out/result.tif is not a plain file.");
    } else if (chmod(path, 0600)) {
        failed(a, "result", "/out/result.tif cannot be read.");
    } else {
        return true;
    }
    return false;
}

static bool product_step(struct attempt *a) {
    struct scope *s = a->scope;
    const char *made = scope_printf(s, "%s/made", a->path);
    const char *const argv[] = {"/app/nadir-algorithm", "product", "/in/result.tif", "/out", a->key, NULL};
    struct sandbox box = {.argv = argv,
                          .workdir = "/out",
                          .writable = made,
                          .memory = 1024 * MIB,
                          /* COG, picture, and the canvas it was painted on; an uncompressed result is no larger than this */
                          .disk = limit(a->job, "disk_mb", 512) * MIB * 3 + 256 * MIB,
                          .seconds = 1800};
    a->from = PRODUCT_FROM;
    a->to = 99;
    a->log.progress = 0;
    int err = sandbox_mount(&box, a->settings->algorithm, "/app/nadir-algorithm", false);
    if (!err) err = sandbox_mount(&box, scope_printf(s, "%s/out/result.tif", a->path), "/in/result.tif", false);
    if (!err) err = sandbox_mount(&box, made, "/out", true);
    return !err && step(a, &box, "result");
}

/* ---- the end ---- */

/* Tries until the database has taken it: the work is done and must not be lost to a restart of PostgreSQL. */
static void record(struct attempt *a, const struct product *product, const json_t *item) {
    for (;;) {
        struct scope s;
        scope_init(&s, "processing", 20000);
        if (a->log.changed) (void)queue_log(&s, a->settings->db, a->job, joblog_text(&s, &a->log));
        int err = a->outcome.reason
                      ? queue_fail(&s, a->settings->db, a->job, &a->outcome)
                      : queue_succeed(&s, a->settings->db, a->job, &a->outcome, item, product_publish, (void *)product);
        scope_end(&s);
        if (err != NADIR_EUNAVAILABLE && err != NADIR_ETIMEOUT && err != NADIR_EBUSY) {
            if (err == NADIR_ECONFLICT) log_info(a->scope, "the job's end was already known", "job", a->job->job, NULL);
            if (err && err != NADIR_ECONFLICT) log_error(a->scope, "a job could not be ended", "job", a->job->job, NULL);
            return;
        }
        if (*a->settings->ending) return; /* its lease runs out, and another runner does it again */
        sleep(1);
    }
}

static void succeed(struct attempt *a) {
    struct product product = {.job = a->job->job, .key = a->key, .folder = a->path, .data = a->folder->data};
    const char *why = NULL;
    json_t *item = NULL;
    int err = product_collect(a->scope, &product, beat, a, &why);
    if (!err) item = item_make(a->scope, a->job, &product, a->settings->public_url);
    if (a->lost || *a->settings->ending) return;
    if (err || !item) failed(a, "result", why ? why : "The product could not be put together.");
    if (!a->outcome.reason) a->outcome.message = "done";
    record(a, &product, item);
}

static void give_back(struct attempt *a) {
    struct scope s;
    scope_init(&s, "processing", 5000);
    (void)queue_release(&s, a->settings->db, a->job);
    scope_end(&s);
}

void attempt_run(struct scope *s, const struct settings *settings, const struct folder *folder, const struct job *job) {
    struct attempt *a = scope_alloc(s, sizeof(*a));
    *a = (struct attempt){.scope = s, .settings = settings, .folder = folder, .job = job, .to = PRODUCT_FROM};
    joblog_init(&a->log);
    a->outcome = (struct outcome){.message = "", .exit_code = -1};
    a->beaten = clock_us();
    a->key = json_string_value(json_object_get(json_object_get(job->work, "output"), "key"));
    if (!a->key) a->key = "result";
    log_info(s, "job started", "job", job->job, "process", job->process, NULL);
    if (job->attempts > MOST_ATTEMPTS) {
        failed(a, "lost", "Its runner was lost three times.");
    } else if (!(a->path = folder_attempt(s, folder, job->job))) {
        failed(a, "internal", "The runner has no room to work in.");
    }
    bool done = !a->outcome.reason && algorithm_step(a) && result_there(a) && product_step(a);
    if (done) {
        succeed(a);
    } else if (!a->lost && a->outcome.reason) {
        record(a, NULL, NULL);
    }
    if (*settings->ending) give_back(a); /* of no effect on a job that has ended */
    if (a->path) (void)tree_remove(a->path);
    log_info(s, "job ended", "job", job->job, "reason", a->lost ? "lost" : a->outcome.reason ? a->outcome.reason : "", NULL);
}
