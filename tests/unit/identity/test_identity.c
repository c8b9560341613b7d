/* Words, rights, passwords, addresses: the parts of identity that need no database. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "identity/accounts.h"
#include "identity/authorization.h"
#include "identity/clients.h"
#include "identity/passwords.h"
#include "identity/rights.h"
#include "identity/words.h"

static struct scope s;

static int setup(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static void test_words(void **state) {
    (void)state;
    assert_true(words_have("a bb c", "bb"));
    assert_false(words_have("a bb c", "b"));
    assert_false(words_have("a bb c", ""));
    assert_string_equal(words_both(&s, " c  a a x", "a b c"), "c a");
    assert_string_equal(words_either(&s, "a b", "b c c"), "a b c");
    assert_string_equal(words_without(&s, "a b c", "b"), "a c");
    assert_true(words_within(&s, "", "a"));
    assert_false(words_within(&s, "a b", "a"));
    json_t *bad = scope_json(&s, json_pack("[s,s]", "a", "b c"));
    assert_null(words_from_array(&s, bad));
}

static void test_rights(void **state) {
    (void)state;
    const char *person = rights_granted(&s, "openid", "", "", true);
    assert_true(words_have(person, "billing:order.write"));
    assert_false(words_have(person, "profile")); /* not asked for */
    assert_false(words_have(person, "identity:user.read"));
    assert_true(words_have(rights_granted(&s, "openid", "admin", "", true), "identity:user.read"));

    /* Named scopes are granted exactly, and never beyond the roles. */
    assert_string_equal(rights_granted(&s, "openid billing:order.read platform:status.read", "", "", true),
                        "openid billing:order.read");
    /* A third party has no more than it was given, whatever the person may. */
    assert_string_equal(
        rights_granted(&s, "openid billing:order.read identity:user.read", "admin", "billing:order.read", false),
        "openid billing:order.read");
    assert_string_equal(rights_granted(&s, "billing:order.read", "admin", "", false), "");
    assert_string_equal(rights_granted(&s, "nonsense", "admin", "", false), "");

    assert_string_equal(rights_roles_needed(&s, "billing:order.read", "admin scientist"), "");
    assert_string_equal(rights_roles_needed(&s, "discovery:item.write", "admin scientist"), "scientist admin");
    assert_string_equal(rights_roles_needed(&s, "discovery:item.write", "support"), "");
}

static void test_passwords(void **state) {
    (void)state;
    assert_int_equal(password_fault("short", "a@b.c"), TEXT_PASSWORD_SHORT);
    assert_int_equal(password_fault("ééééééééé", "a@b.c"), TEXT_PASSWORD_SHORT); /* nine characters, eighteen bytes */
    assert_int_equal(password_fault("Password123", "a@b.c"), TEXT_PASSWORD_COMMON);
    assert_int_equal(password_fault("zzzzzzzzzzzz", "a@b.c"), TEXT_PASSWORD_COMMON);
    assert_int_equal(password_fault("SOMEONE@example.org", "someone@example.org"), TEXT_PASSWORD_EMAIL);
    assert_int_equal(password_fault("quiet orbit 7", "a@b.c"), TEXT_NONE);
    char *long_one = scope_alloc(&s, 400);
    for (int i = 0; i < 300; i++) long_one[i] = (char)('a' + i % 26);
    assert_int_equal(password_fault(long_one, "a@b.c"), TEXT_PASSWORD_LONG);

    const char *hash = password_hash(&s, "quiet orbit 7");
    assert_non_null(hash);
    assert_memory_equal(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
    assert_string_not_equal(hash, password_hash(&s, "quiet orbit 7")); /* salted */
    assert_true(password_matches(hash, "quiet orbit 7"));
    assert_false(password_matches(hash, "quiet orbit 8"));
    assert_false(password_matches("nonsense", "quiet orbit 7"));
}

/* Processor time of this thread in microseconds: other programs of a busy machine do not count. */
static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Who asks for an unknown account must not see that by the clock: the same work is done. */
static void test_unknown_account_takes_as_long(void **state) {
    (void)state;
    const char *hash = password_hash(&s, "quiet orbit 7");
    int64_t known = 0, unknown = 0;
    for (int i = 0; i < 5; i++) {
        int64_t t = cpu_us();
        assert_false(password_matches(hash, "wrong orbit 7"));
        known += cpu_us() - t;
        t = cpu_us();
        assert_false(password_matches(NULL, "wrong orbit 7"));
        unknown += cpu_us() - t;
    }
    assert_true(unknown > known / 2 && unknown < known * 2);
}

static void test_accounts(void **state) {
    (void)state;
    const char *field;
    const char *const good[] = {"a@b.co", "first.last+tag@example.org", "x@localhost", "o'hara@sub.example-site.org"};
    const char *const bad[] = {
        "",        "a",       "@b.co",     "a@",         "a@b",           "a b@c.de",      "a@b..co",
        ".a@b.co", "a.@b.co", "a..b@c.de", "a@-b.co",    "a@b-.co",       "a@b.co\n",      "a@b.co,c@d.ef",
        "a@@b.co", "a@.co",   "a@b.",      "\"a\"@b.co", "<script>@b.co", "a@[127.0.0.1]", "é@b.co"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(account_fault(good[i], "Name", "quiet orbit 7", &field), TEXT_NONE);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(account_fault(bad[i], "Name", "quiet orbit 7", &field), TEXT_EMAIL_BAD);
    assert_int_equal(account_fault("a@b.co", "  ", "quiet orbit 7", &field), TEXT_NAME_BAD);
    assert_int_equal(account_fault("a@b.co", "a\nb", "quiet orbit 7", &field), TEXT_NAME_BAD);
    assert_int_equal(account_fault("a@b.co", "<b>Zoë</b>", "quiet orbit 7", &field), TEXT_NONE); /* escaped where it is shown */
}

static void test_redirects(void **state) {
    (void)state;
    const struct client c = {.id = "c",
                             .name = "C",
                             .redirect_uris = "https://a.example/cb http://127.0.0.1:9999/cb",
                             .logout_uris = "",
                             .grants = "authorization_code",
                             .scope = "",
                             .first_party = false};
    assert_true(client_may_redirect(&c, "https://a.example/cb"));
    const char *const bad[] = {"https://a.example/cb/",
                               "https://a.example/cb?x=1",
                               "https://a.example/c",
                               "https://a.example/cb2",
                               "",
                               "https://a.example",
                               "http://a.example/cb",
                               "//a.example/cb",
                               "http://127.0.0.1:9998/cb",
                               "https://a.example/cb http://127.0.0.1:9999/cb",
                               "https://a.example/cb#",
                               "javascript:alert(1)"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(client_may_redirect(&c, bad[i]));
    assert_true(client_may_log_out_to(&s, &c, "https://a.example/cb"));
    assert_false(client_may_log_out_to(&s, &c, "https://a.example/bye"));
    struct client ours = c;
    ours.first_party = true;
    assert_true(client_may_log_out_to(&s, &ours, "https://a.example/bye"));
    assert_false(client_may_log_out_to(&s, &ours, "https://a.example.evil.org/bye"));
    assert_false(client_may_log_out_to(&s, &ours, "https://a.example@evil.org/bye"));
    assert_false(client_may_log_out_to(&s, &ours, "https://evil.org/https://a.example/"));

    const char *field;
    struct client made = c;
    assert_null(client_fault(&s, &made, &field));
    const char *const uris[] = {"https://a.example/cb#x", "javascript:alert(1)", "http:///cb", "data:text/html,x",
                                "https://u@a.example/",   "https://a.example/<", "nothing",    "file:///etc/passwd",
                                "https:a.example"};
    for (size_t i = 0; i < sizeof uris / sizeof *uris; i++) {
        made.redirect_uris = uris[i];
        assert_non_null(client_fault(&s, &made, &field));
        assert_string_equal(field, "redirect_uris");
    }
    made.redirect_uris = "org.example.app:/cb";
    assert_null(client_fault(&s, &made, &field));
    made.grants = "client_credentials";
    assert_non_null(client_fault(&s, &made, &field)); /* public */
}

static void test_returns(void **state) {
    (void)state;
    assert_non_null(return_checked("/oauth2/authorize?client_id=x&state=%2F"));
    const char *const bad[] = {"",
                               "/",
                               "//evil.example/oauth2/authorize?",
                               "https://evil.example/oauth2/authorize?a",
                               "/oauth2/authorize",
                               "/oauth2/authorize@evil.example?",
                               "/oauth2/authorize?a\r\nSet-Cookie: x",
                               "/oauth2/authorize?a b",
                               "/oauth2/authorize?\\evil.example"};
    assert_null(return_checked(NULL));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_null(return_checked(bad[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_returns),
        cmocka_unit_test(test_unknown_account_takes_as_long),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
