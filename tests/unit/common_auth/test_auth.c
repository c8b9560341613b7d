/* Credentials against a key set given directly; keys and revocations against a real database (NADIR_TEST_PG). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/auth.h"
#include "common/auth_events.h"
#include "common/db.h"
#include "common/error.h"
#include "common/id.h"
#include "common/jwt.h"

static struct jwk *key;
static struct db *db; /* NULL without NADIR_TEST_PG */
static struct scope s;

/* The tables in a schema of the test's own: other suites use the same database at the same time. */
static int open_schema(const char *pg) {
    static const char keys[] =
        "CREATE TABLE common_auth.auth_key (hash text PRIMARY KEY, id text NOT NULL, subject text NOT NULL, "
        "scope text NOT NULL, roles text NOT NULL, expires_at timestamptz)";
    static const char revoked[] = "CREATE TABLE common_auth.auth_revoked (id text PRIMARY KEY, "
                                  "at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL)";
    static const char *const sql[] = {
        "DROP SCHEMA IF EXISTS common_auth CASCADE",
        "CREATE SCHEMA common_auth",
        keys,
        revoked,
    };
    int err = db_open(&db, scope_printf(&s, "%s options='-c search_path=common_auth -c client_min_messages=warning'", pg), 2);
    for (size_t i = 0; !err && i < sizeof sql / sizeof *sql; i++) err = db_query(&s, db, NULL, sql[i], "");
    return err;
}

static int group_setup(void **state) {
    (void)state;
    setenv("NADIR_PUBLIC_URL", "https://nadir", 1);
    scope_init(&s, "test", 0);
    if (jwk_generate(&key, "ES256") != 0) return -1;
    json_t *set = scope_json(&s, json_pack("{s:[o]}", "keys", jwk_public(key)));
    char *text = json_dumps(set, 0);
    int err = auth_use_jwks(text);
    free(text);
    const char *pg = getenv("NADIR_TEST_PG");
    if (!err && pg) err = open_schema(pg);
    return err;
}

static int group_teardown(void **state) {
    (void)state;
    auth_cache_clear();
    jwk_free(key);
    db_close(db);
    scope_end(&s);
    return 0;
}

static char *token_for(const char *subject, const char *jti, int64_t lives) {
    json_int_t now = (json_int_t)time(NULL);
    char *out;
    json_t *claims =
        scope_json(&s, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:[s,s],s:I,s:I}", "iss", "https://nadir", "aud", "nadir", "sub",
                                 subject, "jti", jti, "client_id", "portal", "scope", "billing:order.read openid", "roles",
                                 "admin", "scientist", "iat", now, "exp", now + (json_int_t)lives));
    assert_int_equal(jwt_sign(&s, key, "at+jwt", claims, &out), 0);
    return out;
}

static int verify(struct db *in, const char *credential, struct auth *out) {
    const char *why = NULL;
    int err = auth_verify(&s, in, credential, out, &why);
    assert_non_null(why);
    if (err) assert_null(out->subject);
    return err;
}

static void need_db(void) {
    if (db) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

static void test_token(void **state) {
    (void)state;
    struct auth a;
    char *token = token_for("u1", "j1", 60);
    for (int i = 0; i < 3; i++) { /* the second time from the cache */
        assert_int_equal(verify(NULL, token, &a), 0);
        assert_string_equal(a.subject, "u1");
        assert_string_equal(a.roles, "admin scientist");
        assert_true(a.is_user);
        assert_true(auth_has_scope(&a, "billing:order.read"));
        assert_false(auth_has_scope(&a, "billing:order"));
        assert_false(auth_has_scope(&a, "order.read"));
        assert_false(auth_has_scope(&a, ""));
        assert_true(auth_has_role(&a, "scientist"));
        assert_false(auth_has_role(&a, "scien"));
    }
    assert_int_equal(verify(NULL, token_for("portal", "j2", 60), &a), 0);
    assert_false(a.is_user);
    struct auth nobody = {0};
    assert_false(auth_has_scope(&nobody, "openid"));
    assert_false(auth_has_role(&nobody, "admin"));
}

static void test_refused(void **state) {
    (void)state;
    struct auth a;
    assert_int_equal(verify(NULL, "", &a), NADIR_EUNAUTH);
    assert_int_equal(verify(NULL, "x", &a), NADIR_EUNAUTH);
    assert_int_equal(verify(NULL, token_for("u1", "j3", -60), &a), NADIR_EUNAUTH);
    assert_int_equal(verify(NULL, "nk_0123456789012345678901234567890123456789012", &a), NADIR_EUNAUTH);
    char *big = scope_alloc(&s, 100001);
    memset(big, 'a', 100000);
    assert_int_equal(verify(NULL, big, &a), NADIR_EUNAUTH);
}

/* A verified token must not outlive its expiry in the cache. */
static void test_expiry_in_cache(void **state) {
    (void)state;
    struct auth a;
    char *token = token_for("u1", "j4", 1);
    assert_int_equal(verify(NULL, token, &a), 0);
    sleep(8); /* a second and the leeway */
    assert_int_equal(verify(NULL, token, &a), NADIR_EUNAUTH);
}

static void handle(bus_handler handler, const char *type, json_t *data, int expected) {
    struct db_tx *tx;
    const struct event e = {
        .id = "1", .source = "/nadir/identity", .type = type, .subject = "", .time = "", .data = scope_json(&s, data)};
    assert_int_equal(db_begin(&s, db, &tx), 0);
    assert_int_equal(handler(&s, tx, &e), expected);
    if (expected)
        db_rollback(tx);
    else
        assert_int_equal(db_commit(tx), 0);
}

static void test_revoked_token(void **state) {
    (void)state;
    need_db();
    struct auth a;
    char jti[ID_SIZE];
    id_new(jti);
    char *token = token_for("u2", jti, 60);
    assert_int_equal(verify(db, token, &a), 0);
    handle(auth_on_token_revoked, "token.revoked", json_pack("{s:s,s:s}", "jti", jti, "expires_at", "2099-01-01T00:00:00Z"), 0);
    assert_int_equal(verify(db, token, &a), NADIR_EUNAUTH);
    assert_int_equal(verify(NULL, token, &a), 0); /* another module's database knows nothing of it yet */
    handle(auth_on_token_revoked, "token.revoked", json_object(), NADIR_EINVAL);
}

/* Another replica took the event: only the row tells us, and it is seen within two seconds. */
static void test_revoked_elsewhere(void **state) {
    (void)state;
    need_db();
    struct auth a;
    char jti[ID_SIZE];
    id_new(jti);
    char *token = token_for("u3", jti, 60);
    assert_int_equal(verify(db, token, &a), 0);
    assert_int_equal(
        db_query(&s, db, NULL, "INSERT INTO auth_revoked (id, expires_at) VALUES ($1, now() + interval '1 hour')", "s", jti),
        0);
    usleep(1200000);
    assert_int_equal(verify(db, token, &a), NADIR_EUNAUTH);
}

static void test_api_key(void **state) {
    (void)state;
    need_db();
    struct auth a;
    const char *secret = "nk_abcdefghijklmnopqrstuvwxyz0123456789-_ABCDE";
    char hash[65];
    auth_key_hash(secret, hash);
    assert_int_equal(verify(db, secret, &a), NADIR_EUNAUTH);
    handle(auth_on_api_key, "api_key.created",
           json_pack("{s:s,s:s,s:s,s:s,s:[s]}", "id", "k1", "hash", hash, "subject", "u4", "scope", "download:file.read",
                     "roles", "scientist"),
           0);
    assert_int_equal(verify(db, secret, &a), 0);
    assert_string_equal(a.subject, "u4");
    assert_string_equal(a.roles, "scientist");
    assert_string_equal(a.client_id, "api-key");
    assert_true(auth_has_scope(&a, "download:file.read"));
    handle(auth_on_api_key, "api_key.revoked", json_pack("{s:s}", "id", "k1"), 0);
    assert_int_equal(verify(db, secret, &a), NADIR_EUNAUTH);
    handle(auth_on_api_key, "api_key.created", json_pack("{s:s}", "id", "k1"), NADIR_EINVAL);
}

static void test_user_disabled(void **state) {
    (void)state;
    need_db();
    struct auth a;
    char user[ID_SIZE], jti[ID_SIZE], hash[65], at[32];
    id_new(user);
    id_new(jti);
    const char *secret = "nk_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_abcde";
    auth_key_hash(secret, hash);
    char *token = token_for(user, jti, 60);
    handle(auth_on_api_key, "api_key.created",
           json_pack("{s:s,s:s,s:s,s:s,s:[]}", "id", "k2", "hash", hash, "subject", user, "scope", "", "roles"), NADIR_OK);
    assert_int_equal(verify(db, token, &a), 0);
    assert_int_equal(verify(db, secret, &a), 0);
    time_t now = time(NULL);
    struct tm tm;
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    handle(auth_on_user_disabled, "user.disabled", json_pack("{s:s,s:s}", "user", user, "at", at), 0);
    assert_int_equal(verify(db, token, &a), NADIR_EUNAUTH);
    assert_int_equal(verify(db, secret, &a), NADIR_EUNAUTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token),         cmocka_unit_test(test_refused),           cmocka_unit_test(test_expiry_in_cache),
        cmocka_unit_test(test_revoked_token), cmocka_unit_test(test_revoked_elsewhere), cmocka_unit_test(test_api_key),
        cmocka_unit_test(test_user_disabled),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
