/* workers.c: the threads that match and send. Each turn has a scope of its own. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/log.h"
#include "common/module.h"
#include "discovery/saved/saved.h"

#define CALLERS 3 /* of webhooks: slow ones hold up one of them */
#define MAILERS 2 /* each with a connection to the mail server */
#define POLL_MS 400
#define PAUSE_MS 5000 /* after a failure */
#define SWEEP_US (3600 * 1000000LL)
#define MATCH_MS 600000 /* a turn may have thousands of searches to run, each with a limit of its own */
#define CALL_MS 25000   /* what is not begun after 15 s, as a call takes 10 at the most, is for the next turn */
#define MAIL_MS 50000   /* less than a notice's lease */

static pthread_t threads[1 + CALLERS + MAILERS];
static int running;
static atomic_bool stopping;

static void pause_ms(int ms) {
    for (int i = 0; i < ms / 50 && !stopping; i++) usleep(50000);
}

struct work_kind {
    int (*turn)(struct scope *s, bool *more);
    int most_ms;
    const char *failed;
};

static struct work_kind matching = {matcher_turn, MATCH_MS, "matching saved searches failed"};
static struct work_kind calling = {webhooks_turn, CALL_MS, "calling webhooks failed"};
static struct work_kind mailing = {mails_turn, MAIL_MS, "sending mails failed"};

static void *work(void *arg) {
    const struct work_kind *kind = arg;
    int64_t swept = clock_us();
    while (!stopping) {
        struct scope s;
        bool more = false;
        scope_init(&s, "discovery", kind->most_ms);
        int err = kind->turn(&s, &more);
        if (!err && kind == &matching && clock_us() - swept > SWEEP_US) {
            err = deliveries_sweep(&s);
            swept = clock_us();
        }
        if (err && err != NADIR_EUNAVAILABLE) log_warn(&s, kind->failed, "why", nadir_strerror(err), NULL);
        scope_end(&s);
        if (err)
            pause_ms(PAUSE_MS);
        else if (!more)
            pause_ms(POLL_MS);
    }
    return NULL;
}

int saved_start(void) {
    stopping = false;
    for (running = 0; running < (int)ARRAY_SIZE(threads); running++) {
        struct work_kind *kind = running == 0 ? &matching : running <= CALLERS ? &calling : &mailing;
        if (pthread_create(&threads[running], NULL, work, kind) != 0) {
            saved_stop();
            return NADIR_ENOMEM;
        }
    }
    return 0;
}

void saved_stop(void) {
    stopping = true;
    while (running > 0) pthread_join(threads[--running], NULL);
}
