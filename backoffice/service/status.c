/* status.c: GET /platform/v1/status: every module's health, as it was at most two seconds ago. */
#include <pthread.h>

#include "backoffice.h"
#include "common/config.h"

#define FRESH_US (2 * 1000000LL)

/* Many administrators looking at once make one round of questions. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct health known[HEALTH_MOST];
static int count;
static int64_t asked_us;

static json_t *health_json(const struct health *h) {
    return json_pack("{s:s, s:b, s:b, s:O, s:f}", "module", h->module, "alive", h->alive, "ready", h->ready, "checks",
                     h->checks, "seconds", h->seconds);
}

int status_get(struct request *rq, struct response *rs) {
    (void)rq;
    pthread_mutex_lock(&lock);
    if (asked_us == 0) count = health_parse(config_text("NADIR_MODULE_URLS", ""), known);
    if (asked_us == 0 || clock_us() - asked_us > FRESH_US) {
        health_poll(known, count);
        asked_us = clock_us();
    }
    json_t *list = json_array();
    bool all = true;
    for (int i = 0; i < count; i++) {
        json_array_append_new(list, health_json(&known[i]));
        all = all && known[i].ready;
    }
    pthread_mutex_unlock(&lock);
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 200, json_pack("{s:b, s:o}", "ready", all, "modules", list));
}
