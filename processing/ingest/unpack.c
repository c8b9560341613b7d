/* archive.c */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "unpack.h"

#define ENTRIES_MOST 20000
#define RATIO_MOST 200
#define SMALL (64 << 20) /* an archive may always unpack to this much */

bool archive_named(const char *path) {
    static const char *const ends[] = {".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2"};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (len > strlen(ends[i]) && strcasecmp(path + len - strlen(ends[i]), ends[i]) == 0) return true;
    return false;
}

bool path_stays_below(const char *path) {
    size_t len = strlen(path);
    if (len < 1 || len > 512 || *path == '/') return false;
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\') return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/';
        size_t part_len = strcspn(part, "/");
        if (part_len == 2 && memcmp(part, "..", 2) == 0) return false;
        if (!*part) break;
    }
    return true;
}

/* Makes the folders of a path below the folder. */
static int folders_make(const char *folder, const char *path) {
    char full[PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        int len = snprintf(full, sizeof full, "%s/%.*s", folder, (int)(slash - path), path);
        if (len >= (int)sizeof full || (mkdir(full, 0755) && errno != EEXIST)) return -1;
    }
    return 0;
}

/* How much an archive may unpack to. */
static int64_t allowance(const char *path, const char *folder, int64_t most) {
    struct stat st;
    struct statvfs disk;
    if (stat(path, &st) || statvfs(folder, &disk)) return 0;
    int64_t by_ratio = st.st_size > INT64_MAX / RATIO_MOST ? INT64_MAX : (int64_t)st.st_size * RATIO_MOST;
    if (by_ratio < SMALL) by_ratio = SMALL;
    int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize * 9 / 10;
    int64_t least = by_ratio < most ? by_ratio : most;
    return least < free_bytes ? least : free_bytes;
}

static int entry_write(struct archive *a, const char *folder, const char *name, int64_t *left, struct refusal *r) {
    char full[PATH_MAX];
    if (snprintf(full, sizeof full, "%s/%s", folder, name) >= (int)sizeof full || folders_make(folder, name))
        return refuse(r, "folders for %s cannot be made", name);
    int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return refuse(r, "the archive holds %s twice, or it cannot be written", name);
    const void *block;
    size_t size;
    la_int64_t offset, at = 0;
    int err = 0, got;
    while (!err && (got = archive_read_data_block(a, &block, &size, &offset)) == ARCHIVE_OK) {
        if ((*left -= (int64_t)size + (offset - at)) < 0)
            err = refuse(r, "the archive unpacks to more than is allowed (at %s)", name);
        else if (pwrite(fd, block, size, offset) != (ssize_t)size)
            err = refuse(r, "%s cannot be written: %s", name, strerror(errno));
        at = offset + (la_int64_t)size;
    }
    if (!err && got != ARCHIVE_EOF) err = refuse(r, "the archive is damaged at %s", name);
    if (close(fd) && !err) err = refuse(r, "%s cannot be written", name);
    return err;
}

static int entries_read(struct archive *a, const char *folder, int64_t left, struct refusal *r) {
    struct archive_entry *entry;
    int got, count = 0, err;
    while ((got = archive_read_next_header(a, &entry)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname(entry);
        if (++count > ENTRIES_MOST) return refuse(r, "the archive holds more than %d files", ENTRIES_MOST);
        while (name && strncmp(name, "./", 2) == 0) name += 2;
        if (name && !*name) continue; /* "./" itself */
        if (!name || !path_stays_below(name))
            return refuse(r, "the archive holds a path that leads out of it: %.200s", name ? name : "");
        if (archive_entry_hardlink(entry) ||
            (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR))
            return refuse(r, "the archive holds %.200s, which is neither a file nor a folder", name);
        if (archive_entry_filetype(entry) == AE_IFREG && (err = entry_write(a, folder, name, &left, r))) return err;
    }
    if (got != ARCHIVE_EOF) return refuse(r, "the archive cannot be read: it is damaged or of another kind");
    return count > 0 ? 0 : refuse(r, "the archive is empty");
}

int archive_unpack(const char *path, const char *folder, int64_t most, struct refusal *r) {
    struct archive *a = archive_read_new();
    if (!a) return NADIR_ENOMEM;
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    int err = archive_read_open_filename(a, path, 1 << 18) == ARCHIVE_OK ? 0 : refuse(r, "the archive cannot be opened");
    if (!err) err = entries_read(a, folder, allowance(path, folder, most), r);
    archive_read_free(a);
    return err;
}
