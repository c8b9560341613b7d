/* peers.c: the other modules' own ports, which the gateway does not serve: where they are, and asking all of them at once. */
#include <pthread.h>
#include <string.h>

#include "backoffice.h"
#include "common/config.h"
#include "common/fetch.h"

#define ASK_MS 2000

int peers_parse(const char *urls, struct peer out[PEERS_MOST]) {
    int count = 0;
    while (*(urls += strspn(urls, " \t\n")) && count < PEERS_MOST) {
        size_t len = strcspn(urls, " \t\n");
        const char *equals = memchr(urls, '=', len);
        size_t name = equals ? (size_t)(equals - urls) : 0, url = equals ? len - name - 1 : 0;
        if (name > 0 && name < sizeof out->module && url > 0 && url < sizeof out->url) {
            struct peer *p = &out[count++];
            memset(p, 0, sizeof *p);
            memcpy(p->module, urls, name);
            memcpy(p->url, equals + 1, url);
        }
        urls += len;
    }
    return count;
}

static struct peer known[PEERS_MOST];
static int count;

static void read_setting(void) {
    count = peers_parse(config_text("NADIR_MODULE_URLS", ""), known);
}

int peers_known(const struct peer **out) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_setting);
    *out = known;
    return count;
}

static void *ask_one(void *arg) {
    struct ask *ask = arg;
    struct scope *s = &ask->scope;
    scope_init(s, "backoffice", ASK_MS);
    const char *headers[] = {ask->authorization ? scope_printf(s, "Authorization: %s", ask->authorization) : NULL, NULL};
    struct fetch request = {.method = ask->method,
                            .url = scope_printf(s, "%s%s", ask->url, ask->path),
                            .headers = headers,
                            .body = ask->method ? "{}" : NULL, /* a POST without a length would be refused */
                            .body_len = ask->method ? 2 : 0,
                            .timeout_ms = ASK_MS,
                            .flags = FETCH_INTERNAL};
    struct fetched answer = {.status = 0, .body = ""};
    int64_t began = clock_us();
    int err = fetch(s, &request, &answer);
    ask->status = err ? 0 : answer.status;
    ask->body = err ? "" : answer.body;
    ask->seconds = (double)(clock_us() - began) / 1e6;
    return NULL;
}

/* A thread for each, so that one that hangs does not hide the others; without threads, one after the other. */
void ask_all(struct ask *list, int n) {
    pthread_t threads[PEERS_MOST];
    bool started[PEERS_MOST];
    for (int i = 0; i < n; i++) started[i] = pthread_create(&threads[i], NULL, ask_one, &list[i]) == 0;
    for (int i = 0; i < n; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            ask_one(&list[i]);
    }
}
