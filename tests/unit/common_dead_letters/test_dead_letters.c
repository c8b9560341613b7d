/* A dead letter that is handed over again has its effect once, or stays where it is (NADIR_TEST_PG, NADIR_TEST_REDIS). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/bus.h"
#include "common/dead_letters.h"
#include "common/http.h"
#include "schema.h"

static struct db *db;
static struct bus *bus;
static struct scope s;
static int refuse; /* what the handler answers */

static int on_event(struct scope *scope, struct db_tx *tx, const struct event *e) {
    (void)scope;
    int err =
        db_exec(tx, NULL, "INSERT INTO effect (what) VALUES ($1)", "s", json_string_value(json_object_get(e->data, "what")));
    return err ? err : refuse;
}

static const struct subscription subscriptions[] = {{"deadtest", "thing.*", on_event}};

static int open_all(void **state) {
    (void)state;
    scope_init(&s, "test", 30000);
    const char *redis = getenv("NADIR_TEST_REDIS");
    if (!redis) return 0;
    int err = schema_open(&db, "test_dead_letters", (const char *[]){"common", NULL});
    if (!err && db) err = db_query(&s, db, NULL, "CREATE TABLE effect (what text)", "");
    if (!err && db) err = bus_start(&bus, "deadtester", db, redis, subscriptions, 1);
    return err;
}

static int close_all(void **state) {
    (void)state;
    bus_stop(bus);
    db_close(db);
    scope_end(&s);
    return 0;
}

static void need_db(void) {
    if (db && bus) return;
    print_message("SKIPPED: NADIR_TEST_PG or NADIR_TEST_REDIS is not set\n");
    skip();
}

static int64_t letter(const char *stream, const char *event) {
    struct db_rows *r;
    assert_int_equal(
        db_query(&s, db, &r,
                 "INSERT INTO bus_dead_letter (stream, entry_id, event, error) VALUES ($1, '1-0', $2, 'x') RETURNING id", "ss",
                 stream, event),
        0);
    return db_int(r, 0, 0);
}

static int64_t number(const char *sql) {
    struct db_rows *r;
    assert_int_equal(db_query(&s, db, &r, sql, ""), 0);
    return db_int(r, 0, 0);
}

#define EVENT "{\"id\":\"1\",\"type\":\"thing.made\",\"data\":{\"what\":\"w\"}}"

static void test_a_replay_has_its_effect_once(void **state) {
    (void)state;
    need_db();
    int64_t id = letter("nadir:deadtest", EVENT);
    refuse = NADIR_EINVAL;
    assert_int_equal(bus_replay(&s, bus, id), NADIR_EINVAL);
    assert_int_equal(number("SELECT count(*) FROM effect"), 0);
    assert_int_equal(number("SELECT count(*) FROM bus_dead_letter WHERE replayed_at IS NULL"), 1);
    refuse = 0;
    assert_int_equal(bus_replay(&s, bus, id), 0);
    assert_int_equal(bus_replay(&s, bus, id), NADIR_ENOTFOUND);
    assert_int_equal(number("SELECT count(*) FROM effect"), 1);
    assert_int_equal(number("SELECT count(*) FROM bus_dead_letter WHERE replayed_at IS NULL"), 0);
}

static void test_what_cannot_be_replayed(void **state) {
    (void)state;
    need_db();
    assert_int_equal(bus_replay(&s, bus, 999999), NADIR_ENOTFOUND);
    assert_int_equal(bus_replay(&s, bus, -1), NADIR_ENOTFOUND);
    assert_int_equal(bus_replay(&s, bus, letter("nadir:deadtest", "not json")), NADIR_EINVAL);
    assert_int_equal(bus_replay(&s, bus, letter("nadir:deadtest", "{\"type\":\"thing.made\"}")), NADIR_EINVAL);
}

static void test_other_addresses_are_not_served(void **state) {
    (void)state;
    static const char *const paths[] = {"/", "/internal/", "/internal/x", "/internal/x/dead-letters",
                                        "/internal/x/dead-letters/1/replay"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct request rq;
        struct response rs = {.scope = &s};
        assert_int_equal(request_build(&rq, &s, HTTP_GET, paths[i], "", NULL, "", 0), 0);
        assert_false(dead_letters_serve(&rq, &rs)); /* no module of that name runs here */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_replay_has_its_effect_once),
                                       cmocka_unit_test(test_what_cannot_be_replayed),
                                       cmocka_unit_test(test_other_addresses_are_not_served)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
