#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/fetch.h"

/* A server on loopback that gives, to each connection, the next of its scripted answers. NULL: it says nothing and waits. */
static const char *const *script;
static atomic_int served;
static int listener, port;
static char url[64];

static void *server(void *arg) {
    (void)arg;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) return NULL;
        char request[4096];
        if (recv(fd, request, sizeof request, 0) < 0) request[0] = '\0';
        const char *answer = script[served++];
        if (answer) {
            if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0) served += 0;
        } else {
            usleep(400000);
        }
        close(fd);
    }
}

static int start(void **state) {
    (void)state;
    pthread_t thread;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 16) ||
        getsockname(listener, (struct sockaddr *)&a, &len))
        return -1;
    port = ntohs(a.sin_port);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    return pthread_create(&thread, NULL, server, NULL) || pthread_detach(thread);
}

static struct scope s;
static struct fetched answer;

static int get(const char *address, unsigned flags, size_t most, int timeout_ms) {
    const struct fetch f = {.url = address, .flags = flags, .most = most, .timeout_ms = timeout_ms};
    scope_init(&s, "test", 5000);
    served = 0;
    return fetch(&s, &f, &answer);
}

#define OK "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
#define DOWN "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static void inside_is_closed_to_what_users_send(void **state) {
    (void)state;
    static const char *const answers[] = {OK, OK};
    script = answers;
    assert_int_equal(get(url, 0, 0, 0), NADIR_EUNAVAILABLE);
    scope_end(&s);
    static const char *const inside[] = {"http://[::1]:1/",
                                         "http://localhost:1/",
                                         "http://10.0.0.1/",
                                         "http://169.254.169.254/latest",
                                         "http://[::ffff:127.0.0.1]:1/",
                                         "http://0.0.0.0:1/",
                                         "http://0x7f000001:1/"};
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        assert_int_equal(get(inside[i], 0, 0, 200), NADIR_EUNAVAILABLE);
        assert_int_equal(served, 0);
        scope_end(&s);
    }
    static const char *const odd[] = {"file:///etc/passwd", "gopher://127.0.0.1/", "not a url", ""};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(get(odd[i], FETCH_INTERNAL, 0, 200), NADIR_EINVAL);
        scope_end(&s);
    }
}

static void idempotent_requests_are_tried_again(void **state) {
    (void)state;
    static const char *const answers[] = {DOWN, DOWN, OK};
    script = answers;
    assert_int_equal(get(url, FETCH_INTERNAL | FETCH_RETRY, 0, 0), 0);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "hello");
    assert_int_equal(served, 3);
    scope_end(&s);
    script = answers;
    assert_int_equal(get(url, FETCH_INTERNAL, 0, 0), 0);
    assert_int_equal(answer.status, 503);
    assert_int_equal(served, 1);
    scope_end(&s);
}

static void limits_hold(void **state) {
    (void)state;
    static const char *const large[] = {OK};
    script = large;
    assert_int_equal(get(url, FETCH_INTERNAL, 4, 0), NADIR_ETOOLARGE);
    scope_end(&s);
    static const char *const silent[] = {NULL, NULL};
    script = silent;
    assert_int_equal(get(url, FETCH_INTERNAL, 0, 100), NADIR_ETIMEOUT);
    scope_end(&s);
}

#define TOGETHER 6

/* Answers nobody before all are there: calls that go one after the other would never end. */
static void *patient_server(void *arg) {
    int fds[TOGETHER], to = *(const int *)arg;
    char request[4096];
    for (int i = 0; i < TOGETHER; i++) fds[i] = accept(to, NULL, NULL);
    for (int i = 0; i < TOGETHER; i++) {
        ssize_t n = recv(fds[i], request, sizeof request - 1, 0);
        request[n > 0 ? n : 0] = '\0';
        const char *reply = strstr(request, "GET /down") ? DOWN : OK;
        if (send(fds[i], reply, strlen(reply), MSG_NOSIGNAL) < 0) break;
        close(fds[i]);
    }
    return NULL;
}

static void many_go_side_by_side_and_each_for_itself(void **state) {
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int own = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;
    assert_false(bind(own, (struct sockaddr *)&a, sizeof a) || listen(own, 16) ||
                 getsockname(own, (struct sockaddr *)&a, &len));
    assert_int_equal(pthread_create(&thread, NULL, patient_server, &own), 0);
    scope_init(&s, "test", 60000);
    const char *good = scope_printf(&s, "http://127.0.0.1:%d/", ntohs(a.sin_port)), *down = scope_printf(&s, "%sdown", good);
    const struct fetch calls[] = {
        {.url = good, .flags = FETCH_INTERNAL, .timeout_ms = 30000},
        {.url = down, .flags = FETCH_INTERNAL, .timeout_ms = 30000},
        {.url = "not a url"},
        {.url = good}, /* inside, and not let there */
        {.url = good, .flags = FETCH_INTERNAL, .timeout_ms = 30000, .most = 4},
        {.url = good, .flags = FETCH_INTERNAL, .timeout_ms = 30000},
        {.url = good, .flags = FETCH_INTERNAL, .timeout_ms = 600000}, /* more than the scope has left */
        {.url = good, .flags = FETCH_INTERNAL, .timeout_ms = 30000, .body = "a", .body_len = 1},
        {.url = good, .flags = FETCH_INTERNAL, .timeout_ms = 30000},
    };
    static const int wanted[] = {0, 0, NADIR_EINVAL, NADIR_EUNAVAILABLE, NADIR_ETOOLARGE, 0, NADIR_EBUSY, 0, 0};
    struct fetched out[9];
    int errs[9];
    assert_int_equal(fetch_many(&s, calls, 9, out, errs), 0);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(errs[i], wanted[i]);
        if (errs[i]) continue;
        assert_int_equal(out[i].status, i == 1 ? 503 : 200);
        assert_string_equal(out[i].body, i == 1 ? "" : "hello");
    }
    assert_string_equal(out[3].why, "it lies in a private network");
    pthread_join(thread, NULL);
    close(own);
    scope_end(&s);
}

static void more_than_may_go_at_once_all_have_their_turn(void **state) {
    (void)state;
    static const char *answers[3 * FETCH_HOST_MOST];
    struct fetch calls[3 * FETCH_HOST_MOST];
    struct fetched out[3 * FETCH_HOST_MOST];
    int errs[3 * FETCH_HOST_MOST];
    scope_init(&s, "test", 60000);
    served = 0;
    script = answers;
    for (int i = 0; i < 3 * FETCH_HOST_MOST; i++) {
        answers[i] = OK;
        calls[i] = (struct fetch){.url = url, .flags = FETCH_INTERNAL, .timeout_ms = 30000};
    }
    assert_int_equal(fetch_many(&s, calls, 3 * FETCH_HOST_MOST, out, errs), 0);
    for (int i = 0; i < 3 * FETCH_HOST_MOST; i++) {
        assert_int_equal(errs[i], 0);
        assert_string_equal(out[i].body, "hello");
    }
    assert_int_equal(served, 3 * FETCH_HOST_MOST);
    scope_end(&s);
}

/* Runs last: it leaves the breaker of a dead port open. */
static void a_dead_host_is_left_alone(void **state) {
    (void)state;
    int64_t began = clock_us();
    for (int i = 0; i < 200; i++) {
        assert_int_equal(get("http://127.0.0.1:1/", FETCH_INTERNAL, 0, 1000), NADIR_EUNAVAILABLE);
        scope_end(&s);
    }
    assert_true(clock_us() - began < 5000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inside_is_closed_to_what_users_send),
        cmocka_unit_test(idempotent_requests_are_tried_again),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(many_go_side_by_side_and_each_for_itself),
        cmocka_unit_test(more_than_may_go_at_once_all_have_their_turn),
        cmocka_unit_test(a_dead_host_is_left_alone),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
