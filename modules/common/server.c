#include "common/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/pool.h"

/* A request waits and runs for at most this long; handlers of slow work set their own deadlines below it. */
static const int timeout_ms[WORK_CLASSES] = {15000, 30000, 90000};

static struct pool *pools[WORK_CLASSES];

int server_start(void) {
    static const struct {
        const char *name, *setting;
        int threads, room;
    } classes[WORK_CLASSES] = {
        {"quick", "NADIR_THREADS_QUICK", 8, 512},
        {"heavy", "NADIR_THREADS_HEAVY", 3, 128},
        {"slow", "NADIR_THREADS_SLOW", 6, 64},
    };
    for (int i = 0; i < WORK_CLASSES; i++) {
        if (pools[i]) continue;
        int threads = (int)config_int(classes[i].setting, 1, 256, classes[i].threads);
        int err = pool_start(&pools[i], classes[i].name, threads, classes[i].room);
        if (err) return err;
    }
    return 0;
}

void server_stop(void) {
    for (int i = 0; i < WORK_CLASSES; i++) {
        pool_stop(pools[i]);
        pools[i] = NULL;
    }
}

struct request *server_request_new(void) {
    struct request *rq = calloc(1, sizeof *rq);
    struct scope *scope = calloc(1, sizeof *scope);
    if (!rq || !scope) abort();
    scope_init(scope, NULL, 0);
    rq->scope = scope;
    return rq;
}

void server_release(struct request *rq) {
    struct scope *scope = rq->scope;
    scope_end(scope);
    free(scope);
    free(rq);
}

struct job {
    struct request *rq;
    struct response rs;
    server_done done;
    void *arg;
};

static void job_run(void *arg) {
    struct job *job = arg;
    if (scope_left_ms(job->rq->scope, 1) == 0)
        response_fail(&job->rs, NADIR_EBUSY); /* it waited too long: the client has given up */
    else if (!server_internal(job->rq, &job->rs))
        router_serve(job->rq, &job->rs);
    job->done(job->arg, job->rq, &job->rs);
}

void server_submit(struct request *rq, server_done done, void *arg) {
    struct job *job = scope_alloc(rq->scope, sizeof *job);
    const struct route *route = router_find(rq->head ? HTTP_HEAD : rq->method, rq->path);
    enum work work = route ? route->work : WORK_QUICK;
    job->rq = rq;
    job->rs.scope = rq->scope;
    job->rs.errors = route ? route->errors : ERRORS_PROBLEM;
    job->done = done;
    job->arg = arg;
    rq->scope->deadline_us = clock_us() + (int64_t)timeout_ms[work] * 1000;
    if (pool_submit(pools[work], job_run, job) == 0) return;
    response_fail(&job->rs, NADIR_EBUSY);
    done(arg, rq, &job->rs);
}
