/* What the back office makes of addresses, of answers and of events (the last over NADIR_TEST_PG). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "backoffice.h"
#include "schema.h"

static struct db *db;
static struct scope s;

static int open_all(void **state) {
    (void)state;
    scope_init(&s, "backoffice", 30000);
    return schema_open(&db, "test_backoffice", (const char *[]){"common", "backoffice", NULL});
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

static void test_addresses(void **state) {
    (void)state;
    struct peer list[PEERS_MOST];
    assert_int_equal(peers_parse("", list), 0);
    assert_int_equal(peers_parse("  identity=http://127.0.0.1:1  billing=http://h:2\n", list), 2);
    assert_string_equal(list[0].module, "identity");
    assert_string_equal(list[1].url, "http://h:2");
    assert_int_equal(peers_parse("x =y z= =a noequals good=http://g", list), 1);
    assert_string_equal(list[0].module, "good");
    char many[8192] = "";
    for (size_t at = 0; at < 1100; at += 11) snprintf(many + at, sizeof many - at, "m=http://h ");
    assert_int_equal(peers_parse(many, list), PEERS_MOST);
}

static void test_answers(void **state) {
    (void)state;
    struct health h;
    health_read(
        &h, 200,
        "{\"ready\":true,\"modules\":[{\"module\":\"x\",\"ready\":true,\"checks\":{\"database\":true,\"bus\":false}}]}");
    assert_true(h.alive && h.ready);
    assert_int_equal(json_object_size(h.checks), 2);
    json_decref(h.checks);
    health_read(&h, 503, "{\"ready\":false,\"modules\":[{\"module\":\"x\",\"ready\":false,\"checks\":{\"database\":false}}]}");
    assert_true(h.alive && !h.ready);
    json_decref(h.checks);
    static const struct {
        int status;
        const char *body;
    } down[] = {
        {0, ""}, {200, ""}, {200, "<html>"}, {404, "{\"status\":404}"}, {200, "{\"modules\":[]}"}, {500, "{\"modules\":[{}]}"}};
    for (size_t i = 0; i < sizeof down / sizeof *down; i++) {
        health_read(&h, down[i].status, down[i].body);
        assert_false(h.alive || h.ready);
        assert_int_equal(json_object_size(h.checks), 0);
        json_decref(h.checks);
    }
}

static void test_nobody_answers(void **state) {
    (void)state;
    struct ask asks[] = {
        {.module = "a", .url = "http://127.0.0.1:9", .path = "/readyz/a"},
        {.module = "b", .url = "nonsense://", .path = "/"},
        {.module = "c", .url = "http://127.0.0.1:9", .path = "/", .method = "POST", .authorization = "Bearer x"}};
    ask_all(asks, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(asks[i].status, 0);
        assert_string_equal(asks[i].body, "");
        assert_true(asks[i].seconds < 4);
        scope_end(&asks[i].scope);
    }
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

static const char *job_state(const char *job) {
    struct db_rows *r;
    assert_int_equal(db_query(&s, db, &r, "SELECT state FROM known_job WHERE job = $1", "s", job), 0);
    return db_count(r) ? db_text(r, 0, 0) : "none";
}

static json_t *job(const char *id) {
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "job", id, "process", "ndvi", "version", "1", "user", "ana",
                     "estimate", 5, "currency", "EUR", "reason", "none");
}

static void test_a_job_from_its_beginning_to_its_end(void **state) {
    (void)state;
    need_db();
    assert_int_equal(deliver(copies_on_job, "job.started", job("j")), 0);
    assert_string_equal(job_state("j"), "none");
    assert_int_equal(deliver(copies_on_job, "job.created", job("j")), 0);
    assert_string_equal(job_state("j"), "created");
    assert_int_equal(deliver(copies_on_job, "job.started", job("j")), 0);
    assert_string_equal(job_state("j"), "running");
    assert_int_equal(deliver(copies_on_job, "job.failed", job("j")), 0);
    assert_int_equal(deliver(copies_on_job, "job.started", job("j")), 0);
    assert_string_equal(job_state("j"), "failed");
    assert_int_equal(deliver(copies_on_job, "job.unheard_of", job("j")), 0);
    assert_int_equal(deliver(copies_on_job, "job.created", json_object()), NADIR_EINVAL);
}

static void test_people(void **state) {
    (void)state;
    need_db();
    struct db_rows *r;
    json_t *who = json_pack("{s:s, s:s, s:s, s:[s]}", "user", "u", "email", "a@b", "name", "A", "roles", "admin");
    assert_int_equal(deliver(copies_on_user, "user.registered", who), 0);
    assert_int_equal(deliver(copies_on_user, "user.updated", json_pack("{s:s, s:s}", "user", "u", "email", "c@d")), 0);
    assert_int_equal(deliver(copies_on_user, "user.disabled", json_pack("{s:s, s:s}", "user", "u", "at", "x")), 0);
    assert_int_equal(db_query(&s, db, &r, "SELECT email, disabled_at IS NOT NULL FROM known_user", ""), 0);
    assert_int_equal(db_count(r), 1);
    assert_string_equal(db_text(r, 0, 0), "c@d");
    assert_true(db_bool(r, 0, 1));
    assert_int_equal(deliver(copies_on_user, "user.registered", json_object()), NADIR_EINVAL);
}

static void test_orders(void **state) {
    (void)state;
    need_db();
    struct db_rows *r;
    for (int i = 0; i < 2; i++) {
        json_t *order = json_pack("{s:s, s:s, s:s, s:i}", "order", "o", "buyer", "u", "currency", "EUR", "total", 7);
        assert_int_equal(deliver(copies_on_order, "order.paid", order), 0);
    }
    assert_int_equal(db_query(&s, db, &r, "SELECT sum(total)::bigint FROM known_order", ""), 0);
    assert_int_equal(db_int(r, 0, 0), 7);
    assert_int_equal(deliver(copies_on_order, "order.paid", json_pack("{s:s}", "order", "p")), NADIR_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),      cmocka_unit_test(test_answers),
        cmocka_unit_test(test_nobody_answers), cmocka_unit_test(test_a_job_from_its_beginning_to_its_end),
        cmocka_unit_test(test_people),         cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
