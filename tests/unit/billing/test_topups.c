/* Top-ups against the stand-in for Stripe, run here without webhooks: what is lost is found again, what is repeated counts
 * once. */
#include "bench.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fetch.h"

static pid_t standin;
static char api[64], folder[] = "/tmp/nadir-stripe-XXXXXX";
static int port;

/* Starts the stand-in, on the port it had before if it ran, and waits until it says where it listens. */
static int standin_start(void) {
    int out[2];
    char port_text[16], line[128] = "";
    snprintf(port_text, sizeof(port_text), "%d", port);
    if (pipe(out)) return -1;
    standin = fork();
    if (standin == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        execlp("python3", "python3", NADIR_SOURCE "/tests/standins/stripe/server.py", "--port", port_text, "--state", folder,
               (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    const char *at = f && fgets(line, sizeof(line), f) ? strrchr(line, ':') : NULL;
    if (f) fclose(f);
    if (!at) return -1;
    port = (int)strtol(at + 1, NULL, 10);
    snprintf(api, sizeof(api), "http://127.0.0.1:%d", port);
    return 0;
}

static void standin_kill(void) {
    if (standin > 0) {
        kill(standin, SIGKILL);
        waitpid(standin, NULL, 0);
    }
    standin = 0;
}

static int open_all(void **state) {
    (void)state;
    if (!getenv("NADIR_TEST_PG")) return 0;
    setenv("NADIR_STRIPE_SECRET_KEY", "sk_test_unit", 1);
    setenv("NADIR_STRIPE_PUBLISHABLE_KEY", "pk_test_unit", 1);
    if (!mkdtemp(folder) || standin_start()) return -1;
    setenv("NADIR_STRIPE_API", api, 1);
    return bench_open("test_billing_topups");
}

static int close_all(void **state) {
    static const char *const files[] = {"stripe.sqlite", "stripe.sqlite-wal", "stripe.sqlite-shm"};
    standin_kill();
    for (size_t i = 0; bench_up && i < ARRAY_SIZE(files); i++) {
        char name[80];
        snprintf(name, sizeof(name), "%s/%s", folder, files[i]);
        unlink(name);
    }
    if (bench_up) rmdir(folder);
    return bench_close(state);
}

static struct reply topup(const char *user, json_int_t amount, const char *key) {
    return call(topups_create, HTTP_POST, user, NULL, NULL, key, json_pack("{s:I}", "amount", amount));
}

static struct reply look(const char *user, const char *id) {
    char param[64];
    snprintf(param, sizeof(param), "topup=%s", id);
    return call(topups_get, HTTP_GET, user, param, NULL, NULL, NULL);
}

/* The payer pays, or cancels: verb "confirm" or "cancel". */
static void at_provider(const char *payment, const char *verb) {
    struct scope s;
    scope_init(&s, "test", 10000);
    struct fetched a;
    struct fetch f = {.method = "POST",
                      .url = scope_printf(&s, "%s/v1/payment_intents/%s/%s", api, payment, verb),
                      .headers = (const char *[]){"Authorization: Bearer sk_test_unit",
                                                  "Content-Type: application/x-www-form-urlencoded", NULL},
                      .body = strcmp(verb, "confirm") == 0 ? "payment_method=pm_card_visa" : "",
                      .flags = FETCH_INTERNAL};
    f.body_len = strlen(f.body);
    assert_int_equal(fetch(&s, &f, &a), 0);
    assert_int_equal(a.status, 200);
    scope_end(&s);
}

static void a_lost_report_is_found_by_looking(void **state) {
    (void)state;
    need_bench();
    struct reply r = topup("top-a", 2500, "a");
    if (r.status != 201) fail_msg("%d %s", r.status, r.text);
    at_provider(reply_text(&r, "payment"), "confirm");
    assert_int_equal(available("top-a"), 0);
    for (int i = 0; i < 3; i++) {
        struct reply seen = look("top-a", reply_text(&r, "topup"));
        assert_string_equal(reply_text(&seen, "state"), "succeeded");
        json_decref(seen.body);
    }
    assert_int_equal(available("top-a"), 2500);
    json_decref(r.body);
    assert_books();
}

static void a_lost_report_is_found_by_and_by(void **state) {
    (void)state;
    need_bench();
    struct reply r = topup("top-b", 2500, "b"), c = topup("top-b", 700, "c");
    at_provider(reply_text(&r, "payment"), "confirm");
    at_provider(reply_text(&c, "payment"), "cancel");
    assert_int_equal(
        number("WITH u AS (UPDATE topup SET created_at = now() - interval '2 minutes', updated_at = now() - interval '2 "
               "minutes' WHERE owner = $1 RETURNING 1) SELECT count(*) FROM u",
               "top-b"),
        2);
    struct scope s;
    scope_init(&s, "test", 10000);
    assert_int_equal(topups_poll(&s), 0);
    scope_end(&s);
    assert_int_equal(available("top-b"), 2500);
    struct reply seen = look("top-b", reply_text(&c, "topup"));
    assert_string_equal(reply_text(&seen, "state"), "cancelled");
    json_decref(seen.body);
    json_decref(r.body);
    json_decref(c.body);
    assert_books();
}

static void a_dead_provider_is_told_and_the_request_can_be_sent_again(void **state) {
    (void)state;
    need_bench();
    standin_kill();
    struct reply r = topup("top-d", 900, "d");
    assert_int_equal(r.status, 503);
    json_decref(r.body);
    assert_int_equal(standin_start(), 0);
    /* The breaker of fetch opens again after a while. */
    for (int i = 0; i < 40; i++) {
        r = topup("top-d", 900, "d");
        if (r.status == 201) break;
        json_decref(r.body);
        usleep(500000);
    }
    assert_int_equal(r.status, 201);
    at_provider(reply_text(&r, "payment"), "confirm");
    struct reply seen = look("top-d", reply_text(&r, "topup"));
    assert_string_equal(reply_text(&seen, "state"), "succeeded");
    assert_int_equal(number("SELECT count(*) FROM topup WHERE owner = $1", "top-d"), 1);
    assert_int_equal(available("top-d"), 900);
    json_decref(seen.body);
    json_decref(r.body);
}

static void who_died_before_the_answer_was_stored_gets_the_same_payment(void **state) {
    (void)state;
    need_bench();
    struct reply first = topup("top-e", 900, "e");
    assert_int_equal(first.status, 201);
    /* As if the process had died between the provider's answer and our storing it. */
    assert_int_equal(
        number("WITH u AS (UPDATE topup SET payment = NULL, client_secret = NULL, state = 'created' WHERE owner = $1 "
               "RETURNING 1) SELECT count(*) FROM u",
               "top-e"),
        1);
    struct reply second = topup("top-e", 900, "e");
    assert_int_equal(second.status, 201);
    assert_string_equal(reply_text(&first, "payment"), reply_text(&second, "payment"));
    assert_string_equal(reply_text(&first, "client_secret"), reply_text(&second, "client_secret"));
    json_decref(first.body);
    json_decref(second.body);
}

static void another_amount_under_the_key_is_refused(void **state) {
    (void)state;
    need_bench();
    struct reply r = topup("top-f", 900, "f"), other = topup("top-f", 901, "f");
    assert_int_equal(other.status, 422);
    assert_string_equal(problem(&other), "idempotency-key-reused");
    json_decref(r.body);
    json_decref(other.body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_report_is_found_by_looking),
        cmocka_unit_test(a_lost_report_is_found_by_and_by),
        cmocka_unit_test(who_died_before_the_answer_was_stored_gets_the_same_payment),
        cmocka_unit_test(another_amount_under_the_key_is_refused),
        cmocka_unit_test(a_dead_provider_is_told_and_the_request_can_be_sent_again),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
