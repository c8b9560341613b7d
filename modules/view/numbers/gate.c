#include "view/numbers/gate.h"

#include <stdatomic.h>
#include <stddef.h>

#include "common/config.h"
#include "common/error.h"
#include "common/metrics.h"

static atomic_int taken;

static void give_back(void *unused) {
    (void)unused;
    atomic_fetch_sub(&taken, 1);
}

int gate_pass(struct scope *s, struct gate *g, int64_t pixels) {
    g->pixels += pixels;
    if (g->held || g->pixels <= GATE_FREE) return 0;
    int places = (int)config_int("NADIR_THREADS_HEAVY", 1, 256, 3) - 1; /* as the server has it */
    if (atomic_fetch_add(&taken, 1) >= (places > 0 ? places : 1)) {
        atomic_fetch_sub(&taken, 1);
        metrics_add("nadir_view_numbers_refused_total", 1);
        return NADIR_EBUSY;
    }
    scope_defer(s, give_back, NULL);
    g->held = true;
    return 0;
}
