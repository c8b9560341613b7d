/* tree.c */
#include "discovery/catalogue/tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fts.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int one_remove(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st;
    (void)type;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void tree_remove(const char *path) {
    (void)nftw(path, one_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static bool data_add(struct archive *zip, const char *path) {
    char buffer[65536];
    size_t len = 0;
    bool ok = true;
    FILE *file = fopen(path, "re");
    if (!file) return false;
    while (ok && (len = fread(buffer, 1, sizeof buffer, file)) > 0)
        ok = archive_write_data(zip, buffer, len) == (la_ssize_t)len;
    ok = !ferror(file) && ok;
    return fclose(file) == 0 && ok;
}

static bool file_add(struct archive *zip, const char *path, const char *name, const struct stat *st) {
    struct archive_entry *entry = archive_entry_new();
    if (!entry) return false;
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, st->st_size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, st->st_mtime, 0);
    bool ok = archive_write_header(zip, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    return ok && data_add(zip, path);
}

static int by_name(const FTSENT **a, const FTSENT **b) {
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool files_add(struct archive *zip, const char *folder) {
    char *const roots[] = {(char *)folder, NULL};
    const char *slash = strrchr(folder, '/');
    size_t skip = slash ? (size_t)(slash - folder) + 1 : 0;
    bool ok = true;
    FTSENT *at;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk) return false;
    errno = 0;
    while (ok && (at = fts_read(walk)) != NULL) {
        if (at->fts_info == FTS_F) ok = file_add(zip, at->fts_path, at->fts_path + skip, at->fts_statp);
        if (at->fts_info == FTS_ERR || at->fts_info == FTS_DNR || at->fts_info == FTS_NS) ok = false;
    }
    (void)fts_close(walk);
    return ok;
}

int tree_zip(const char *folder, const char *file) {
    struct archive *zip = archive_write_new();
    bool ok = zip && archive_write_set_format_zip(zip) == ARCHIVE_OK && archive_write_open_filename(zip, file) == ARCHIVE_OK;
    ok = ok && files_add(zip, folder);
    if (zip && archive_write_close(zip) != ARCHIVE_OK) ok = false;
    if (!ok)
        fprintf(stderr, "nadir-catalogue: %s: %s\n", file,
                zip && archive_error_string(zip) ? archive_error_string(zip) : "cannot be written");
    if (zip) (void)archive_write_free(zip);
    if (!ok) (void)unlink(file);
    return ok ? 0 : 2;
}
