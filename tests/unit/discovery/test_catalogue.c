/* Search, private items and events over a real database (NADIR_TEST_PG), through the router. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/module.h"
#include "discovery/stac.h"
#include "schema.h"

int discovery_module_load(int action);

static bool up;
static struct scope s;

#define KEY(name) "nk_" name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static const char *const admin = KEY("adm"), *const ana = KEY("ana"), *const ben = KEY("ben");

static int key_insert(struct db *db, const char *key, const char *subject, const char *scope, const char *roles) {
    char hash[65];
    auth_key_hash(key, hash);
    return db_query(&s, db, NULL, "INSERT INTO auth_key (hash, id, subject, scope, roles) VALUES ($1, $2, $2, $3, $4)", "ssss",
                    hash, subject, scope, roles);
}

static int open_all(void **state) {
    (void)state;
    struct db *db = NULL;
    int err = schema_open(&db, "test_discovery", (const char *[]){"common", "discovery", NULL});
    if (err || !db) return err;
    setenv("NADIR_DB_DISCOVERY", db_conninfo(db), 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "https://nadir.example", 1);
    scope_init(&s, "test", 0);
    err = key_insert(db, admin, "adm", "discovery:item.write", "admin");
    if (!err) err = key_insert(db, ana, "ana", "", "");
    if (!err) err = key_insert(db, ben, "ben", "", "");
    scope_end(&s);
    db_close(db);
    up = !err && discovery_module_load(1) == 1;
    return up ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    if (up) module_stop_all();
    return 0;
}

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 60000);
    return 0;
}

static int end(void **state) {
    (void)state;
    if (up)
        assert_int_equal(
            db_query(&s, module_db("discovery"), NULL, "TRUNCATE collection, item, footprint, item_share, outbox CASCADE", ""),
            0);
    scope_end(&s);
    return 0;
}

static void need_db(void) {
    if (up) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

/* Sends a request; *body (may be NULL) becomes the parsed answer. Returns the status. body_text NULL: none. */
static int send(const char *key, enum http_method method, const char *path, const char *query, const char *body_text,
                json_t **body) {
    struct request rq;
    struct response rs = {.scope = &s};
    char bearer[80];
    snprintf(bearer, sizeof bearer, "Bearer %s", key ? key : "");
    const char *const headers[] = {
        "content-type", "application/json", "prefer", "return=representation", key ? "authorization" : NULL, bearer, NULL};
    assert_int_equal(request_build(&rq, &s, method, path, query, headers, body_text, body_text ? strlen(body_text) : 0), 0);
    router_serve(&rq, &rs);
    if (body) *body = scope_json(&s, json_loadb(rs.body ? rs.body : "", rs.body_len, 0, NULL));
    return rs.status;
}

static void collection_add(const char *id) {
    const char *text =
        scope_printf(&s,
                     "{\"type\":\"Collection\",\"stac_version\":\"1.0.0\",\"id\":\"%s\",\"description\":\"d\",\"license\":"
                     "\"various\",\"extent\":{\"spatial\":{\"bbox\":[[-180,-90,180,90]]},\"temporal\":{\"interval\":"
                     "[[null,null]]}},\"links\":[]}",
                     id);
    assert_int_equal(send(admin, HTTP_POST, "/stac/collections", "", text, NULL), 201);
}

static const char *item_text(const char *id, const char *geometry, const char *bbox, const char *time) {
    return scope_printf(
        &s,
        "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"id\":\"%s\",\"geometry\":%s%s%s,\"properties\":{\"datetime\":"
        "\"%s\"},\"assets\":{},\"links\":[]}",
        id, geometry, *bbox ? ",\"bbox\":" : "", bbox, time);
}

static int item_add(const char *id, const char *geometry, const char *bbox, const char *time) {
    return send(admin, HTTP_POST, "/stac/collections/c/items", "", item_text(id, geometry, bbox, time), NULL);
}

static size_t found(const char *key, const char *query) {
    json_t *page;
    assert_int_equal(send(key, HTTP_GET, "/stac/search", query, NULL, &page), 200);
    return json_array_size(json_object_get(page, "features"));
}

static int64_t outbox_count(const char *type) {
    struct db_rows *rows;
    assert_int_equal(
        db_query(&s, module_db("discovery"), &rows, "SELECT count(*) FROM outbox WHERE event::jsonb->>'type' = $1", "s", type),
        0);
    return db_int(rows, 0, 0);
}

static int deliver(bus_handler handler, const char *type, json_t *data) {
    struct event e = {.id = "e", .source = "/nadir/x", .type = type, .subject = "", .time = "", .data = scope_json(&s, data)};
    struct db_tx *tx;
    assert_int_equal(db_begin(&s, module_db("discovery"), &tx), 0);
    int err = handler(&s, tx, &e);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

static json_t *product(const char *id, const char *user, const char *path) {
    json_t *item = json_loads(item_text(id, "{\"type\":\"Point\",\"coordinates\":[1,1]}", "", "2021-01-01T00:00:00Z"), 0, NULL);
    json_object_set_new(json_object_get(item, "assets"), "ndvi", json_pack("{s:s, s:s}", "href", "x", "nadir:path", path));
    return json_pack("{s:s, s:s, s:o}", "job", "j", "user", user, "item", item);
}

static void test_product_is_private_and_comes_once(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver(arrivals_product, "product.created", product("r1", "ana", "results/j/ndvi.tif")), 0);
    assert_int_equal(deliver(arrivals_product, "product.created", product("r1", "ana", "results/j/ndvi.tif")), 0);
    assert_int_equal(outbox_count("item.published"), 1);
    assert_int_equal(outbox_count("collection.published"), 1);
    assert_int_equal(found(NULL, ""), 0);
    assert_int_equal(found(ben, ""), 0);
    assert_int_equal(found(ana, ""), 1);
    assert_int_equal(found(admin, ""), 1);
    json_t *page;
    assert_int_equal(send(ben, HTTP_GET, "/stac/search", "limit=1", NULL, &page), 200);
    assert_int_equal(json_integer_value(json_object_get(page, "numberMatched")), 0);
    assert_int_equal(send(NULL, HTTP_GET, "/stac/collections/results/items/r1", "", NULL, NULL), 404);
    assert_int_equal(send(ben, HTTP_GET, "/stac/collections/results/items/r1", "", NULL, NULL), 404);
    assert_int_equal(send(ana, HTTP_GET, "/stac/collections/results/items/r1", "", NULL, NULL), 200);
}

static void test_product_may_only_point_at_results(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver(arrivals_product, "product.created", product("r1", "ana", "products/c/i/red.tif")), NADIR_EINVAL);
    assert_int_equal(deliver(arrivals_product, "product.created", product("r1", "ana", "results/../products/red.tif")),
                     NADIR_EINVAL);
    assert_int_equal(found(admin, ""), 0);
}

static json_t *share(const char *id, const char *owner, const char *subject) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "share", id, "owner", owner, "subject", subject, "collection", "results",
                     "item", "r1");
}

static void test_share_shows_and_hides(void **state) {
    (void)state;
    need_db();
    /* A share may arrive before its item; one by somebody who is not the owner opens nothing. */
    assert_int_equal(deliver(arrivals_share, "share.created", share("s1", "ana", "ben")), 0);
    assert_int_equal(deliver(arrivals_share, "share.created", share("s2", "eve", "eve")), 0);
    assert_int_equal(deliver(arrivals_product, "product.created", product("r1", "ana", "results/j/ndvi.tif")), 0);
    assert_int_equal(found(ben, ""), 1);
    assert_int_equal(found(NULL, ""), 0);
    assert_int_equal(deliver(arrivals_unshare, "share.revoked", json_pack("{s:s}", "share", "s1")), 0);
    assert_int_equal(found(ben, ""), 0);
}

static void test_antimeridian(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    static const char fiji[] =
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[177,-20],[180,-20],[180,-15],[177,-15],[177,-20]]],"
        "[[[-180,-20],[-178,-20],[-178,-15],[-180,-15],[-180,-20]]]]}";
    static const char uncut[] = "{\"type\":\"Polygon\",\"coordinates\":[[[179,60],[-179,60],[-179,61],[179,61],[179,60]]]}";
    static const char africa[] = "{\"type\":\"Polygon\",\"coordinates\":[[[0,-20],[10,-20],[10,61],[0,61],[0,-20]]]}";
    assert_int_equal(item_add("fiji", fiji, "[177,-20,-178,-15]", "2020-01-01T00:00:00Z"), 201);
    assert_int_equal(item_add("uncut", uncut, "[179,60,-179,61]", "2020-01-01T00:00:00Z"), 201);
    assert_int_equal(item_add("africa", africa, "", "2020-01-01T00:00:00Z"), 201);
    assert_int_equal(found(NULL, "bbox=176,-30,-176,70"), 2);
    assert_int_equal(found(NULL, "bbox=-179.5,-30,-179.1,70"), 2);
    assert_int_equal(found(NULL, "bbox=-10,-30,20,70"), 1);
    assert_int_equal(found(NULL, "bbox=5,5,0,5,5,100"), 1); /* a point, six numbers */
    assert_int_equal(found(NULL, "bbox=-10,0,20,0"), 1);    /* a line */
    assert_int_equal(found(NULL, "bbox=100,-30,120,70"), 0);
}

static void test_times(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    static const char point[] = "{\"type\":\"Point\",\"coordinates\":[1,1]}";
    assert_int_equal(item_add("a", point, "", "2020-01-01T00:00:00Z"), 201);
    assert_int_equal(item_add("b", point, "", "2020-06-01T12:00:00.123456Z"), 201);
    const char *period =
        "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"id\":\"p\",\"geometry\":null,\"properties\":{\"datetime\":null,"
        "\"start_datetime\":\"2020-03-01T00:00:00Z\",\"end_datetime\":\"2020-09-01T00:00:00Z\"},\"assets\":{},\"links\":[]}";
    assert_int_equal(send(admin, HTTP_POST, "/stac/collections/c/items", "", period, NULL), 201);
    assert_int_equal(found(NULL, "datetime=2020-01-01T00:00:00Z"), 1);
    assert_int_equal(found(NULL, "datetime=2020-01-01T01:00:00%2B01:00"), 1);
    assert_int_equal(found(NULL, "datetime=2020-05-01T00:00:00Z"), 1); /* within the period */
    assert_int_equal(found(NULL, "datetime=2020-06-01T00:00:00Z/.."), 2);
    assert_int_equal(found(NULL, "datetime=../2020-02-01T00:00:00Z"), 1);
    assert_int_equal(found(NULL, "datetime=2020-06-01T12:00:00.123456Z/2020-06-01T12:00:00.123456Z"), 2);
    assert_int_equal(found(NULL, "datetime=2021-01-01T00:00:00Z/.."), 0);
}

static const char *next_token(const json_t *page) {
    size_t at;
    json_t *link;
    json_array_foreach(json_object_get(page, "links"), at, link) {
        if (strcmp(json_string_value(json_object_get(link, "rel")), "next") == 0)
            return json_string_value(json_object_get(json_object_get(link, "body"), "token"));
    }
    return NULL;
}

/* Every item once, though others come between the pages and many share a time. */
static void page_through(const char *sortby) {
    json_t *seen = scope_json(&s, json_object()), *page, *feature;
    const char *token = NULL;
    int pages = 0;
    do {
        const char *body = scope_printf(&s, "{\"limit\":7,\"collections\":[\"c\"]%s%s%s%s}", sortby,
                                        token ? ",\"token\":\"" : "", token ? token : "", token ? "\"" : "");
        assert_int_equal(send(NULL, HTTP_POST, "/stac/search", "", body, &page), 200);
        size_t at;
        json_array_foreach(json_object_get(page, "features"), at, feature) {
            const char *id = json_string_value(json_object_get(feature, "id"));
            if (strncmp(id, "late", 4) == 0) continue;
            assert_null(json_object_get(seen, id));
            json_object_set_new(seen, id, json_true());
        }
        const char *id = scope_printf(&s, "late-%d-%zu", pages, strlen(sortby));
        if (++pages % 2) item_add(id, "null", "", "2020-01-01T00:00:03Z");
        token = next_token(page);
    } while (token && pages < 200);
    assert_int_equal(json_object_size(seen), 100);
}

static void test_pages_hold_each_item_once_while_items_come(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    for (int i = 0; i < 100; i++)
        assert_int_equal(item_add(scope_printf(&s, "i%03d", i), "null", "", scope_printf(&s, "2020-01-01T00:00:%02dZ", i % 5)),
                         201);
    page_through("");
    page_through(",\"sortby\":[{\"field\":\"datetime\",\"direction\":\"asc\"}]");
    page_through(",\"sortby\":[{\"field\":\"id\",\"direction\":\"desc\"}]");
}

static void test_a_token_belongs_to_its_order(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    assert_int_equal(item_add("a", "null", "", "2020-01-01T00:00:00Z"), 201);
    assert_int_equal(item_add("b", "null", "", "2020-01-01T00:00:00Z"), 201);
    json_t *page;
    assert_int_equal(send(NULL, HTTP_POST, "/stac/search", "", "{\"limit\":1}", &page), 200);
    const char *token = next_token(page);
    assert_non_null(token);
    assert_int_equal(send(NULL, HTTP_GET, "/stac/search", scope_printf(&s, "limit=1&token=%s", token), NULL, &page), 200);
    assert_int_equal(send(NULL, HTTP_GET, "/stac/search", scope_printf(&s, "limit=1&sortby=id&token=%s", token), NULL, &page),
                     400);
}

static void test_replace_tells_only_changes(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    static const char place[] = "/stac/collections/c/items/a";
    assert_int_equal(item_add("a", "null", "", "2020-01-01T00:00:00Z"), 201);
    assert_int_equal(item_add("a", "null", "", "2020-01-01T00:00:00Z"), 409);
    assert_int_equal(send(admin, HTTP_PUT, place, "", item_text("a", "null", "", "2020-01-01T00:00:00Z"), NULL), 200);
    assert_int_equal(outbox_count("item.updated"), 0);
    assert_int_equal(send(admin, HTTP_PUT, place, "", item_text("a", "null", "", "2020-01-02T00:00:00Z"), NULL), 200);
    assert_int_equal(outbox_count("item.updated"), 1);
    assert_int_equal(found(NULL, "datetime=2020-01-02T00:00:00Z"), 1);
    assert_int_equal(send(ana, HTTP_DELETE, place, "", NULL, NULL), 403);
    assert_int_equal(send(NULL, HTTP_DELETE, place, "", NULL, NULL), 401);
    assert_int_equal(send(admin, HTTP_DELETE, "/stac/collections/c", "", NULL, NULL), 409);
    assert_int_equal(send(admin, HTTP_DELETE, place, "", NULL, NULL), 204);
    assert_int_equal(send(admin, HTTP_DELETE, place, "", NULL, NULL), 404);
    assert_int_equal(outbox_count("item.removed"), 1);
    assert_int_equal(send(admin, HTTP_DELETE, "/stac/collections/c", "", NULL, NULL), 204);
}

static void test_patch_changes_members_and_keeps_paths(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    static const char place[] = "/stac/collections/c/items/a";
    json_t *item = scope_json(&s, json_loads(item_text("a", "null", "", "2020-01-01T00:00:00Z"), 0, NULL));
    json_object_set_new(item, "assets",
                        json_pack("{s:{s:s}, s:{s:s}}", "red", "nadir:path", "products/c/a/red.tif", "old", "nadir:path",
                                  "products/c/a/old.tif"));
    assert_int_equal(send(admin, HTTP_POST, "/stac/collections/c/items", "", json_line(&s, item), NULL), 201);
    static const char patch[] = "{\"properties\":{\"title\":\"T\"},\"assets\":{\"old\":null}}";
    json_t *changed;
    assert_int_equal(send(admin, HTTP_PATCH, place, "", patch, &changed), 200);
    assert_string_equal(json_string_value(json_object_get(json_object_get(changed, "properties"), "title")), "T");
    assert_string_equal(json_string_value(json_object_get(json_object_get(changed, "properties"), "datetime")),
                        "2020-01-01T00:00:00Z");
    assert_int_equal(json_object_size(json_object_get(changed, "assets")), 1);
    assert_int_equal(json_array_size(json_object_get(changed, "links")), 4);
    struct db_rows *rows;
    assert_int_equal(db_query(&s, module_db("discovery"), &rows, "SELECT storage->>'red' FROM item", ""), 0);
    assert_string_equal(db_text(rows, 0, 0), "products/c/a/red.tif");
    assert_int_equal(send(admin, HTTP_PATCH, place, "", patch, NULL), 200);
    assert_int_equal(outbox_count("item.updated"), 1);
    assert_int_equal(send(admin, HTTP_PATCH, place, "", "{\"properties\":{\"datetime\":null}}", NULL), 400);
    assert_int_equal(send(admin, HTTP_PATCH, place, "", "[]", NULL), 400);
    assert_int_equal(send(ana, HTTP_PATCH, place, "", patch, NULL), 403);
    assert_int_equal(send(admin, HTTP_PATCH, "/stac/collections/c", "", "{\"title\":\"New\",\"keywords\":[\"k\"]}", &changed),
                     200);
    assert_string_equal(json_string_value(json_object_get(changed, "title")), "New");
    assert_int_equal(send(admin, HTTP_PATCH, "/stac/collections/c", "", "{\"extent\":null}", NULL), 400);
    assert_int_equal(send(admin, HTTP_PATCH, "/stac/collections/none", "", "{}", NULL), 404);
}

static void test_a_bad_feature_keeps_the_whole_collection_out(void **state) {
    (void)state;
    need_db();
    collection_add("c");
    const char *both =
        scope_printf(&s, "{\"type\":\"FeatureCollection\",\"features\":[%s,%s]}",
                     item_text("a", "null", "", "2020-01-01T00:00:00Z"), item_text("b", "null", "", "yesterday"));
    assert_int_equal(send(admin, HTTP_POST, "/stac/collections/c/items", "", both, NULL), 400);
    assert_int_equal(found(NULL, ""), 0);
    assert_int_equal(outbox_count("item.published"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_product_is_private_and_comes_once, begin, end),
        cmocka_unit_test_setup_teardown(test_product_may_only_point_at_results, begin, end),
        cmocka_unit_test_setup_teardown(test_share_shows_and_hides, begin, end),
        cmocka_unit_test_setup_teardown(test_antimeridian, begin, end),
        cmocka_unit_test_setup_teardown(test_times, begin, end),
        cmocka_unit_test_setup_teardown(test_pages_hold_each_item_once_while_items_come, begin, end),
        cmocka_unit_test_setup_teardown(test_a_token_belongs_to_its_order, begin, end),
        cmocka_unit_test_setup_teardown(test_replace_tells_only_changes, begin, end),
        cmocka_unit_test_setup_teardown(test_patch_changes_members_and_keeps_paths, begin, end),
        cmocka_unit_test_setup_teardown(test_a_bad_feature_keeps_the_whole_collection_out, begin, end),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
