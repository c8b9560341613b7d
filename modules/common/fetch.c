#include "common/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/error.h"
#include "common/id.h"
#include "common/log.h"

#define TRIES_MOST 3
#define BREAKER_HOSTS 64
#define BREAKER_FAILURES 5
#define BREAKER_OPEN_US (5 * 1000000LL)

/* ---- circuit breaker: after five failures in a row a host is left alone for five seconds, then one try decides ---- */

static struct breaker {
    char host[128];
    int failures;
    int64_t open_until_us;
} breakers[BREAKER_HOSTS];
static pthread_mutex_t breakers_lock = PTHREAD_MUTEX_INITIALIZER;

/* With the lock held: the host's place; the one that has been quiet longest is reused. */
static struct breaker *breaker_of(const char *host) {
    struct breaker *oldest = &breakers[0];
    for (int i = 0; i < BREAKER_HOSTS; i++) {
        if (strcmp(breakers[i].host, host) == 0) return &breakers[i];
        if (breakers[i].open_until_us < oldest->open_until_us) oldest = &breakers[i];
    }
    memset(oldest, 0, sizeof *oldest);
    snprintf(oldest->host, sizeof oldest->host, "%s", host);
    return oldest;
}

static bool breaker_is_open(const char *host) {
    pthread_mutex_lock(&breakers_lock);
    struct breaker *b = breaker_of(host);
    int64_t now = clock_us();
    bool open = b->failures >= BREAKER_FAILURES && now < b->open_until_us;
    /* Half open: the one who comes first after the pause tries, the others wait for another pause. */
    if (!open && b->failures >= BREAKER_FAILURES) b->open_until_us = now + BREAKER_OPEN_US;
    pthread_mutex_unlock(&breakers_lock);
    return open;
}

static void breaker_note(const char *host, bool ok) {
    pthread_mutex_lock(&breakers_lock);
    struct breaker *b = breaker_of(host);
    b->failures = ok ? 0 : b->failures + 1;
    b->open_until_us = clock_us() + (ok ? 0 : BREAKER_OPEN_US);
    pthread_mutex_unlock(&breakers_lock);
}

/* ---- addresses inside ---- */

static bool ipv4_is_private(uint32_t a) {
    return a >> 24 == 0 || a >> 24 == 10 || a >> 24 == 127 || a >> 22 == (100u << 2 | 1) /* 100.64/10 */ || a >> 16 == 0xa9fe ||
           a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 8 == 0xc00000 || a >> 17 == 0xc612 >> 1 || a >> 28 >= 14;
}

static bool address_is_private(const struct sockaddr *sa) {
    if (sa->sa_family == AF_INET)
        return ipv4_is_private(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
    if (sa->sa_family != AF_INET6) return true;
    const unsigned char *b = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr;
    static const unsigned char zeros[16];
    uint32_t tail = (uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 | b[15];
    if (memcmp(b, zeros, 10) == 0 && b[10] == 0xff && b[11] == 0xff) return ipv4_is_private(tail);
    if (memcmp(b, zeros, 12) == 0) return true; /* ::, ::1 and the deprecated IPv4-compatible ones */
    if (b[0] == 0 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b) return ipv4_is_private(tail); /* NAT64 */
    return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || b[0] == 0xff;
}

/* Decides where libcurl may connect, after resolution and for every redirect: names cannot be swapped in between. */
static curl_socket_t open_outside_only(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    bool *inside = arg;
    (void)purpose;
    *inside = address_is_private(&address->addr);
    if (*inside) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- one request ---- */

struct sink {
    char *data;
    size_t len, room, most;
    bool full;
};

static size_t receive(char *data, size_t size, size_t count, void *arg) {
    struct sink *sink = arg;
    size_t len = size * count;
    if (len > sink->most - sink->len) {
        sink->full = true;
        return 0;
    }
    if (sink->len + len + 1 > sink->room) {
        size_t room = 2 * (sink->len + len) + 4096;
        char *grown = realloc(sink->data, room);
        if (!grown) return 0;
        sink->data = grown;
        sink->room = room;
    }
    memcpy(sink->data + sink->len, data, len);
    sink->len += len;
    sink->data[sink->len] = '\0';
    return len;
}

static void handle_release(void *curl) {
    curl_easy_cleanup(curl);
}

static void list_release(void *list) {
    curl_slist_free_all(list);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int timeout_of(const struct fetch *f) {
    return f->timeout_ms ? f->timeout_ms : 10000;
}

static CURL *prepare(struct scope *s, const struct fetch *f) {
    pthread_once(&once, init);
    CURL *curl = curl_easy_init();
    if (!curl) return NULL;
    scope_defer(s, handle_release, curl);
    struct curl_slist *headers = NULL;
    for (size_t i = 0; f->headers && f->headers[i]; i++) headers = curl_slist_append(headers, f->headers[i]);
    char traceparent[14 + TRACEPARENT_SIZE] = "traceparent: ";
    trace_format(&s->trace, traceparent + 13);
    headers = curl_slist_append(headers, traceparent);
    headers = curl_slist_append(headers, "Expect:");
    scope_defer(s, list_release, headers);
    curl_easy_setopt(curl, CURLOPT_URL, f->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, f->body ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Nadir/1");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    if (f->body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body_len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->body);
    }
    if (f->method) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, f->method);
    if (!(f->flags & FETCH_INTERNAL)) curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_outside_only);
    return curl;
}

static const char *reason(CURL *curl, CURLcode code, bool inside) {
    long error = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "no host has that name";
    case CURLE_COULDNT_CONNECT:
        return inside                  ? "it lies in a private network"
               : error == ECONNREFUSED ? "it refuses connections"
                                       : "nothing answers there";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not to be trusted";
    case CURLE_SSL_CONNECT_ERROR:
        return "it does not speak TLS as we do";
    case CURLE_TOO_MANY_REDIRECTS:
        return "it redirects without end";
    default:
        return "the connection broke off";
    }
}

/* A request on its way. */
struct transfer {
    const struct fetch *f;
    struct fetched *out;
    char host[128];
    CURL *curl;
    enum { WAITING, UNDER_WAY, DONE } state;
    struct sink sink;
    bool inside;
};

static int transfer_begin(struct scope *s, struct transfer *t, int timeout_ms) {
    t->sink = (struct sink){.most = t->f->most ? t->f->most : 8u << 20};
    t->inside = false;
    t->curl = prepare(s, t->f);
    if (!t->curl) return NADIR_ENOMEM;
    curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < 3000 ? (long)timeout_ms : 3000L);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, &t->sink);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, &t->inside);
    return 0;
}

/* What came of it, and what the breaker is to know. */
static int transfer_end(struct scope *s, struct transfer *t, CURLcode code, bool *down) {
    struct fetched *out = t->out;
    long status = 0;
    curl_off_t retry_after = 0;
    const char *type = NULL;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &retry_after);
    out->status = (int)status;
    out->retry_after = retry_after > 86400 ? 86400 : (int)retry_after;
    out->content_type = type ? scope_strdup(s, type) : "";
    out->body = t->sink.data ? t->sink.data : "";
    out->body_len = t->sink.len;
    if (t->sink.data) scope_defer(s, free, t->sink.data);
    int err = 0;
    if (code == CURLE_OK)
        err = 0;
    else if (t->sink.full)
        err = NADIR_ETOOLARGE;
    else if (code == CURLE_OPERATION_TIMEDOUT)
        err = NADIR_ETIMEOUT;
    else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
        err = NADIR_EINVAL;
    else
        err = NADIR_EUNAVAILABLE;
    if (err == NADIR_EUNAVAILABLE) out->why = reason(t->curl, code, t->inside);
    *down = err == NADIR_EUNAVAILABLE || err == NADIR_ETIMEOUT || (!err && status >= 502 && status <= 504);
    breaker_note(t->host, !*down);
    return err;
}

static void pause_before(struct scope *s, int attempt) {
    uint16_t jitter;
    random_bytes(&jitter, sizeof jitter);
    int ms = (100 << attempt) + jitter % (100 << attempt);
    int left = scope_left_ms(s, ms);
    usleep((useconds_t)left * 1000);
}

/* The host and port of a URL, for the breaker. */
static int host_of(struct scope *s, const char *url, char host[128]) {
    CURLU *u = curl_url();
    char *name = NULL, *port = NULL, *scheme = NULL;
    int err = NADIR_EINVAL;
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_get(u, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0)) {
        snprintf(host, 128, "%s:%s", name, port);
        err = 0;
    }
    if (err) log_warn(s, "address refused", NULL);
    curl_free(name);
    curl_free(port);
    curl_free(scheme);
    curl_url_cleanup(u);
    return err;
}

static int refused_by_breaker(struct fetched *out) {
    if (!out->why) out->why = "it failed several times just now, and is left alone for a while";
    return NADIR_EUNAVAILABLE;
}

static void failure_log(struct scope *s, const char *host, int err) {
    log_warn(s, "request to another service failed", "host", host, "why", nadir_strerror(err), NULL);
}

int fetch(struct scope *s, const struct fetch *f, struct fetched *out) {
    *out = (struct fetched){.content_type = "", .body = ""};
    int err = 0, tries = f->flags & FETCH_RETRY ? TRIES_MOST : 1;
    struct transfer *t = scope_alloc(s, sizeof *t);
    *t = (struct transfer){.f = f, .out = out};
    if ((err = host_of(s, f->url, t->host))) return err;
    for (int attempt = 0; attempt < tries; attempt++) {
        bool down;
        if (attempt) pause_before(s, attempt);
        if (breaker_is_open(t->host)) return refused_by_breaker(out);
        int timeout_ms = scope_left_ms(s, timeout_of(f));
        err = timeout_ms ? transfer_begin(s, t, timeout_ms) : NADIR_ETIMEOUT;
        if (err) break;
        err = transfer_end(s, t, curl_easy_perform(t->curl), &down);
        if (!down) break;
    }
    if (err) failure_log(s, t->host, err);
    return err;
}

/* ---- many requests side by side ---- */

struct many {
    struct transfer *list;
    int *errs;
    size_t count, first, under_way; /* first: those before it are done or under way */
    CURLM *multi;
};

static void multi_release(void *multi) {
    curl_multi_cleanup(multi);
}

static bool host_is_busy(const struct many *m, const char *host) {
    size_t alike = 0;
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i].state == UNDER_WAY && strcmp(m->list[i].host, host) == 0) alike++;
    return alike >= FETCH_HOST_MOST;
}

static void many_begin(struct scope *s, struct many *m, struct transfer *t) {
    int timeout_ms = timeout_of(t->f), err = 0;
    t->state = DONE;
    if (scope_left_ms(s, timeout_ms) < timeout_ms) err = NADIR_EBUSY;
    if (!err && breaker_is_open(t->host)) err = refused_by_breaker(t->out);
    if (!err) err = transfer_begin(s, t, timeout_ms);
    m->errs[t - m->list] = err;
    if (err) return;
    /* A connection to inside serves its own request only: no other may come in by it. */
    curl_easy_setopt(t->curl, CURLOPT_FORBID_REUSE, t->f->flags & FETCH_INTERNAL ? 1L : 0L);
    curl_easy_setopt(t->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
    if (curl_multi_add_handle(m->multi, t->curl) != CURLM_OK) {
        m->errs[t - m->list] = NADIR_ENOMEM;
        return;
    }
    t->state = UNDER_WAY;
    m->under_way++;
}

static void many_fill(struct scope *s, struct many *m) {
    for (size_t i = m->first; i < m->count && m->under_way < FETCH_MANY_MOST; i++)
        if (m->list[i].state == WAITING && !host_is_busy(m, m->list[i].host)) many_begin(s, m, &m->list[i]);
    while (m->first < m->count && m->list[m->first].state != WAITING) m->first++;
}

static void many_finish(struct scope *s, struct many *m) {
    int left;
    for (CURLMsg *done; (done = curl_multi_info_read(m->multi, &left));) {
        struct transfer *t = NULL;
        bool down;
        CURLcode code = done->data.result;
        curl_easy_getinfo(done->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        int err = transfer_end(s, t, code, &down);
        if (err) failure_log(s, t->host, err);
        m->errs[t - m->list] = err;
        t->state = DONE;
        m->under_way--;
        curl_multi_remove_handle(m->multi, t->curl);
    }
}

int fetch_many(struct scope *s, const struct fetch *calls, size_t count, struct fetched *out, int *errs) {
    struct many m = {.list = scope_alloc(s, (count + 1) * sizeof *m.list), .errs = errs, .count = count};
    pthread_once(&once, init);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct fetched){.content_type = "", .body = ""};
        m.list[i] = (struct transfer){.f = &calls[i], .out = &out[i]};
        errs[i] = host_of(s, calls[i].url, m.list[i].host);
        if (errs[i]) m.list[i].state = DONE;
    }
    if (!(m.multi = curl_multi_init())) return NADIR_ENOMEM;
    scope_defer(s, multi_release, m.multi);
    for (many_fill(s, &m); m.under_way > 0; many_fill(s, &m)) {
        int running;
        if (curl_multi_perform(m.multi, &running) != CURLM_OK) return NADIR_EINTERNAL;
        many_finish(s, &m);
        if (m.under_way > 0 && running > 0) curl_multi_poll(m.multi, NULL, 0, 1000, NULL);
    }
    return 0;
}
