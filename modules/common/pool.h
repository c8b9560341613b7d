/* pool.h: bounded pools of threads for work that may block. */
#ifndef NADIR_POOL_H
#define NADIR_POOL_H

#include <stddef.h>

struct pool;

/** Starts `threads` threads with room for `most` waiting works. name is borrowed. Free with pool_stop. */
int pool_start(struct pool **out, const char *name, int threads, int most);
/** Queues run(work). Returns 0, or NADIR_EBUSY at once when the queue is full or the pool is stopping; never blocks. */
int pool_submit(struct pool *p, void (*run)(void *), void *work);
/** Finishes what is queued, ends the threads and frees the pool. */
void pool_stop(struct pool *p);
/** Works waiting and running now, for metrics. */
void pool_stats(struct pool *p, int *waiting, int *running);

#endif
