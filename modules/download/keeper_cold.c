/* keeper_cold.c: fetches files from the slower store into NADIR_DATA, one at a time, in the order in which they were asked for;
 * and removes copies that nobody fetched for long, as long as the slower store still has them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"
#include "download/keeper.h"

#define BLOCK (4 << 20)
#define SETTLE_EACH (256 << 20)
#define ROOM_LEFT (INT64_C(1) << 30) /* bytes that a copy has to leave free */
#define COLD_DAYS 30

/* Where the bytes go, and how far they have come. */
struct copy {
    int from, to;
    struct stat st;
};

static bool has_room(const struct keeper *k, int64_t bytes) {
    struct statvfs fs;
    return statvfs(k->data, &fs) != 0 || (int64_t)(fs.f_bavail * fs.f_frsize) > bytes + ROOM_LEFT;
}

/* NADIR_ENOTFOUND when the slower store fails, NADIR_EINTERNAL when ours does; other errors are of the held row. */
static int bytes_copy(struct hold *h, const struct copy *c) {
    static unsigned char block[BLOCK];
    ssize_t n;
    int64_t done = 0;
    while ((n = read(c->from, block, sizeof block)) > 0) {
        for (ssize_t at = 0, put; at < n; at += put)
            if ((put = write(c->to, block + at, (size_t)(n - at))) <= 0) return NADIR_EINTERNAL;
        done += n;
        if (done % SETTLE_EACH < n && fdatasync(c->to) != 0)
            return NADIR_EINTERNAL; /* so that the end has little to wait for */
        int err = keeper_beat(h);
        if (err) return err == NADIR_EINTERNAL ? NADIR_EUNAVAILABLE : err;
    }
    return n == 0 && done == c->st.st_size ? 0 : NADIR_ENOTFOUND;
}

/* The bytes on the disk for good, with the time that they had, and in their place. */
static int settle(const struct copy *c, const char *made, const char *place) {
    const struct timespec times[2] = {c->st.st_mtim, c->st.st_mtim};
    bool ok = fchmod(c->to, 0644) == 0 && futimens(c->to, times) == 0 && fsync(c->to) == 0;
    return ok && rename(made, place) == 0 ? 0 : NADIR_EINTERNAL;
}

static void folders_make(struct scope *s, const char *root, const char *path) {
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        (void)mkdir(scope_printf(s, "%s/%.*s", root, (int)(slash - path), path), 0755);
}

/* Removes what killed keepers left beside a file. */
static void leftovers_remove(struct scope *s, const char *place) {
    const char *name = strrchr(place, '/') + 1, *folder = scope_strndup(s, place, (size_t)(name - place));
    size_t len = strlen(name);
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) { // NOLINT(concurrency-mt-unsafe)
        if (strncmp(entry->d_name, name, len) != 0 || entry->d_name[len] != '.') continue;
        const char *pid = entry->d_name + len + 1; /* "<name>.<pid>.part" */
        if (strcmp(pid + strspn(pid, "0123456789"), ".part") == 0) (void)unlink(scope_printf(s, "%s%s", folder, entry->d_name));
    }
    if (dir) (void)closedir(dir);
}

/* Copies a file. *reason is set where that will not do. */
static int fetch(struct scope *s, const struct keeper *k, struct hold *h, const char *path, const char **reason) {
    const char *place = scope_printf(s, "%s/%s", k->data, path), *made = scope_printf(s, "%s.%d.part", place, (int)getpid());
    struct copy c = {.to = -1};
    *reason = NULL;
    c.from = open(scope_printf(s, "%s/%s", k->archive, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (c.from < 0 || fstat(c.from, &c.st) != 0 || !S_ISREG(c.st.st_mode))
        *reason = "the archive does not have this file any more";
    if (!*reason && !has_room(k, c.st.st_size)) *reason = "there is no room for it at the moment";
    if (!*reason) folders_make(s, k->data, path);
    if (!*reason && (c.to = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) < 0) *reason = "it cannot be stored";
    int err = *reason ? 0 : bytes_copy(h, &c);
    if (!err && !*reason) err = settle(&c, made, place);
    if (c.to >= 0) (void)close(c.to);
    if (c.from >= 0) (void)close(c.from);
    if (c.to >= 0 && err) (void)unlink(made);
    if (c.to >= 0 && !err) leftovers_remove(s, place);
    if (err == NADIR_ENOTFOUND) *reason = "the archive could not be read to its end";
    if (err == NADIR_EINTERNAL) *reason = "it could not be stored";
    if (*reason) log_error(s, "a file could not be fetched", "path", path, "reason", *reason, NULL);
    return *reason ? 0 : err;
}

/* The next file, said to be fetched: in a statement of its own, so that others see it. NADIR_ENOTFOUND when none waits. What a
 * killed keeper was at is 'fetching' still, and not locked. */
static int next(struct scope *s, const struct keeper *k, const char **path) {
    struct db_rows *r;
    int err = db_query(
        s, k->db, &r,
        "UPDATE cold_file SET state = 'fetching', started_at = clock_timestamp() WHERE path = (SELECT path FROM cold_file"
        " WHERE state IN ('waiting', 'fetching') ORDER BY asked_at, path FOR NO KEY UPDATE SKIP LOCKED LIMIT 1)"
        " RETURNING path",
        "");
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND;
    *path = db_text(r, 0, 0);
    return 0;
}

/* FOR NO KEY UPDATE: orders may refer to the row meanwhile. */
int keeper_fetch(struct scope *s, const struct keeper *k) {
    struct db_tx *tx;
    struct db_rows *r;
    const char *path, *reason = NULL;
    int err = next(s, k, &path);
    if (!err) err = db_begin(s, k->db, &tx);
    if (err) return err;
    err = db_exec(tx, &r, "SELECT FROM cold_file WHERE path = $1 AND state = 'fetching' FOR NO KEY UPDATE SKIP LOCKED", "s",
                  path);
    if (!err && db_count(r) == 0) err = NADIR_ECONFLICT; /* another keeper was quicker */
    struct hold h = {tx, clock_us()};
    if (!err) err = fetch(s, k, &h, path, &reason);
    if (!err)
        err = db_exec(tx, NULL,
                      "UPDATE cold_file SET state = CASE WHEN $2::text IS NULL THEN 'ready' ELSE 'failed' END, reason = $2,"
                      " ended_at = clock_timestamp(), used_at = now() WHERE path = $1",
                      "ss", path, reason);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

/* True if the slower store has the file as it is here. */
static bool is_kept(struct scope *s, const struct keeper *k, const char *path) {
    struct stat there, here;
    return lstat(scope_printf(s, "%s/%s", k->archive, path), &there) == 0 && S_ISREG(there.st_mode) &&
           lstat(scope_printf(s, "%s/%s", k->data, path), &here) == 0 && here.st_size == there.st_size &&
           here.st_mtime == there.st_mtime;
}

void keeper_cool(struct scope *s, const struct keeper *k) {
    struct db_tx *tx;
    struct db_rows *r;
    if (db_begin(s, k->db, &tx)) return;
    int err =
        db_exec(tx, &r,
                "DELETE FROM cold_file WHERE path IN (SELECT path FROM cold_file WHERE state IN ('ready', 'failed') AND used_at"
                " < now() - make_interval(days => $1::int) FOR UPDATE SKIP LOCKED LIMIT 1000) RETURNING path, state",
                "i", (int)config_int("NADIR_COLD_DAYS", 1, 3650, COLD_DAYS));
    if (!err)
        err = db_exec(tx, NULL,
                      "DELETE FROM cold_order o WHERE asked_at < now() - interval '1 hour' AND NOT EXISTS"
                      " (SELECT FROM cold_order_file f WHERE f.id = o.id)",
                      "");
    if (err || db_commit(tx) != 0) return;
    for (int i = 0; i < db_count(r); i++)
        if (strcmp(db_text(r, i, 1), "ready") == 0 && is_kept(s, k, db_text(r, i, 0)))
            (void)unlink(scope_printf(s, "%s/%s", k->data, db_text(r, i, 0)));
}
