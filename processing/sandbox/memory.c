#include "processing/sandbox/memory.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/id.h"
#include "common/log.h"

/* ---- files of a cgroup and of /proc ---- */

/* The file's beginning as text; "" when it cannot be read. */
static void file_text(const char *path, char *out, size_t size) {
    out[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = 0;
}

static bool cgroup_write(const struct memory *m, const char *file, int64_t value) {
    char path[640];
    (void)snprintf(path, sizeof(path), "%s/%s", m->folder, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool written = dprintf(fd, "%" PRId64 "\n", value) > 0;
    close(fd);
    return written;
}

static int64_t cgroup_read(const struct memory *m, const char *file) {
    char path[640], text[64];
    (void)snprintf(path, sizeof(path), "%s/%s", m->folder, file);
    file_text(path, text, sizeof(text));
    return strtoll(text, NULL, 10);
}

/* The number after a word at the beginning of a line ("oom_kill 3", "Pss:  12 kB"). */
static int64_t file_number(const char *path, const char *word) {
    char text[4096];
    file_text(path, text, sizeof(text));
    size_t len = strlen(word);
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, word, len) == 0) return strtoll(line + len, NULL, 10);
    }
    return -1;
}

/* ---- cgroups ---- */

/* Whether a child process may be moved in: with cgroup v2 this depends on where this process is. */
static bool cgroup_joinable(const struct memory *m) {
    pid_t pid = fork();
    if (pid == 0) _exit(memory_join(m) ? 0 : 1);
    int status = 1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    return pid > 0 && status == 0;
}

static bool cgroup_make(struct memory *m, const char *parent) {
    char path[640], id[ID_SIZE];
    (void)snprintf(path, sizeof(path), "%s/cgroup.controllers", parent);
    m->by = access(path, F_OK) == 0 ? SANDBOX_CGROUP2 : SANDBOX_CGROUP1;
    id_new(id);
    if (snprintf(m->folder, sizeof(m->folder), "%s/job-%s", parent, id) >= (int)sizeof(m->folder)) return false;
    if (mkdir(m->folder, 0700)) return false;
    bool limited =
        m->by == SANDBOX_CGROUP2 ? cgroup_write(m, "memory.max", m->most) : cgroup_write(m, "memory.limit_in_bytes", m->most);
    /* Without swap accounting these are absent, and there is then nothing to bound. */
    (void)(m->by == SANDBOX_CGROUP2 ? cgroup_write(m, "memory.swap.max", 0)
                                    : cgroup_write(m, "memory.memsw.limit_in_bytes", m->most));
    (void)snprintf(path, sizeof(path), "%s/cgroup.procs", m->folder);
    m->join = open(path, O_WRONLY | O_CLOEXEC);
    return limited && m->join >= 0 && cgroup_joinable(m);
}

void memory_begin(struct memory *m, const char *parent, int64_t most) {
    *m = (struct memory){.by = SANDBOX_RLIMIT, .join = -1, .most = most};
    if (!parent || !*parent) return;
    if (cgroup_make(m, parent)) return;
    static bool said;
    if (!said) log_warn(NULL, "no writable memory cgroup; the launcher watches memory itself", "cgroup", parent, NULL);
    said = true;
    if (m->folder[0]) memory_end(m);
    *m = (struct memory){.by = SANDBOX_RLIMIT, .join = -1, .most = most};
}

bool memory_join(const struct memory *m) {
    return m->join < 0 || write(m->join, "0", 1) == 1;
}

bool memory_killed(struct memory *m) {
    char path[640];
    if (m->by == SANDBOX_RLIMIT) return false;
    bool two = m->by == SANDBOX_CGROUP2;
    (void)snprintf(path, sizeof(path), "%s/%s", m->folder, two ? "memory.events" : "memory.oom_control");
    int64_t peak = cgroup_read(m, two ? "memory.peak" : "memory.max_usage_in_bytes");
    if (peak > m->peak) m->peak = peak;
    return file_number(path, "oom_kill ") > 0;
}

void memory_end(struct memory *m) {
    if (m->join >= 0) close(m->join);
    m->join = -1;
    if (!m->folder[0]) return;
    /* A killed process leaves its cgroup a moment after it was waited for. */
    for (int i = 0; i < 50 && rmdir(m->folder) && errno == EBUSY; i++) nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    m->folder[0] = 0;
}

/* ---- without cgroups ---- */

static int64_t process_resident(const char *pid) {
    char path[64], text[128];
    (void)snprintf(path, sizeof(path), "/proc/%.20s/statm", pid);
    file_text(path, text, sizeof(text));
    char *rest = text;
    (void)strtoll(text, &rest, 10);
    return strtoll(rest, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* Shared pages are divided among their sharers, so that forked workers are not counted twice. */
static int64_t process_proportional(const char *pid) {
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%.20s/smaps_rollup", pid);
    int64_t kib = file_number(path, "Pss:");
    return kib >= 0 ? kib * 1024 : process_resident(pid);
}

static int64_t namespace_sum(ino_t space, int64_t (*measure)(const char *pid)) {
    DIR *proc = opendir("/proc");
    if (!proc) return 0;
    int64_t sum = 0;
    const struct dirent *d;
    while ((d = readdir(proc))) { // NOLINT(concurrency-mt-unsafe): the stream is this function's own
        struct stat st;
        char path[300];
        if (!isdigit((unsigned char)d->d_name[0])) continue;
        (void)snprintf(path, sizeof(path), "/proc/%s/ns/pid", d->d_name);
        if (stat(path, &st) == 0 && st.st_ino == space) sum += measure(d->d_name);
    }
    closedir(proc);
    return sum;
}

bool memory_over(struct memory *m, pid_t init) {
    if (m->by != SANDBOX_RLIMIT || init <= 0) return false;
    char path[64];
    struct stat st, own;
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)init);
    if (stat(path, &st) || stat("/proc/self/ns/pid", &own) || st.st_ino == own.st_ino) return false;
    /* The proportional size is dear to ask for, so only when the plain sum gives cause. */
    int64_t sum = namespace_sum(st.st_ino, process_resident);
    if (sum > m->most) sum = namespace_sum(st.st_ino, process_proportional);
    if (sum > m->peak) m->peak = sum;
    return sum > m->most;
}
