/* nadir-cutter: cuts what was bought for an area. It takes a waiting row of download's table `cut` (locked while the work goes
 * on, so that any number of cutters may run and a killed one's work is taken up at once), has nadir-cut make the file beside
 * its place, moves it there, and says so in the row. Parts that nobody fetched for a week are removed; asking makes them again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/child.h"
#include "common/config.h"
#include "common/db.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/rights.h"
#include "processing/cut/cut.h"

#define IDLE_MS 250
#define AWAY_MS 1000
#define CUT_SECONDS 1200
#define BEAT_US (10 * 1000000LL)
#define SWEEP_US (600 * 1000000LL)

static volatile sig_atomic_t ending;

struct cutter {
    struct db *db;
    const char *data, *program;
    int64_t swept_us;
};

static void on_end(int signal) {
    (void)signal;
    ending = 1;
}

/* The row is held by a transaction, and the server ends one that it does not hear of for a minute. */
struct hold {
    struct db_tx *tx;
    int64_t beat_us;
};

static bool go_on(void *context) {
    struct hold *h = context;
    if (ending) return false;
    if (clock_us() - h->beat_us < BEAT_US) return true;
    h->beat_us = clock_us();
    return db_exec(h->tx, NULL, "SELECT", "") == 0;
}

/* What GDAL opens for an asset's path. */
static const char *source_name(struct scope *s, const struct cutter *c, const char *path) {
    if (!rights_path_safe(path)) return NULL;
    if (strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0) return scope_printf(s, "/vsicurl/%s", path);
    return path[0] == '/' ? path : scope_printf(s, "%s/%s", c->data, path);
}

/* Makes the folders of a path below the data folder. */
static void folders_make(struct scope *s, const char *root, const char *path) {
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        (void)mkdir(scope_printf(s, "%s/%.*s", root, (int)(slash - path), path), 0755);
}

static int write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "we");
    if (!f) return NADIR_EINTERNAL;
    bool ok = fputs(text, f) >= 0;
    return fclose(f) == 0 && ok ? 0 : NADIR_EINTERNAL;
}

/* The bytes on the disk for good, readable by the gateway, and in their place. */
static int publish(const char *made, const char *place) {
    int fd = open(made, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NADIR_EINTERNAL;
    bool ok = fsync(fd) == 0 && fchmod(fd, 0644) == 0;
    (void)close(fd);
    return ok && rename(made, place) == 0 ? 0 : NADIR_EINTERNAL;
}

enum column { KEY, SOURCE, AREAS, PATH };

/* Cuts the row at hand. Returns 0 with *reason NULL when the file is in its place; with *reason when it never will be. */
static int cut(struct scope *s, const struct cutter *c, struct hold *h, const struct db_rows *row, char hex[129], int64_t *size,
               const char **reason) {
    const char *place = scope_printf(s, "%s/%s", c->data, db_text(row, 0, PATH));
    const char *made = scope_printf(s, "%s.%d.part", place, (int)getpid()), *areas = scope_printf(s, "%s.json", made);
    const char *source = source_name(s, c, db_text(row, 0, SOURCE));
    struct child_end end = {.status = CUT_FAILED};
    *reason = source ? NULL : "its path may not be opened";
    if (*reason) return 0;
    folders_make(s, c->data, db_text(row, 0, PATH));
    (void)unlink(made);
    int err = write_text(areas, db_text(row, 0, AREAS));
    if (!err) err = child_run((const char *[]){c->program, source, areas, made, NULL}, CUT_SECONDS, go_on, h, &end);
    if (!err && end.status == CUT_DONE) {
        err = publish(made, place);
        if (!err) err = digest_file(place, "SHA256", hex, size);
    } else if (!err && ending) {
        err = NADIR_EUNAVAILABLE;
    } else if (!err) {
        log_error(s, "a part could not be cut", "key", db_text(row, 0, KEY), "said", end.said, NULL);
        *reason = end.status == CUT_OUTSIDE ? "the area does not touch this file" : "the file cannot be cut; we were told";
    }
    (void)unlink(areas);
    (void)unlink(made);
    return err;
}

static int row_end(struct db_tx *tx, const char *key, const char *hex, int64_t size, const char *reason) {
    if (reason)
        return db_exec(tx, NULL, "UPDATE cut SET state = 'failed', reason = $2, ended_at = now() WHERE key = $1", "ss", key,
                       reason);
    return db_exec(tx, NULL,
                   "UPDATE cut SET state = 'ready', sha256 = $2, size = $3, reason = NULL, ended_at = now(), used_at = now() "
                   "WHERE key = $1",
                   "ssl", key, hex, size);
}

/* One row. NADIR_ENOTFOUND when none waits. */
static int turn(struct scope *s, const struct cutter *c) {
    struct db_tx *tx;
    struct db_rows *row;
    char hex[129] = "";
    int64_t size = 0;
    const char *reason;
    int err = db_begin(s, c->db, &tx);
    if (err) return err;
    err = db_exec(tx, &row,
                  "SELECT key, source, areas, path FROM cut WHERE state = 'waiting' ORDER BY asked_at "
                  "FOR UPDATE SKIP LOCKED LIMIT 1",
                  "");
    if (!err && db_count(row) == 0) err = NADIR_ENOTFOUND;
    struct hold h = {tx, clock_us()};
    if (!err) err = cut(s, c, &h, row, hex, &size, &reason);
    if (!err) err = row_end(tx, db_text(row, 0, KEY), hex, size, reason);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

/* Removes a part's folder: the part, and what killed cutters left beside it. */
static void folder_remove(struct scope *s, const char *folder) {
    DIR *dir = opendir(folder);
    if (!dir) return;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) // NOLINT(concurrency-mt-unsafe)
        if (entry->d_name[0] != '.') (void)unlink(scope_printf(s, "%s/%s", folder, entry->d_name));
    (void)closedir(dir);
    (void)rmdir(folder);
}

static void sweep(struct cutter *c) {
    struct scope s;
    struct db_rows *rows;
    if (clock_us() - c->swept_us < SWEEP_US) return;
    c->swept_us = clock_us();
    scope_init(&s, "download", 30000);
    int err = db_query(&s, c->db, &rows,
                       "DELETE FROM cut WHERE key IN (SELECT key FROM cut WHERE state <> 'waiting' AND used_at < now() - "
                       "interval '7 days' FOR UPDATE SKIP LOCKED LIMIT 1000) RETURNING path",
                       "");
    for (int i = 0; !err && i < db_count(rows); i++) {
        const char *path = db_text(rows, i, 0), *slash = strrchr(path, '/');
        if (slash) folder_remove(&s, scope_printf(&s, "%s/%.*s", c->data, (int)(slash - path), path));
    }
    scope_end(&s);
}

static void serve(struct cutter *c) {
    while (!ending) {
        struct scope s;
        scope_init(&s, "download", (CUT_SECONDS + 60) * 1000);
        int err = turn(&s, c);
        scope_end(&s);
        sweep(c);
        long ms = err == NADIR_ENOTFOUND ? IDLE_MS : err ? AWAY_MS : 0;
        if (ms && !ending) nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    }
}

int main(void) {
    struct scope s;
    const char *conninfo = config_need("NADIR_DB_DOWNLOAD");
    struct cutter c = {.data = config_need("NADIR_DATA"), .swept_us = clock_us()};
    if (!conninfo || !c.data) return 1;
    scope_init(&s, "download", 0);
    c.program = child_beside(&s, "nadir-cut");
    if (!c.program || geteuid() == 0) {
        log_error(NULL, c.program ? "nadir-cutter refuses to be root" : "nadir-cut is not beside this program", NULL);
        scope_end(&s);
        return 1;
    }
    struct sigaction act = {.sa_handler = on_end};
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    int err = db_open(&c.db, conninfo, 2);
    if (!err) {
        log_info(NULL, "cutter started", NULL);
        serve(&c);
        db_close(c.db);
    }
    scope_end(&s);
    return err ? 1 : 0;
}
