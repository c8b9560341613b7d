/* RFC 3339 times and STAC intervals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "discovery/stac.h"

static void test_valid(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"2020-01-02T03:04:05Z", "2020-01-02T03:04:05.000000Z"},
        {"2020-01-02t03:04:05z", "2020-01-02T03:04:05.000000Z"},
        {"1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520000Z"},
        {"1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000000Z"},
        {"2020-02-29T00:00:00+00:00", "2020-02-29T00:00:00.000000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
        {"2020-01-02T03:04:05.1234567891Z", "2020-01-02T03:04:05.123456Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char out[INSTANT_SIZE];
        assert_int_equal(instant_parse(table[i][0], strlen(table[i][0]), out), 0);
        assert_string_equal(out, table[i][1]);
    }
}

static void test_invalid(void **state) {
    (void)state;
    static const char *const table[] = {
        "",
        "2020",
        "2020-01-01",
        "2020-01-01T00:00:00",
        "2020-01-01 00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2021-02-29T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01T00:60:00Z",
        "2020-01-01T00:00:61Z",
        "2020-01-01T00:00:00.Z",
        "2020-01-01T00:00:00,5Z",
        "2020-01-01T00:00:00+0100",
        "2020-01-01T00:00:00+24:00",
        "2020-01-01T00:00:00Zx",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "-020-01-01T00:00:00Z",
        "2020-01-0xT00:00:00Z",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char out[INSTANT_SIZE];
        assert_int_equal(instant_parse(table[i], strlen(table[i]), out), NADIR_EINVAL);
    }
}

static void test_intervals(void **state) {
    (void)state;
    struct scope s;
    const char *from, *to, *why;
    scope_init(&s, "test", 0);
    assert_int_equal(interval_parse(&s, "2020-01-01T00:00:00Z", &from, &to, &why), 0);
    assert_string_equal(from, to);
    assert_int_equal(interval_parse(&s, "2020-01-01T00:00:00Z/..", &from, &to, &why), 0);
    assert_non_null(from);
    assert_null(to);
    assert_int_equal(interval_parse(&s, "/2020-01-01T00:00:00Z", &from, &to, &why), 0);
    assert_null(from);
    static const char *const bad[] = {"",
                                      "..",
                                      "/",
                                      "../..",
                                      "a/b",
                                      "2020-01-01T00:00:00Z/2019-01-01T00:00:00Z",
                                      "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z/2022-01-01T00:00:00Z",
                                      ".../2020-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(interval_parse(&s, bad[i], &from, &to, &why), NADIR_EINVAL);
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_invalid),
                                       cmocka_unit_test(test_intervals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
