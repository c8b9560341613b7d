/* status_poll.c: asks every module, on the port that the gateway does not serve, how it is. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "backoffice.h"
#include "common/fetch.h"

#define POLL_MS 2000

int health_parse(const char *urls, struct health out[HEALTH_MOST]) {
    int count = 0;
    while (*(urls += strspn(urls, " \t\n")) && count < HEALTH_MOST) {
        size_t len = strcspn(urls, " \t\n");
        const char *equals = memchr(urls, '=', len);
        size_t name = equals ? (size_t)(equals - urls) : 0, url = equals ? len - name - 1 : 0;
        if (name > 0 && name < sizeof out->module && url > 0 && url < sizeof out->url) {
            struct health *h = &out[count++];
            memset(h, 0, sizeof *h);
            memcpy(h->module, urls, name);
            memcpy(h->url, equals + 1, url);
        }
        urls += len;
    }
    return count;
}

/* {"ready", "modules": [{"module", "ready", "checks": {…}}]}: 200 when ready, 503 when not; anything else is not one of ours.
 */
void health_read(struct health *h, int status, const char *body) {
    json_t *json = json_loads(body, 0, NULL);
    const json_t *one = json_array_get(json_object_get(json, "modules"), 0);
    json_t *checks = json_object_get(one, "checks");
    h->alive = (status == 200 || status == 503) && json_is_object(one);
    h->ready = h->alive && status == 200 && json_is_true(json_object_get(one, "ready"));
    json_decref(h->checks);
    h->checks = h->alive && json_is_object(checks) ? json_incref(checks) : json_object();
    json_decref(json);
}

static void *poll_one(void *arg) {
    struct health *h = arg;
    struct scope s;
    scope_init(&s, "backoffice", POLL_MS);
    struct fetch ask = {.url = scope_printf(&s, "%s/readyz/%s", h->url, h->module),
                        .timeout_ms = POLL_MS,
                        .most = 65536,
                        .flags = FETCH_INTERNAL};
    struct fetched answer = {.status = 0, .body = ""};
    int64_t began = clock_us();
    int err = fetch(&s, &ask, &answer);
    health_read(h, err ? 0 : answer.status, err ? "" : answer.body);
    h->seconds = (double)(clock_us() - began) / 1e6;
    scope_end(&s);
    return NULL;
}

/* A thread for each, so that one that hangs does not hide the others; without threads, one after the other. */
void health_poll(struct health *list, int count) {
    pthread_t threads[HEALTH_MOST];
    bool started[HEALTH_MOST];
    for (int i = 0; i < count; i++) started[i] = pthread_create(&threads[i], NULL, poll_one, &list[i]) == 0;
    for (int i = 0; i < count; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            poll_one(&list[i]);
    }
}
