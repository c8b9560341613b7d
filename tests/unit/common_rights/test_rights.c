/* Who may use what: events in every order, over a real database (NADIR_TEST_PG). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/http.h"
#include "common/id.h"
#include "common/rights.h"
#include "schema.h"

static struct db *db;
static struct scope s;
static char collection[ID_SIZE]; /* one a test, so that tests do not meet */

static const struct auth nobody = {0};
static const struct auth ana = {.subject = "ana", .scope = "", .roles = "", .is_user = true};
static const struct auth ben = {.subject = "ben", .scope = "", .roles = "", .is_user = true};

static int open_all(void **state) {
    (void)state;
    return schema_open(&db, "test_rights", (const char *[]){"common", "rights", NULL});
}

static int close_all(void **state) {
    (void)state;
    db_close(db);
    return 0;
}

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 10000);
    id_new(collection);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static void need_db(void) {
    if (db) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

static int deliver(bus_handler handler, const char *type, json_t *data) {
    char id[ID_SIZE];
    id_new(id);
    struct event e = {.id = id, .source = "/nadir/x", .type = type, .subject = "", .time = "", .data = scope_json(&s, data)};
    struct db_tx *tx;
    assert_int_equal(db_begin(&s, db, &tx), 0);
    int err = handler(&s, tx, &e);
    if (err) {
        db_rollback(tx);
        return err;
    }
    return db_commit(tx);
}

static json_t *assets(void) {
    return json_pack("{s:{s:s, s:s, s:[s], s:i, s:s}, s:{s:s, s:[s]}, s:{s:s}, s:{s:s, s:s}}", "red", "path",
                     "products/c/i/red.tif", "type", "image/tiff", "roles", "data", "size", 12, "sha256",
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "thumbnail", "path",
                     "products/c/i/t.png", "roles", "thumbnail", "bad", "path", "../../etc/passwd", "archive", "path",
                     "products/c/i/all.zip", "type", "application/zip");
}

static void publish(const char *owner) {
    json_t *data = json_pack("{s:s, s:s, s:s, s:o}", "collection", collection, "item", "i", "datetime", "2020-01-01T00:00:00Z",
                             "assets", assets());
    if (owner) json_object_set_new(data, "owner", json_string(owner));
    assert_int_equal(deliver(rights_on_item, "item.published", data), 0);
}

static void offer(const char *id, const char *item, const char *model) {
    json_t *data =
        json_pack("{s:s+, s:s, s:s?, s:s}", "offer", collection, id, "collection", collection, "item", item, "model", model);
    assert_int_equal(deliver(rights_on_offer, "offer.published", data), 0);
}

static void withdraw(const char *id) {
    assert_int_equal(deliver(rights_on_offer, "offer.withdrawn", json_pack("{s:s+}", "offer", collection, id)), 0);
}

static void entitle(const char *id, const char *subject, const char *expires_at) {
    json_t *data = json_pack("{s:s+, s:s, s:s, s:s, s:s?}", "entitlement", collection, id, "subject", subject, "collection",
                             collection, "item", "i", "expires_at", expires_at);
    assert_int_equal(deliver(rights_on_entitlement, "entitlement.granted", data), 0);
}

static void share(const char *owner, const char *subject) {
    json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s}", "share", collection, "owner", owner, "subject", subject, "collection",
                             collection, "item", "i");
    assert_int_equal(deliver(rights_on_share, "share.created", data), 0);
}

static int access_to(const struct auth *who, const char *asset) {
    struct right_asset a;
    return rights_asset(&s, db, who, collection, "i", asset, &a);
}

static void test_public_item_without_offer_is_not_for_sale(void **state) {
    (void)state;
    need_db();
    assert_int_equal(access_to(&ana, "red"), ACCESS_HIDDEN);
    publish(NULL);
    assert_int_equal(access_to(&ana, "red"), ACCESS_NOT_FOR_SALE);
    assert_int_equal(access_to(&nobody, "red"), ACCESS_NOT_FOR_SALE);
    assert_int_equal(access_to(NULL, "thumbnail"), ACCESS_GRANTED);
    assert_int_equal(access_to(&ana, "no such"), ACCESS_HIDDEN);
}

static void test_offer_before_item(void **state) {
    (void)state;
    need_db();
    offer("1", NULL, "fixed");
    entitle("1", "ana", NULL);
    assert_int_equal(access_to(&ana, "red"), ACCESS_HIDDEN);
    publish(NULL);
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
    assert_int_equal(access_to(&ben, "red"), ACCESS_BUY);
    assert_int_equal(access_to(&nobody, "red"), ACCESS_SIGN_IN);
}

static void test_offer_of_the_item_wins(void **state) {
    (void)state;
    need_db();
    publish(NULL);
    offer("all", NULL, "free");
    assert_int_equal(access_to(&nobody, "red"), ACCESS_GRANTED);
    offer("one", "i", "per_km2");
    assert_int_equal(access_to(&ana, "red"), ACCESS_BUY);
    offer("other", "another", "free");
    assert_int_equal(access_to(&ana, "red"), ACCESS_BUY);
    withdraw("one");
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
    withdraw("all");
    assert_int_equal(access_to(&ana, "red"), ACCESS_NOT_FOR_SALE);
    offer("all", NULL, "fixed");
    assert_int_equal(access_to(&ana, "red"), ACCESS_BUY);
    offer("all", NULL, "free"); /* the same offer again, with other terms */
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
}

static void test_entitlement_expires_and_is_revoked(void **state) {
    (void)state;
    need_db();
    publish(NULL);
    offer("1", NULL, "fixed");
    entitle("old", "ana", "2020-01-01T00:00:00Z");
    assert_int_equal(access_to(&ana, "red"), ACCESS_BUY);
    entitle("new", "ana", "2999-01-01T00:00:00Z");
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
    assert_int_equal(
        deliver(rights_on_entitlement, "entitlement.revoked", json_pack("{s:s+}", "entitlement", collection, "new")), 0);
    assert_int_equal(access_to(&ana, "red"), ACCESS_BUY);
}

/* ana bought a part, and a second one: what can be cut is hers in part, what cannot is still for sale. */
static void test_an_area_is_a_part(void **state) {
    (void)state;
    need_db();
    struct right_asset a;
    publish(NULL);
    offer("1", NULL, "per_km2");
    for (int i = 1; i <= 2; i++) {
        json_t *aoi = json_pack("{s:s, s:[[[ii][ii][ii][ii]]]}", "type", "Polygon", "coordinates", 0, 0, i, 0, 0, i, 0, 0);
        json_t *data = json_pack("{s:s+, s:s, s:s, s:s, s:o}", "entitlement", collection, i == 1 ? "a" : "b", "subject", "ana",
                                 "collection", collection, "item", "i", "aoi", aoi);
        assert_int_equal(deliver(rights_on_entitlement, "entitlement.granted", data), 0);
    }
    assert_int_equal(rights_asset(&s, db, &ana, collection, "i", "red", &a), ACCESS_AREA);
    assert_int_equal(json_array_size(a.areas), 2);
    assert_int_equal(access_to(&ana, "archive"), ACCESS_BUY);
    assert_int_equal(access_to(&ana, "thumbnail"), ACCESS_GRANTED);
    assert_int_equal(access_to(&ben, "red"), ACCESS_BUY);
    struct right_list list;
    assert_int_equal(rights_assets(&s, db, &ana, collection, "i", &list), 0);
    assert_int_equal(list.access, ACCESS_AREA);
    entitle("whole", "ana", NULL);
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
    assert_int_equal(access_to(&ana, "archive"), ACCESS_GRANTED);
}

static void test_private_item(void **state) {
    (void)state;
    need_db();
    struct right_item item;
    publish("ana");
    offer("1", NULL, "free"); /* an offer for the collection must not open what is private */
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
    assert_int_equal(access_to(&ben, "red"), ACCESS_HIDDEN);
    assert_int_equal(access_to(&nobody, "thumbnail"), ACCESS_HIDDEN);
    assert_int_equal(rights_item(&s, db, &ben, collection, "i", &item), NADIR_ENOTFOUND);
    assert_int_equal(rights_item(&s, db, &ana, collection, "i", &item), 0);
    assert_string_equal(item.owner, "ana");
}

static void test_share(void **state) {
    (void)state;
    need_db();
    struct right_item item;
    share("ana", "ben");
    publish("ana");
    assert_int_equal(access_to(&ben, "red"), ACCESS_GRANTED);
    assert_int_equal(rights_item(&s, db, &ben, collection, "i", &item), 0);
    assert_int_equal(access_to(&nobody, "red"), ACCESS_HIDDEN);
    assert_int_equal(deliver(rights_on_share, "share.revoked", json_pack("{s:s}", "share", collection)), 0);
    assert_int_equal(access_to(&ben, "red"), ACCESS_HIDDEN);
    share("eve", "ben"); /* not eve's to share */
    assert_int_equal(access_to(&ben, "red"), ACCESS_HIDDEN);
}

static void test_republish_and_remove(void **state) {
    (void)state;
    need_db();
    struct right_asset a, b;
    publish(NULL);
    offer("1", NULL, "free");
    assert_int_equal(rights_asset(&s, db, &ana, collection, "i", "red", &a), ACCESS_GRANTED);
    assert_int_equal(a.size, 12);
    assert_string_equal(a.type, "image/tiff");
    assert_string_equal(a.roles, "data");
    publish(NULL);
    assert_int_equal(rights_asset(&s, db, &ana, collection, "i", "red", &b), ACCESS_GRANTED);
    assert_string_not_equal(a.version, b.version);
    assert_int_equal(deliver(rights_on_item, "item.removed", json_pack("{s:s, s:s}", "collection", collection, "item", "i")),
                     0);
    assert_int_equal(access_to(&ana, "red"), ACCESS_HIDDEN);
    publish(NULL);
    assert_int_equal(access_to(&ana, "red"), ACCESS_GRANTED);
}

static void test_malformed_events_change_nothing(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver(rights_on_item, "item.published", json_pack("{s:s}", "item", "i")), NADIR_EINVAL);
    assert_int_equal(deliver(rights_on_item, "item.published", json_pack("{s:i, s:s}", "collection", 1, "item", "i")),
                     NADIR_EINVAL);
    assert_int_equal(deliver(rights_on_offer, "offer.published", json_pack("{s:s}", "offer", "x")), NADIR_EINVAL);
    assert_int_equal(deliver(rights_on_entitlement, "entitlement.granted",
                             json_pack("{s:s, s:s, s:s, s:s, s:s}", "entitlement", "x", "subject", "ana", "collection",
                                       collection, "item", "i", "expires_at", "soon")),
                     NADIR_EINVAL);
    assert_int_equal(deliver(rights_on_share, "share.created", json_pack("{s:s}", "share", "x")), NADIR_EINVAL);
    assert_int_equal(access_to(&ana, "red"), ACCESS_HIDDEN);
}

static void test_unsafe_path_is_no_asset(void **state) {
    (void)state;
    need_db();
    publish("ana");
    assert_int_equal(access_to(&ana, "bad"), ACCESS_HIDDEN);
}

static void test_paths(void **state) {
    (void)state;
    static const char *const good[] = {
        "products/l7/a b/red.tif", "x", "results/..a/b.tif", "https://h/x.tif", "/vsicurl/https://h/x.tif", "/vsis3/b/k.tif"};
    static const char *const bad[] = {"",
                                      "/etc/passwd",
                                      "..",
                                      "a/../../b",
                                      "a/..",
                                      "./a",
                                      "a//b",
                                      "a/",
                                      "/vsizip//etc/x",
                                      "/vsis3/",
                                      "file:///etc/passwd/..",
                                      "a\\..\\b",
                                      "/vsisubfile/0_9,/etc/x",
                                      "a\nb",
                                      "/vsistdin/",
                                      "https://"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(rights_path_safe(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(rights_path_safe(bad[i]));
    assert_false(rights_path_safe(NULL));
}

static void refused(int access, int status, const char *type) {
    struct request rq;
    struct response rs = {.scope = &s};
    assert_int_equal(request_build(&rq, &s, HTTP_GET, "/x", "", NULL, "", 0), 0);
    assert_int_equal(rights_refuse(&rq, &rs, access, "c&d", "i"), 0);
    assert_int_equal(rs.status, status);
    assert_string_equal(rs.content_type, "application/problem+json");
    json_t *body = scope_json(&s, json_loads(rs.body, 0, NULL));
    assert_string_equal(json_string_value(json_object_get(body, "type")), type);
    if (status == 402) assert_non_null(strstr(json_string_value(json_object_get(body, "offers")), "collection=c%26d&item=i"));
}

static void test_refusals(void **state) {
    (void)state;
    refused(ACCESS_SIGN_IN, 401, "urn:nadir:problem:sign-in");
    refused(ACCESS_BUY, 402, "urn:nadir:problem:payment-required");
    refused(ACCESS_AREA, 402, "urn:nadir:problem:payment-required");
    refused(ACCESS_NOT_FOR_SALE, 403, "urn:nadir:problem:not-for-sale");
    refused(ACCESS_HIDDEN, 404, "urn:nadir:problem:not-found");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_public_item_without_offer_is_not_for_sale),
        TEST(test_offer_before_item),
        TEST(test_offer_of_the_item_wins),
        TEST(test_entitlement_expires_and_is_revoked),
        TEST(test_an_area_is_a_part),
        TEST(test_private_item),
        TEST(test_share),
        TEST(test_republish_and_remove),
        TEST(test_malformed_events_change_nothing),
        TEST(test_unsafe_path_is_no_asset),
        TEST(test_paths),
        TEST(test_refusals),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
