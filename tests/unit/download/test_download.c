/* Link tokens, ranges and names: what the download module decides without a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "download/download.h"
#include "download/quota.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static struct scope s;

static int begin(void **state) {
    (void)state;
    scope_init(&s, "download", 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static const struct link sample = {"ana", "landsat-7", "olinda \xc3\xa9", "red", 1000, 2000};

static void test_token_round_trip(void **state) {
    (void)state;
    char *token;
    struct link out;
    assert_int_equal(link_token_make(&s, SECRET, &sample, &token), 0);
    assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."), strlen(token));
    assert_int_equal(link_token_read(&s, SECRET, token, &out), 0);
    assert_string_equal(out.subject, "ana");
    assert_string_equal(out.item, sample.item);
    assert_string_equal(out.asset, "red");
    assert_int_equal(out.issued, 1000);
    assert_int_equal(out.expires, 2000);
}

static void test_every_changed_character_is_noticed(void **state) {
    (void)state;
    char *token;
    struct link out;
    assert_int_equal(link_token_make(&s, SECRET, &sample, &token), 0);
    /* The last character carries padding bits only in part, so any other letter there must be refused too. */
    for (size_t i = 0; token[i]; i++) {
        char *forged = scope_strdup(&s, token);
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        assert_int_equal(link_token_read(&s, SECRET, forged, &out), NADIR_EDENIED);
    }
    assert_int_equal(link_token_read(&s, "another secret, as long as the one", token, &out), NADIR_EDENIED);
}

static void test_garbage_tokens(void **state) {
    (void)state;
    static const char *const bad[] = {"", ".", "a", "a.b", "....", "e30.", ".e30", "\xff.\xfe", "a.b.c"};
    struct link out;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(link_token_read(&s, SECRET, bad[i], &out), NADIR_EDENIED);
    char *huge = scope_alloc(&s, 100001);
    memset(huge, 'a', 100000);
    huge[50] = '.';
    assert_int_equal(link_token_read(&s, SECRET, huge, &out), NADIR_EDENIED);
}

static void test_token_has_a_limit(void **state) {
    (void)state;
    char *name = scope_alloc(&s, 3001), *token;
    memset(name, 'x', 3000);
    struct link link = sample;
    link.item = name;
    assert_int_equal(link_token_make(&s, SECRET, &link, &token), NADIR_ETOOLARGE);
    name[1350] = '\0';
    assert_int_equal(link_token_make(&s, SECRET, &link, &token), NADIR_ETOOLARGE);
    name[256] = '\0';
    assert_int_equal(link_token_make(&s, SECRET, &link, &token), 0);
    assert_int_equal(link_token_read(&s, SECRET, token, &link), 0);
}

static void test_ranges(void **state) {
    (void)state;
    static const struct {
        const char *range;
        int64_t size;
        bool begins;
        int64_t bytes;
    } cases[] = {
        {NULL, 100, true, 100},
        {NULL, -1, true, -1},
        {"bytes=0-", 100, true, 100},
        {"bytes=0-9", 100, true, 10},
        {"bytes=0-999", 100, true, 100},
        {"bytes=0-99999999999999999999999", 100, true, 100},
        {"bytes=0-9", -1, true, -1},
        {"bytes=0-9,20-29", 100, true, 100},
        {"bytes=50-", 100, false, 100},
        {"bytes=-10", 100, false, 100},
        {"bytes=00-9", 100, false, 100},
        {"items=3-4", 100, true, 100}, /* an unknown unit is ignored: the whole file goes out */
        {"", 100, true, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t bytes;
        assert_int_equal(delivery_begins(cases[i].range, cases[i].size, &bytes), cases[i].begins);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void test_ranges_past_the_end(void **state) {
    (void)state;
    assert_true(delivery_past_end("bytes=100-", 100));
    assert_true(delivery_past_end("bytes=100-200", 100));
    assert_true(delivery_past_end("bytes=99999999999999999999-", 100));
    assert_false(delivery_past_end("bytes=99-", 100));
    assert_false(delivery_past_end("bytes=100-", -1));
    assert_false(delivery_past_end("bytes=100-50", 100)); /* not a range: ignored */
    assert_false(delivery_past_end("bytes=100-,0-1", 100));
    assert_false(delivery_past_end("bytes=-5", 100));
    assert_false(delivery_past_end("bytes=", 100));
    assert_false(delivery_past_end(NULL, 100));
}

static void test_bytes_that_a_range_asks_for(void **state) {
    (void)state;
    static const struct {
        const char *range;
        int64_t bytes;
    } cases[] = {
        {NULL, 100},
        {"bytes=0-", 100},
        {"bytes=10-19", 10},
        {"bytes=90-200", 10},
        {"bytes=-10", 10},
        {"bytes=-200", 100},
        {"bytes=0-9, 20-29,-5", 25},
        {"bytes=0-59,0-59", 100}, /* never more than the file, once */
        {"bytes=100-", 0},
        {"bytes=5-4", 0},
        {"items=1-2", 100}, /* not understood: the whole file goes out */
        {"bytes=x-", 100},
        {"bytes=99999999999999999999-", 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(quota_bytes(cases[i].range, 100), cases[i].bytes);
    assert_int_equal(quota_bytes("bytes=0-9", -1), -1);
}

static void test_filenames(void **state) {
    (void)state;
    assert_string_equal(delivery_filename(&s, "olinda", "products/l7/olinda/red.tif"), "olinda_red.tif");
    assert_string_equal(delivery_filename(&s, "LC08", "products/l8/LC08/LC08_B4.TIF"), "LC08_B4.TIF");
    assert_string_equal(delivery_filename(&s, "a\"b\r\nc", "x/\xc3\xa9;.tif"), "a_b__c____.tif");
    assert_string_equal(delivery_filename(&s, "..", "x/y"), "_._y");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_token_round_trip), TEST(test_every_changed_character_is_noticed),
        TEST(test_garbage_tokens),   TEST(test_token_has_a_limit),
        TEST(test_ranges),           TEST(test_ranges_past_the_end),
        TEST(test_filenames),        TEST(test_bytes_that_a_range_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
