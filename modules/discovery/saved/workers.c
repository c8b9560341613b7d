/* workers.c: the threads that match and send. Each turn has a scope of its own. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/log.h"
#include "discovery/saved/saved.h"

#define SENDERS 3 /* a slow webhook holds up one of them */
#define POLL_MS 400
#define PAUSE_MS 5000 /* after a failure */
#define SWEEP_US (3600 * 1000000LL)
#define MATCH_MS 600000 /* a turn may have thousands of searches to run, each with a limit of its own */
#define SEND_MS 50000   /* less than a notice's lease */

static pthread_t threads[SENDERS + 1];
static int running;
static atomic_bool stopping;

static void pause_ms(int ms) {
    for (int i = 0; i < ms / 50 && !stopping; i++) usleep(50000);
}

static void work(int (*turn)(struct scope *s, bool *more), const char *what) {
    int64_t swept = clock_us();
    while (!stopping) {
        struct scope s;
        bool more = false;
        scope_init(&s, "discovery", turn == matcher_turn ? MATCH_MS : SEND_MS);
        int err = turn(&s, &more);
        if (!err && turn == matcher_turn && clock_us() - swept > SWEEP_US) {
            err = deliveries_sweep(&s);
            swept = clock_us();
        }
        if (err && err != NADIR_EUNAVAILABLE) log_warn(&s, what, "why", nadir_strerror(err), NULL);
        scope_end(&s);
        if (err)
            pause_ms(PAUSE_MS);
        else if (!more)
            pause_ms(POLL_MS);
    }
}

static void *matcher_thread(void *arg) {
    (void)arg;
    work(matcher_turn, "matching saved searches failed");
    return NULL;
}

static void *sender_thread(void *arg) {
    (void)arg;
    work(deliveries_turn, "sending a notice failed");
    return NULL;
}

int saved_start(void) {
    stopping = false;
    for (running = 0; running <= SENDERS; running++)
        if (pthread_create(&threads[running], NULL, running ? sender_thread : matcher_thread, NULL) != 0) {
            saved_stop();
            return NADIR_ENOMEM;
        }
    return 0;
}

void saved_stop(void) {
    stopping = true;
    while (running > 0) pthread_join(threads[--running], NULL);
}
