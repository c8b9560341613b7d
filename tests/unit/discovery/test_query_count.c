/* Counts that may take no time (NADIR_TEST_PG): what is not counted in it is estimated and marked so, and what is kept or few
 * is exact all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/module.h"
#include "discovery/query/run.h"
#include "schema.h"

#define ITEMS 20000

static const struct module discovery = {.name = "discovery"};
static const struct auth anyone = {0};
static bool up;

static int open_all(void **state) {
    (void)state;
    struct db *db = NULL;
    int err = schema_open(&db, "test_discovery_count", (const char *[]){"common", "discovery", NULL});
    if (err || !db) return err;
    setenv("NADIR_DB_DISCOVERY", db_conninfo(db), 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "https://nadir.example", 1);
    setenv("NADIR_COUNT_MS", "1", 1);
    db_close(db);
    up = module_start(&discovery) == 0;
    return up ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    if (up) module_stop_all();
    return 0;
}

/* Points all over the world and over fifty-five years. */
static void fill(struct scope *s) {
    const char *sql = scope_printf(
        s,
        "WITH source AS MATERIALIZED (SELECT 'i' || n AS id, timestamptz '1970-01-01T00:00:00Z' + n * interval '1 day' AS t,"
        " ST_Point(n %% 360 - 180, n %% 180 - 90, 4326) AS place FROM generate_series(1, %d) AS n),"
        " c AS (INSERT INTO collection (id, document) VALUES ('c', '{}')), i AS (INSERT INTO item (collection, id, datetime,"
        " document, storage) SELECT 'c', id, t, '{}', '{}' FROM source)"
        " INSERT INTO footprint (collection, id, datetime, during, geom, properties)"
        " SELECT 'c', id, t, tstzrange(t, t, '[]'), place, '{\"n\": 1}' FROM source",
        ITEMS);
    assert_int_equal(db_query(s, module_db("discovery"), NULL, sql, ""), 0);
    days_forget();
}

static struct page run_query(struct scope *s, const struct query *q) {
    struct page page;
    struct fault f = {0};
    assert_int_equal(query_run(s, &anyone, q, &page, &f), 0);
    return page;
}

static void test_counts_in_no_time(void **state) {
    (void)state;
    if (!up) {
        print_message("SKIPPED: NADIR_TEST_PG is not set\n");
        skip();
    }
    struct scope s;
    scope_init(&s, "test", 300000);
    fill(&s);
    struct page page = run_query(&s, &(struct query){.limit = 10});
    assert_false(page.estimated);
    assert_int_equal(page.matched, ITEMS);

    struct query q = {.limit = 10};
    q.filter = expr_new(&s, EXPR_EQUAL, 2, expr_text(&s, EXPR_PROPERTY, "n"), expr_number(&s, 1));
    page = run_query(&s, &q);
    assert_true(page.estimated);
    assert_in_range(page.matched, ITEMS / 2, 2 * ITEMS);
    assert_int_equal(page.count, 10);
    q.token = page.next;
    page = run_query(&s, &q);
    assert_true(page.estimated);

    q.token = NULL;
    q.from = "1990-01-01T00:00:00.000000Z";
    q.to = "1990-12-31T23:59:59.999999Z";
    page = run_query(&s, &q);
    assert_false(page.estimated);
    assert_int_equal(page.matched, 365);
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts_in_no_time)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
