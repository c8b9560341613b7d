/* store.c */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/digest.h"
#include "source.h"
#include "store.h"

static int folder_make(const char *path) {
    return mkdir(path, 0755) && errno != EEXIST ? -1 : 0;
}

/* Removes what killed runs left. The lock is held, so nobody is writing there. */
static void leftovers_remove(const struct store *st) {
    struct dirent **entries = NULL;
    int count = scandir(st->folder, &entries, NULL, NULL);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] == '.' && (ends_with(name, PARTIAL) || strcmp(name, UNPACKED) == 0))
            store_remove(scope_printf(st->scope, "%s/%s", st->folder, name));
        free(entries[i]);
    }
    free(entries);
}

int store_open(struct scope *s, const char *data, const char *collection, struct store *out, struct refusal *r) {
    *out = (struct store){
        .scope = s, .collection = collection, .folder = scope_printf(s, "%s/products/%s", data, collection), .lock = -1};
    if (folder_make(data) || folder_make(scope_printf(s, "%s/products", data)) || folder_make(out->folder))
        return refuse(r, "%s cannot be made: %s", out->folder, strerror(errno));
    out->lock = open(scope_printf(s, "%s/.lock", out->folder), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (out->lock < 0) return refuse(r, "%s cannot be written: %s", out->folder, strerror(errno));
    if (flock(out->lock, LOCK_EX | LOCK_NB)) {
        fprintf(stderr, "Waiting for another run that writes to collection %s\n", collection);
        if (flock(out->lock, LOCK_EX)) return refuse(r, "the lock of collection %s cannot be had", collection);
    }
    leftovers_remove(out);
    return 0;
}

void store_close(struct store *st) {
    if (st->lock >= 0) close(st->lock);
    st->lock = -1;
}

json_t *store_known(struct scope *s, const struct store *st, const char *item, const char *fingerprint) {
    char known[65] = "";
    FILE *file = fopen(scope_printf(s, "%s/%s/.fingerprint", st->folder, item), "re");
    if (!file) return NULL;
    bool same = fread(known, 1, 64, file) == 64 && strcmp(known, fingerprint) == 0;
    fclose(file);
    return same ? scope_json(s, json_load_file(scope_printf(s, "%s/%s/item.json", st->folder, item), 0, NULL)) : NULL;
}

static int entry_remove(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void store_remove(const char *folder) {
    nftw(folder, entry_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

const char *store_scratch(struct scope *s, const struct store *st, const char *name, struct refusal *r) {
    const char *path = scope_printf(s, "%s/%s", st->folder, name);
    store_remove(path);
    if (folder_make(path) == 0) return path;
    refuse(r, "%s cannot be made: %s", path, strerror(errno));
    return NULL;
}

int store_originals(const char *folder, struct refusal *r) {
    char path[PATH_MAX];
    bool fits = snprintf(path, sizeof path, "%s/" ORIGINALS, folder) < (int)sizeof path;
    return fits && folder_make(path) == 0 ? 0 : refuse(r, "%s cannot be written: %s", folder, strerror(errno));
}

static int bytes_copy(int from, int to) {
    static char buffer[1 << 20];
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0)
        for (ssize_t at = 0, put; at < got; at += put)
            if ((put = write(to, buffer + at, (size_t)(got - at))) <= 0) return -1;
    return got < 0 ? -1 : 0;
}

int store_copy(struct extra *e, const char *folder, struct refusal *r) {
    char path[PATH_MAX], hex[129];
    if (snprintf(path, sizeof path, "%s/%s", folder, e->name) >= (int)sizeof path)
        return refuse(r, "the name %s is too long", e->name);
    int from = open(e->path, O_RDONLY | O_CLOEXEC), to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int err = from < 0 || to < 0 || bytes_copy(from, to) ? refuse(r, "%s cannot be copied: %s", e->name, strerror(errno)) : 0;
    if (from >= 0) close(from);
    if (to >= 0 && close(to) && !err) err = refuse(r, "%s cannot be copied: %s", e->name, strerror(errno));
    if (!err && digest_file(path, "SHA256", hex, &e->size)) err = refuse(r, "%s cannot be read back", e->name);
    if (!err) snprintf(e->sha256, sizeof e->sha256, "%.64s", hex);
    return err;
}

static int text_write(const char *path, const char *text, size_t len) {
    FILE *file = fopen(path, "wxe");
    if (!file) return -1;
    bool ok = fwrite(text, 1, len, file) == len;
    return fclose(file) || !ok ? -1 : 0;
}

/* Everything that was written to the file system is on disk before the rename says that it is there. */
static int durable(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    int err = syncfs(fd);
    close(fd);
    return err;
}

int store_commit(struct product *p, const struct store *st, const char *scratch, const json_t *item, struct refusal *r) {
    const char *place = scope_printf(p->scope, "%s/%s", st->folder, p->id);
    if (json_dump_file(item, scope_printf(p->scope, "%s/item.json", scratch), JSON_INDENT(1) | JSON_REAL_PRECISION(15)) ||
        text_write(scope_printf(p->scope, "%s/.fingerprint", scratch), p->fingerprint, 64) || durable(scratch))
        return refuse(r, "%s cannot be written: %s", scratch, strerror(errno));
    if (rename(scratch, place) == 0) return 0;
    if (errno != ENOTEMPTY && errno != EEXIST) return refuse(r, "%s cannot be moved: %s", scratch, strerror(errno));
    if (renameat2(AT_FDCWD, scratch, AT_FDCWD, place, RENAME_EXCHANGE))
        return refuse(r, "%s cannot be replaced: %s", place, strerror(errno));
    store_remove(scratch); /* what was there before */
    return 0;
}
