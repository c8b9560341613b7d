/* Shares end with what they stand on: the item, and that it is still its giver's (over NADIR_TEST_PG). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "schema.h"
#include "sharing/sharing.h"

static struct db *db;
static struct scope s;

static int open_all(void **state) {
    (void)state;
    scope_init(&s, "sharing", 30000);
    return schema_open(&db, "test_sharing", (const char *[]){"common", "sharing", NULL});
}

static int close_all(void **state) {
    (void)state;
    scope_end(&s);
    db_close(db);
    return 0;
}

static void need_db(void) {
    if (db) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

static int deliver(bus_handler handler, const char *type, json_t *data) {
    struct event e = {.id = "1",
                      .source = "/nadir/x",
                      .type = type,
                      .subject = "",
                      .time = "2026-01-02T03:04:05Z",
                      .data = scope_json(&s, data)};
    struct db_tx *tx;
    assert_int_equal(db_begin(&s, db, &tx), 0);
    int err = handler(&s, tx, &e);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

static int64_t number(const char *sql) {
    struct db_rows *r;
    assert_int_equal(db_query(&s, db, &r, sql, ""), 0);
    return db_int(r, 0, 0);
}

static void item(const char *type, const char *owner) {
    json_t *data = json_pack("{s:s, s:s, s:s?}", "collection", "c", "item", "i", "owner", owner);
    assert_int_equal(deliver(copies_on_item, type, data), 0);
}

static void given_shares(void) {
    item("item.published", "ana");
    assert_int_equal(db_query(&s, db, NULL, "TRUNCATE share, outbox", ""), 0);
    assert_int_equal(
        db_query(&s, db, NULL,
                 "INSERT INTO share (share, owner, subject, collection, item) VALUES ('1', 'ana', 'ben', 'c', 'i'),"
                 " ('2', 'ana', 'cid', 'c', 'i'), ('3', 'ana', 'ben', 'c', 'other')",
                 ""),
        0);
}

static void test_removal_ends_all(void **state) {
    (void)state;
    need_db();
    given_shares();
    item("item.updated", "ana");
    assert_int_equal(number("SELECT count(*) FROM share"), 3);
    item("item.removed", NULL);
    assert_int_equal(number("SELECT count(*) FROM share"), 1);
    assert_int_equal(number("SELECT count(*) FROM outbox WHERE event::jsonb->>'type' = 'share.revoked'"
                            " AND event::jsonb->'data'->>'subject' IN ('ben', 'cid')"),
                     2);
    assert_int_equal(number("SELECT count(*) FROM known_item"), 0);
}

static void test_another_owner_ends_all(void **state) {
    (void)state;
    need_db();
    given_shares();
    item("item.updated", "eve");
    assert_int_equal(number("SELECT count(*) FROM share"), 1);
    given_shares();
    item("item.updated", NULL); /* published for all: nothing is left to share */
    assert_int_equal(number("SELECT count(*) FROM share"), 1);
    assert_int_equal(number("SELECT count(*) FROM outbox"), 2);
}

static void test_people(void **state) {
    (void)state;
    need_db();
    json_t *who = json_pack("{s:s, s:s, s:s}", "user", "u", "email", "A@b", "name", "A");
    assert_int_equal(deliver(copies_on_user, "user.registered", who), 0);
    assert_int_equal(number("SELECT count(*) FROM known_user WHERE lower(email) = 'a@b'"), 1);
    assert_int_equal(deliver(copies_on_user, "user.disabled", json_pack("{s:s}", "user", "u")), 0);
    assert_int_equal(number("SELECT count(*) FROM known_user"), 0);
    assert_int_equal(deliver(copies_on_user, "user.registered", json_pack("{s:s}", "user", "u")), NADIR_EINVAL);
    assert_int_equal(deliver(copies_on_item, "item.published", json_pack("{s:s}", "item", "u")), NADIR_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_removal_ends_all), cmocka_unit_test(test_another_owner_ends_all),
                                       cmocka_unit_test(test_people)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
