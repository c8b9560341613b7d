/* gate.h: long work leaves room for short: of the threads that draw, one at least is never taken by requests that read many
 * pixels. What reads few passes always. */
#ifndef NADIR_VIEW_GATE_H
#define NADIR_VIEW_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/scope.h"

#define GATE_FREE (1LL << 21) /* pixels of a request that need no place */

/* Of one request; begin with zeros. */
struct gate {
    int64_t pixels;
    bool held;
};

/** Before so many further pixels are read. A place that is taken is given back at the end of the scope. NADIR_EBUSY. */
int gate_pass(struct scope *s, struct gate *g, int64_t pixels);

#endif
