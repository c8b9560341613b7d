/* module.h: what a module declares. The route table is the documentation of what it serves.
 *
 * A module is one shared object. It declares one `struct module` and exports, by NADIR_MODULE(), the name that the server
 * loads. In the monolith many are loaded into one process, in the modular shape one; the object is the same.
 *
 *     static const struct route routes[] = {
 *         {HTTP_POST, "/billing/v1/orders", "billing:order.write", orders_create},
 *         {HTTP_GET, "/billing/v1/orders/{order}", "billing:order.read", orders_get},
 *     };
 *     static const struct module billing = {.name = "billing", .routes = routes, .nroutes = ARRAY_SIZE(routes), …};
 *     NADIR_MODULE(billing)
 */
#ifndef NADIR_MODULE_H
#define NADIR_MODULE_H

#include "common/bus.h"
#include "common/db.h"
#include "common/http.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Classes of work have thread pools of their own (bulkheads): a class that is full answers 503 and leaves the others alone. */
enum work {
    WORK_QUICK = 0, /* a few statements */
    WORK_HEAVY,     /* pixels: CPU-bound, GDAL */
    WORK_SLOW,      /* waits: password hashing, calls to outside, synchronous jobs */
};
#define WORK_CLASSES 3

/* Rights of a route. NULL scope: anyone, and no credential is looked at. */
#define SCOPE_OPTIONAL "?" /* anyone; a credential, if sent, must be good, and rq->auth tells */
#define SCOPE_USER "user"  /* any signed-in user, whatever the scopes */

struct route {
    unsigned methods;  /* HTTP_GET, … or'ed; GET serves HEAD too */
    const char *path;  /* "/stac/collections/{collection}/items/{item}"; "{rest*}" as last segment takes the rest */
    const char *scope; /* "<module>:<noun>.<verb>", a SCOPE_ constant, or NULL */
    int (*handler)(struct request *rq, struct response *rs);
    enum work work;
    enum error_format errors;
    size_t body_max;  /* bytes; 0: 1 MiB */
    const char *role; /* platform role needed besides the scope ("admin"), or NULL */
};

struct module {
    const char *name; /* also the database's configuration name and the stream's */
    const struct route *routes;
    size_t nroutes;
    const struct subscription *subscriptions;
    size_t nsubscriptions;
    /** Called once, before the first request; may be NULL. A negative value ends the process. */
    int (*start)(void);
    /** Called at an orderly end; may be NULL. */
    void (*stop)(void);
    /** One turn of periodic work every `tick_ms` on a thread of its own, in one replica at a time; may be NULL. */
    int (*tick)(struct scope *s);
    int tick_ms;
    int db_most; /* connections of the pool; 0: 8 */
    /** Called before every handler, after the credential was looked at; may be NULL. It may take another credential, of the
     *  module's own, into rq->auth. An answer made by it, or a negative value, ends the request. */
    int (*enter)(struct request *rq, struct response *rs);
};

/** Registers a module and starts it: opens its database from NADIR_DB_<NAME>, starts its bus and tick. Returns 0 or negative.
 */
int module_start(const struct module *m);
/** Stops all modules of the process. */
void module_stop_all(void);

/** The database of a module of this process, by its name. */
struct db *module_db(const char *name);
/** The bus of a module of this process, by its name; NULL if it is not here. */
struct bus *module_bus(const char *name);

/* The name that the server calls when the object is loaded: <name>_module_load. */
#define NADIR_MODULE(variable)                                                                                                 \
    NADIR_EXPORT int variable##_module_load(int action);                                                                       \
    NADIR_EXPORT int variable##_module_load(int action) {                                                                      \
        return nadir_server_load(&(variable), action);                                                                         \
    }
/** Starts the module when action is 1 (loaded). Returns 1, or 0 when it could not start. */
int nadir_server_load(const struct module *m, int action);

/** Runs a request through the router: finds the route, checks rights and body size, calls the handler on the calling thread
 *  and always leaves an answer in rs. Used by the adapter (on pool threads), unit tests and fuzzers. */
void router_serve(struct request *rq, struct response *rs);
/** The error format of what has no route: that of the nearest relative. */
enum error_format router_errors(const char *path);
/** Finds the route without serving it (the adapter asks for its class of work). NULL: none. */
const struct route *router_find(enum http_method method, const char *path);

#endif
