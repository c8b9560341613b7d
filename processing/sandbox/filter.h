/* filter.h: the system calls that a sandboxed program may not make. */
#ifndef NADIR_SANDBOX_FILTER_H
#define NADIR_SANDBOX_FILTER_H

/** Writes the filter as BPF into an anonymous file for bwrap's --seccomp, positioned at its start. The descriptor is the
 *  caller's, or -1 (logged). */
int filter_open(void);

#endif
