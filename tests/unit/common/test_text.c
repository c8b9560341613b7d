#include "test.h"

#include "common/http.h"

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

static void utf8_is_checked(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        bool good;
    } cases[] = {
        {"", 0, true},
        {"abc", 3, true},
        {"\xc3\xa9", 2, true},
        {"\xe2\x82\xac", 3, true},
        {"\xf0\x9f\x9b\xb0", 4, true},
        {"a\0b", 3, false},
        {"\xc0\x80", 2, false},
        {"\xc1\xbf", 2, false},
        {"\xe0\x80\x80", 3, false},
        {"\xed\xa0\x80", 3, false},
        {"\xf4\x90\x80\x80", 4, false},
        {"\xf5\x80\x80\x80", 4, false},
        {"\xc3", 1, false},
        {"\xe2\x82", 2, false},
        {"\x80", 1, false},
        {"\xff", 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_is_utf8(cases[i].text, cases[i].len), cases[i].good);
}

static void percent_encoding_goes_both_ways(void **state) {
    (void)state;
    const char *text = "a b/\xc3\xa9+~%&=?";
    const char *encoded = http_encode(&s, text);
    assert_string_equal(encoded, "a%20b%2F%C3%A9%2B~%25%26%3D%3F");
    assert_string_equal(http_decode(&s, encoded, strlen(encoded), false), text);
    assert_string_equal(http_encode_path(&s, "a b/c"), "a%20b/c");
    assert_string_equal(http_decode(&s, "a+b", 3, true), "a b");
    assert_string_equal(http_decode(&s, "a+b", 3, false), "a+b");
    static const char *const bad[] = {"%", "%4", "%zz", "abc%e", "%00", "%ff", "%c3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_null(http_decode(&s, bad[i], strlen(bad[i]), false));
}

static void markup_is_escaped(void **state) {
    (void)state;
    assert_string_equal(http_escape(&s, "<a href=\"x\">'&'\x01</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

static void base64url_follows_rfc4648(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                                           {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xff\xef\xfe", "_-_-"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t len;
        assert_string_equal(base64url_encode(&s, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
        unsigned char *raw = base64url_decode(&s, pairs[i][1], strlen(pairs[i][1]), &len);
        assert_non_null(raw);
        assert_int_equal(len, strlen(pairs[i][0]));
        assert_memory_equal(raw, pairs[i][0], len);
    }
    static const char *const bad[] = {"Z", "Zg==", "Zm+v", "Zm/v", "Zm 9", "Z*"};
    size_t len;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_null(base64url_decode(&s, bad[i], strlen(bad[i]), &len));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(percent_encoding_goes_both_ways),
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(base64url_follows_rfc4648),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
