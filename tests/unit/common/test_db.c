#include "test.h"

#include <pthread.h>
#include <unistd.h>

#include "common/db.h"

static struct db *db;

static int setup(void **state) {
    (void)state;
    const char *conninfo = getenv("NADIR_TEST_PG");
    if (!conninfo) return 0;
    struct scope s;
    int err = db_open(&db, conninfo, 3);
    scope_init(&s, "test", 10000);
    if (!err) err = db_query(&s, db, NULL, "DROP TABLE IF EXISTS test_db", "");
    if (!err) err = db_query(&s, db, NULL, "CREATE TABLE test_db (id int PRIMARY KEY, note text CHECK (note <> 'bad'))", "");
    scope_end(&s);
    return err;
}

static int teardown(void **state) {
    (void)state;
    db_close(db);
    return 0;
}

static struct scope s;

static int begin_scope(void **state) {
    (void)state;
    scope_init(&s, "test", 5000);
    if (db) db_query(&s, db, NULL, "TRUNCATE test_db", "");
    return 0;
}

static int end_scope(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static int64_t rows_there(void) {
    struct db_rows *r;
    assert_int_equal(db_query(&s, db, &r, "SELECT count(*) FROM test_db", ""), 0);
    return db_int(r, 0, 0);
}

static void copy_takes_all_or_nothing(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    static const char sql[] = "COPY test_db (id, note) FROM STDIN";
    char *many = scope_alloc(&s, 3000000);
    size_t len = 0;
    for (int i = 0; i < 100000; i++) len += (size_t)snprintf(many + len, 40, "%d\ta note\n", i);
    struct db_tx *tx;
    int64_t rows = 0;
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_copy(tx, sql, many, len, &rows), 0);
    assert_int_equal(rows, 100000);
    db_rollback(tx);
    assert_int_equal(rows_there(), 0);

    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_copy(tx, sql, "1\ta\n2\tb\n", 8, &rows), 0);
    assert_int_equal(db_commit(tx), 0);
    assert_int_equal(rows_there(), 2);

    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_copy(tx, sql, "3\tc\n1\ta\n", 8, &rows), NADIR_ECONFLICT);
    assert_int_equal(db_copy(tx, sql, "4\td\n", 4, &rows), NADIR_EINTERNAL); /* a failed transaction takes no more */
    db_rollback(tx);
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_copy(tx, sql, "5\tbad\n", 6, &rows), NADIR_EINVAL);
    db_rollback(tx);
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_copy(tx, sql, "six\tx\n", 6, &rows), NADIR_EINVAL);
    db_rollback(tx);
    assert_int_equal(rows_there(), 2);
}

static void parameters_arrive_as_they_were(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    struct db_rows *r;
    json_t *json = scope_json(&s, json_pack("{s:[i,b]}", "a", 1, 0));
    const unsigned char bytes[] = {0, 1, 0xff, '\\'};
    assert_int_equal(
        db_query(&s, db, &r,
                 "SELECT $1::text, $2::int, $3::bigint, $4::float8, $5::bool, $6::jsonb, $7::bytea, $8::text, $9::text",
                 "sildbjxns", "it's; DROP TABLE x --", -5, INT64_MIN, 0.1, true, json, bytes, sizeof bytes, (char *)NULL),
        0);
    assert_int_equal(db_count(r), 1);
    assert_string_equal(db_text(r, 0, 0), "it's; DROP TABLE x --");
    assert_int_equal(db_int(r, 0, 1), -5);
    assert_true(db_int(r, 0, 2) == INT64_MIN);
    assert_true(db_double(r, 0, 3) == 0.1);
    assert_true(db_bool(r, 0, 4));
    assert_true(json_equal(db_json(&s, r, 0, 5), json));
    size_t len;
    const unsigned char *back = db_bytes(&s, r, 0, 6, &len);
    assert_int_equal(len, sizeof bytes);
    assert_memory_equal(back, bytes, len);
    assert_true(db_is_null(r, 0, 7) && db_text(r, 0, 8) == NULL);
}

static void errors_have_their_kind(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    assert_int_equal(db_query(&s, db, NULL, "INSERT INTO test_db VALUES (1, 'x')", ""), 0);
    assert_int_equal(db_query(&s, db, NULL, "INSERT INTO test_db VALUES (1, 'x')", ""), NADIR_ECONFLICT);
    assert_string_equal(db_last_constraint(), "test_db_pkey");
    assert_int_equal(db_query(&s, db, NULL, "INSERT INTO test_db VALUES (2, 'bad')", ""), NADIR_EINVAL);
    assert_int_equal(db_query(&s, db, NULL, "SELECT $1::int", "s", "abc"), NADIR_EINVAL);
    assert_string_equal(db_last_state(), "22P02");
    assert_int_equal(db_query(&s, db, NULL, "SELECT nonsense", ""), NADIR_EINTERNAL);
    assert_int_equal(db_query(&s, db, NULL, "SELECT 1", ""), 0);
}

static void transactions_keep_all_or_nothing(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    struct db_tx *tx;
    struct db_rows *r;
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_exec(tx, NULL, "INSERT INTO test_db VALUES (1, 'x')", ""), 0);
    assert_int_equal(db_exec(tx, NULL, "INSERT INTO test_db VALUES (1, 'y')", ""), NADIR_ECONFLICT);
    assert_int_equal(db_commit(tx), NADIR_EINTERNAL);
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_exec(tx, NULL, "INSERT INTO test_db VALUES (2, 'x')", ""), 0);
    db_rollback(tx);
    db_rollback(tx);
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(db_exec(tx, NULL, "INSERT INTO test_db VALUES (3, 'x')", ""), 0);
    assert_int_equal(db_commit(tx), 0);
    assert_int_equal(db_query(&s, db, &r, "SELECT id FROM test_db", ""), 0);
    assert_int_equal(db_count(r), 1);
    assert_int_equal(db_int(r, 0, 0), 3);
    /* One that nobody ends is rolled back with its scope, and its connection comes back. */
    for (int i = 0; i < 10; i++) {
        struct scope inner;
        scope_init(&inner, "test", 2000);
        assert_int_equal(db_begin(&inner, db, &tx), 0);
        assert_int_equal(db_exec(tx, NULL, "INSERT INTO test_db VALUES (4, 'x')", ""), 0);
        scope_end(&inner);
    }
    assert_int_equal(db_query(&s, db, &r, "SELECT count(*) FROM test_db", ""), 0);
    assert_int_equal(db_int(r, 0, 0), 1);
}

static void deadlines_are_kept(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    struct scope hasty;
    scope_init(&hasty, "test", 200);
    int64_t began = clock_us();
    assert_int_equal(db_query(&hasty, db, NULL, "SELECT pg_sleep(5)", ""), NADIR_ETIMEOUT);
    assert_true(clock_us() - began < 3000000);
    scope_end(&hasty);
    struct db_rows *r;
    usleep(200000);
    assert_int_equal(db_query(&s, db, &r,
                              "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(5)' AND state = 'active'",
                              ""),
                     0);
    assert_int_equal(db_int(r, 0, 0), 0); /* the server was told */
}

static void *kill_all(void *arg) {
    struct scope own;
    struct db *other;
    usleep(200000);
    scope_init(&own, "test", 5000);
    if (db_open(&other, arg, 1) == 0) {
        db_query(&own, other, NULL,
                 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                 "pg_backend_pid()",
                 "");
        db_close(other);
    }
    scope_end(&own);
    return NULL;
}

/* Backends are terminated while a statement runs and while connections are idle: nobody sees an error that could be healed. */
static void killed_backends_heal(void **state) {
    (void)state;
    const char *conninfo = need_setting("NADIR_TEST_PG");
    pthread_t killer;
    struct db_tx *a, *b;
    assert_int_equal(db_begin(&s, db, &a), 0);
    assert_int_equal(db_begin(&s, db, &b), 0);
    assert_int_equal(db_exec(a, NULL, "INSERT INTO test_db VALUES (1, 'x')", ""), 0);
    assert_int_equal(db_commit(b), 0); /* one idle, one in a transaction, one running */
    pthread_create(&killer, NULL, kill_all, (void *)(uintptr_t)conninfo);
    assert_int_equal(db_query(&s, db, NULL, "SELECT pg_sleep(0.6)", ""), 0);
    pthread_join(killer, NULL);
    assert_int_equal(db_exec(a, NULL, "INSERT INTO test_db VALUES (2, 'x')", ""), NADIR_EUNAVAILABLE);
    assert_int_equal(db_commit(a), NADIR_EINTERNAL);
    struct db_rows *r;
    for (int i = 0; i < 10; i++) assert_int_equal(db_query(&s, db, &r, "SELECT count(*) FROM test_db", ""), 0);
    assert_int_equal(db_int(r, 0, 0), 0);
    int busy, open;
    db_stats(db, &busy, &open);
    assert_int_equal(busy, 0);
    assert_in_range(open, 1, 3);
}

static void a_pool_is_bounded(void **state) {
    (void)state;
    need_setting("NADIR_TEST_PG");
    struct db_tx *tx[3];
    struct scope hasty;
    for (int i = 0; i < 3; i++) assert_int_equal(db_begin(&s, db, &tx[i]), 0);
    scope_init(&hasty, "test", 100);
    assert_int_equal(db_query(&hasty, db, NULL, "SELECT 1", ""), NADIR_EBUSY);
    scope_end(&hasty);
    for (int i = 0; i < 3; i++) db_rollback(tx[i]);
    assert_int_equal(db_query(&s, db, NULL, "SELECT 1", ""), 0);
}

static void a_server_that_is_away_is_said_to_be(void **state) {
    (void)state;
    struct db *nowhere;
    assert_int_equal(db_open(&nowhere, "host=/nonexistent dbname=x", 1), 0);
    assert_int_equal(db_query(&s, nowhere, NULL, "SELECT 1", ""), NADIR_EUNAVAILABLE);
    assert_false(db_alive(nowhere, 500));
    db_close(nowhere);
}

#define WITH_SCOPE(f) cmocka_unit_test_setup_teardown(f, begin_scope, end_scope)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_SCOPE(parameters_arrive_as_they_were),
        WITH_SCOPE(copy_takes_all_or_nothing),
        WITH_SCOPE(errors_have_their_kind),
        WITH_SCOPE(transactions_keep_all_or_nothing),
        WITH_SCOPE(deadlines_are_kept),
        WITH_SCOPE(killed_backends_heal),
        WITH_SCOPE(a_pool_is_bounded),
        WITH_SCOPE(a_server_that_is_away_is_said_to_be),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
