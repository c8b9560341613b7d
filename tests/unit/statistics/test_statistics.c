/* What is counted of which event, and that a stream that comes again from its beginning counts nothing twice
 * (NADIR_TEST_PG; the replay also NADIR_TEST_REDIS). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <hiredis/hiredis.h>
#include <string.h>
#include <unistd.h>

#include "common/module.h"
#include "schema.h"
#include "statistics/statistics.h"

static struct db *db, *producer;
static struct scope s;

static int open_all(void **state) {
    (void)state;
    scope_init(&s, "statistics", 60000);
    int err = schema_open(&db, "test_statistics", (const char *[]){"common", "statistics", NULL});
    return err ? err : schema_open(&producer, "test_statistics_producer", (const char *[]){"common", NULL});
}

static int close_all(void **state) {
    (void)state;
    scope_end(&s);
    db_close(db);
    db_close(producer);
    return 0;
}

static void need_db(void) {
    if (db) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

static int deliver_at(const char *time, const char *type, json_t *data) {
    struct event e = {.id = "1", .source = "/nadir/x", .type = type, .subject = "", .time = time, .data = scope_json(&s, data)};
    struct db_tx *tx;
    assert_int_equal(db_begin(&s, db, &tx), 0);
    int err = counters_on_event(&s, tx, &e);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

static int deliver(const char *type, json_t *data) {
    return deliver_at("2026-01-02T03:04:05Z", type, data);
}

static int64_t total(const char *metric) {
    struct db_rows *r;
    assert_int_equal(db_query(&s, db, &r, "SELECT sum(value)::bigint FROM daily_counter WHERE metric = $1", "s", metric), 0);
    return db_int(r, 0, 0);
}

static int empty(void **state) {
    (void)state;
    return db ? db_query(&s, db, NULL, "TRUNCATE daily_counter, counted_item, bus_cursor", "") : 0;
}

static void test_orders_and_money(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver("order.paid", json_pack("{s:i, s:s}", "total", 1250, "currency", "EUR")), 0);
    assert_int_equal(deliver("order.paid", json_pack("{s:i, s:s}", "total", 50, "currency", "XCR")), 0);
    assert_int_equal(deliver("wallet.topped_up", json_pack("{s:i, s:s}", "amount", 10, "currency", "EUR")), 0);
    assert_int_equal(total("orders"), 2);
    assert_int_equal(total("revenue.EUR"), 1250);
    assert_int_equal(total("revenue.XCR"), 50);
    assert_int_equal(total("topups.EUR"), 10);
    static const char *const bad[] = {"", "EURO", "eur", "E'R"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(deliver("order.paid", json_pack("{s:i, s:s}", "total", 1, "currency", bad[i])), NADIR_EINVAL);
    assert_int_equal(deliver("order.paid", json_pack("{s:i}", "total", 1)), NADIR_EINVAL);
    assert_int_equal(total("orders"), 2); /* what fails counts nothing */
}

static json_t *item(void) {
    return json_pack("{s:s, s:s}", "collection", "c", "item", "i");
}

static void test_items_count_while_they_are_there(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver("item.published", item()), 0);
    assert_int_equal(deliver("item.published", item()), 0);
    assert_int_equal(deliver("item.updated", item()), 0);
    assert_int_equal(total("items"), 1);
    assert_int_equal(deliver_at("2026-02-01T00:00:00Z", "item.removed", item()), 0);
    assert_int_equal(deliver_at("2026-02-01T00:00:00Z", "item.removed", item()), 0);
    assert_int_equal(total("items"), 0);
    assert_int_equal(deliver("item.published", json_object()), NADIR_EINVAL);
}

static void test_usage(void **state) {
    (void)state;
    need_db();
    assert_int_equal(
        deliver("usage.recorded", json_pack("{s:s, s:i, s:I}", "kind", "tiles", "count", 12, "bytes", (json_int_t)500)), 0);
    assert_int_equal(deliver("usage.recorded",
                             json_pack("{s:s, s:i, s:I}", "kind", "download", "count", 1, "bytes", (json_int_t)9000000000)),
                     0);
    assert_int_equal(deliver("usage.recorded", json_pack("{s:s, s:i}", "kind", "download", "count", 1)), 0);
    assert_int_equal(deliver("usage.recorded", json_pack("{s:s, s:i, s:f}", "kind", "tiles", "count", -7, "bytes", 1e300)), 0);
    assert_int_equal(deliver("usage.recorded", json_pack("{s:s, s:i}", "kind", "compute", "count", 1)), 0);
    assert_int_equal(total("tiles"), 12);
    assert_int_equal(total("downloads"), 2);
    assert_int_equal(total("bytes"), 9000000500);
}

static void test_jobs(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver("job.created", json_object()), 0);
    assert_int_equal(deliver("job.succeeded", json_pack("{s:f, s:i}", "seconds", 1.25, "pixels", 64)), 0);
    assert_int_equal(deliver("job.failed", json_object()), 0);
    assert_int_equal(total("jobs.created"), 1);
    assert_int_equal(total("jobs.failed"), 1);
    assert_int_equal(total("compute_ms"), 1250);
    assert_int_equal(total("pixels"), 64);
}

static void test_days_are_utc_days_of_the_event(void **state) {
    (void)state;
    need_db();
    struct db_rows *r;
    assert_int_equal(deliver_at("2026-03-01T23:59:59.999Z", "user.registered", json_object()), 0);
    assert_int_equal(deliver_at("2026-03-02T00:30:00+02:00", "user.registered", json_object()), 0);
    assert_int_equal(deliver_at("2026-03-02T00:00:00Z", "user.registered", json_object()), 0);
    assert_int_equal(db_query(&s, db, &r, "SELECT day::text, value FROM daily_counter WHERE metric = 'users' ORDER BY day", ""),
                     0);
    assert_int_equal(db_count(r), 2);
    assert_string_equal(db_text(r, 0, 0), "2026-03-01");
    assert_int_equal(db_int(r, 0, 1), 2);
    assert_int_equal(deliver("something.else", json_object()), 0);
    assert_int_equal(deliver_at("yesterday or so", "user.registered", json_object()), NADIR_EINVAL);
}

#define EVENTS 200

static void emit_downloads(void) {
    struct scope own;
    scope_init(&own, "download", 60000);
    for (int i = 0; i < EVENTS; i++) {
        struct db_tx *tx;
        assert_int_equal(db_begin(&own, producer, &tx), 0);
        assert_int_equal(
            bus_emit(tx, "usage.recorded", "", json_pack("{s:s, s:i, s:i}", "kind", "download", "count", 1, "bytes", 3)), 0);
        assert_int_equal(db_commit(tx), 0);
    }
    scope_end(&own);
}

static void wait_for(int64_t wanted) {
    for (int i = 0; i < 300 && total("downloads") != wanted; i++) usleep(50000);
    assert_int_equal(total("downloads"), wanted);
}

static void forget_stream(const char *redis) {
    redisContext *c = redisConnectUnix(redis + strlen("unix:"));
    if (!c || c->err) fail_msg("Redis cannot be reached");
    freeReplyObject(redisCommand(c, "DEL nadir:download"));
    redisFree(c);
}

static void test_a_stream_that_comes_again_counts_once(void **state) {
    (void)state;
    need_db();
    const char *redis = getenv("NADIR_TEST_REDIS");
    if (!redis || strncmp(redis, "unix:", 5) != 0) {
        print_message("SKIPPED: NADIR_TEST_REDIS is not unix:/path\n");
        skip();
    }
    static const struct subscription subscriptions[] = {{"download", "*", counters_on_event}};
    struct bus *from, *to;
    forget_stream(redis);
    assert_int_equal(bus_start(&from, "download", producer, redis, NULL, 0), 0);
    assert_int_equal(bus_start(&to, "statistics", db, redis, subscriptions, 1), 0);
    emit_downloads();
    wait_for(EVENTS);
    bus_stop(to);
    bus_stop(from);
    /* Redis loses everything; the relay writes the whole stream again, and new events after it. */
    forget_stream(redis);
    assert_int_equal(bus_start(&from, "download", producer, redis, NULL, 0), 0);
    assert_int_equal(bus_start(&to, "statistics", db, redis, subscriptions, 1), 0);
    emit_downloads();
    wait_for(2 * EVENTS);
    usleep(1000000);
    assert_int_equal(total("downloads"), 2 * EVENTS);
    assert_int_equal(total("bytes"), 2 * EVENTS * 3);
    bus_stop(to);
    bus_stop(from);
    forget_stream(redis);
}

#define TEST(f) cmocka_unit_test_setup(f, empty)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_orders_and_money),
        TEST(test_items_count_while_they_are_there),
        TEST(test_usage),
        TEST(test_jobs),
        TEST(test_days_are_utc_days_of_the_event),
        TEST(test_a_stream_that_comes_again_counts_once),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
