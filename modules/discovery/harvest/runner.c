/* runner.c: the thread of the module that harvests. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/log.h"
#include "common/module.h"
#include "discovery/harvest/harvest.h"

#define TURN_MS 20000
#define IDLE_MS 1000

static pthread_t thread;
static bool running;
static atomic_bool stopping;

static void *loop(void *arg) {
    struct db *db = arg;
    while (!stopping) {
        struct scope s;
        bool worked, held;
        scope_init(&s, "discovery", 0);
        int err = runner_turn(&s, db, TURN_MS, &worked, &held);
        if (err && err != NADIR_EUNAVAILABLE) log_warn(&s, "harvesting failed", "why", nadir_strerror(err), NULL);
        scope_end(&s);
        for (int i = 0; (err || !worked) && i < IDLE_MS / 50 && !stopping; i++) usleep(50000);
    }
    return NULL;
}

int harvest_start(void) {
    stopping = false;
    runner_stop(false);
    running = pthread_create(&thread, NULL, loop, module_db("discovery")) == 0;
    if (!running) return NADIR_ENOMEM;
    pthread_setname_np(thread, "harvest");
    return 0;
}

void harvest_stop(void) {
    stopping = true;
    runner_stop(true);
    if (running) pthread_join(thread, NULL);
    running = false;
}
