/* nadir-keeper: checksums of the files that are catalogued (keeper_sums.c). It may be killed at any moment and started again.
 */
#include "download/keeper.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"

#define IDLE_MS 250
#define AWAY_MS 1000
#define FILE_SECONDS 7200 /* the largest file may take so long */
#define BEAT_US (10 * INT64_C(1000000))
#define SWEEP_US (600 * INT64_C(1000000))
#define PLAN_SECONDS (7 * 24 * 3600)

static volatile sig_atomic_t ending;

static void on_end(int signal) {
    (void)signal;
    ending = 1;
}

int keeper_beat(struct hold *h) {
    if (ending) return NADIR_EUNAVAILABLE;
    if (clock_us() - h->beat_us < BEAT_US) return 0;
    h->beat_us = clock_us();
    return db_exec(h->tx, NULL, "SELECT", "");
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

void keeper_sweep(const struct keeper *k) {
    struct scope s;
    scope_init(&s, "download", 30000);
    for (int i = 0; i < 256; i++) plans_sweep(&s, scope_printf(&s, "%s/zips/%02x", k->data, i), time(NULL) - PLAN_SECONDS);
    (void)db_query(&s, k->db, NULL,
                   "DELETE FROM file_sum WHERE path IN (SELECT path FROM file_sum WHERE state = 'failed' AND ended_at < now() -"
                   " interval '7 days' FOR UPDATE SKIP LOCKED LIMIT 10000)",
                   "");
    if (*k->archive) keeper_cool(&s, k);
    scope_end(&s);
}

/* Does one kind of work as long as there is some, and looks for more. */
static void serve(const struct keeper *k, int (*work)(struct scope *, const struct keeper *)) {
    struct scope s;
    scope_init(&s, "download", FILE_SECONDS * 1000);
    int err = work(&s, k);
    scope_end(&s);
    long ms = err == NADIR_ENOTFOUND ? IDLE_MS : err ? AWAY_MS : 0;
    if (ms && !ending) nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void *serve_sums(void *context) {
    while (!ending) serve(context, keeper_sum);
    return NULL;
}

static void *serve_cold(void *context) {
    while (!ending) serve(context, keeper_fetch);
    return NULL;
}

/* Two threads for checksums, so that small files need not wait for a large one. */
static void serve_all(struct keeper *k) {
    pthread_t threads[2];
    size_t started = 0;
    if (pthread_create(&threads[started], NULL, serve_sums, k) == 0) started++;
    if (*k->archive && pthread_create(&threads[started], NULL, serve_cold, k) == 0) started++;
    for (int64_t swept_us = clock_us(); !ending;) {
        serve(k, keeper_sum);
        if (clock_us() - swept_us < SWEEP_US) continue;
        keeper_sweep(k);
        swept_us = clock_us();
    }
    while (started > 0) (void)pthread_join(threads[--started], NULL);
}

int main(void) {
    struct keeper k = {.data = config_need("NADIR_DATA"), .archive = config_text("NADIR_ARCHIVE", "")};
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
    if (db_open(&k.db, conninfo, 4)) return 1;
    log_info(NULL, "keeper started", NULL);
    serve_all(&k);
    db_close(k.db);
    return 0;
}
