/* A job's money: reserved, charged, given back, whatever is repeated or comes out of order. */
#include "bench.h"

static int open_all(void **state) {
    (void)state;
    return bench_open("test_billing_holds");
}

static int created(const char *job, const char *user, json_int_t estimate, const char *currency) {
    return deliver(holds_on_job, "job.created",
                   json_pack("{s:s,s:s,s:s,s:s,s:I,s:s}", "job", job, "process", "ndvi", "version", "1", "user", user,
                             "estimate", estimate, "currency", currency));
}

static int succeeded(const char *job, const char *user, json_int_t cost) {
    return deliver(holds_on_job, "job.succeeded",
                   json_pack("{s:s,s:s,s:s,s:I,s:s,s:f,s:f}", "job", job, "process", "ndvi", "user", user, "cost", cost,
                             "currency", "EUR", "seconds", 1.0, "pixels", 10.0));
}

static int ended(const char *type, const char *job) {
    return deliver(holds_on_job, type, json_pack("{s:s,s:s}", "job", job, "reason", "x"));
}

static void assert_wallet(const char *user, json_int_t free, json_int_t reserved) {
    json_int_t amount, held;
    wallet(user, &amount, &held);
    assert_int_equal(amount, free);
    assert_int_equal(held, reserved);
}

static int64_t events(const char *type, const char *job) {
    char sql[200];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM outbox WHERE event LIKE '%%\"%s\"%%' AND event LIKE '%%\"' || $1 || '\"%%'", type);
    return number(sql, job);
}

static void capture_charges_the_cost_and_frees_the_rest(void **state) {
    (void)state;
    need_bench();
    give_credit("hold-a", 100);
    assert_int_equal(created("a1", "hold-a", 60, "EUR"), 0);
    assert_wallet("hold-a", 40, 60);
    assert_int_equal(succeeded("a1", "hold-a", 45), 0);
    assert_wallet("hold-a", 55, 0);
    assert_int_equal(events("hold.placed", "a1"), 1);
    assert_int_equal(events("hold.captured", "a1"), 1);
    assert_books();
}

static void more_than_was_held_is_never_charged(void **state) {
    (void)state;
    need_bench();
    give_credit("hold-b", 100);
    assert_int_equal(created("b1", "hold-b", 60, "EUR"), 0);
    assert_int_equal(succeeded("b1", "hold-b", 90), 0);
    assert_wallet("hold-b", 40, 0);
    assert_books();
}

static void jobs_that_end_badly_cost_nothing(void **state) {
    (void)state;
    need_bench();
    give_credit("hold-c", 100);
    assert_int_equal(created("c1", "hold-c", 30, "EUR"), 0);
    assert_int_equal(created("c2", "hold-c", 30, "EUR"), 0);
    assert_int_equal(created("c3", "hold-c", 30, "EUR"), 0);
    assert_int_equal(ended("job.failed", "c1"), 0);
    assert_int_equal(ended("job.dismissed", "c2"), 0);
    assert_int_equal(succeeded("c3", "hold-c", 0), 0);
    assert_wallet("hold-c", 100, 0);
    assert_int_equal(events("hold.released", "c1") + events("hold.released", "c2") + events("hold.released", "c3"), 3);
    assert_books();
}

static void what_cannot_be_held_is_refused(void **state) {
    (void)state;
    need_bench();
    give_credit("hold-d", 50);
    assert_int_equal(created("d1", "hold-d", 51, "EUR"), 0);
    assert_int_equal(created("d2", "hold-d", 10, "USD"), 0);
    assert_int_equal(created("d3", "hold-nobody", 10, "EUR"), 0);
    assert_wallet("hold-d", 50, 0);
    assert_int_equal(events("hold.refused", "d1") + events("hold.refused", "d2") + events("hold.refused", "d3"), 3);
    /* Later news of refused jobs changes nothing. */
    assert_int_equal(succeeded("d1", "hold-d", 10), 0);
    assert_int_equal(ended("job.failed", "d1"), 0);
    assert_wallet("hold-d", 50, 0);
    assert_books();
}

static void repeated_news_has_no_second_effect(void **state) {
    (void)state;
    need_bench();
    give_credit("hold-e", 100);
    for (int i = 0; i < 2; i++) assert_int_equal(created("e1", "hold-e", 60, "EUR"), 0);
    assert_wallet("hold-e", 40, 60);
    for (int i = 0; i < 2; i++) assert_int_equal(succeeded("e1", "hold-e", 45), 0);
    assert_int_equal(ended("job.failed", "e1"), 0);
    assert_int_equal(created("e1", "hold-e", 60, "EUR"), 0);
    assert_wallet("hold-e", 55, 0);
    assert_int_equal(events("hold.captured", "e1"), 1);
    assert_books();
}

static void malformed_news_is_refused_for_the_dead_letters(void **state) {
    (void)state;
    need_bench();
    assert_int_equal(deliver(holds_on_job, "job.created", json_pack("{s:s}", "job", "f1")), NADIR_EINVAL);
    assert_int_equal(
        deliver(holds_on_job, "job.created", json_pack("{s:s,s:s,s:i}", "job", "f1", "user", "hold-f", "estimate", -5)),
        NADIR_EINVAL);
    assert_int_equal(deliver(holds_on_job, "job.failed", json_pack("{s:i}", "job", 3)), NADIR_EINVAL);
    assert_int_equal(created("f2", "hold-f", 0, "EUR"), 0);
    assert_int_equal(number("SELECT count(*) FROM hold WHERE job LIKE $1", "f%"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capture_charges_the_cost_and_frees_the_rest),
        cmocka_unit_test(more_than_was_held_is_never_charged),
        cmocka_unit_test(jobs_that_end_badly_cost_nothing),
        cmocka_unit_test(what_cannot_be_held_is_refused),
        cmocka_unit_test(repeated_news_has_no_second_effect),
        cmocka_unit_test(malformed_news_is_refused_for_the_dead_letters),
    };
    return cmocka_run_group_tests(tests, open_all, bench_close);
}
