/* status.c: GET /platform/v1/status: every module's health, as it was at most two seconds ago. */
#include <pthread.h>
#include <stdio.h>

#include "backoffice.h"

#define FRESH_US (2 * 1000000LL)

/* {"ready", "modules": [{"module", "ready", "checks": {…}}]}: 200 when ready, 503 when not; anything else is not one of ours.
 */
void health_read(struct health *h, int status, const char *body) {
    json_t *json = json_loads(body, 0, NULL);
    const json_t *one = json_array_get(json_object_get(json, "modules"), 0);
    json_t *checks = json_object_get(one, "checks");
    h->alive = (status == 200 || status == 503) && json_is_object(one);
    h->ready = h->alive && status == 200 && json_is_true(json_object_get(one, "ready"));
    h->checks = h->alive && json_is_object(checks) ? json_incref(checks) : json_object();
    json_decref(json);
}

static json_t *status_ask(void) {
    static struct ask asks[PEERS_MOST]; /* under the lock */
    const struct peer *peers;
    int count = peers_known(&peers);
    char paths[PEERS_MOST][64];
    for (int i = 0; i < count; i++) {
        snprintf(paths[i], sizeof paths[i], "/readyz/%s", peers[i].module);
        asks[i] = (struct ask){.module = peers[i].module, .url = peers[i].url, .path = paths[i]};
    }
    ask_all(asks, count);
    json_t *modules = json_array();
    bool all = true;
    for (int i = 0; i < count; i++) {
        struct health h;
        health_read(&h, asks[i].status, asks[i].body);
        all = all && h.ready;
        json_array_append_new(modules, json_pack("{s:s, s:b, s:b, s:o, s:f}", "module", asks[i].module, "alive", h.alive,
                                                 "ready", h.ready, "checks", h.checks, "seconds", asks[i].seconds));
        scope_end(&asks[i].scope);
    }
    return json_pack("{s:b, s:o}", "ready", all, "modules", modules);
}

int status_get(struct request *rq, struct response *rs) {
    /* Many administrators looking at once make one round of questions. */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static json_t *known;
    static int64_t asked_us;
    (void)rq;
    pthread_mutex_lock(&lock);
    if (!known || clock_us() - asked_us > FRESH_US) {
        json_decref(known);
        known = status_ask();
        asked_us = clock_us();
    }
    json_t *body = json_deep_copy(known);
    pthread_mutex_unlock(&lock);
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 200, body);
}
