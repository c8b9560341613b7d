/* sandbox.h: runs one program that nobody trusts, with bubblewrap, and says exactly how it ended.
 *
 * Inside: namespaces of its own for users, processes, network (loopback only, down), IPC, host name and cgroups; uid 65534, no
 * capabilities, no new privileges, no further user namespaces; a seccomp filter; an empty environment; the system's /usr
 * read-only; the mounts that the caller names; small tmpfs at /tmp and /dev/shm; everything else read-only or absent.
 * Limits: wall clock, CPU time, processes (counted inside the sandbox's user namespace, so other processes of the
 * same host user do not count), memory, bytes and files below the writable folder, size of one file, open files, no core dumps.
 * When the caller dies, however, the whole sandbox is killed by the kernel.
 *
 * The caller must not be root: the process limit does not bind uid 0, and a flaw in the kernel's namespaces should find
 * a user who owns nothing but results.
 */
#ifndef NADIR_SANDBOX_H
#define NADIR_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SANDBOX_MOUNTS 64

struct sandbox_mount {
    const char *host;   /* an existing file or folder */
    const char *inside; /* "/in/scene/red.tif"; folders on the way are made */
    bool writable;
};

/* How the memory limit was enforced. */
enum sandbox_memory { SANDBOX_CGROUP1, SANDBOX_CGROUP2, SANDBOX_RLIMIT };

struct sandbox {
    const char *const *argv; /* NULL-ended; argv[0] is a path inside */
    struct sandbox_mount mounts[SANDBOX_MOUNTS];
    size_t nmounts;
    const char *workdir;  /* inside */
    const char *writable; /* host folder whose contents are bounded by `disk`; NULL: none */
    int64_t memory;       /* bytes, of all processes together */
    int64_t disk;         /* bytes below `writable` */
    int files;            /* entries below `writable` */
    int seconds;          /* wall clock */
    int processes;        /* processes and threads */
    const char *cgroup;   /* a writable memory cgroup (v1) or cgroup (v2) to make children in; NULL: none */
};

enum sandbox_reason {
    SANDBOX_DONE,    /* exit status 0 */
    SANDBOX_EXIT,    /* another exit status: `code` */
    SANDBOX_SIGNAL,  /* killed by a signal: `code` */
    SANDBOX_OOM,     /* over its memory */
    SANDBOX_TIMEOUT, /* over its wall clock or CPU time */
    SANDBOX_DISK,    /* over its bytes or files */
    SANDBOX_STOPPED, /* the caller's watch said so */
};

struct sandbox_end {
    enum sandbox_reason reason;
    int code;
    enum sandbox_memory memory_by;
    int64_t memory_peak; /* bytes; with cgroups the kernel's own figure, otherwise the greatest seen */
    double seconds;
};

/** Called with what the program wrote to stdout and stderr as it comes, and with len 0 at least four times a second.
 *  Returning false kills the program. */
typedef bool (*sandbox_watch)(void *context, const char *text, size_t len);

/** Runs the program to its end. The calling thread must live as long as the sandbox: the kernel kills it with that thread.
 *  Returns 0 with *end filled however the program ended; NADIR_EINVAL for a box that cannot be built; NADIR_EDENIED for
 *  root; NADIR_EINTERNAL when the launcher itself failed (logged). */
int sandbox_run(const struct sandbox *box, sandbox_watch watch, void *context, struct sandbox_end *end);

/** Adds a mount. Returns 0, or NADIR_ETOOLARGE when there are SANDBOX_MOUNTS already. Texts are borrowed. */
int sandbox_mount(struct sandbox *box, const char *host, const char *inside, bool writable);

/** "oom", "timeout", "disk", "exit", "signal", "dismissed" or "": stable names, for job records. */
const char *sandbox_reason_name(enum sandbox_reason reason);
/** "cgroup1", "cgroup2" or "rlimit". */
const char *sandbox_memory_name(enum sandbox_memory memory);

#endif
