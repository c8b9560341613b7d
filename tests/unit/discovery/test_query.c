/* The query engine over a real database (NADIR_TEST_PG): orders, pages, counts and rights against what random items are known
 * to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/module.h"
#include "discovery/query/run.h"
#include "schema.h"

static const struct module discovery = {.name = "discovery"};
static const struct auth anyone = {0}, ana = {.subject = "ana", .scope = "", .roles = ""},
                         ben = {.subject = "ben", .scope = "", .roles = ""},
                         admin = {.subject = "adm", .scope = "", .roles = "admin"};
static bool up;
static struct scope s;

static int open_all(void **state) {
    (void)state;
    struct db *db = NULL;
    int err = schema_open(&db, "test_discovery_query", (const char *[]){"common", "discovery", NULL});
    if (err || !db) return err;
    setenv("NADIR_DB_DISCOVERY", db_conninfo(db), 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "https://nadir.example", 1);
    setenv("NADIR_COUNT_MS", "30000", 1); /* however busy the machine is */
    db_close(db);
    up = module_start(&discovery) == 0;
    return up ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    if (up) module_stop_all();
    return 0;
}

static void run_sql(const char *sql) {
    assert_int_equal(db_query(&s, module_db("discovery"), NULL, sql, ""), 0);
}

static int64_t number(const char *sql) {
    struct db_rows *rows;
    assert_int_equal(db_query(&s, module_db("discovery"), &rows, sql, ""), 0);
    return db_int(rows, 0, 0);
}

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 300000);
    return 0;
}

static int end(void **state) {
    (void)state;
    if (up) run_sql("TRUNCATE collection, collection_share, item, item_share, footprint CASCADE");
    scope_end(&s);
    return 0;
}

static void need_db(void) {
    if (up) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

/* Puts rows of "source (collection, id, owner, datetime, during, geom, properties)" into the store; a document is the id. */
static void fill(const char *source) {
    run_sql("INSERT INTO collection (id, document) VALUES ('c', '{}'), ('d', '{}'), ('e', '{}') ON CONFLICT DO NOTHING");
    run_sql(scope_printf(
        &s,
        "WITH source (collection, id, owner, datetime, during, geom, properties) AS MATERIALIZED (%s),"
        " i AS (INSERT INTO item (collection, id, owner, datetime, document, storage)"
        " SELECT collection, id, owner, datetime, id, '{}' FROM source)"
        " INSERT INTO footprint (collection, id, owner, datetime, during, geom, properties)"
        " SELECT collection, id, owner, datetime, during::tstzrange, geom::geometry, properties::jsonb FROM source",
        source));
}

/* Items of ten years with equal times among them, small boxes everywhere; every tenth covers some hours, every fiftieth
 * months; some are private; cloud cover is absent in every seventh. */
static void fill_many(int items) {
    fill(scope_printf(
        &s,
        "SELECT (ARRAY['c', 'd', 'e'])[1 + n %% 3], 'i' || lpad((n * 7919 %% 100003)::text, 6, '0'),"
        " CASE WHEN n %% 11 = 0 THEN 'ana' WHEN n %% 13 = 0 THEN 'ben' END, t,"
        " tstzrange(CASE WHEN n %% 50 = 0 THEN t - interval '40 days' ELSE t END,"
        "           CASE WHEN n %% 50 = 0 THEN t + interval '70 days' WHEN n %% 10 = 0 THEN t + interval '7 hours' ELSE t END, "
        "'[]'),"
        " CASE WHEN n %% 97 <> 0 THEN ST_MakeEnvelope(x, y, x + 1, y + 1, 4326) END,"
        " CASE WHEN n %% 7 = 0 THEN '{}' ELSE jsonb_build_object('eo:cloud_cover', n * 37 %% 101) END"
        " FROM (SELECT n, timestamptz '2014-01-01T00:00:00Z' + (n * 104729 %% 3650) * interval '1 day'"
        "          + (n %% 4) * interval '6 hours' AS t,"
        "          (n * 7727 %% 35800) / 100.0 - 179 AS x, (n * 3571 %% 17800) / 100.0 - 89 AS y"
        "       FROM generate_series(1, %d) AS n) AS made",
        items));
    days_forget();
}

static void fill_random(void) {
    fill_many(3000);
}

static void run_page(const struct auth *who, const struct query *q, struct page *page) {
    struct fault f = {0};
    int err = query_run(&s, who, q, page, &f);
    if (err) print_message("query: %d %s %s\n", err, f.field ? f.field : "", f.why ? f.why : "");
    assert_int_equal(err, 0);
}

static void same_page(const struct page *got, const struct page *want) {
    assert_int_equal(got->count, want->count);
    assert_int_equal(got->matched, want->matched);
    for (size_t i = 0; i < want->count; i++) {
        assert_string_equal(got->documents[i], want->documents[i]);
        assert_int_equal(got->lengths[i], want->lengths[i]);
    }
}

/* What comes before a page is the one that it was come to from, and what comes after that is the page again. */
static void there_and_back(const struct auth *who, struct query q, const struct page *before, const struct page *page,
                           bool before_is_first) {
    struct page back, again;
    q.token = page->prev;
    q.offset = 0;
    assert_non_null(q.token);
    run_page(who, &q, &back);
    same_page(&back, before);
    assert_true((back.prev == NULL) == before_is_first);
    q.token = back.next;
    assert_non_null(q.token);
    run_page(who, &q, &again);
    same_page(&again, page);
    assert_true((again.next == NULL) == (page->next == NULL));
}

/* Runs a query to its end in pages; the documents (ids) one after another. */
static json_t *pages(const struct auth *who, struct query q, int limit, int64_t *matched) {
    json_t *all = scope_json(&s, json_array());
    struct page page, before = {0};
    size_t count = 0;
    bool passed_over = q.offset > 0;
    q.limit = limit;
    do {
        run_page(who, &q, &page);
        if (count++ == 0) *matched = page.matched;
        assert_int_equal(page.matched, *matched);
        assert_false(page.estimated);
        if (count == 1)
            assert_null(page.prev);
        else if (count == 2 || count % 16 == 0 || !page.next) /* all of them would take long */
            there_and_back(who, q, &before, &page, count == 2 && !passed_over);
        before = page;
        for (size_t i = 0; i < page.count; i++) {
            assert_int_equal(page.lengths[i], strlen(page.documents[i]));
            json_array_append_new(all, json_string(page.documents[i]));
        }
        assert_true(page.count > 0 || !page.next);
        q.token = page.next;
        q.offset = 0;
    } while (page.next);
    return all;
}

/* What the condition and the order give, straight from the tables. */
static json_t *expected(const char *where, const char *order) {
    struct db_rows *rows;
    const char *sql = scope_printf(&s, "SELECT f.id FROM footprint f WHERE %s ORDER BY %s", where, order);
    assert_int_equal(db_query(&s, module_db("discovery"), &rows, sql, ""), 0);
    json_t *all = scope_json(&s, json_array());
    for (int i = 0; i < db_count(rows); i++) json_array_append_new(all, json_string(db_text(rows, i, 0)));
    return all;
}

static void same(const json_t *got, const json_t *want) {
    if (!json_equal(got, want)) {
        print_message("%zu instead of %zu\n", json_array_size(got), json_array_size(want));
        for (size_t i = 0; i < json_array_size(want); i++) {
            if (json_equal(json_array_get(got, i), json_array_get(want, i))) continue;
            print_message("at %zu: %s, not %s\n", i, i < json_array_size(got) ? json_string_value(json_array_get(got, i)) : "-",
                          json_string_value(json_array_get(want, i)));
            break;
        }
    }
    assert_true(json_equal(got, want));
}

static void check(const struct auth *who, const struct query *q, const char *where, const char *order) {
    static const int limits[] = {7, 250, 10000};
    json_t *want = expected(where, order);
    for (size_t i = 0; i < 3; i++) {
        int64_t matched;
        if (limits[i] == 7 && json_array_size(want) > 700) continue;
        same(pages(who, *q, limits[i], &matched), want);
        assert_int_equal(matched, json_array_size(want));
    }
    struct query count = *q;
    struct page page;
    struct fault f = {0};
    count.limit = 0;
    assert_int_equal(query_run(&s, who, &count, &page, &f), 0);
    assert_int_equal(page.count, 0);
    assert_null(page.next);
    assert_int_equal(page.matched, json_array_size(want));
}

#define NEWEST "datetime DESC, collection DESC, id DESC"
#define SEEN_BY_ANA "(owner IS NULL OR owner = 'ana')"

static void check_times_and_places(void) {
    static const double box[] = {-20, -30, 60, 40};
    const char *area = query_area_box(&s, box);
    static const char in_box[] = "ST_Intersects(geom, ST_MakeEnvelope(-20, -30, 60, 40, 4326))";
    static const char *const times[][2] = {{NULL, NULL},
                                           {"2016-03-01T00:00:00.000000Z", "2016-03-31T23:59:59.999999Z"},
                                           {"2016-03-01T06:00:00.000000Z", "2016-03-01T18:00:00.000000Z"},
                                           {"2016-03-01T06:00:00.000000Z", "2018-09-11T11:00:00.000000Z"},
                                           {"2019-01-01T00:00:00.000000Z", NULL},
                                           {NULL, "2015-06-30T12:00:00.000000Z"},
                                           {"2017-01-01T00:00:00.000000Z", "2017-01-01T00:00:00.000000Z"},
                                           {"2030-01-01T00:00:00.000000Z", NULL}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const char *during = scope_printf(&s, "during && tstzrange(%s%s%s, %s%s%s, '[]')", times[i][0] ? "'" : "",
                                          times[i][0] ? times[i][0] : "NULL", times[i][0] ? "'" : "", times[i][1] ? "'" : "",
                                          times[i][1] ? times[i][1] : "NULL", times[i][1] ? "'" : "");
        struct query q = {.from = times[i][0], .to = times[i][1]};
        check(&anyone, &q, scope_printf(&s, "owner IS NULL AND %s", during), NEWEST);
        check(&ana, &q, scope_printf(&s, SEEN_BY_ANA " AND %s", during), NEWEST);
        check(&admin, &q, during, NEWEST);
        q.collections = (struct names){2, (const char *const[]){"c", "e"}};
        check(&ben, &q, scope_printf(&s, "(owner IS NULL OR owner = 'ben') AND collection IN ('c', 'e') AND %s", during),
              NEWEST);
        q.collections = (struct names){0};
        q.area = area;
        check(&anyone, &q, scope_printf(&s, "owner IS NULL AND %s AND %s", in_box, during), NEWEST);
        q.sorts[0] = (struct sort){"datetime", false};
        q.nsorts = 1;
        check(&ana, &q, scope_printf(&s, SEEN_BY_ANA " AND %s AND %s", in_box, during), "datetime, collection, id");
    }
}

static void test_times_and_places(void **state) {
    (void)state;
    need_db();
    fill_random();
    check_times_and_places();
}

/* So many that a search goes by windows of time, each within a partition. */
static void test_windows(void **state) {
    (void)state;
    need_db();
    fill_many(7000);
    check_times_and_places();
    /* Items newer than those that the copy of the days knows of, in the next partition and in the last. */
    struct query q = {0};
    fill("SELECT 'c', 'new' || n, NULL, t, tstzrange(t, t, '[]'), ST_MakeEnvelope(0, 0, 1, 1, 4326), '{}' FROM (SELECT n, "
         "timestamptz"
         " '2024-06-01T00:00:00Z' + n * interval '1 year' AS t FROM generate_series(0, 9) AS n) AS made");
    check(&anyone, &q, "owner IS NULL", NEWEST);
    fill("SELECT 'd', 'private', 'ana', t, tstzrange(t, t, '[]'), NULL, '{}' FROM (SELECT timestamptz '2037-01-01T00:00:00Z' "
         "AS t) AS made");
    check(&ana, &q, SEEN_BY_ANA, NEWEST);
    static const double box[] = {-20, -30, 60, 40};
    q.area = query_area_box(&s, box);
    check(&anyone, &q, "owner IS NULL AND ST_Intersects(geom, ST_MakeEnvelope(-20, -30, 60, 40, 4326))", NEWEST);
    days_forget();
    check(&anyone, &q, "owner IS NULL AND ST_Intersects(geom, ST_MakeEnvelope(-20, -30, 60, 40, 4326))", NEWEST);
    q = (struct query){.sorts = {{"datetime", true}, {"eo:cloud_cover", false}, {"id", false}}, .nsorts = 3};
    check(&anyone, &q, "owner IS NULL", "datetime DESC, cloud_cover NULLS LAST, id, collection");
}

/* More hits at one moment than are gathered in one go. */
static void test_many_at_once(void **state) {
    (void)state;
    need_db();
    fill("SELECT 'c', 'm' || n, NULL, t, tstzrange(t, t, '[]'), ST_MakeEnvelope(0, 0, 1, 1, 4326), '{}' FROM (SELECT n,"
         " timestamptz '2019-06-01T00:00:00Z' + (n / 6000) * interval '30 days' AS t FROM generate_series(0, 9000) AS n) AS "
         "made");
    days_forget();
    static const double box[] = {-20, -30, 60, 40};
    struct query q = {.area = query_area_box(&s, box)};
    check(&anyone, &q, "true", NEWEST);
    q.from = "2019-05-01T00:00:00.000000Z";
    check(&anyone, &q, "true", NEWEST);
}

static void test_orders_with_absent_values(void **state) {
    (void)state;
    need_db();
    fill_random();
    struct query q = {.sorts = {{"eo:cloud_cover", false}, {"datetime", true}}, .nsorts = 2};
    check(&anyone, &q, "owner IS NULL", "cloud_cover NULLS LAST, datetime DESC, collection DESC, id DESC");
    q.sorts[0].descending = true;
    check(&ana, &q, SEEN_BY_ANA, "cloud_cover DESC NULLS LAST, datetime DESC, collection DESC, id DESC");
    q = (struct query){.sorts = {{"datetime", true}, {"eo:cloud_cover", false}, {"id", false}}, .nsorts = 3};
    check(&anyone, &q, "owner IS NULL", "datetime DESC, cloud_cover NULLS LAST, id, collection");
    q = (struct query){.sorts = {{"id", false}}, .nsorts = 1};
    check(&anyone, &q, "owner IS NULL", "id, collection");
    q = (struct query){.sorts = {{"collection", false}, {"id", true}}, .nsorts = 2, .from = "2019-01-01T00:00:00.000000Z"};
    check(&anyone, &q, "owner IS NULL AND during && '[2019-01-01T00:00:00Z,)'", "collection, id DESC");
}

static void test_filter(void **state) {
    (void)state;
    need_db();
    fill_random();
    struct expr *clear = expr_new(&s, EXPR_LESS, 2, expr_text(&s, EXPR_PROPERTY, "eo:cloud_cover"), expr_number(&s, 20));
    struct query q = {.filter = clear};
    check(&anyone, &q, "owner IS NULL AND cloud_cover < 20", NEWEST);
    static const double box[] = {-20, -30, 60, 40};
    q.area = query_area_box(&s, box);
    q.from = "2016-03-01T06:00:00.000000Z";
    check(&anyone, &q,
          "owner IS NULL AND cloud_cover < 20 AND ST_Intersects(geom, ST_MakeEnvelope(-20, -30, 60, 40, 4326))"
          " AND during && '[2016-03-01T06:00:00Z,)'",
          NEWEST);
}

static void test_names(void **state) {
    (void)state;
    need_db();
    fill_random();
    static const char *const ids[] = {"i007919", "i015838", "i087109", "nothing"};
    struct query q = {.ids = {4, ids}};
    check(&admin, &q, "id IN ('i007919', 'i015838', 'i087109')", NEWEST);
    check(&anyone, &q, "id IN ('i007919', 'i015838', 'i087109') AND owner IS NULL", NEWEST);
    q.collections = (struct names){1, (const char *const[]){"d"}};
    check(&admin, &q, "id IN ('i007919', 'i015838', 'i087109') AND collection = 'd'", NEWEST);
    q.collections = (struct names){0};
    q.filter = expr_new(&s, EXPR_LESS, 2, expr_text(&s, EXPR_PROPERTY, "eo:cloud_cover"), expr_number(&s, 60));
    check(&admin, &q, "id IN ('i007919', 'i015838', 'i087109') AND cloud_cover < 60", NEWEST);
    q = (struct query){.collections = {1, (const char *const[]){"no such"}}};
    check(&admin, &q, "false", NEWEST);
}

static void test_offset(void **state) {
    (void)state;
    need_db();
    fill_random();
    int64_t matched;
    struct query q = {.offset = 2000};
    same(pages(&admin, q, 300, &matched), expected("true", NEWEST " OFFSET 2000"));
    assert_int_equal(matched, 3000);
    q.offset = 5000;
    same(pages(&admin, q, 300, &matched), scope_json(&s, json_array()));
    assert_int_equal(matched, 3000);
    static const double box[] = {-20, -30, 60, 40};
    q = (struct query){.offset = 20, .area = query_area_box(&s, box)};
    same(pages(&admin, q, 50, &matched),
         expected("ST_Intersects(geom, ST_MakeEnvelope(-20, -30, 60, 40, 4326))", NEWEST " OFFSET 20"));
    q.offset = 3000;
    int64_t all = matched;
    same(pages(&admin, q, 50, &matched), scope_json(&s, json_array()));
    assert_int_equal(matched, all);
}

/* More than are always counted, and not kept as counts. */
static void test_many_are_counted(void **state) {
    (void)state;
    need_db();
    fill_many(16000);
    static const double box[] = {-180, -90, 180, 90};
    struct query q = {.area = query_area_box(&s, box), .limit = 10};
    struct page page;
    run_page(&admin, &q, &page);
    assert_false(page.estimated);
    assert_int_equal(page.matched, number("SELECT count(*) FROM footprint WHERE geom IS NOT NULL"));
    q = (struct query){.limit = 10};
    q.filter = expr_new(&s, EXPR_LESS, 2, expr_text(&s, EXPR_PROPERTY, "eo:cloud_cover"), expr_number(&s, 90));
    run_page(&anyone, &q, &page);
    assert_false(page.estimated);
    assert_int_equal(page.matched, number("SELECT count(*) FROM footprint WHERE cloud_cover < 90 AND owner IS NULL"));
}

/* Others write while a pager reads: what was there all the time is seen exactly once. */
static void page_while_written(struct query q) {
    json_t *seen = scope_json(&s, json_object());
    struct page page;
    struct fault f = {0};
    int written = 0;
    q.limit = 83;
    q.token = NULL;
    do {
        assert_int_equal(query_run(&s, &admin, &q, &page, &f), 0);
        for (size_t i = 0; i < page.count; i++) {
            if (strncmp(page.documents[i], "late", 4) == 0) continue;
            assert_null(json_object_get(seen, page.documents[i]));
            json_object_set_new(seen, page.documents[i], json_true());
        }
        q.token = page.next;
        fill(scope_printf(&s,
                          "SELECT 'c', 'late-%zu-%d-' || n, NULL, t, tstzrange(t, t, '[]'), ST_MakeEnvelope(0, 0, 1, 1, 4326),"
                          " jsonb_build_object('eo:cloud_cover', n) FROM (SELECT n, timestamptz '2014-01-01T00:00:00Z' +"
                          " n * interval '91 days' AS t FROM generate_series(1, 40) AS n) AS made",
                          q.nsorts, ++written));
    } while (page.next && written < 300);
    assert_int_equal(json_object_size(seen), 6000);
    run_sql("DELETE FROM footprint WHERE id LIKE 'late%'");
    run_sql("DELETE FROM item WHERE id LIKE 'late%'");
}

static void test_pages_while_written(void **state) {
    (void)state;
    need_db();
    fill_many(6000);
    page_while_written((struct query){0});
    page_while_written((struct query){.sorts = {{"datetime", false}}, .nsorts = 1});
    page_while_written((struct query){.sorts = {{"eo:cloud_cover", true}, {"id", false}}, .nsorts = 2});
}

static void test_tokens_belong_to_their_search(void **state) {
    (void)state;
    need_db();
    fill_random();
    struct page page;
    struct fault f = {0};
    struct query q = {.limit = 5};
    assert_int_equal(query_run(&s, &anyone, &q, &page, &f), 0);
    char *token = scope_strdup(&s, page.next);
    q.token = token;
    assert_int_equal(query_run(&s, &anyone, &q, &page, &f), 0);
    q.from = "2015-01-01T00:00:00.000000Z";
    assert_int_equal(query_run(&s, &anyone, &q, &page, &f), NADIR_EINVAL);
    assert_string_equal(f.field, "token");
    q.from = NULL;
    q.collections = (struct names){1, (const char *const[]){"c"}};
    assert_int_equal(query_run(&s, &anyone, &q, &page, &f), NADIR_EINVAL);
    q.collections = (struct names){0};
    for (size_t i = 0; i < strlen(token); i += 3) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(query_run(&s, &anyone, &q, &page, &f), NADIR_EINVAL);
        token[i] = was;
    }
    q.token = "";
    assert_int_equal(query_run(&s, &anyone, &q, &page, &f), NADIR_EINVAL);
}

static size_t in_box(double west, double south, double east, double north) {
    const double box[] = {west, south, east, north};
    struct query q = {.area = query_area_box(&s, box), .limit = 100};
    struct page page;
    struct fault f = {0};
    assert_int_equal(query_run(&s, &anyone, &q, &page, &f), 0);
    assert_int_equal(page.matched, page.count);
    return page.count;
}

static void test_antimeridian_and_poles(void **state) {
    (void)state;
    need_db();
    fill("SELECT 'c', id, NULL, timestamptz '2020-01-01T00:00:00Z', '[2020-01-01T00:00:00Z,2020-01-01T00:00:00Z]',"
         " footprint_of(ST_GeomFromText(wkt, 4326), crosses), '{}' FROM (VALUES"
         " ('fiji', 'MULTIPOLYGON(((177 -20,180 -20,180 -15,177 -15,177 -20)),((-180 -20,-178 -20,-178 -15,-180 -15,-180 "
         "-20)))', true),"
         " ('uncut', 'POLYGON((179 60,-179 60,-179 61,179 61,179 60))', true),"
         " ('north', 'POLYGON((-180 80,180 80,180 90,-180 90,-180 80))', false),"
         " ('south', 'POLYGON((-180 -90,180 -90,180 -85,-180 -85,-180 -90))', false),"
         " ('africa', 'POLYGON((0 -20,10 -20,10 61,0 61,0 -20))', false)) AS v (id, wkt, crosses)");
    assert_int_equal(in_box(176, -30, -176, 70), 2);
    assert_int_equal(in_box(-179.5, -30, -179.1, 70), 2);
    assert_int_equal(in_box(-177, -30, 176, 70), 1);
    assert_int_equal(in_box(180, -30, -179, 70), 2);
    assert_int_equal(in_box(179, -30, -180, 70), 2);
    assert_int_equal(in_box(5, 0, 5, 0), 1);
    assert_int_equal(in_box(179.5, 60.5, -179.5, 60.5), 1);
    assert_int_equal(in_box(100, 89, 101, 90), 1);
    assert_int_equal(in_box(0, 90, 0, 90), 1);
    assert_int_equal(in_box(-60, -90, -50, -89), 1);
    assert_int_equal(in_box(-180, -90, 180, 90), 5);
}

static int64_t counted(const struct auth *who, const char *collection) {
    struct query q = {.collections = {1, &collection}};
    struct page page;
    struct fault f = {0};
    assert_int_equal(query_run(&s, who, &q, &page, &f), 0);
    return page.matched;
}

static void test_rights(void **state) {
    (void)state;
    need_db();
    fill_random();
    const char *document, *version;
    size_t len;
    run_sql(
        "INSERT INTO item_share SELECT id, 'ana', 'ben', collection, id FROM item WHERE owner = 'ana' AND collection = 'c'");
    run_sql("INSERT INTO item_share SELECT 'x' || id, 'eve', 'ben', collection, id FROM item WHERE owner = 'ana' AND "
            "collection = 'd'");
    struct query q = {0};
    check(&ben, &q, "owner IS NULL OR owner = 'ben' OR (owner = 'ana' AND collection = 'c')", NEWEST);
    static const double box[] = {-100, -80, 100, 80};
    q.area = query_area_box(&s, box);
    check(&ben, &q,
          "(owner IS NULL OR owner = 'ben' OR (owner = 'ana' AND collection = 'c'))"
          " AND ST_Intersects(geom, ST_MakeEnvelope(-100, -80, 100, 80, 4326))",
          NEWEST);
    /* A collection handed over takes its public items along, in counts as in pages; a share of it opens it. */
    run_sql("UPDATE collection SET owner = 'ana' WHERE id = 'e'");
    assert_int_equal(number("SELECT count(*) FROM footprint WHERE collection = 'e' AND owner IS NULL"), 0);
    assert_int_equal(
        number("SELECT count(*) FROM item i JOIN footprint f USING (collection, id) WHERE i.owner IS DISTINCT FROM f.owner"),
        0);
    assert_int_equal(counted(&anyone, "e"), 0);
    assert_int_equal(counted(&ben, "e"), number("SELECT count(*) FROM footprint WHERE collection = 'e' AND owner = 'ben'"));
    assert_int_equal(counted(&ana, "e"), number("SELECT count(*) FROM footprint WHERE collection = 'e' AND owner = 'ana'"));
    run_sql("INSERT INTO collection_share VALUES ('cs', 'ana', 'ben', 'e')");
    assert_int_equal(counted(&ben, "e"), 1000);
    const char *id;
    struct db_rows *rows;
    assert_int_equal(
        db_query(&s, module_db("discovery"), &rows, "SELECT id FROM item WHERE collection = 'd' AND owner = 'ana'", ""), 0);
    id = db_text(rows, 0, 0);
    assert_int_equal(query_item(&s, &anyone, "d", id, &document, &len, &version), NADIR_ENOTFOUND);
    assert_int_equal(query_item(&s, &ben, "d", id, &document, &len, &version), NADIR_ENOTFOUND);
    assert_int_equal(query_item(&s, &ana, "d", id, &document, &len, &version), 0);
    assert_string_equal(document, id);
    assert_int_equal(query_item(&s, &admin, "d", id, &document, &len, NULL), 0);
    run_sql("UPDATE collection SET owner = NULL WHERE id = 'e'");
    assert_int_equal(counted(&anyone, "e"), number("SELECT count(*) FROM footprint WHERE collection = 'e' AND owner IS NULL"));
}

/* Kept counts follow every kind of write, and folding changes none. */
static void test_counts_follow_writes(void **state) {
    (void)state;
    need_db();
    fill_random();
    static const char public_items[] = "SELECT count(*) FROM footprint WHERE owner IS NULL";
    static const char kept[] = "SELECT sum(items) FROM collection_count";
    static const char by_day[] =
        "SELECT (SELECT sum(items) FROM item_count) + (SELECT count(*) FROM item_apart WHERE owner IS NULL)";
    static const char apart[] = "SELECT count(*) FROM item_apart";
    static const char *const changes[] = {
        "DELETE FROM footprint WHERE cloud_cover < 30",
        "UPDATE footprint SET datetime = datetime + interval '3 years', during = tstzrange(lower(during) + interval '3 years',"
        " upper(during) + interval '3 years', '[]') WHERE cloud_cover > 80",
        "UPDATE footprint SET owner = 'ana' WHERE cloud_cover = 50",
        "UPDATE footprint SET owner = NULL WHERE cloud_cover = 51",
        "SELECT counts_fold()",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        run_sql(changes[i]);
        assert_int_equal(number(public_items), number(kept));
        assert_int_equal(number(public_items), number(by_day));
        assert_int_equal(number(apart),
                         number("SELECT count(*) FROM footprint WHERE owner IS NOT NULL OR NOT one_day(datetime, during)"));
        assert_int_equal(number("SELECT count(*) FROM item_apart a JOIN footprint f USING (collection, id, datetime, during)"
                                " WHERE a.owner IS NOT DISTINCT FROM f.owner"),
                         number(apart));
    }
    assert_int_equal(number("SELECT count(*) FROM (SELECT FROM item_count GROUP BY day, collection HAVING count(*) > 1) AS x"),
                     0);
    run_sql("DELETE FROM footprint");
    run_sql("SELECT counts_fold()");
    assert_int_equal(number("SELECT (SELECT count(*) FROM item_count) + (SELECT count(*) FROM collection_count)"), 0);
    assert_int_equal(number(apart), 0);
}

static void test_words(void **state) {
    (void)state;
    need_db();
    fill("SELECT 'c', id, NULL, timestamptz '2020-01-01T00:00:00Z', '[2020-01-01T00:00:00Z,2020-01-01T00:00:00Z]', NULL,"
         " properties::jsonb FROM (VALUES ('a', '{\"title\": \"Flooded fields\"}'), ('b', '{\"description\": \"Les forêts "
         "brûlées\"}'),"
         " ('c', '{\"keywords\": [\"Wälder\", \"fire\"]}'), ('d', '{\"title\": 7}'), ('e', '{}')) AS v (id, properties)");
    static const struct {
        const char *words;
        int found;
    } table[] = {{"flood", 1},
                 {"flood,fire", 2},
                 {"forêt", 1},
                 {"wald", 1},
                 {"\"flooded fields\"", 1},
                 {"\"fields flooded\"", 0},
                 {"the", 0},
                 {"nothing", 0},
                 {"'", 0},
                 {"a & !", 0},
                 {"-flood", 1},
                 {"\"", 0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct query q = {.words = table[i].words, .limit = 10};
        struct page page;
        struct fault f = {0};
        assert_int_equal(query_run(&s, &anyone, &q, &page, &f), 0);
        if ((int)page.count != table[i].found) print_message("%s\n", table[i].words);
        assert_int_equal(page.count, table[i].found);
    }
}

static void test_areas(void **state) {
    (void)state;
    need_db();
    static const char *const bad[] = {"POLYGON((0 0,1 1))",
                                      "POINT(200 0)",
                                      "POINT(0 91)",
                                      "",
                                      "nonsense",
                                      "POINT EMPTY",
                                      "SRID=3857;POINT(0 0)",
                                      "POINT(nan 0)",
                                      "POLYGON((0 0, 1 0, 1 1, 0 1))"};
    const char *area;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault f = {0};
        int err = query_area_wkt(&s, bad[i], "geometry", &area, &f);
        if (err != NADIR_EINVAL) print_message("%s\n", bad[i]);
        assert_int_equal(err, NADIR_EINVAL);
        assert_string_equal(f.field, "geometry");
    }
    struct fault f = {0};
    assert_int_equal(query_area_wkt(&s, "POLYGON((0 0,2 2,2 0,0 2,0 0))", "geometry", &area, &f), 0); /* repaired */
    assert_int_equal(query_area_wkt(&s, "MULTIPOINT((0 0),(1 1))", "geometry", &area, &f), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_times_and_places, begin, end),
        cmocka_unit_test_setup_teardown(test_windows, begin, end),
        cmocka_unit_test_setup_teardown(test_many_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_orders_with_absent_values, begin, end),
        cmocka_unit_test_setup_teardown(test_filter, begin, end),
        cmocka_unit_test_setup_teardown(test_names, begin, end),
        cmocka_unit_test_setup_teardown(test_offset, begin, end),
        cmocka_unit_test_setup_teardown(test_many_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(test_pages_while_written, begin, end),
        cmocka_unit_test_setup_teardown(test_tokens_belong_to_their_search, begin, end),
        cmocka_unit_test_setup_teardown(test_antimeridian_and_poles, begin, end),
        cmocka_unit_test_setup_teardown(test_rights, begin, end),
        cmocka_unit_test_setup_teardown(test_counts_follow_writes, begin, end),
        cmocka_unit_test_setup_teardown(test_words, begin, end),
        cmocka_unit_test_setup_teardown(test_areas, begin, end),
    };
    cmocka_set_test_filter(getenv("NADIR_TEST_FILTER"));
    return cmocka_run_group_tests(tests, open_all, close_all);
}
