/* store.c: where the bytes of users' objects lie, and how they leave when nothing has them any more.
 *
 * A file is written under a new name, which stands in s3_file first; the transaction that makes it an object's takes the name
 * from there, and puts the one that it replaces in. So at any moment a file is an object's, a part's, or named in s3_file, and
 * whatever was killed leaves nothing that the sweep does not find.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/config.h"
#include "common/id.h"
#include "common/log.h"
#include "download/s3/s3.h"

#define SWEEP_MOST 500
#define INCOMING_DEPTH 4

char *store_file(struct scope *s, const char *path) {
    return scope_printf(s, "%s/%s", config_text("NADIR_DATA", ""), path);
}

static int folder_make(struct scope *s, const char *path) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return 0;
    log_error(s, "a folder cannot be made", "folder", path, NULL);
    return NADIR_EUNAVAILABLE;
}

int store_reserve(struct scope *s, const char **path) {
    char id[ID_SIZE];
    if (!config_need("NADIR_DATA")) return NADIR_EINTERNAL;
    id_new(id);
    const char *folder = scope_printf(s, "s3/%s", id + strlen(id) - 2); /* the first digits are the time */
    *path = scope_printf(s, "%s/%s", folder, id);
    int err = folder_make(s, store_file(s, "s3"));
    if (!err) err = folder_make(s, store_file(s, folder));
    if (err) return err;
    return db_query(s, download_db(), NULL, "INSERT INTO s3_file (path, discard_at) VALUES ($1, now() + interval '1 day')", "s",
                    *path);
}

int store_open(struct scope *s, const char *path) {
    const char *file = store_file(s, path);
    char root[PATH_MAX], real[PATH_MAX];
    if (!realpath(config_text("NADIR_DATA", ""), root) || !realpath(file, real)) return -1;
    size_t len = strlen(root);
    if (strncmp(real, root, len) != 0 || real[len] != '/' || strcmp(real + len + 1, path) != 0) return -1;
    return open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

int store_copy(int from, int to, int64_t bytes) {
    while (bytes > 0) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)bytes, 0);
        if (n <= 0) return NADIR_EUNAVAILABLE;
        bytes -= n;
    }
    return 0;
}

int store_settle(struct scope *s, int fd) {
    if (fsync(fd) == 0) return 0;
    log_error(s, "a file could not be written", NULL);
    return NADIR_EUNAVAILABLE;
}

int store_keep(struct db_tx *tx, const char *path) {
    struct db_rows *r;
    int err = db_exec(tx, &r, "DELETE FROM s3_file WHERE path = $1", "s", path);
    if (err) return err;
    return db_affected(r) == 1 ? 0 : NADIR_ETIMEOUT; /* the sweep took it: this took more than a day */
}

/* A minute later: the gateway may just be about to open it. */
int store_discard(struct db_tx *tx, const char *path) {
    return db_exec(tx, NULL,
                   "INSERT INTO s3_file (path, discard_at) VALUES ($1, now() + interval '1 minute') ON CONFLICT DO NOTHING",
                   "s", path);
}

static int64_t quota_default(void) {
    return config_int("NADIR_S3_QUOTA_MB", 0, INT64_C(1) << 40, 10240) << 20;
}

/* Up to a tenth over the quota is taken, slowly (store_ease). */
static int64_t quota_most(int64_t quota) {
    return quota + quota / 10;
}

int64_t store_weight(int64_t size) {
    return size > S3_CHARGE_LEAST ? size : S3_CHARGE_LEAST;
}

int store_charge(struct db_tx *tx, const char *owner, int64_t bytes) {
    struct db_rows *r;
    int err = db_exec(tx, &r,
                      "INSERT INTO s3_usage (owner, bytes) VALUES ($1, greatest($2::bigint, 0))"
                      " ON CONFLICT (owner) DO UPDATE SET bytes = greatest(s3_usage.bytes + $2, 0)"
                      " RETURNING bytes, coalesce((SELECT storage FROM quota_limit WHERE subject = $1), $3::bigint)",
                      "sll", owner, bytes, quota_default());
    if (err) return err;
    return bytes > 0 && db_int(r, 0, 0) > quota_most(db_int(r, 0, 1)) ? NADIR_ETOOLARGE : 0;
}

int store_standing(struct scope *s, const char *owner, struct s3_standing *out) {
    struct db_rows *r;
    int err = db_query(s, download_db(), &r,
                       "SELECT coalesce((SELECT bytes FROM s3_usage WHERE owner = $1), 0),"
                       " coalesce((SELECT storage FROM quota_limit WHERE subject = $1), $2::bigint),"
                       " (SELECT count(*) FROM s3_key WHERE subject = $1), (SELECT count(*) FROM s3_bucket WHERE owner = $1)",
                       "sl", owner, quota_default());
    if (err) return err;
    *out =
        (struct s3_standing){db_int(r, 0, 0), db_int(r, 0, 1), quota_most(db_int(r, 0, 1)), db_int(r, 0, 2), db_int(r, 0, 3)};
    return 0;
}

int store_ease(struct scope *s, const char *owner, bool *taken) {
    struct db_rows *r;
    int err = db_query(s, download_db(), &r,
                       "UPDATE s3_usage SET eased_at = now() WHERE owner = $1"
                       " AND (eased_at IS NULL OR eased_at <= now() - $2::integer * interval '1 second')",
                       "si", owner, S3_EASE_SECONDS);
    if (!err) *taken = db_affected(r) == 1;
    return err;
}

/* ---- the sweep ---- */

static int sweep_files(struct scope *s) {
    struct db_rows *r;
    int err = db_query(s, download_db(), &r, "SELECT path FROM s3_file WHERE discard_at < now() ORDER BY discard_at LIMIT $1",
                       "i", SWEEP_MOST);
    for (int i = 0; !err && i < db_count(r); i++) {
        const char *path = db_text(r, i, 0);
        if (unlink(store_file(s, path)) != 0 && errno != ENOENT) {
            log_warn(s, "a file could not be removed", "path", path, NULL);
            continue;
        }
        err = db_query(s, download_db(), NULL, "DELETE FROM s3_file WHERE path = $1", "s", path);
    }
    return err;
}

/* Uploads that nobody completed in a week: their parts' files go the way of all files. */
static int sweep_uploads(struct scope *s) {
    struct db_rows *r;
    int err = db_query(s, download_db(), &r,
                       "SELECT u.upload, b.owner FROM s3_upload u JOIN s3_bucket b USING (bucket)"
                       " WHERE started_at < now() - interval '7 days' LIMIT 100",
                       "");
    for (int i = 0; !err && i < db_count(r); i++) {
        struct db_tx *tx;
        err = db_begin(s, download_db(), &tx);
        if (!err) err = upload_remove(tx, db_text(r, i, 1), db_text(r, i, 0));
        if (!err) err = db_commit(tx);
    }
    return err;
}

/* Bodies that the gateway stored and nobody took, because one of the two was killed. */
static void sweep_incoming(struct scope *s, const char *folder, int depth) {
    DIR *dir = *folder ? opendir(folder) : NULL;
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (*e->d_name == '.' || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISDIR(st.st_mode) && depth > 0) sweep_incoming(s, scope_printf(s, "%s/%s", folder, e->d_name), depth - 1);
        if (S_ISREG(st.st_mode) && st.st_mtime < time(NULL) - 86400) (void)unlinkat(dirfd(dir), e->d_name, 0);
    }
    closedir(dir);
}

int store_sweep(struct scope *s) {
    sweep_incoming(s, config_text("NADIR_S3_INCOMING", ""), INCOMING_DEPTH);
    int err = sweep_uploads(s);
    return err ? err : sweep_files(s);
}
