/* Quotes and orders: prices, licences, idempotency, and sixteen buyers' threads on one wallet. */
#include "bench.h"

#include <pthread.h>

#define THREADS 16

static char offer_free[ID_SIZE], offer_fixed[ID_SIZE], offer_area[ID_SIZE], offer_own[ID_SIZE];

static int open_all(void **state) {
    (void)state;
    int err = bench_open("test_billing_market");
    if (err || !bench_up) return err;
    for (int i = 0; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof(name), "s%d", i);
        publish_item("free", name, NULL, 10, 45, 11, 46);
        publish_item("fixed", name, NULL, 10, 45, 11, 46);
        publish_item("area", name, NULL, 10, 45, 11, 46);
    }
    publish_item("unsold", "s0", NULL, 10, 45, 11, 46);
    publish_item("fixed", "private", "market-owner", 10, 45, 11, 46);
    publish_offer("free", NULL, "free", 0, 0, offer_free);
    publish_offer("fixed", NULL, "fixed", 1000, 0, offer_fixed);
    publish_offer("area", NULL, "per_km2", 10, 25, offer_area);
    publish_offer("fixed", "s1", "fixed", 70, 0, offer_own);
    return 0;
}

static json_t *one(const char *collection, const char *item) {
    return json_pack("[{s:s,s:s}]", "collection", collection, "item", item);
}

static json_t *box(double west, double south, double east, double north) {
    return json_pack("{s:s,s:[[[ff][ff][ff][ff][ff]]]}", "type", "Polygon", "coordinates", west, south, east, south, east,
                     north, west, north, west, south);
}

/* Quotes one item and gives the quote's id. */
static void quote_one(const char *user, const char *collection, const char *item, char id[ID_SIZE]) {
    struct reply r = quote(user, one(collection, item), NULL);
    if (r.status != 201) fail_msg("quote: %d %s", r.status, r.text);
    snprintf(id, ID_SIZE, "%s", reply_text(&r, "quote"));
    json_decref(r.body);
}

static json_int_t total_of(const char *user, json_t *items, json_t *aoi) {
    struct reply r = quote(user, items, aoi);
    if (r.status > 201) fail_msg("quote: %d %s", r.status, r.text);
    json_int_t total = reply_int(&r, "total");
    json_decref(r.body);
    return total;
}

static void prices_follow_the_offers(void **state) {
    (void)state;
    need_bench();
    assert_int_equal(total_of("market-p", one("free", "s0"), NULL), 0);
    assert_int_equal(total_of("market-p", one("fixed", "s0"), NULL), 1000);
    /* An item's own offer wins over its collection's. */
    assert_int_equal(total_of("market-p", one("fixed", "s1"), NULL), 70);
    /* A cell of a degree at 45 N has 8,697.7 km2 (closed form, Snyder 3-12). */
    json_int_t whole = total_of("market-p", one("area", "s0"), NULL);
    if (whole < 86000 || whole > 88000) fail_msg("whole: %lld", (long long)whole);
    json_int_t half = total_of("market-p", one("area", "s0"), box(10, 45, 10.5, 50));
    if (half * 2 < whole - 2 || half * 2 > whole + 2) fail_msg("half: %lld of %lld", (long long)half, (long long)whole);
    /* Less than the least area costs the least area. */
    assert_int_equal(total_of("market-p", one("area", "s0"), box(10, 45, 10.001, 45.001)), 250);
}

static void impossible_quotes_are_refused(void **state) {
    (void)state;
    need_bench();
    const struct {
        const char *collection, *item, *type;
    } bad[] = {{"none", "s0", "item-not-found"}, {"unsold", "s0", "not-for-sale"}, {"fixed", "private", "item-not-found"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct reply r = quote("market-q", one(bad[i].collection, bad[i].item), NULL);
        assert_int_equal(r.status, 422);
        assert_string_equal(problem(&r), bad[i].type);
        json_decref(r.body);
    }
    struct reply r = quote("market-q", one("area", "s0"), box(20, 45, 21, 46));
    assert_int_equal(r.status, 422);
    assert_string_equal(problem(&r), "aoi-outside");
    json_decref(r.body);
    r = quote("market-q", json_array(), NULL);
    assert_int_equal(r.status, 422);
    json_decref(r.body);
    r = quote("market-q",
              json_pack("[{s:s,s:s},{s:s,s:s}]", "collection", "fixed", "item", "s0", "collection", "fixed", "item", "s0"),
              NULL);
    assert_int_equal(r.status, 422);
    json_decref(r.body);
}

static void nobody_gets_a_price_but_no_quote(void **state) {
    (void)state;
    need_bench();
    struct reply r = quote(NULL, one("fixed", "s0"), NULL);
    assert_int_equal(r.status, 200);
    assert_true(json_is_null(json_object_get(r.body, "quote")));
    assert_int_equal(reply_int(&r, "total"), 1000);
    json_decref(r.body);
}

static void an_order_is_paid_and_grants(void **state) {
    (void)state;
    need_bench();
    char id[ID_SIZE];
    give_credit("market-o", 5000);
    quote_one("market-o", "fixed", "s2", id);
    struct reply r = order("market-o", id, "k");
    if (r.status != 201) fail_msg("order: %d %s", r.status, r.text);
    const char *made = reply_text(&r, "order");
    assert_string_equal(reply_text(&r, "state"), "paid");
    assert_int_equal(available("market-o"), 4000);
    assert_int_equal(number("SELECT count(*) FROM entitlement WHERE order_id = $1::uuid AND subject = 'market-o'", made), 1);
    assert_int_equal(number("SELECT count(*) FROM licence_acceptance WHERE order_id = $1::uuid AND licence = 'lic-1' "
                            "AND address = '192.0.2.1' AND hash = (SELECT licence_hash FROM offer LIMIT 1)",
                            made),
                     1);
    assert_int_equal(
        number("SELECT count(*) FROM outbox WHERE event LIKE '%order.paid%' AND event LIKE '%' || $1 || '%'", made), 1);
    assert_int_equal(
        number("SELECT count(*) FROM outbox WHERE event LIKE '%entitlement.granted%' AND event LIKE '%' || $1 || '%'", made),
        1);
    /* The same request again: the same answer, nothing more paid. Another key: the quote is used up. */
    struct reply again = order("market-o", id, "k");
    assert_true(again.replayed);
    assert_string_equal(again.text, r.text);
    struct reply used = order("market-o", id, "k2");
    assert_int_equal(used.status, 409);
    assert_string_equal(problem(&used), "quote-used");
    assert_int_equal(available("market-o"), 4000);
    json_decref(r.body);
    json_decref(again.body);
    json_decref(used.body);
    /* What is owned costs nothing more. */
    assert_int_equal(total_of("market-o", one("fixed", "s2"), NULL), 0);
    assert_books();
}

static void orders_that_cannot_be_leave_nothing(void **state) {
    (void)state;
    need_bench();
    char id[ID_SIZE], unknown[ID_SIZE];
    give_credit("market-n", 999);
    quote_one("market-n", "fixed", "s3", id);
    id_new(unknown);
    struct reply r = order("market-n", id, "n1");
    assert_int_equal(r.status, 402);
    assert_string_equal(problem(&r), "insufficient-funds");
    json_decref(r.body);
    r = order("market-other", id, "n2");
    assert_int_equal(r.status, 404);
    json_decref(r.body);
    r = order("market-n", unknown, "n3");
    assert_int_equal(r.status, 404);
    json_decref(r.body);
    r = call(orders_create, HTTP_POST, "market-n", NULL, NULL, "n4", json_pack("{s:s,s:[]}", "quote", id, "accept_licences"));
    assert_int_equal(r.status, 422);
    assert_string_equal(problem(&r), "licence-not-accepted");
    json_decref(r.body);
    r = call(orders_create, HTTP_POST, "market-n", NULL, NULL, NULL,
             json_pack("{s:s,s:[s]}", "quote", id, "accept_licences", "lic-1"));
    assert_int_equal(r.status, 400);
    json_decref(r.body);
    assert_int_equal(number("SELECT count(*) FROM orders WHERE buyer = $1", "market-n"), 0);
    assert_int_equal(number("SELECT count(*) FROM entitlement WHERE subject = $1", "market-n"), 0);
    /* A refusal does not use up its key: after topping up the same request goes through. */
    give_credit("market-n", 1);
    r = order("market-n", id, "n1");
    assert_int_equal(r.status, 201);
    assert_false(r.replayed);
    json_decref(r.body);
    assert_books();
}

static void expired_quotes_are_gone(void **state) {
    (void)state;
    need_bench();
    char id[ID_SIZE];
    give_credit("market-e", 5000);
    quote_one("market-e", "fixed", "s4", id);
    assert_int_equal(
        number("WITH u AS (UPDATE quote SET expires_at = now() WHERE id = $1::uuid RETURNING 1) SELECT count(*) FROM u", id),
        1);
    struct reply r = order("market-e", id, "e1");
    assert_int_equal(r.status, 410);
    assert_string_equal(problem(&r), "quote-expired");
    json_decref(r.body);
    assert_int_equal(available("market-e"), 5000);
}

static void two_quotes_for_one_item_sell_it_once(void **state) {
    (void)state;
    need_bench();
    char first[ID_SIZE], second[ID_SIZE];
    give_credit("market-t", 5000);
    quote_one("market-t", "fixed", "s5", first);
    quote_one("market-t", "fixed", "s5", second);
    struct reply r = order("market-t", first, "t1");
    assert_int_equal(r.status, 201);
    json_decref(r.body);
    r = order("market-t", second, "t2");
    assert_int_equal(r.status, 409);
    assert_string_equal(problem(&r), "already-owned");
    json_decref(r.body);
    assert_int_equal(available("market-t"), 4000);
    assert_books();
}

static void withdrawn_offers_are_not_quoted_but_old_quotes_hold(void **state) {
    (void)state;
    need_bench();
    char id[ID_SIZE], offer[ID_SIZE], param[64];
    publish_item("season", "a", NULL, 10, 45, 11, 46);
    publish_offer("season", NULL, "fixed", 300, 0, offer);
    struct reply r = call(offers_create, HTTP_POST, "admin", NULL, NULL, NULL,
                          json_pack("{s:s,s:s,s:i,s:{s:s,s:s}}", "collection", "season", "model", "fixed", "price", 1,
                                    "licence", "id", "x", "title", "x"));
    assert_int_equal(r.status, 409);
    json_decref(r.body);
    give_credit("market-w", 1000);
    quote_one("market-w", "season", "a", id);
    snprintf(param, sizeof(param), "offer=%s", offer);
    for (int i = 0; i < 2; i++) {
        r = call(offers_withdraw, HTTP_DELETE, "admin", param, NULL, NULL, NULL);
        assert_int_equal(r.status, 204);
        json_decref(r.body);
    }
    assert_int_equal(
        number("SELECT count(*) FROM outbox WHERE event LIKE '%offer.withdrawn%' AND event LIKE '%' || $1 || '%'", offer), 1);
    r = quote("market-w", one("season", "a"), NULL);
    assert_string_equal(problem(&r), "not-for-sale");
    json_decref(r.body);
    r = order("market-w", id, "w1");
    assert_int_equal(r.status, 201);
    json_decref(r.body);
    assert_int_equal(available("market-w"), 700);
}

static void lists_give_every_order_once(void **state) {
    (void)state;
    need_bench();
    char cursor[200] = "limit=2";
    int seen = 0;
    for (int i = 0; i < 5; i++) {
        char id[ID_SIZE], key[8], item[8];
        snprintf(item, sizeof(item), "s%d", i);
        snprintf(key, sizeof(key), "l%d", i);
        quote_one("market-l", "free", item, id);
        struct reply r = order("market-l", id, key);
        assert_int_equal(r.status, 201);
        json_decref(r.body);
    }
    for (int pages = 0; pages < 10; pages++) {
        struct reply r = call(orders_list, HTTP_GET, "market-l", NULL, cursor, NULL, NULL);
        assert_int_equal(r.status, 200);
        seen += (int)json_array_size(json_object_get(r.body, "orders"));
        const char *next = json_string_value(json_object_get(r.body, "next"));
        if (next) snprintf(cursor, sizeof(cursor), "limit=2&cursor=%s", next);
        json_decref(r.body);
        if (!next) break;
    }
    assert_int_equal(seen, 5);
    struct reply r = call(orders_list, HTTP_GET, "market-l", NULL, "cursor=%27;--", NULL, NULL);
    assert_int_equal(r.status, 400);
    json_decref(r.body);
}

static void receipts_are_numbered_without_a_gap(void **state) {
    (void)state;
    need_bench();
    struct scope s;
    scope_init(&s, "test", 30000);
    assert_int_equal(receipts_number(&s), 0);
    scope_end(&s);
    assert_int_equal(number("SELECT count(*) FROM orders WHERE receipt_number IS NULL AND $1 <> ''", "x"), 0);
    assert_int_equal(number("SELECT max(receipt_number) - count(*) FROM orders WHERE $1 <> ''", "x"), 0);
    assert_books();
}

/* ---- sixteen at once ---- */

struct rush {
    char quote[ID_SIZE], key[ID_SIZE];
    const char *user;
    struct reply reply;
};

static void *rush_run(void *arg) {
    struct rush *r = arg;
    r->reply = order(r->user, r->quote, r->key);
    return NULL;
}

static void rush_all(struct rush rushes[THREADS]) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, rush_run, &rushes[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

static void one_wallet_is_never_overdrawn(void **state) {
    (void)state;
    need_bench();
    static struct rush rushes[THREADS];
    give_credit("market-r", 5500); /* enough for five of sixteen */
    for (int i = 0; i < THREADS; i++) {
        char item[8];
        snprintf(item, sizeof(item), "s%d", 10 + i);
        rushes[i].user = "market-r";
        quote_one("market-r", "fixed", item, rushes[i].quote);
        id_new(rushes[i].key);
    }
    rush_all(rushes);
    int paid = 0;
    for (int i = 0; i < THREADS; i++) {
        if (rushes[i].reply.status != 201) assert_int_equal(rushes[i].reply.status, 402);
        paid += rushes[i].reply.status == 201;
        json_decref(rushes[i].reply.body);
    }
    assert_int_equal(paid, 5);
    assert_int_equal(available("market-r"), 500);
    assert_books();
}

static void one_key_at_once_is_one_order(void **state) {
    (void)state;
    need_bench();
    static struct rush rushes[THREADS];
    give_credit("market-i", 5000);
    quote_one("market-i", "fixed", "s30", rushes[0].quote);
    id_new(rushes[0].key);
    for (int i = 0; i < THREADS; i++) {
        rushes[i] = rushes[0];
        rushes[i].user = "market-i";
    }
    rush_all(rushes);
    int fresh = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(rushes[i].reply.status, 201);
        assert_string_equal(rushes[i].reply.text, rushes[0].reply.text);
        fresh += !rushes[i].reply.replayed;
    }
    for (int i = 0; i < THREADS; i++) json_decref(rushes[i].reply.body);
    assert_int_equal(fresh, 1);
    assert_int_equal(available("market-i"), 4000);
    assert_int_equal(number("SELECT count(*) FROM orders WHERE buyer = $1", "market-i"), 1);
    assert_books();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_follow_the_offers),
        cmocka_unit_test(impossible_quotes_are_refused),
        cmocka_unit_test(nobody_gets_a_price_but_no_quote),
        cmocka_unit_test(an_order_is_paid_and_grants),
        cmocka_unit_test(orders_that_cannot_be_leave_nothing),
        cmocka_unit_test(expired_quotes_are_gone),
        cmocka_unit_test(two_quotes_for_one_item_sell_it_once),
        cmocka_unit_test(withdrawn_offers_are_not_quoted_but_old_quotes_hold),
        cmocka_unit_test(lists_give_every_order_once),
        cmocka_unit_test(one_wallet_is_never_overdrawn),
        cmocka_unit_test(one_key_at_once_is_one_order),
        cmocka_unit_test(receipts_are_numbered_without_a_gap),
    };
    return cmocka_run_group_tests(tests, open_all, bench_close);
}
