/* nadir-runner: takes jobs from processing's queue and runs them, one at a time. Any number of runners may run, on any number
 * of machines that see NADIR_DATA and the database. SIGTERM ends it: the job at hand goes back to the queue. kill -9 at any
 * moment is harmless: the kernel takes the sandbox along, and the job is run again. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cpl_conv.h>

#include "common/config.h"
#include "common/error.h"
#include "common/log.h"
#include "processing/runner/attempt.h"

#define IDLE_MS 250
#define AWAY_MS 1000
#define SWEEP_US 30000000

static volatile sig_atomic_t ending;

static void on_end(int signal) {
    (void)signal;
    ending = 1;
}

static void listen_to_signals(void) {
    struct sigaction act = {.sa_handler = on_end};
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* nadir-algorithm lies beside this program. */
static bool find_algorithm(char *out, size_t size) {
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n <= 0) return false;
    out[n] = 0;
    char *name = strrchr(out, '/');
    if (!name || (size_t)(name - out) + sizeof("/nadir-algorithm") > size) return false;
    memcpy(name, "/nadir-algorithm", sizeof("/nadir-algorithm"));
    return access(out, X_OK) == 0;
}

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* One turn. Returns how long to wait before the next. */
static long turn(const struct settings *settings, const struct folder *folder) {
    struct scope s;
    struct job job;
    scope_init(&s, "processing", 10000);
    int err = queue_claim(&s, settings->db, folder->runner, &job);
    s.deadline_us = 0; /* from here on the job's own limits count */
    if (!err) attempt_run(&s, settings, folder, &job);
    scope_end(&s);
    if (err == NADIR_ENOTFOUND) return IDLE_MS;
    return err ? AWAY_MS : 0;
}

static void sweep(const struct settings *settings, const struct folder *folder, int64_t *swept) {
    struct scope s;
    if (clock_us() - *swept < SWEEP_US) return;
    *swept = clock_us();
    scope_init(&s, "processing", 10000);
    (void)folder_sweep(&s, settings->db, folder);
    scope_end(&s);
}

static int serve(const struct settings *settings, const char *data) {
    struct scope s;
    struct folder folder;
    scope_init(&s, "processing", 10000);
    int err = folder_open(&s, settings->db, data, &folder);
    scope_end(&s);
    /* A database that is not up yet is met again in the loop. */
    if (err == NADIR_EINVAL) return err;
    log_info(NULL, "runner started", "runner", folder.runner, NULL);
    int64_t swept = err ? 0 : clock_us();
    while (!ending) {
        sweep(settings, &folder, &swept);
        long wait = turn(settings, &folder);
        if (wait && !ending) pause_ms(wait);
    }
    folder_close(&folder);
    log_info(NULL, "runner ended", "runner", folder.runner, NULL);
    return 0;
}

int main(void) {
    char algorithm[PATH_MAX];
    const char *conninfo = config_need("NADIR_DB_PROCESSING"), *data = config_need("NADIR_DATA");
    const char *public_url = config_need("NADIR_PUBLIC_URL");
    if (!conninfo || !data || !public_url) return 1;
    if (geteuid() == 0) {
        log_error(NULL, "the runner refuses to be root: programs of strangers are started by it", NULL);
        return 1;
    }
    if (!find_algorithm(algorithm, sizeof(algorithm))) {
        log_error(NULL, "nadir-algorithm is not beside this program", NULL);
        return 1;
    }
    listen_to_signals();
    /* Bands elsewhere: bounded waits. */
    CPLSetConfigOption("GDAL_HTTP_TIMEOUT", "60");
    CPLSetConfigOption("GDAL_HTTP_CONNECTTIMEOUT", "10");
    struct settings settings = {
        .public_url = public_url, .algorithm = algorithm, .cgroup = config_text("NADIR_CGROUP", NULL), .ending = &ending};
    if (db_open(&settings.db, conninfo, 2)) return 1;
    int err = serve(&settings, data);
    db_close(settings.db);
    return err ? 1 : 0;
}
