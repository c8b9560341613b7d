/* command.h: the command line of bubblewrap for a sandbox. */
#ifndef NADIR_SANDBOX_COMMAND_H
#define NADIR_SANDBOX_COMMAND_H

#include "processing/sandbox/sandbox.h"

struct command {
    const char *argv[640];
    size_t argc;
    char text[2048]; /* numbers */
    size_t used;
};

/** Fills the command. Descriptors are those that the child will have. Returns 0 or NADIR_EINVAL (too many arguments). */
int command_build(struct command *c, const struct sandbox *box, int filter, int status);

#endif
