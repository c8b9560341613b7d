#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "common/error.h"
#include "common/pool.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int done;

static void work(void *arg) {
    (void)arg;
    pthread_mutex_lock(&gate);
    done++;
    pthread_mutex_unlock(&gate);
}

/* Two threads wait at the gate, three works fill the queue; the sixth is refused at once, not queued and not waited for. */
static void a_full_pool_refuses(void **state) {
    (void)state;
    struct pool *p;
    int waiting, running;
    done = 0;
    assert_int_equal(pool_start(&p, "test", 2, 3), 0);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 2; i++) assert_int_equal(pool_submit(p, work, NULL), 0);
    do pool_stats(p, &waiting, &running);
    while (running < 2);
    for (int i = 0; i < 3; i++) assert_int_equal(pool_submit(p, work, NULL), 0);
    assert_int_equal(pool_submit(p, work, NULL), NADIR_EBUSY);
    pool_stats(p, &waiting, &running);
    assert_int_equal(waiting, 3);
    pthread_mutex_unlock(&gate);
    pool_stop(p);
    assert_int_equal(done, 5);
}

static void count(void *arg) {
    (void)arg;
    done++;
}

static void every_work_runs_once(void **state) {
    (void)state;
    struct pool *p;
    int sent = 0;
    done = 0;
    assert_int_equal(pool_start(&p, "test", 4, 64), 0);
    while (sent < 20000) sent += pool_submit(p, count, NULL) == 0;
    pool_stop(p);
    assert_int_equal(done, 20000);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct pool *p;
    assert_int_equal(pool_start(&p, "test", 0, 1), NADIR_EINVAL);
    assert_int_equal(pool_start(&p, "test", 1, 0), NADIR_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_full_pool_refuses), cmocka_unit_test(every_work_runs_once),
                                       cmocka_unit_test(nonsense_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
