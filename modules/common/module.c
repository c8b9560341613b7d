#include "common/module.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/auth_events.h"
#include "common/config.h"
#include "common/dead_letters.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/server.h"

#define MODULES_MOST 16
#define TICK_LOCK 0x7469636b /* "tick" */

struct running {
    const struct module *module;
    struct db *db;
    struct bus *bus;
    struct subscription *subscriptions;
    pthread_t ticker;
    bool has_ticker;
};

static struct running running[MODULES_MOST];
static const struct module *modules[MODULES_MOST];
static int count;
static atomic_bool stopping;

static struct running *find(const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(running[i].module->name, name) == 0) return &running[i];
    return NULL;
}

struct db *module_db(const char *name) {
    struct running *r = find(name);
    return r ? r->db : NULL;
}

struct bus *module_bus(const char *name) {
    struct running *r = find(name);
    return r ? r->bus : NULL;
}

/* The lock is a transaction's, so it is free again whatever happens to this process. The work itself uses other connections. */
static void tick_once(struct running *r) {
    struct scope s;
    struct db_tx *tx;
    struct db_rows *rows;
    scope_init(&s, r->module->name, 60000);
    int err = db_begin(&s, r->db, &tx);
    if (!err) err = db_exec(tx, &rows, "SELECT pg_try_advisory_xact_lock($1)", "i", TICK_LOCK);
    if (!err && db_bool(rows, 0, 0)) err = r->module->tick(&s);
    if (err && err != NADIR_EUNAVAILABLE) log_warn(&s, "periodic work failed", "why", nadir_strerror(err), NULL);
    scope_end(&s);
}

static void *tick_thread(void *arg) {
    struct running *r = arg;
    int64_t next = clock_us();
    while (!stopping) {
        if (clock_us() >= next) {
            tick_once(r);
            next = clock_us() + (int64_t)r->module->tick_ms * 1000;
        }
        usleep(100000);
    }
    return NULL;
}

static int open_database(struct running *r) {
    char setting[64] = "NADIR_DB_";
    size_t at = strlen(setting);
    for (const char *c = r->module->name; *c && at < sizeof setting - 1; c++) setting[at++] = (char)toupper((unsigned char)*c);
    const char *conninfo = config_need(setting);
    if (!conninfo) return NADIR_EINVAL;
    return db_open(&r->db, conninfo, r->module->db_most ? r->module->db_most : 8);
}

/* A module's own subscriptions, and those that every module but identity has: keys and revocations. */
static int start_bus(struct running *r) {
    static const struct subscription common[] = {AUTH_SUBSCRIPTIONS};
    bool is_identity = strcmp(r->module->name, "identity") == 0;
    size_t extra = is_identity ? 0 : ARRAY_SIZE(common), own = r->module->nsubscriptions;
    r->subscriptions = calloc(own + extra + 1, sizeof *r->subscriptions);
    if (!r->subscriptions) return NADIR_ENOMEM;
    if (own) memcpy(r->subscriptions, r->module->subscriptions, own * sizeof *r->subscriptions);
    if (extra) memcpy(r->subscriptions + own, common, extra * sizeof *r->subscriptions);
    const char *redis = config_need("NADIR_REDIS");
    if (!redis) return NADIR_EINVAL;
    return bus_start(&r->bus, r->module->name, r->db, redis, r->subscriptions, own + extra);
}

int module_start(const struct module *m) {
    if (count == MODULES_MOST || find(m->name)) return NADIR_EINVAL;
    struct running *r = &running[count];
    r->module = m;
    int err = open_database(r);
    if (err) return err;
    modules[count++] = m;
    router_use(modules, count);
    if ((err = start_bus(r)) != 0) return err;
    if (m->start && (err = m->start()) != 0) return err;
    if (m->tick) r->has_ticker = pthread_create(&r->ticker, NULL, tick_thread, r) == 0;
    if (m->tick && !r->has_ticker) return NADIR_ENOMEM;
    log_info(NULL, "module started", "name", m->name, NULL);
    return 0;
}

void module_stop_all(void) {
    stopping = true;
    for (int i = 0; i < count; i++) {
        if (running[i].has_ticker) pthread_join(running[i].ticker, NULL);
        if (running[i].module->stop) running[i].module->stop();
        bus_stop(running[i].bus);
        db_close(running[i].db);
        free(running[i].subscriptions);
        memset(&running[i], 0, sizeof running[i]);
    }
    count = 0;
    router_use(NULL, 0);
    stopping = false;
}

/* Kore calls with 1 when the object was loaded into a worker and with 2 before it is unloaded, and wants 1 for success. */
int nadir_server_load(const struct module *m, int action) {
    if (action != 1) return 1;
    int err = module_start(m);
    if (err) log_error(NULL, "module did not start", "name", m->name, "why", nadir_strerror(err), NULL);
    return err ? 0 : 1;
}

/* ---- what operators ask ---- */

static json_t *readiness(const struct running *r, bool *all) {
    bool database = db_alive(r->db, 2000), bus = bus_alive(r->bus);
    *all = *all && database;
    return json_pack("{s:s, s:b, s:{s:b, s:b}}", "module", r->module->name, "ready", database, "checks", "database", database,
                     "bus", bus);
}

static int answer_ready(struct request *rq, struct response *rs, const char *only) {
    bool all = true, found = false;
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        if (only && strcmp(only, running[i].module->name) != 0) continue;
        found = true;
        json_array_append_new(list, readiness(&running[i], &all));
    }
    (void)rq;
    if (!found) {
        json_decref(list);
        return response_error(rs, 404, "no-such-module", NULL, "That module does not run in this process.");
    }
    return response_json(rs, all ? 200 : 503, json_pack("{s:b, s:o}", "ready", all, "modules", list));
}

static int answer_metrics(struct request *rq, struct response *rs) {
    for (int i = 0; i < count; i++) {
        char series[128];
        int busy, open;
        db_stats(running[i].db, &busy, &open);
        snprintf(series, sizeof series, "nadir_db_connections{module=\"%s\",state=\"busy\"}", running[i].module->name);
        metrics_set(series, busy);
        snprintf(series, sizeof series, "nadir_db_connections{module=\"%s\",state=\"open\"}", running[i].module->name);
        metrics_set(series, open);
        snprintf(series, sizeof series, "nadir_bus_alive{module=\"%s\"}", running[i].module->name);
        metrics_set(series, bus_alive(running[i].bus));
    }
    return response_text(rs, 200, "text/plain; version=0.0.4", metrics_text(rq->scope));
}

/* The route tables as served, so that a test can hold each openapi.yaml against them. */
static int answer_routes(struct response *rs) {
    static const char *const names[] = {"get", "head", "post", "put", "patch", "delete", "options"};
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < modules[i]->nroutes; j++)
            for (size_t bit = 0; bit < ARRAY_SIZE(names); bit++)
                if (modules[i]->routes[j].methods & 1u << bit)
                    json_array_append_new(list,
                                          json_pack("{s:s, s:s, s:s, s:s?}", "module", modules[i]->name, "method", names[bit],
                                                    "path", modules[i]->routes[j].path, "scope", modules[i]->routes[j].scope));
    return response_json(rs, 200, list);
}

bool server_internal(struct request *rq, struct response *rs) {
    if (dead_letters_serve(rq, rs)) return true;
    if (rq->method != HTTP_GET) return false;
    if (strcmp(rq->path, "/healthz") == 0)
        response_text(rs, 200, "text/plain", "ok\n");
    else if (strcmp(rq->path, "/readyz") == 0)
        answer_ready(rq, rs, NULL);
    else if (strncmp(rq->path, "/readyz/", 8) == 0)
        answer_ready(rq, rs, rq->path + 8);
    else if (strcmp(rq->path, "/metrics") == 0)
        answer_metrics(rq, rs);
    else if (strcmp(rq->path, "/routes") == 0)
        answer_routes(rs);
    else
        return false;
    return true;
}
