/* The module's handlers through the router, against a real database: one whole sign-in, and thousands of damaged requests,
 * which must never be answered 500. Under the sanitizers this is where a fault in memory shows. Needs NADIR_TEST_PG and
 * NADIR_TEST_REDIS. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/id.h"
#include "common/module.h"
#include "identity/identity.h"

#define BASE "https://nadir.example"
#define DAMAGED 3000

int identity_module_load(int action);

static bool ready;
static struct scope setup_scope;
static char browser_cookie[SECRET_SIZE], session_cookie[SECRET_SIZE]; /* what a browser keeps; "" none */

/* ---- the database ---- */

static bool run_file(PGconn *pg, const char *path) {
    char *sql = scope_alloc(&setup_scope, 65536);
    FILE *f = fopen(path, "r");
    if (!f) return false;
    size_t n = fread(sql, 1, 65535, f);
    (void)fclose(f);
    PGresult *r = PQexec(pg, sql);
    bool good = n > 0 && PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!good) print_error("%s: %s\n", path, PQerrorMessage(pg));
    PQclear(r);
    return good;
}

static int group_setup(void **state) {
    (void)state;
    const char *pg_test = getenv("NADIR_TEST_PG"), *redis = getenv("NADIR_TEST_REDIS");
    scope_init(&setup_scope, "test", 0);
    if (!pg_test || !redis) return 0;
    const char *conninfo =
        scope_printf(&setup_scope, "%s options='-c search_path=identity_flow -c client_min_messages=warning'", pg_test);
    PGconn *pg = PQconnectdb(conninfo);
    PQclear(PQexec(pg, "DROP SCHEMA IF EXISTS identity_flow CASCADE"));
    PQclear(PQexec(pg, "CREATE SCHEMA identity_flow"));
    bool good = run_file(pg, NADIR_SOURCE "/migrations/common/001_base.sql") &&
                run_file(pg, NADIR_SOURCE "/migrations/identity/001_identity.sql");
    PQfinish(pg);
    setenv("NADIR_DB_IDENTITY", conninfo, 1);
    setenv("NADIR_REDIS", redis, 1);
    setenv("NADIR_PUBLIC_URL", BASE, 1);
    ready = good && identity_module_load(1) == 1;
    return ready ? 0 : -1;
}

static int group_teardown(void **state) {
    (void)state;
    if (ready) module_stop_all();
    scope_end(&setup_scope);
    return 0;
}

static void need_stores(void) {
    if (ready) return;
    print_message("SKIPPED: NADIR_TEST_PG or NADIR_TEST_REDIS is not set\n");
    skip();
}

/* ---- a small browser ---- */

struct call {
    struct scope s;
    struct request rq;
    struct response rs;
};

static const char *header_of(const struct call *c, const char *name) {
    for (size_t i = 0; i < c->rs.headers.count; i++)
        if (strcmp(c->rs.headers.list[i].name, name) == 0) return c->rs.headers.list[i].value;
    return NULL;
}

static void keep_cookies(const struct call *c) {
    for (size_t i = 0; i < c->rs.headers.count; i++) {
        const char *value = c->rs.headers.list[i].value;
        if (strcmp(c->rs.headers.list[i].name, "set-cookie") != 0) continue;
        assert_non_null(strstr(value, "; HttpOnly; SameSite=Lax; Secure"));
        assert_null(strstr(value, "Domain="));
        if (strncmp(value, "__Host-nadir_browser=", 21) == 0) snprintf(browser_cookie, SECRET_SIZE, "%s", value + 21);
        if (strncmp(value, "__Host-nadir_session=", 21) == 0) snprintf(session_cookie, SECRET_SIZE, "%s", value + 21);
    }
}

/* Serves a request; the caller ends c->s. body NULL: a GET of path with the query after '?'. */
static void call_with(struct call *c, enum http_method method, const char *path, const char *type, const char *body, size_t len,
                      const char *authorization) {
    scope_init(&c->s, "test", 20000);
    const char *query = strchr(path, '?');
    const char *cookie = scope_printf(&c->s, "__Host-nadir_browser=%s; __Host-nadir_session=%.*s", browser_cookie,
                                      SECRET_SIZE - 1, session_cookie);
    const char *headers[] = {"Cookie", cookie,          "X-Real-IP",   "192.0.2.7", "Content-Type",
                             type,     "Authorization", authorization, NULL,        NULL};
    if (!authorization) headers[6] = NULL;
    const char *plain = query ? scope_strndup(&c->s, path, (size_t)(query - path)) : path;
    if (request_build(&c->rq, &c->s, method, plain, query ? query + 1 : "", headers, body, len) != 0) {
        c->rs.status = 400;
        return;
    }
    router_serve(&c->rq, &c->rs);
    keep_cookies(c);
}

static void get(struct call *c, const char *path, const char *bearer) {
    call_with(c, HTTP_GET, path, "text/plain", NULL, 0, bearer ? scope_printf(&setup_scope, "Bearer %s", bearer) : NULL);
}

static void post(struct call *c, const char *path, const char *form) {
    call_with(c, HTTP_POST, path, "application/x-www-form-urlencoded", form, strlen(form), NULL);
}

static void post_json(struct call *c, enum http_method method, const char *path, const char *json, const char *bearer) {
    call_with(c, method, path, "application/json", json, strlen(json),
              bearer ? scope_printf(&setup_scope, "Bearer %s", bearer) : NULL);
}

/* The value of a hidden field, kept for the whole test. */
static const char *field_of(const struct call *c, const char *name) {
    const char *at = strstr(c->rs.body, scope_printf(&setup_scope, "name=\"%s\" value=\"", name));
    assert_non_null(at);
    at = strstr(at, "value=\"") + 7;
    return scope_strndup(&setup_scope, at, strcspn(at, "\""));
}

static json_t *json_of(const struct call *c) {
    return scope_json(&setup_scope, json_loadb(c->rs.body, c->rs.body_len, 0, NULL));
}

static const char *member(const json_t *json, const char *name) {
    const char *text = json_string_value(json_object_get(json, name));
    assert_non_null(text);
    return text;
}

static void expect(const struct call *c, int status) {
    if (c->rs.status != status) print_error("%s: %d %.300s\n", c->rq.path, c->rs.status, c->rs.body ? c->rs.body : "");
    assert_int_equal(c->rs.status, status);
}

/* ---- tests ---- */

static const char *verifier = "0123456789012345678901234567890123456789-._~";

static const char *authorize_path(const char *client) {
    return scope_printf(
        &setup_scope,
        "/oauth2/"
        "authorize?response_type=code&client_id=%s&redirect_uri=https%%3A%%2F%%2Fapp.example%%2Fcb&scope=openid%%20email"
        "&state=s%%261&nonce=n1&code_challenge=%s&code_challenge_method=S256",
        client, sha256_base64url(&setup_scope, verifier));
}

static void add_client(void) {
    struct scope s;
    scope_init(&s, "test", 5000);
    assert_int_equal(
        db_query(&s, identity_db(), NULL,
                 "INSERT INTO client (id, name, kind, redirect_uris, grants, first_party) VALUES ('app', 'App', "
                 "'public', 'https://app.example/cb', 'authorization_code refresh_token', true) ON CONFLICT DO NOTHING",
                 ""),
        0);
    scope_end(&s);
}

static json_t *signed_in_tokens(void) {
    struct call c;
    char email[80], id[ID_SIZE];
    id_new(id);
    snprintf(email, sizeof email, "u-%s@nadir.example", id);
    add_client();
    session_cookie[0] = '\0';

    post_json(&c, HTTP_POST, "/identity/v1/users",
              scope_printf(&setup_scope, "{\"email\":\"%s\",\"password\":\"quiet orbit seven\",\"name\":\"Una\"}", email),
              NULL);
    expect(&c, 201);
    scope_end(&c.s);
    get(&c, authorize_path("app"), NULL);
    expect(&c, 200);
    const char *csrf = field_of(&c, "csrf");
    scope_end(&c.s);
    const char *target = http_encode(&setup_scope, authorize_path("app"));
    post(&c, "/identity/login",
         scope_printf(&setup_scope, "csrf=%s&return=%s&email=%s&password=quiet+orbit+seven", csrf, target, email));
    expect(&c, 303);
    assert_string_equal(header_of(&c, "location"), scope_printf(&setup_scope, BASE "%s", authorize_path("app")));
    scope_end(&c.s);
    get(&c, authorize_path("app"), NULL);
    expect(&c, 303);
    const char *location = header_of(&c, "location");
    assert_memory_equal(location, "https://app.example/cb?code=", 28);
    assert_non_null(strstr(location, "&state=s%261&iss=https%3A%2F%2Fnadir.example"));
    const char *code = scope_strndup(&setup_scope, location + 28, strcspn(location + 28, "&"));
    scope_end(&c.s);
    post(&c, "/oauth2/token",
         scope_printf(&setup_scope,
                      "grant_type=authorization_code&client_id=app&code=%s&redirect_uri=https%%3A%%2F%%2Fapp.example%%2Fcb&"
                      "code_verifier=%s",
                      code, verifier));
    expect(&c, 200);
    json_t *tokens = json_of(&c);
    scope_end(&c.s);
    return tokens;
}

static void test_journey(void **state) {
    (void)state;
    need_stores();
    struct call c;
    json_t *tokens = signed_in_tokens();
    const char *access = member(tokens, "access_token");

    get(&c, "/oauth2/userinfo", access);
    expect(&c, 200);
    scope_end(&c.s);
    post_json(&c, HTTP_POST, "/identity/v1/api-keys", "{\"name\":\"k\",\"scope\":\"identity:account.read\"}", access);
    expect(&c, 201);
    const char *key = member(json_of(&c), "key");
    scope_end(&c.s);
    get(&c, "/identity/v1/me", key);
    expect(&c, 200);
    scope_end(&c.s);
    post_json(&c, HTTP_PATCH, "/identity/v1/me", "{\"name\":\"Una Zwei\"}", key);
    expect(&c, 403);
    scope_end(&c.s);

    post(
        &c, "/oauth2/token",
        scope_printf(&setup_scope, "grant_type=refresh_token&client_id=app&refresh_token=%s", member(tokens, "refresh_token")));
    expect(&c, 200);
    const json_t *fresh = json_of(&c);
    scope_end(&c.s);
    get(&c, scope_printf(&setup_scope, "/oauth2/logout?id_token_hint=%s", member(fresh, "id_token")), NULL);
    expect(&c, 200);
    scope_end(&c.s);
    get(&c, "/oauth2/userinfo", member(fresh, "access_token"));
    expect(&c, 401);
    scope_end(&c.s);
    get(&c, "/oauth2/userinfo", access);
    expect(&c, 401);
    scope_end(&c.s);
}

/* What was done is in the audit log, and nobody takes it out again. */
static void test_audit_is_append_only(void **state) {
    (void)state;
    need_stores();
    struct scope s;
    struct db_rows *rows;
    (void)signed_in_tokens();
    scope_init(&s, "test", 5000);
    assert_int_equal(db_query(&s, identity_db(), &rows, "SELECT count(*) FROM audit WHERE action = 'sign_in'", ""), 0);
    assert_true(db_int(rows, 0, 0) > 0);
    const char *const attacks[] = {"UPDATE audit SET action = ''", "DELETE FROM audit", "TRUNCATE audit"};
    for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
        assert_int_equal(db_query(&s, identity_db(), NULL, attacks[i], ""), NADIR_EDENIED);
        assert_string_equal(db_last_state(), "42501");
    }
    scope_end(&s);
}

/* The events of an account stand in the outbox of the same database. */
static void test_events(void **state) {
    (void)state;
    need_stores();
    struct scope s;
    struct db_rows *rows;
    (void)signed_in_tokens();
    scope_init(&s, "test", 5000);
    assert_int_equal(db_query(&s, identity_db(), &rows,
                              "SELECT event::json->>'source', event::json->'data'->>'name' FROM outbox "
                              "WHERE event::json->>'type' = 'user.registered' ORDER BY id DESC LIMIT 1",
                              ""),
                     0);
    assert_int_equal(db_count(rows), 1);
    assert_string_equal(db_text(rows, 0, 0), "/nadir/identity");
    assert_string_equal(db_text(rows, 0, 1), "Una");
    scope_end(&s);
}

/* Runs nadir-identity with `secret` on its standard input. Returns its exit status; out holds the first line that it printed.
 */
static int program(const char *arguments, const char *secret, char out[80]) {
    const char *command =
        scope_printf(&setup_scope, "printf '%%s\\n' '%s' | '%s' %s 2>/dev/null", secret, NADIR_PROGRAM, arguments);
    FILE *p = popen(command, "r"); /* NOLINT(cert-env33-c): our own program, our own words */
    assert_non_null(p);
    out[0] = '\0';
    if (fgets(out, 80, p)) out[strcspn(out, "\n")] = '\0';
    int status = pclose(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int64_t audit_rows(void) {
    struct scope s;
    struct db_rows *rows;
    scope_init(&s, "test", 5000);
    assert_int_equal(db_query(&s, identity_db(), &rows, "SELECT count(*) FROM audit", ""), 0);
    int64_t n = db_int(rows, 0, 0);
    scope_end(&s);
    return n;
}

/* nadir-identity may be run again and again: the same account, nothing new in the log. */
static void test_program(void **state) {
    (void)state;
    need_stores();
    char id[80], again[80];
    const char *user = "user-add --email boss@nadir.example --password-file - --name Boss --role admin --role scientist";
    const char *client = "client-add --id tool --name Tool --kind confidential --secret-file - --grant client_credentials "
                         "--scope discovery:item.write";
    assert_int_equal(program(user, "quiet orbit seven", id), 0);
    assert_true(id_valid(id));
    assert_int_equal(program(client, "0123456789abcdef", again), 0);
    int64_t before = audit_rows();
    assert_int_equal(program(user, "quiet orbit seven", again), 0);
    assert_string_equal(id, again);
    assert_int_equal(program(client, "0123456789abcdef", again), 0);
    assert_int_equal(audit_rows(), before);
    assert_int_equal(program(user, "quiet orbit eight", again), 0); /* another password: stored, and logged */
    assert_int_equal(audit_rows(), before + 1);

    struct call c;
    call_with(&c, HTTP_POST, "/oauth2/token", "application/x-www-form-urlencoded", "grant_type=client_credentials", 29,
              "Basic dG9vbDowMTIzNDU2Nzg5YWJjZGVm");
    expect(&c, 200);
    scope_end(&c.s);

    const char *const refused[] = {
        "user-add --email boss@nadir.example --name Boss",
        "user-add --email nonsense --name Boss --password-file -",
        "user-add --email x@nadir.example --name Boss --password-file - --role emperor",
        "user-add --email x@nadir.example --name Boss --password-file /nonexistent",
        "client-add --id p --name P --kind public --secret-file - --redirect https://a.example/",
        "client-add --id p --name P --kind confidential --redirect https://a.example/",
        "client-add --id p --name P --kind public --redirect javascript:alert",
        "role-add --email nobody@nadir.example --role admin",
        "user-add --password secret",
        "nonsense",
    };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) assert_int_not_equal(program(refused[i], "quiet orbit seven", again), 0);
    assert_int_not_equal(program("user-add --email y@nadir.example --name Y --password-file -", "short", again), 0);
    assert_int_equal(audit_rows(), before + 2); /* the token that was issued */
}

/* Changes, inserts or removes some bytes. */
static char *damage(const char *text, size_t *len) {
    unsigned char r[16];
    size_t n = strlen(text);
    char *out = scope_alloc(&setup_scope, n + 16);
    memcpy(out, text, n);
    random_bytes(r, sizeof r);
    for (int i = 0; i < 1 + r[0] % 3; i++) {
        size_t at = n ? (size_t)(r[1 + i] << 8 | r[4 + i]) % n : 0;
        unsigned kind = r[7 + i] % 3;
        if (kind == 0 && n) {
            out[at] = (char)r[10 + i];
        } else if (kind == 1) {
            memmove(out + at + 1, out + at, n - at);
            out[at] = "%&=\"{}[]\0\xff<+;' "[r[10 + i] % 16];
            n++;
        } else if (n > at) {
            n = at;
        }
    }
    out[n] = '\0';
    *len = n;
    return out;
}

static void test_damaged_requests(void **state) {
    (void)state;
    need_stores();
    static const struct {
        enum http_method method;
        const char *path, *type, *body;
    } seeds[] = {
        {HTTP_POST, "/oauth2/token", "application/x-www-form-urlencoded",
         "grant_type=authorization_code&client_id=app&code=abc&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier=abc"},
        {HTTP_POST, "/oauth2/token", "application/x-www-form-urlencoded",
         "grant_type=refresh_token&client_id=app&refresh_token=abc&scope=openid"},
        {HTTP_POST, "/oauth2/introspect", "application/x-www-form-urlencoded",
         "token=eyJhbGciOiJFUzI1NiJ9.e30.AAAA&client_id=app"},
        {HTTP_POST, "/oauth2/revoke", "application/x-www-form-urlencoded", "token=eyJhbGciOiJFUzI1NiJ9.e30.AAAA&client_id=app"},
        {HTTP_POST, "/oauth2/logout", "application/x-www-form-urlencoded", "id_token_hint=a.b.c&client_id=app&state=x"},
        {HTTP_POST, "/oauth2/authorize", "application/x-www-form-urlencoded",
         "response_type=code&client_id=app&scope=openid&state=x"},
        {HTTP_POST, "/identity/consent", "application/x-www-form-urlencoded",
         "csrf=a&return=%2Foauth2%2Fauthorize%3Fclient_id%3Dapp&answer=allow"},
        {HTTP_POST, "/identity/v1/api-keys", "application/json",
         "{\"name\":\"k\",\"scope\":\"identity:account.read\",\"expires_in\":60}"},
        {HTTP_PATCH, "/identity/v1/me", "application/json", "{\"name\":\"Una\"}"},
        {HTTP_GET,
         "/oauth2/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_challenge="
         "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=none&max_age=5&state=a",
         "text/plain", NULL},
        {HTTP_GET, "/identity/login?return=%2Foauth2%2Fauthorize%3Fclient_id%3Dapp%26state%3D%2541&ui_locales=fr-CA%20de",
         "text/plain", NULL},
        {HTTP_GET, "/oauth2/logout?id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F&client_id=app",
         "text/plain", NULL},
        {HTTP_GET, "/identity/v1/users/01890000-0000-7000-8000-000000000000/roles", "text/plain", NULL},
        {HTTP_DELETE, "/identity/v1/api-keys/01890000-0000-7000-8000-000000000000", "text/plain", NULL},
    };
    const char *access = member(signed_in_tokens(), "access_token");
    for (int i = 0; i < DAMAGED; i++) {
        struct call c;
        size_t which = (size_t)i % ARRAY_SIZE(seeds), len = 0, path_len = 0;
        const char *body = seeds[which].body, *path = seeds[which].path;
        if (body)
            body = damage(body, &len);
        else
            path = damage(path, &path_len);
        const char *bearer = scope_printf(&setup_scope, "Bearer %s", access);
        size_t unused;
        if (i % 5 == 0) bearer = damage(bearer, &unused);
        call_with(&c, seeds[which].method, path, seeds[which].type, body, len, bearer);
        if (c.rs.status < 200 || c.rs.status >= 500)
            print_error("%s %s: %d %.200s\n", path, body ? body : "", c.rs.status, c.rs.body ? c.rs.body : "");
        assert_in_range(c.rs.status, 200, 499);
        scope_end(&c.s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_journey), cmocka_unit_test(test_audit_is_append_only), cmocka_unit_test(test_events),
        cmocka_unit_test(test_program), cmocka_unit_test(test_damaged_requests),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
