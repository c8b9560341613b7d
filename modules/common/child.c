#include "common/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"

#define BEAT_MS 200

extern char **environ;

/* Keeps the end of what was written. */
static void hear(struct child_end *out, size_t *len, const char *text, size_t n) {
    size_t room = sizeof(out->said) - 1;
    if (n > room) {
        text += n - room;
        n = room;
    }
    if (*len + n > room) {
        size_t drop = *len + n - room;
        memmove(out->said, out->said + drop, *len - drop);
        *len -= drop;
    }
    memcpy(out->said + *len, text, n);
    *len += n;
    out->said[*len] = '\0';
}

static int start(const char *const *argv, int err_pipe[2], pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, err_pipe[1], 2);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    int err = posix_spawn(pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return err ? NADIR_EINTERNAL : 0;
}

/* Reads until the child has closed its stderr, or its time is over; then it is killed with all that it started. */
static void follow(int fd, pid_t pid, int64_t until_us, bool (*beat)(void *), void *context, struct child_end *out) {
    char buffer[1024];
    size_t len = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, BEAT_MS);
        ssize_t n = ready > 0 ? read(fd, buffer, sizeof buffer) : 0;
        if (ready > 0 && n <= 0) return;
        if (n > 0) hear(out, &len, buffer, (size_t)n);
        if (clock_us() < until_us && (!beat || beat(context))) continue;
        out->overdue = true;
        (void)kill(-pid, SIGKILL);
        return;
    }
}

int child_run(const char *const *argv, int seconds, bool (*beat)(void *), void *context, struct child_end *out) {
    int err_pipe[2];
    pid_t pid;
    *out = (struct child_end){.status = -1};
    if (pipe2(err_pipe, O_CLOEXEC)) return NADIR_EINTERNAL;
    int err = start(argv, err_pipe, &pid);
    (void)close(err_pipe[1]);
    if (!err) {
        int status;
        follow(err_pipe[0], pid, clock_us() + (int64_t)seconds * 1000000, beat, context, out);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
        if (WIFEXITED(status)) out->status = WEXITSTATUS(status);
    }
    (void)close(err_pipe[0]);
    size_t len = strlen(out->said);
    if (len > 0 && out->said[len - 1] == '\n') out->said[len - 1] = '\0';
    return err;
}

const char *child_beside(struct scope *s, const char *name) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) return NULL;
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash) return NULL;
    *slash = '\0';
    const char *found = scope_printf(s, "%s/%s", path, name);
    return access(found, X_OK) == 0 ? found : NULL;
}
