#include "processing/sandbox/command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/error.h"
#include "common/module.h"

#define MIB 1048576

static void add(struct command *c, const char *word) {
    if (c->argc < ARRAY_SIZE(c->argv) - 1) c->argv[c->argc] = word;
    c->argc++;
}

#define ADD(c, ...)                                                                                                            \
    do {                                                                                                                       \
        const char *const words[] = {__VA_ARGS__};                                                                             \
        for (size_t w_ = 0; w_ < ARRAY_SIZE(words); w_++) add(c, words[w_]);                                                   \
    } while (0)

__attribute__((format(printf, 2, 3))) static const char *word_of(struct command *c, const char *format, ...) {
    char *at = c->text + c->used;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(at, sizeof(c->text) - c->used, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(c->text) - c->used) {
        c->argc = ARRAY_SIZE(c->argv); /* found out at the end */
        return "";
    }
    c->used += (size_t)n + 1;
    return at;
}

static void add_isolation(struct command *c, int filter, int status) {
    ADD(c, "bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
        "--unshare-cgroup-try", "--disable-userns", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL");
    ADD(c, "--seccomp", word_of(c, "%d", filter), "--json-status-fd", word_of(c, "%d", status));
    ADD(c, "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8");
    /* One thread a library's pool: threads count as processes, and the machine is shared. GDAL's block cache would be 5 % of
     * the machine's memory instead of the sandbox's. */
    ADD(c, "--setenv", "OPENBLAS_NUM_THREADS", "1", "--setenv", "OMP_NUM_THREADS", "1", "--setenv", "GDAL_CACHEMAX", "64",
        "--setenv", "PYTHONUNBUFFERED", "1", "--setenv", "PYTHONDONTWRITEBYTECODE", "1");
}

static void add_system(struct command *c) {
    ADD(c, "--ro-bind", "/usr", "/usr");
    static const char *const folders[] = {"bin", "lib", "lib32", "lib64", "sbin"};
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        const char *path = word_of(c, "/%s", folders[i]);
        char target[64];
        /* Debian 12 has them as links into /usr; elsewhere they may be folders. */
        if (readlink(path, target, sizeof(target)) > 0) {
            ADD(c, "--symlink", word_of(c, "usr/%s", folders[i]), path);
        } else {
            ADD(c, "--ro-bind-try", path, path);
        }
    }
    ADD(c, "--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache", "--ro-bind-try", "/etc/alternatives", "/etc/alternatives");
    ADD(c, "--proc", "/proc", "--dev", "/dev");
    /* Without a size a tmpfs may take half of the machine's memory. */
    const char *small = word_of(c, "%d", 16 * MIB);
    ADD(c, "--size", small, "--tmpfs", "/dev/shm", "--remount-ro", "/dev");
    ADD(c, "--size", word_of(c, "%d", 256 * MIB), "--tmpfs", "/tmp");
}

static void add_limits(struct command *c, const struct sandbox *box) {
    ADD(c, "/usr/bin/prlimit", "--core=0", "--nofile=256");
    add(c, word_of(c, "--nproc=%d", box->processes));
    add(c, word_of(c, "--fsize=%" PRId64, box->disk));
    /* A backstop behind the wall clock for what burns several cores; SIGXCPU first, SIGKILL five seconds on. */
    add(c, word_of(c, "--cpu=%d:%d", box->seconds * 2, box->seconds * 2 + 5));
    /* Address space is reserved far beyond what is used; this only bounds how far one process can run ahead of the watch. */
    add(c, word_of(c, "--as=%" PRId64, box->memory + (int64_t)1024 * MIB));
    add(c, "--");
}

int command_build(struct command *c, const struct sandbox *box, int filter, int status) {
    c->argc = c->used = 0;
    add_isolation(c, filter, status);
    add_system(c);
    for (size_t i = 0; i < box->nmounts; i++) {
        ADD(c, box->mounts[i].writable ? "--bind" : "--ro-bind", box->mounts[i].host, box->mounts[i].inside);
    }
    /* The root is a tmpfs of bwrap's: last of all it too becomes read-only. */
    ADD(c, "--remount-ro", "/", "--chdir", box->workdir ? box->workdir : "/tmp", "--");
    add_limits(c, box);
    for (size_t i = 0; box->argv[i]; i++) add(c, box->argv[i]);
    if (c->argc >= ARRAY_SIZE(c->argv)) return NADIR_EINVAL;
    c->argv[c->argc] = NULL;
    return 0;
}
