/* server.h: what libnadir offers to the adapter of a web server (kore.c) and to nobody else. */
#ifndef NADIR_SERVER_H
#define NADIR_SERVER_H

#include "common/http.h"
#include "common/module.h"

/** The modules whose routes the router serves; borrowed. */
void router_use(const struct module *const *list, int count);

/** Called on a pool thread with the finished answer. The receiver owns the request, and with it the answer, and ends both by
 *  server_release(). */
typedef void (*server_done)(void *arg, struct request *rq, struct response *rs);

/** A new request on a scope of its own; fill it by request_build(). */
struct request *server_request_new(void);
void server_release(struct request *rq);

/** Serves a request on the pool of its class of work. done is called exactly once: on a pool thread, or before this returns
 *  (queue full: 503). */
void server_submit(struct request *rq, server_done done, void *arg);

/** Starts the pools once; threads and room from NADIR_THREADS_QUICK, _HEAVY, _SLOW. */
int server_start(void);
/** Finishes what is queued and ends the pools. */
void server_stop(void);

/** Answers /healthz, /readyz, /readyz/{module} and /metrics, which are not for the gateway. Returns false for other paths.
 *  May ask the databases, so it belongs on a pool thread. */
bool server_internal(struct request *rq, struct response *rs);

#endif
