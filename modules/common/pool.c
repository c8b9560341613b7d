#include "common/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/error.h"

/* A ring of works under one lock. Submitting never blocks: a full ring is the caller's to answer (503). */
struct pool {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_t *threads;
    int nthreads, most, head, waiting, running;
    bool stopping;
    struct {
        void (*run)(void *);
        void *work;
    } ring[];
};

static void *pool_thread(void *arg) {
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->waiting == 0 && !p->stopping) pthread_cond_wait(&p->filled, &p->lock);
        if (p->waiting == 0) break;
        void (*run)(void *) = p->ring[p->head].run;
        void *work = p->ring[p->head].work;
        p->head = (p->head + 1) % p->most;
        p->waiting--;
        p->running++;
        pthread_mutex_unlock(&p->lock);
        run(work);
        pthread_mutex_lock(&p->lock);
        p->running--;
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pool_start(struct pool **out, const char *name, int threads, int most) {
    if (threads < 1 || most < 1) return NADIR_EINVAL;
    struct pool *p = calloc(1, sizeof *p + (size_t)most * sizeof p->ring[0]);
    if (!p) return NADIR_ENOMEM;
    p->threads = calloc((size_t)threads, sizeof *p->threads);
    if (!p->threads) {
        free(p);
        return NADIR_ENOMEM;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->filled, NULL);
    p->most = most;
    for (; p->nthreads < threads; p->nthreads++) {
        if (pthread_create(&p->threads[p->nthreads], NULL, pool_thread, p) != 0) {
            pool_stop(p);
            return NADIR_ENOMEM;
        }
        pthread_setname_np(p->threads[p->nthreads], name);
    }
    *out = p;
    return 0;
}

int pool_submit(struct pool *p, void (*run)(void *), void *work) {
    int err = 0;
    pthread_mutex_lock(&p->lock);
    if (p->stopping || p->waiting == p->most) {
        err = NADIR_EBUSY;
    } else {
        int tail = (p->head + p->waiting) % p->most;
        p->ring[tail].run = run;
        p->ring[tail].work = work;
        p->waiting++;
        pthread_cond_signal(&p->filled);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

void pool_stop(struct pool *p) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->filled);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->nthreads; i++) pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->filled);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}

void pool_stats(struct pool *p, int *waiting, int *running) {
    pthread_mutex_lock(&p->lock);
    *waiting = p->waiting;
    *running = p->running;
    pthread_mutex_unlock(&p->lock);
}
