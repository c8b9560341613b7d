/* Items of a catalogue of before (migrations 001 and 002) are found, counted and kept private after all later migrations
 * (NADIR_TEST_PG). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/module.h"
#include "discovery/query/geometry.h"
#include "discovery/query/run.h"
#include "schema.h"

#define SCHEMA "test_discovery_migration"

static const struct module discovery = {.name = "discovery"};
static const struct auth anyone = {0}, ana = {.subject = "ana", .scope = "", .roles = ""},
                         ben = {.subject = "ben", .scope = "", .roles = ""};
static bool up;
static struct scope s;

/* As the first release wrote them: a footprint that was cut at the antimeridian, a private one that is shared, one of no place,
 * one that lasts for months, one of long ago, and 500 more. */
static const char old_rows[] =
    "INSERT INTO collection (id, document) VALUES ('c', '{\"type\":\"Collection\",\"id\":\"c\",\"title\":\"Old\",\"extent\":"
    "{\"spatial\":{\"bbox\":[[0,0,1,1]]},\"temporal\":{\"interval\":[[\"2020-01-01T00:00:00Z\",null]]}},\"links\":"
    "[{\"rel\":\"items\",\"type\":\"application/geo+json\",\"href\":\"urn:nadir:base:/stac/collections/c/items\"}]}');"
    "INSERT INTO item (collection, id, owner, datetime, starts, ends, geom, document, storage)"
    " SELECT 'c', id, owner, t, starts, ends, geom, jsonb_build_object('id', id, 'properties', properties)::text, "
    "storage::jsonb"
    " FROM (VALUES"
    "  ('fiji', NULL, timestamptz '2020-06-01T00:00:00Z', timestamptz '2020-06-01T00:00:00Z', timestamptz "
    "'2020-06-01T00:00:00Z',"
    "   footprint_of(ST_GeomFromText('POLYGON((177 -20, -178 -20, -178 -15, 177 -15, 177 -20))'), true),"
    "   '{\"eo:cloud_cover\": 5}'::jsonb, '{\"red\": \"a/b.tif\"}'),"
    "  ('own', 'ana', '2020-06-02Z', '2020-06-02Z', '2020-06-02Z', ST_SetSRID(ST_MakePoint(50, 50), 4326), '{}', '{}'),"
    "  ('nowhere', NULL, '2020-06-03Z', '2020-06-03Z', '2020-06-03Z', NULL, '{}', '{}'),"
    "  ('long', NULL, '2020-03-01Z', '2020-01-01Z', '2020-06-30Z', ST_MakeEnvelope(7, 50, 8, 51, 4326), '{}', '{}'),"
    "  ('ancient', NULL, '1972-08-01Z', '1972-08-01Z', '1972-08-01Z', ST_MakeEnvelope(7, 50, 8, 51, 4326),"
    "   '{\"title\": \"first light\"}', '{}')"
    " ) AS old (id, owner, t, starts, ends, geom, properties, storage);"
    "INSERT INTO item (collection, id, datetime, starts, ends, geom, document, storage)"
    " SELECT 'c', 'i' || n, t, t, t, ST_MakeEnvelope(n % 100, n % 50, n % 100 + 1, n % 50 + 1, 4326),"
    " '{\"properties\": {}}', '{}' FROM generate_series(1, 500) AS n, LATERAL (SELECT timestamptz '2015-01-01Z' + n * interval "
    "'5 days' AS t) AS at;"
    "INSERT INTO item_share (share, owner, subject, collection, item) VALUES ('s', 'ana', 'ben', 'c', 'own')";

static int apply(PGconn *conn, const char *folder, bool later) {
    char pattern[512];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/migrations/%s/*.sql", NADIR_SOURCE, folder);
    int err = glob(pattern, 0, NULL, &found);
    for (size_t i = 0; !err && i < found.gl_pathc; i++) {
        bool first = strncmp(strrchr(found.gl_pathv[i], '/') + 1, "003", 3) < 0;
        if (strcmp(folder, "common") == 0 || first != later) err = schema_apply(conn, found.gl_pathv[i]);
    }
    globfree(&found);
    return err;
}

static int open_all(void **state) {
    (void)state;
    char text[1024];
    const char *pg = getenv("NADIR_TEST_PG");
    if (!pg) return 0;
    PGconn *conn = PQconnectdb(pg);
    int err = PQstatus(conn) == CONNECTION_OK ? 0 : -1;
    if (!err)
        err = schema_run(conn, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS " SCHEMA
                               " CASCADE; CREATE SCHEMA " SCHEMA "; SET search_path = " SCHEMA ", public");
    if (!err) err = apply(conn, "common", false);
    if (!err) err = apply(conn, "discovery", false);
    if (!err) err = schema_run(conn, old_rows);
    if (!err) err = apply(conn, "discovery", true);
    PQfinish(conn);
    snprintf(text, sizeof text, "%s options='-c search_path=" SCHEMA ",public'", pg);
    setenv("NADIR_DB_DISCOVERY", text, 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "https://nadir.example", 1);
    setenv("NADIR_COUNT_MS", "30000", 1); /* however busy the machine is */
    up = !err && module_start(&discovery) == 0;
    return up ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    if (up) module_stop_all();
    return 0;
}

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 300000);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static void need_db(void) {
    if (up) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

static const char *value(const char *sql) {
    struct db_rows *rows;
    assert_int_equal(db_query(&s, module_db("discovery"), &rows, sql, ""), 0);
    return db_text(rows, 0, 0);
}

/* How many there are of a query, which must also be how many its pages hold. */
static int64_t found(const struct auth *who, struct query q) {
    struct page page;
    struct fault f = {0};
    int64_t seen = 0, matched = -1;
    q.limit = 100;
    do {
        assert_int_equal(query_run(&s, who, &q, &page, &f), 0);
        if (matched < 0) matched = page.matched;
        seen += (int64_t)page.count;
        q.token = page.next;
    } while (page.next);
    assert_int_equal(seen, matched);
    return matched;
}

static const char *box(double west, double south, double east, double north) {
    const char *area;
    struct fault f = {0};
    const double corners[4] = {west, south, east, north};
    assert_int_equal(query_area(&s, geometry_from_box(&s, corners), "bbox", &area, &f), 0);
    return area;
}

static void test_all_are_found_and_counted(void **state) {
    (void)state;
    need_db();
    assert_int_equal(found(&anyone, (struct query){0}), 504);
    assert_int_equal(found(&ana, (struct query){0}), 505);
    assert_int_equal(found(&ben, (struct query){0}), 505);
    assert_int_equal(found(&anyone, (struct query){.from = "1970-01-01T00:00:00Z", .to = "1980-01-01T00:00:00Z"}), 1);
    assert_int_equal(found(&anyone, (struct query){.area = box(178, -19, 179, -16)}), 1);
    assert_int_equal(found(&anyone, (struct query){.area = box(-179, -19, -178.5, -16)}), 1);
    assert_int_equal(found(&anyone, (struct query){.area = box(-20, -19, -10, -16)}), 0);
    assert_int_equal(found(&ana, (struct query){.area = box(49.99, 49.99, 50.01, 50.01),
                                                .from = "2020-06-02T00:00:00Z",
                                                .to = "2020-06-02T00:00:00Z"}),
                     1);
    assert_int_equal(
        found(&anyone,
              (struct query){.from = "2020-06-15T00:00:00Z", .to = "2020-06-16T00:00:00Z", .area = box(7.2, 50.2, 7.4, 50.4)}),
        1);
}

static void test_rows_and_maintained_numbers_agree(void **state) {
    (void)state;
    need_db();
    assert_string_equal(value("SELECT sum(items)::text FROM collection_count"), "504");
    assert_string_equal(value("SELECT sum(items)::text FROM item_count"), "503"); /* but for the one that lasts for months */
    assert_string_equal(value("SELECT string_agg(id, ' ' ORDER BY id) FROM item_apart"), "long own");
    assert_string_equal(value("SELECT (SELECT count(*) FROM item) || ' ' || (SELECT count(*) FROM footprint)"), "505 505");
    assert_string_equal(value("SELECT storage ->> 'red' FROM item WHERE id = 'fiji'"), "a/b.tif");
    assert_string_equal(value("SELECT cloud_cover::text FROM footprint WHERE id = 'fiji'"), "5");
    assert_string_equal(value("SELECT tableoid::regclass::text FROM footprint WHERE id = 'ancient'"), "footprint_oldest");
    assert_string_equal(value("SELECT id FROM footprint WHERE words @@ phraseto_tsquery('english', 'first light')"), "ancient");
    assert_string_equal(value("SELECT items::text FROM collection_shown"), "504");
    assert_string_equal(value("SELECT lower(during)::date::text FROM collection_shown"), "1972-08-01");
    assert_string_equal(value("SELECT ST_Covers(geom, ST_SetSRID(ST_MakePoint(178.5, -17), 4326))::text FROM collection_shown"),
                        "true");
    assert_non_null(strstr(value("SELECT document FROM collection"), "/stac/browse/c"));
    assert_non_null(strstr(value("SELECT document FROM collection"), "/stac/collections/c/queryables"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_are_found_and_counted, begin, end),
        cmocka_unit_test_setup_teardown(test_rows_and_maintained_numbers_agree, begin, end),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
