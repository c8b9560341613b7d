/* memory.h: how much memory the processes of a sandbox use together, and who stops them.
 *
 * With a writable cgroup (v1 memory controller, or v2) the kernel does. Without one, the launcher sums up what the
 * processes of the sandbox's PID namespace hold (proportional set size), and RLIMIT_AS bounds how far one can run ahead.
 */
#ifndef NADIR_SANDBOX_MEMORY_H
#define NADIR_SANDBOX_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "processing/sandbox/sandbox.h"

struct memory {
    enum sandbox_memory by;
    char folder[512]; /* of the cgroup; "" with SANDBOX_RLIMIT */
    int join;         /* cgroup.procs, open for writing; -1 */
    int64_t most;
    int64_t peak;
};

/** Makes a cgroup below `parent` (may be NULL), or falls back to SANDBOX_RLIMIT (logged once when parent was given). */
void memory_begin(struct memory *m, const char *parent, int64_t most);
/** Moves the calling process in. For the child between fork and exec: async-signal-safe. False: refused. */
bool memory_join(const struct memory *m);
/** Looks at the processes of init's PID namespace; true if they hold more than they may. Always false with cgroups. */
bool memory_over(struct memory *m, pid_t init);
/** True if the kernel killed a process of the cgroup for memory. */
bool memory_killed(struct memory *m);
/** Removes the cgroup, once its processes are gone. */
void memory_end(struct memory *m);

#endif
