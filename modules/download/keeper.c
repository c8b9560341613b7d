/* nadir-keeper: checksums of the files that are catalogued (keeper_sums.c). It may be killed at any moment and started again.
 */
#include "download/keeper.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"

#define IDLE_MS 250
#define AWAY_MS 1000
#define FILE_SECONDS 7200 /* the largest file may take so long */
#define SWEEP_US (600 * INT64_C(1000000))
#define PLAN_SECONDS (7 * 24 * 3600)

static volatile sig_atomic_t ending;

static void on_end(int signal) {
    (void)signal;
    ending = 1;
}

bool keeper_ends(const struct keeper *k) {
    (void)k;
    return ending != 0;
}

/* Plans lie in zips/<two digits>/; the module touches those that it uses. */
static void plans_sweep(struct scope *s, const char *folder, time_t before) {
    struct stat st;
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) { // NOLINT(concurrency-mt-unsafe)
        const char *path = scope_printf(s, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < before) (void)unlink(path);
    }
    if (dir) (void)closedir(dir);
}

void keeper_sweep(struct keeper *k) {
    struct scope s;
    if (clock_us() - k->swept_us < SWEEP_US) return;
    k->swept_us = clock_us();
    scope_init(&s, "download", 30000);
    for (int i = 0; i < 256; i++) plans_sweep(&s, scope_printf(&s, "%s/zips/%02x", k->data, i), time(NULL) - PLAN_SECONDS);
    (void)db_query(&s, k->db, NULL,
                   "DELETE FROM file_sum WHERE path IN (SELECT path FROM file_sum WHERE state = 'failed' AND ended_at < now() -"
                   " interval '7 days' FOR UPDATE SKIP LOCKED LIMIT 10000)",
                   "");
    scope_end(&s);
}

static void serve(struct keeper *k) {
    while (!ending) {
        struct scope s;
        scope_init(&s, "download", FILE_SECONDS * 1000);
        int err = keeper_sum(&s, k);
        scope_end(&s);
        keeper_sweep(k);
        long ms = err == NADIR_ENOTFOUND ? IDLE_MS : err ? AWAY_MS : 0;
        if (ms && !ending) nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    }
}

int main(void) {
    struct keeper k = {.data = config_need("NADIR_DATA"), .swept_us = clock_us()};
    const char *conninfo = config_need("NADIR_DB_DOWNLOAD");
    if (!conninfo || !k.data) return 1;
    if (geteuid() == 0) {
        log_error(NULL, "nadir-keeper refuses to be root", NULL);
        return 1;
    }
    struct sigaction act = {.sa_handler = on_end};
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    int err = db_open(&k.db, conninfo, 2);
    if (err) return 1;
    log_info(NULL, "keeper started", NULL);
    serve(&k);
    db_close(k.db);
    return 0;
}
