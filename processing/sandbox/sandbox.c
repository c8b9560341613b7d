#include "processing/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "common/module.h"
#include "common/scope.h"
#include "processing/sandbox/command.h"
#include "processing/sandbox/filter.h"
#include "processing/sandbox/memory.h"
#include "processing/sandbox/tree.h"

#define BWRAP "/usr/bin/bwrap"
#define LOOK_MS 50          /* between looks at the memory */
#define LOOK_DISK_US 250000 /* between looks at the disk and calls of an idle watch */
#define LAUNCH_REFUSED 125  /* the child could not enter its cgroup or start bwrap */

/* Descriptors of the child: bwrap reads the filter from one and tells its child's process id through the other. */
#define CHILD_FILTER 3
#define CHILD_STATUS 4

/* One run. */
struct run {
    const struct sandbox *box;
    sandbox_watch watch;
    void *context;
    struct memory memory;
    pid_t pid;     /* bwrap's */
    int process;   /* pidfd of bwrap */
    int output;    /* the program's stdout and stderr */
    int status;    /* bwrap's JSON lines */
    pid_t init;    /* process 1 of the sandbox, as seen from here; 0: not known yet */
    int init_fd;   /* its pidfd */
    int64_t began; /* microseconds */
    int64_t looked;
    enum sandbox_reason verdict; /* SANDBOX_DONE: not stopped by us */
    char tail[1024];             /* the last that the program wrote */
    size_t tail_len;
};

int sandbox_mount(struct sandbox *box, const char *host, const char *inside, bool writable) {
    if (box->nmounts >= SANDBOX_MOUNTS) return NADIR_ETOOLARGE;
    box->mounts[box->nmounts++] = (struct sandbox_mount){host, inside, writable};
    return 0;
}

const char *sandbox_reason_name(enum sandbox_reason reason) {
    static const char *const names[] = {"", "exit", "signal", "oom", "timeout", "disk", "dismissed"};
    return names[reason];
}

const char *sandbox_memory_name(enum sandbox_memory memory) {
    static const char *const names[] = {"cgroup1", "cgroup2", "rlimit"};
    return names[memory];
}

/* ---- start ---- */

/* Between fork and exec: async-signal-safe calls only. */
static _Noreturn void child(const struct run *run, const struct command *command, int filter, int out, int status) {
    static char *const nothing[] = {NULL};
    int null = open("/dev/null", O_RDONLY);
    /* First out of the way of the numbers that are wanted. */
    filter = fcntl(filter, F_DUPFD, 16);
    status = fcntl(status, F_DUPFD, 16);
    out = fcntl(out, F_DUPFD, 16);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (!memory_join(&run->memory) || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
        dup2(filter, CHILD_FILTER) < 0 || dup2(status, CHILD_STATUS) < 0) {
        _exit(LAUNCH_REFUSED);
    }
    (void)syscall(SYS_close_range, CHILD_STATUS + 1, ~0U, 0);
    /* An empty environment here, not only --clearenv: /proc/1/environ of the sandbox is bwrap's first environment. */
    execve(BWRAP, (char *const *)command->argv, nothing);
    _exit(LAUNCH_REFUSED);
}

static int start(struct run *run) {
    int filter = -1, out[2] = {-1, -1}, status[2] = {-1, -1}, err = NADIR_EINTERNAL;
    struct command command;
    if ((err = command_build(&command, run->box, CHILD_FILTER, CHILD_STATUS))) return err;
    err = NADIR_EINTERNAL;
    filter = filter_open();
    if (filter < 0 || pipe2(out, O_CLOEXEC) || pipe2(status, O_CLOEXEC)) goto out;
    run->pid = fork();
    if (run->pid == 0) child(run, &command, filter, out[1], status[1]);
    if (run->pid < 0) goto out;
    run->process = (int)syscall(SYS_pidfd_open, run->pid, 0);
    run->output = out[0];
    run->status = status[0];
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(status[0], F_SETFL, O_NONBLOCK);
    out[0] = status[0] = -1;
    err = 0;
out:
    if (err) log_error(NULL, "the sandbox could not be started", "why", strerror(errno), NULL); // NOLINT(concurrency-mt-unsafe)
    int fds[] = {filter, out[0], out[1], status[0], status[1]};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (fds[i] >= 0) close(fds[i]);
    }
    return err;
}

/* ---- while it runs ---- */

static void stop(struct run *run, enum sandbox_reason why) {
    if (run->verdict == SANDBOX_DONE) run->verdict = why;
    (void)kill(run->pid, SIGKILL); /* not waited for yet, so the number is still its own */
    if (run->init_fd >= 0) (void)syscall(SYS_pidfd_send_signal, run->init_fd, SIGKILL, NULL, 0);
}

static void keep_tail(struct run *run, const char *text, size_t len) {
    size_t room = sizeof(run->tail) - 1;
    if (len >= room) {
        memcpy(run->tail, text + len - room, room);
        run->tail_len = room;
    } else {
        size_t keep = run->tail_len + len > room ? room - len : run->tail_len;
        memmove(run->tail, run->tail + run->tail_len - keep, keep);
        memcpy(run->tail + keep, text, len);
        run->tail_len = keep + len;
    }
    run->tail[run->tail_len] = 0;
}

/* Passes on what the program wrote, at most `most` bytes of it. */
static void drain(struct run *run, size_t most) {
    char text[16384];
    ssize_t n;
    while (most > 0 && (n = read(run->output, text, sizeof(text))) > 0) {
        keep_tail(run, text, (size_t)n);
        if (!run->watch(run->context, text, (size_t)n)) stop(run, SANDBOX_STOPPED);
        most = (size_t)n >= most ? 0 : most - (size_t)n;
    }
}

/* Learns the sandbox's process 1 from bwrap's first line: {"child-pid": 123, …}. */
static void learn_init(struct run *run) {
    char text[512];
    if (run->init) return;
    ssize_t n = read(run->status, text, sizeof(text) - 1);
    if (n <= 0) return;
    text[n] = 0;
    const char *at = strstr(text, "\"child-pid\":");
    long pid = at ? strtol(at + strlen("\"child-pid\":"), NULL, 10) : 0;
    if (pid <= 0) return;
    run->init = (pid_t)pid;
    run->init_fd = (int)syscall(SYS_pidfd_open, run->init, 0);
}

static bool disk_over(const struct run *run, struct tree_size *size) {
    *size = (struct tree_size){0};
    if (!run->box->writable) return false;
    tree_measure(run->box->writable, run->box->disk, run->box->files, size);
    return size->bytes > run->box->disk || size->entries > run->box->files;
}

static void look(struct run *run) {
    int64_t now = clock_us();
    struct tree_size size;
    if (now - run->began > (int64_t)run->box->seconds * 1000000) {
        stop(run, SANDBOX_TIMEOUT);
    } else if (memory_over(&run->memory, run->init)) {
        stop(run, SANDBOX_OOM);
    }
    if (now - run->looked < LOOK_DISK_US) return;
    run->looked = now;
    if (disk_over(run, &size)) stop(run, SANDBOX_DISK);
    if (!run->watch(run->context, NULL, 0)) stop(run, SANDBOX_STOPPED);
}

/* Runs until bwrap has ended; returns its exit status as a shell would say it. */
static int supervise(struct run *run) {
    int status = 0;
    int64_t next = 0;
    for (;;) {
        struct pollfd fds[] = {{.fd = run->process, .events = POLLIN}, {.fd = run->output, .events = POLLIN}};
        (void)poll(fds, 2, LOOK_MS);
        learn_init(run);
        drain(run, 65536);
        if (waitpid(run->pid, &status, WNOHANG) == run->pid) break;
        if (fds[1].revents & POLLHUP) { /* it closed its output: poll would return at once for ever */
            close(run->output);
            run->output = -1;
        }
        if (clock_us() < next) continue;
        look(run);
        next = clock_us() + LOOK_MS * 1000;
    }
    /* Process 1 dies with bwrap; be sure that nothing writes any more before anyone looks at what was written. */
    if (run->init_fd >= 0) {
        (void)syscall(SYS_pidfd_send_signal, run->init_fd, SIGKILL, NULL, 0);
        struct pollfd fd = {.fd = run->init_fd, .events = POLLIN};
        (void)poll(&fd, 1, 5000);
    }
    drain(run, 1048576);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- how it ended ---- */

static bool tail_says(const struct run *run, const char *const *words) {
    for (; *words; words++) {
        if (strstr(run->tail, *words)) return true;
    }
    return false;
}

/* A program that ran into a limit by an error code (ENOMEM, ENOSPC, EFBIG) ends by itself and only says so. */
static const char *const memory_words[] = {"MemoryError",   "Cannot allocate memory", "std::bad_alloc",
                                           "out of memory", "Out of memory",          NULL};
static const char *const disk_words[] = {"No space left on device", "File too large", NULL};

static enum sandbox_reason cause(struct run *run, int status) {
    struct tree_size size;
    bool killed = memory_killed(&run->memory);
    bool full = disk_over(run, &size) || (run->box->writable && size.greatest >= run->box->disk);
    if (run->verdict != SANDBOX_DONE) return run->verdict;
    if (status == 0) return full ? SANDBOX_DISK : SANDBOX_DONE;
    if (killed) return SANDBOX_OOM;
    if (full || status == 128 + SIGXFSZ || tail_says(run, disk_words)) return SANDBOX_DISK;
    if (status == 128 + SIGXCPU) return SANDBOX_TIMEOUT;
    if (tail_says(run, memory_words)) return SANDBOX_OOM;
    return status > 128 ? SANDBOX_SIGNAL : SANDBOX_EXIT;
}

static void judge(struct run *run, int status, struct sandbox_end *end) {
    end->reason = cause(run, status);
    end->code = end->reason == SANDBOX_SIGNAL ? status - 128 : end->reason == SANDBOX_EXIT ? status : 0;
    end->memory_by = run->memory.by;
    end->memory_peak = run->memory.peak;
    end->seconds = (double)(clock_us() - run->began) / 1e6;
}

int sandbox_run(const struct sandbox *box, sandbox_watch watch, void *context, struct sandbox_end *end) {
    if (geteuid() == 0) {
        log_error(NULL, "sandboxes are not run as root: start this program as a user without rights", NULL);
        return NADIR_EDENIED;
    }
    if (!box->argv || !box->argv[0] || box->seconds <= 0 || box->memory <= 0 || box->disk <= 0 || box->processes <= 0) {
        return NADIR_EINVAL;
    }
    for (size_t i = 0; i < box->nmounts; i++) {
        if (access(box->mounts[i].host, F_OK)) return NADIR_EINVAL;
    }
    struct run run = {.box = box, .watch = watch, .context = context, .process = -1, .output = -1, .status = -1, .init_fd = -1};
    run.began = clock_us();
    memory_begin(&run.memory, box->cgroup, box->memory);
    int err = start(&run);
    if (!err) {
        int status = supervise(&run);
        judge(&run, status, end);
        /* bwrap that fails before the program runs says why, and that is all there is. */
        if (run.verdict == SANDBOX_DONE && status != 0 &&
            (!run.init || (status == 1 && strncmp(run.tail, "bwrap: ", 7) == 0))) {
            log_error(NULL, "the sandbox's launcher failed", "said", run.tail, NULL);
            err = NADIR_EINTERNAL;
        }
    }
    memory_end(&run.memory);
    int fds[] = {run.process, run.output, run.status, run.init_fd};
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (fds[i] >= 0) close(fds[i]);
    }
    return err;
}
