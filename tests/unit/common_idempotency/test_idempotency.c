/* The same POST twice has one effect and one answer, over a real database (NADIR_TEST_PG). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "common/id.h"
#include "common/idempotency.h"
#include "schema.h"

#define THREADS 16

static struct db *db;

static int open_all(void **state) {
    (void)state;
    int err = schema_open(&db, "test_idempotency", (const char *[]){"common", NULL});
    if (err || !db) return err;
    struct scope s;
    scope_init(&s, "test", 10000);
    err = db_query(&s, db, NULL, "CREATE TABLE effect (what text NOT NULL)", "");
    scope_end(&s);
    return err;
}

static int close_all(void **state) {
    (void)state;
    db_close(db);
    return 0;
}

struct answer {
    int status;
    char body[200];
    bool replayed;
};

/* A handler's shape: an effect under the key. fail: give up before the commit. */
static void post(const char *caller, const char *key, const char *body, bool fail, struct answer *out) {
    struct scope s;
    struct request rq;
    struct response rs = {.scope = &s};
    scope_init(&s, "test", 10000);
    assert_int_equal(request_build(&rq, &s, HTTP_POST, "/test/v1/effects", "",
                                   (const char *[]){"idempotency-key", key, "content-type", "application/json", NULL}, body,
                                   strlen(body)),
                     0);
    rq.auth = (struct auth){.subject = caller, .scope = "", .roles = ""};
    struct db_tx *tx;
    int err = idempotency_begin(&rq, &rs, db, &tx);
    if (!err) {
        err = db_exec(tx, NULL, "INSERT INTO effect VALUES ($1)", "s", body);
        if (!err && fail)
            db_rollback(tx);
        else if (!err)
            err = idempotency_commit(tx, &rq, &rs, 201, json_pack("{s:s}", "echo", body));
    }
    *out = (struct answer){.status = err < 0 ? err : rs.status};
    snprintf(out->body, sizeof(out->body), "%.*s", (int)rs.body_len, rs.body ? rs.body : "");
    for (size_t i = 0; i < rs.headers.count; i++)
        if (strcasecmp(rs.headers.list[i].name, "Idempotent-Replayed") == 0) out->replayed = true;
    scope_end(&s);
}

static int64_t effects(const char *what) {
    struct scope s;
    struct db_rows *rows;
    scope_init(&s, "test", 10000);
    assert_int_equal(db_query(&s, db, &rows, "SELECT count(*) FROM effect WHERE what = $1", "s", what), 0);
    int64_t n = db_int(rows, 0, 0);
    scope_end(&s);
    return n;
}

static void need_db(void) {
    if (db) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

static void repeated_request_gets_the_first_answer(void **state) {
    (void)state;
    need_db();
    struct answer first, second;
    post("ana", "k1", "\"one\"", false, &first);
    post("ana", "k1", "\"one\"", false, &second);
    assert_int_equal(first.status, 201);
    assert_false(first.replayed);
    assert_int_equal(second.status, 201);
    assert_true(second.replayed);
    assert_string_equal(first.body, second.body);
    assert_int_equal(effects("\"one\""), 1);
}

static void another_body_with_the_key_is_refused(void **state) {
    (void)state;
    need_db();
    struct answer a;
    post("ana", "k2", "\"two\"", false, &a);
    post("ana", "k2", "\"three\"", false, &a);
    assert_int_equal(a.status, 422);
    assert_non_null(strstr(a.body, "idempotency-key-reused"));
    assert_int_equal(effects("\"three\""), 0);
}

static void keys_belong_to_their_caller(void **state) {
    (void)state;
    need_db();
    struct answer a;
    post("ana", "k3", "\"mine\"", false, &a);
    post("ben", "k3", "\"mine\"", false, &a);
    assert_int_equal(a.status, 201);
    assert_false(a.replayed);
    assert_int_equal(effects("\"mine\""), 2);
}

static void what_rolled_back_leaves_the_key_free(void **state) {
    (void)state;
    need_db();
    struct answer a;
    post("ana", "k4", "\"four\"", true, &a);
    assert_int_equal(effects("\"four\""), 0);
    post("ana", "k4", "\"four\"", false, &a);
    assert_int_equal(a.status, 201);
    assert_false(a.replayed);
}

static void missing_or_malformed_keys_are_refused(void **state) {
    (void)state;
    need_db();
    char longest[300];
    memset(longest, 'k', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const char *bad[] = {"", "a b", "caf\xc3\xa9", longest};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct answer a;
        post("ana", bad[i], "\"bad\"", false, &a);
        assert_int_equal(a.status, 400);
    }
    assert_int_equal(effects("\"bad\""), 0);
}

static void *post_same(void *out) {
    post("ana", "k5", "\"five\"", false, out);
    return NULL;
}

static void sixteen_at_once_have_one_effect(void **state) {
    (void)state;
    need_db();
    pthread_t threads[THREADS];
    struct answer answers[THREADS];
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, post_same, &answers[i]), 0);
    int fresh = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(answers[i].status, 201);
        assert_string_equal(answers[i].body, answers[0].body);
        fresh += !answers[i].replayed;
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(effects("\"five\""), 1);
}

static void old_rows_are_swept(void **state) {
    (void)state;
    need_db();
    struct answer a;
    struct scope s;
    post("ana", "k6", "\"six\"", false, &a);
    scope_init(&s, "test", 10000);
    assert_int_equal(
        db_query(&s, db, NULL, "UPDATE idempotency SET created_at = now() - interval '8 days' WHERE key = 'k6'", ""), 0);
    assert_int_equal(idempotency_sweep(&s, db), 0);
    scope_end(&s);
    post("ana", "k6", "\"seven\"", false, &a);
    assert_int_equal(a.status, 201);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_request_gets_the_first_answer),
        cmocka_unit_test(another_body_with_the_key_is_refused),
        cmocka_unit_test(keys_belong_to_their_caller),
        cmocka_unit_test(what_rolled_back_leaves_the_key_free),
        cmocka_unit_test(missing_or_malformed_keys_are_refused),
        cmocka_unit_test(sixteen_at_once_have_one_effect),
        cmocka_unit_test(old_rows_are_swept),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
