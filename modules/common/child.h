/* child.h: one of our own programs, run to its end beside us. */
#ifndef NADIR_CHILD_H
#define NADIR_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "common/scope.h"

struct child_end {
    int status;     /* what it exited with; -1: it was killed or could not be started */
    bool overdue;   /* it was ended for taking too long, or because beat said so */
    char said[400]; /* the end of what it wrote to stderr, without the last line's end */
};

/** Runs a program with these arguments (argv[0] is its path; NULL ends the list), the environment of ours and no input, and
 *  waits for it for at most `seconds`. beat (may be NULL) is called some times a second; when it says false the child is ended.
 *  Returns 0, or NADIR_EINTERNAL when it could not be started. */
int child_run(const char *const *argv, int seconds, bool (*beat)(void *), void *context, struct child_end *out);

/** The path of a program that lies beside the running one, in the scope. NULL if it is not there or cannot be run. */
const char *child_beside(struct scope *s, const char *name);

#endif
