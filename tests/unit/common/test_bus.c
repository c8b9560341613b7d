/* Needs PostgreSQL (a database with migrations/common) and Redis. The producer is "test_bus" and so is the consumer: one
 * database. */
#include "test.h"

#include <hiredis/hiredis.h>
#include <stdatomic.h>
#include <unistd.h>

#include "common/bus.h"

static struct db *db;
static const char *redis_address;
static atomic_int failures_left;

static int on_made(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    if (failures_left > 0) {
        failures_left--;
        return NADIR_EUNAVAILABLE;
    }
    return db_exec(tx, NULL, "INSERT INTO test_bus_effect (event, n) VALUES ($1, $2)", "sl", e->id,
                   json_integer_value(json_object_get(e->data, "n")));
}

static int on_poison(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    (void)e;
    return db_exec(tx, NULL, "INSERT INTO test_bus_effect (event, n) VALUES (NULL, 0)", "");
}

static const struct subscription subscriptions[] = {{"test_bus", "thing.made", on_made}, {"test_bus", "poison.*", on_poison}};

static int64_t ask(const char *sql) {
    struct scope s;
    struct db_rows *r;
    scope_init(&s, "test_bus", 5000);
    int64_t n = db_query(&s, db, &r, sql, "") == 0 && db_count(r) > 0 ? db_int(r, 0, 0) : -1;
    scope_end(&s);
    return n;
}

static void run(const char *sql) {
    struct scope s;
    scope_init(&s, "test_bus", 5000);
    assert_int_equal(db_query(&s, db, NULL, sql, ""), 0);
    scope_end(&s);
}

static void emit(const char *type, int from, int to) {
    for (int i = from; i < to; i++) {
        struct scope s;
        struct db_tx *tx;
        scope_init(&s, "test_bus", 5000);
        assert_int_equal(db_begin(&s, db, &tx), 0);
        assert_int_equal(bus_emit(tx, type, "x", json_pack("{s:i}", "n", i)), 0);
        if (i % 10 == 9)
            db_rollback(tx); /* what is rolled back was never said */
        else
            assert_int_equal(db_commit(tx), 0);
        scope_end(&s);
    }
}

static redisReply *redis(const char *command) {
    redisContext *c = strncmp(redis_address, "unix:", 5) == 0 ? redisConnectUnix(redis_address + 5) : NULL;
    if (!c) {
        char host[100];
        const char *colon = strrchr(redis_address, ':');
        snprintf(host, sizeof host, "%.*s", (int)(colon - redis_address), redis_address);
        c = redisConnect(host, atoi(colon + 1));
    }
    redisReply *r = redisCommand(c, command);
    redisFree(c);
    return r;
}

static bool eventually(const char *sql, int64_t wanted) {
    for (int i = 0; i < 400; i++) {
        if (ask(sql) == wanted) return true;
        usleep(25000);
    }
    fprintf(stderr, "%s gave %lld, not %lld\n", sql, (long long)ask(sql), (long long)wanted);
    return false;
}

static int setup(void **state) {
    (void)state;
    const char *conninfo = getenv("NADIR_TEST_PG");
    redis_address = getenv("NADIR_TEST_REDIS");
    if (!conninfo || !redis_address) return 0;
    if (db_open(&db, conninfo, 4) != 0) return -1;
    run("DROP TABLE IF EXISTS test_bus_effect");
    run("CREATE TABLE test_bus_effect (event text PRIMARY KEY, n int)");
    run("TRUNCATE outbox, bus_cursor, bus_dead_letter RESTART IDENTITY");
    freeReplyObject(redis("DEL nadir:test_bus"));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    db_close(db);
    return 0;
}

static struct bus *start(void) {
    struct bus *bus;
    assert_int_equal(bus_start(&bus, "test_bus", db, redis_address, subscriptions, 2), 0);
    return bus;
}

static void effects_happen_once(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    need_setting("NADIR_TEST_REDIS");
    failures_left = 3;
    emit("thing.made", 0, 50);
    emit("thing.ignored", 0, 5);
    struct bus *bus = start();
    emit("thing.made", 50, 100);
    assert_true(eventually("SELECT count(*) FROM test_bus_effect", 90));
    assert_true(bus_alive(bus));
    bus_stop(bus);
    /* The order is the order of commits. */
    assert_int_equal(
        ask("SELECT count(*) FROM (SELECT n, lag(n) OVER (ORDER BY ctid) AS before FROM test_bus_effect) x WHERE n < before"),
        0);
    assert_int_equal(ask("SELECT count(*) FROM outbox WHERE sequence IS NULL"), 0);
    assert_int_equal(ask("SELECT max(sequence) - count(*) FROM outbox"), 0);
}

/* All of Redis is lost: the stream is rebuilt from the outbox with the same ids, and nothing happens twice. */
static void a_lost_stream_is_rebuilt(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    need_setting("NADIR_TEST_REDIS");
    struct bus *bus = start();
    usleep(300000); /* the relay has seen the stream, and looks again only after two seconds */
    freeReplyObject(redis("DEL nadir:test_bus"));
    emit("thing.made", 100, 110);
    assert_true(eventually("SELECT count(*) FROM test_bus_effect", 99));
    redisReply *len = NULL;
    for (int i = 0; i < 200; i++) {
        len = redis("XLEN nadir:test_bus");
        if (len->integer == ask("SELECT count(*) FROM outbox")) break;
        freeReplyObject(len);
        len = NULL;
        usleep(50000);
    }
    assert_non_null(len);
    freeReplyObject(len);
    bus_stop(bus);
    assert_int_equal(ask("SELECT count(*) FROM test_bus_effect"), 99);
}

static void poison_goes_aside(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    need_setting("NADIR_TEST_REDIS");
    struct bus *bus = start();
    emit("poison.x", 0, 1);
    emit("thing.made", 110, 111);
    assert_true(eventually("SELECT count(*) FROM bus_dead_letter", 1));
    assert_true(eventually("SELECT count(*) FROM test_bus_effect", 100));
    bus_stop(bus);
}

/* What is read in one go is committed in one go, unless one of it is at fault: then the others still happen, once each. */
static void poison_among_many_stops_none_of_them(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    need_setting("NADIR_TEST_REDIS");
    emit("thing.made", 120, 130);
    emit("poison.x", 1, 2);
    emit("thing.made", 130, 140);
    struct bus *bus = start();
    assert_true(eventually("SELECT count(*) FROM test_bus_effect", 118));
    assert_true(eventually("SELECT count(*) FROM bus_dead_letter", 2));
    bus_stop(bus);
}

/* Two replicas of the same module share the work without doing any of it twice. */
static void replicas_do_not_repeat(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    need_setting("NADIR_TEST_REDIS");
    struct bus *a = start(), *b = start();
    emit("thing.made", 200, 300);
    assert_true(eventually("SELECT count(*) FROM test_bus_effect", 208));
    bus_stop(a);
    bus_stop(b);
    assert_int_equal(ask("SELECT count(*) FROM bus_dead_letter"), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effects_happen_once),    cmocka_unit_test(a_lost_stream_is_rebuilt),
        cmocka_unit_test(poison_goes_aside),      cmocka_unit_test(poison_among_many_stops_none_of_them),
        cmocka_unit_test(replicas_do_not_repeat),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
