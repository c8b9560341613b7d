/* Unpacks what a scientist uploaded. Every entry is written by a path that was checked segment by segment below a folder that
 * only this function writes to, and links are never made, so no entry can lead another one out of it. */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processing/service/processing.h"

#define FILES_MOST 2000
#define BYTES_MOST (INT64_C(256) << 20)
#define PATH_MOST 250
#define DEPTH_MOST 16

/* Removes a leading "./" and a trailing "/". NULL for a path that is not plainly below the root. */
static const char *path_check(struct scope *s, const char *given) {
    if (!given || strlen(given) > PATH_MOST || !text_is_utf8(given, strlen(given))) return NULL;
    while (strncmp(given, "./", 2) == 0) given += 2;
    size_t len = strlen(given);
    while (len > 0 && given[len - 1] == '/') len--;
    char *path = scope_strndup(s, given, len);
    int depth = 0;
    if (strcmp(path, ".") == 0) return "";
    for (const char *p = path; *p; depth++) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n == 1 && *p == '.') || (n == 2 && strncmp(p, "..", 2) == 0)) return NULL;
        for (size_t i = 0; i < n; i++) {
            if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f || p[i] == '\\') return NULL;
        }
        p += n;
        if (*p == '/') p++;
    }
    return depth <= DEPTH_MOST ? path : NULL;
}

/* Makes the folders on the way to a path (all of it when it is a folder itself). */
static int folders_make(struct scope *s, int root, const char *path, bool itself) {
    for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
        if (mkdirat(root, scope_strndup(s, path, (size_t)(p - path)), 0755) && errno != EEXIST) return NADIR_EINVAL;
    }
    return itself && mkdirat(root, path, 0755) && errno != EEXIST ? NADIR_EINVAL : 0;
}

static int file_write(struct archive *a, int fd, struct unpacked *out) {
    char buffer[65536];
    for (;;) {
        ssize_t n = archive_read_data(a, buffer, sizeof(buffer));
        if (n < 0) return NADIR_EINVAL;
        if (n == 0) return 0;
        out->bytes += n;
        if (out->bytes > BYTES_MOST) return NADIR_ETOOLARGE;
        if (write(fd, buffer, (size_t)n) != n) return NADIR_EINTERNAL;
    }
}

static int entry_write(struct scope *s, struct archive *a, struct archive_entry *e, int root, struct unpacked *out,
                       struct fault *f) {
    const char *path = path_check(s, archive_entry_pathname_utf8(e));
    if (!path) return fault_set(s, f, "archive", "holds a path that is too long, too deep, or leaves the package");
    /* A hard link has a plain file's type. */
    bool link = archive_entry_hardlink(e) || archive_entry_symlink(e);
    bool folder = archive_entry_filetype(e) == AE_IFDIR, plain = archive_entry_filetype(e) == AE_IFREG;
    if (link || !(folder || plain)) {
        return fault_set(s, f, "archive", "holds \"%s\", which is no plain file or folder", path);
    }
    if (++out->files > FILES_MOST) return fault_set(s, f, "archive", "holds more than %d files", FILES_MOST);
    if (!*path) return folder ? 0 : fault_set(s, f, "archive", "holds a file without a name");
    if (folders_make(s, root, path, folder)) return fault_set(s, f, "archive", "has a file where \"%s\" wants a folder", path);
    if (folder) return 0;
    int fd = openat(root, path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return fault_set(s, f, "archive", "holds \"%s\" twice", path);
    int err = file_write(a, fd, out);
    if (!err && fsync(fd)) err = NADIR_EINTERNAL;
    close(fd);
    if (err == NADIR_ETOOLARGE) return fault_set(s, f, "archive", "unpacks to more than 256 MiB");
    return err == NADIR_EINVAL ? fault_set(s, f, "archive", "is damaged at \"%s\"", path) : err;
}

static int entries(struct scope *s, struct archive *a, int root, struct unpacked *out, struct fault *f) {
    struct archive_entry *e;
    for (;;) {
        int r = archive_read_next_header(a, &e);
        if (r == ARCHIVE_EOF) return 0;
        if (r != ARCHIVE_OK && r != ARCHIVE_WARN) return fault_set(s, f, "archive", "is not a zip or tar.gz that can be read");
        if (archive_entry_is_encrypted(e)) return fault_set(s, f, "archive", "is encrypted");
        int err = entry_write(s, a, e, root, out, f);
        if (err) return err;
    }
}

/* "tar czf x.tar.gz folder" puts all below one folder: take that one's contents up. */
static int lift(struct scope *s, const char *folder) {
    if (access(scope_printf(s, "%s/process.json", folder), F_OK) == 0) return 0;
    DIR *dir = opendir(folder);
    if (!dir) return NADIR_EINTERNAL;
    const struct dirent *d;
    const char *only = NULL;
    int count = 0;
    while ((d = readdir(dir))) { // NOLINT(concurrency-mt-unsafe): the stream is this function's own
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0) continue;
        only = scope_strdup(s, d->d_name);
        count++;
    }
    closedir(dir);
    const char *inner = count == 1 ? scope_printf(s, "%s/%s", folder, only) : NULL;
    if (!inner || access(scope_printf(s, "%s/process.json", inner), F_OK)) return 0;
    const char *aside = scope_printf(s, "%s.lift", folder);
    return rename(inner, aside) || rmdir(folder) || rename(aside, folder) ? NADIR_EINTERNAL : 0;
}

int archive_unpack(struct scope *s, const void *data, size_t len, const char *folder, struct unpacked *out, struct fault *f) {
    *out = (struct unpacked){0};
    int err = NADIR_EINTERNAL, root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct archive *a = archive_read_new();
    if (!a || root < 0) goto out;
    (void)archive_read_support_format_zip(a);
    (void)archive_read_support_format_tar(a);
    (void)archive_read_support_filter_gzip(a);
    if (archive_read_open_memory(a, data, len) != ARCHIVE_OK) {
        err = fault_set(s, f, "archive", "is not a zip or tar.gz that can be read");
    } else {
        err = entries(s, a, root, out, f);
    }
    if (!err) err = lift(s, folder);
out:
    if (root >= 0) close(root);
    if (a) (void)archive_read_free(a);
    return err;
}
