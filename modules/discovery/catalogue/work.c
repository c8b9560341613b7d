/* work.c: nadir-catalogue work: makes the exports that administrators ask for (modules/discovery/exports.c), one at a time
 * among all workers: whoever holds the lock, which goes with its connection. A killed worker's export is still `running` then
 * and is made anew. The export itself is a child's, nadir-catalogue export; while it works the lock's transaction is kept from
 * being taken as idle, and an export that was deleted meanwhile ends it. Exports are removed after seven days.
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

#include <gdal.h>

#include "common/child.h"
#include "common/config.h"
#include "common/db.h"
#include "common/digest.h"
#include "common/id.h"
#include "common/log.h"
#include "common/module.h"
#include "discovery/catalogue/options.h"
#include "discovery/catalogue/tree.h"

#define EXPORT_LOCK 0x6578706f /* "expo" */
#define EXPORT_SECONDS (6 * 3600)
#define IDLE_MS 500
#define AWAY_MS 1000
#define BEAT_US 5000000LL
#define SWEEP_US 10000000LL

static volatile sig_atomic_t ending;

struct worker {
    struct db *db;
    const char *folder, *program;
    bool told; /* what it can write */
    int64_t swept_us;
};

struct export {
    const char *id, *format, *collections; /* collections: names with spaces between them, NULL: all */
    struct db_tx *tx;                      /* holds the lock */
    int64_t beat_us;
    bool lost; /* the transaction, or the row */
};

static void on_end(int signal) {
    (void)signal;
    ending = 1;
}

static const char *ending_of(const char *format) {
    return strcmp(format, "static") == 0 ? "zip" : strcmp(format, "ndjson") == 0 ? "ndjson.gz" : "parquet";
}

/* Goes on while the lock is held and the export is still wanted. */
static bool beat(void *context) {
    struct export *e = context;
    struct db_rows *rows;
    if (ending || clock_us() - e->beat_us < BEAT_US) return !ending;
    e->beat_us = clock_us();
    e->lost = db_exec(e->tx, &rows, "SELECT FROM export WHERE id = $1", "s", e->id) != 0 || db_count(rows) == 0;
    return !e->lost;
}

/* On the disk for good, readable by the gateway, and in its place. */
static int publish(const char *made, const char *place) {
    int fd = open(made, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NADIR_EINTERNAL;
    bool ok = fsync(fd) == 0 && fchmod(fd, 0644) == 0;
    (void)close(fd);
    return ok && rename(made, place) == 0 ? 0 : NADIR_EINTERNAL;
}

/* Makes the file and puts it in its place; *reason where it never will be. */
static int make(struct scope *s, const struct worker *w, struct export *e, const char *name, struct child_end *end,
                const char **reason) {
    const char *partial = scope_printf(s, "%s/%s.partial", w->folder, e->id);
    const char *made = scope_printf(s, "%s/catalogue.%s", partial, ending_of(e->format));
    const char *argv[] = {w->program, "export", e->format, made, e->collections ? "--collection" : NULL, e->collections, NULL};
    *reason = NULL;
    tree_remove(partial); /* of a killed worker */
    if (mkdir(partial, 0755)) return NADIR_EINTERNAL;
    int err = child_run(argv, EXPORT_SECONDS, beat, e, end);
    if (!err && (ending || e->lost)) err = NADIR_EUNAVAILABLE;
    if (!err && end->status == 0) {
        err = publish(made, scope_printf(s, "%s/%s", w->folder, name));
    } else if (!err) {
        log_error(s, "an export could not be made", "export", e->id, "said", end->said, NULL);
        *reason = end->overdue ? "it took too long" : "it could not be written; we were told";
    }
    tree_remove(partial);
    return err;
}

static long long items_said(const char *said) {
    const char *told = strstr(said, "export: ");
    long long items = 0;
    return told && sscanf(told, "export: %lld items", &items) == 1 ? items : 0; // NOLINT(cert-err34-c): our own program's
}

static int finish(struct scope *s, const struct worker *w, struct export *e) {
    const char *name = scope_printf(s, "%s.%s", e->id, ending_of(e->format)), *reason;
    struct child_end end = {.status = -1};
    char hex[129] = "";
    int64_t size = 0;
    int err = make(s, w, e, name, &end, &reason);
    if (err) return err;
    if (reason)
        return db_exec(e->tx, NULL, "UPDATE export SET state = 'failed', reason = $2, ended_at = now() WHERE id = $1", "ss",
                       e->id, reason);
    err = digest_file(scope_printf(s, "%s/%s", w->folder, name), "SHA256", hex, &size);
    if (err) return err;
    return db_exec(
        e->tx, NULL,
        "UPDATE export SET state = 'ready', path = $2, items = $3, bytes = $4, sha256 = $5, ended_at = clock_timestamp()"
        " WHERE id = $1",
        "sslls", e->id, scope_printf(s, "exports/%s", name), (int64_t)items_said(end.said), size, hex);
}

/* The oldest export that is not made. NADIR_ENOTFOUND: there is none, or another worker is at it. */
static int take(struct scope *s, const struct worker *w, struct export *e) {
    struct db_rows *rows;
    int err = db_exec(e->tx, &rows, "SELECT pg_try_advisory_xact_lock($1)", "i", EXPORT_LOCK);
    if (err || !db_bool(rows, 0, 0)) return err ? err : NADIR_ENOTFOUND;
    /* In a transaction of its own, so that everybody sees that it runs. */
    err = db_query(s, w->db, &rows,
                   "UPDATE export SET state = 'running', started_at = now() WHERE id = (SELECT id FROM export"
                   " WHERE state IN ('waiting', 'running') ORDER BY seq LIMIT 1) RETURNING id, format,"
                   " (SELECT string_agg(name, ' ') FROM jsonb_array_elements_text(collections) name)",
                   "");
    if (err || db_count(rows) == 0) return err ? err : NADIR_ENOTFOUND;
    e->id = db_text(rows, 0, 0);
    e->format = db_text(rows, 0, 1);
    e->collections = db_text(rows, 0, 2);
    return 0;
}

static int turn(struct scope *s, const struct worker *w) {
    struct export e = {.beat_us = clock_us()};
    int err = db_begin(s, w->db, &e.tx);
    if (err) return err;
    err = take(s, w, &e);
    if (!err) err = finish(s, w, &e);
    if (!err) return db_commit(e.tx);
    db_rollback(e.tx);
    return err;
}

/* Removes old exports, and files whose export is gone: a row is there before its files are. */
static void sweep(struct worker *w) {
    struct scope s;
    struct db_rows *rows;
    const struct dirent *entry;
    if (clock_us() - w->swept_us < SWEEP_US) return;
    w->swept_us = clock_us();
    scope_init(&s, "discovery", 30000);
    int err = db_query(&s, w->db, NULL, "DELETE FROM export WHERE ended_at < now() - interval '7 days'", "");
    DIR *dir = err ? NULL : opendir(w->folder);
    while (dir && (entry = readdir(dir)) != NULL) { // NOLINT(concurrency-mt-unsafe)
        const char *id = scope_printf(&s, "%.*s", (int)strcspn(entry->d_name, "."), entry->d_name);
        if (!id_valid(id)) continue;
        if (!db_query(&s, w->db, &rows, "SELECT FROM export WHERE id = $1", "s", id) && db_count(rows) == 0)
            tree_remove(scope_printf(&s, "%s/%s", w->folder, entry->d_name));
    }
    if (dir) (void)closedir(dir);
    scope_end(&s);
}

/* Says what this GDAL can write, so that what cannot be made is refused when it is asked for. */
static void tell(struct worker *w) {
    struct scope s;
    if (w->told) return;
    scope_init(&s, "discovery", 30000);
    w->told = db_query(&s, w->db, NULL, "UPDATE export_format SET able = $1 WHERE format = 'geoparquet'", "b",
                       (int)(GDALGetDriverByName("Parquet") != NULL)) == 0;
    scope_end(&s);
}

static void serve(struct worker *w) {
    while (!ending) {
        struct scope s;
        tell(w);
        scope_init(&s, "discovery", 0);
        int err = turn(&s, w);
        scope_end(&s);
        sweep(w);
        long ms = err == NADIR_ENOTFOUND ? IDLE_MS : err ? AWAY_MS : 0;
        if (ms && !ending) nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    }
}

int work_command(const struct options *o) {
    struct scope s;
    (void)o;
    const char *conninfo = config_need("NADIR_DB_DISCOVERY"), *data = config_need("NADIR_DATA");
    if (!conninfo || !data) return 1;
    if (geteuid() == 0) {
        log_error(NULL, "nadir-catalogue work refuses to be root", NULL);
        return 1;
    }
    scope_init(&s, "discovery", 0);
    struct worker w = {.folder = scope_printf(&s, "%s/exports", data), .program = child_beside(&s, "nadir-catalogue")};
    struct sigaction act = {.sa_handler = on_end};
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    GDALAllRegister();
    int err = mkdir(w.folder, 0755) && errno != EEXIST ? NADIR_EINTERNAL : 0;
    if (err) log_error(NULL, "the folder of exports cannot be made", "folder", w.folder, NULL);
    if (!err) err = w.program ? db_open(&w.db, conninfo, 2) : NADIR_EINTERNAL;
    if (!err) {
        log_info(NULL, "export worker started", NULL);
        serve(&w);
        db_close(w.db);
    }
    scope_end(&s);
    return err ? 1 : 0;
}
