/* Amounts: digits of currencies, rounding, overflow, text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/money.h"

static void digits_are_those_of_iso_4217(void **state) {
    (void)state;
    assert_int_equal(money_digits("EUR"), 2);
    assert_int_equal(money_digits("JPY"), 0);
    assert_int_equal(money_digits("KWD"), 3);
    assert_int_equal(money_digits("CLF"), 4);
}

static void unknown_currencies_are_refused(void **state) {
    (void)state;
    const char *bad[] = {"", "EU", "EURO", "eur", "QQQ", "XCR", "R U", " EU", NULL};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) assert_int_equal(money_digits(bad[i]), -1);
}

static void products_round_half_to_even(void **state) {
    (void)state;
    int64_t out = 0;
    assert_int_equal(money_times(1, 0.5, &out), 0);
    assert_int_equal(out, 0);
    assert_int_equal(money_times(1, 1.5, &out), 0);
    assert_int_equal(out, 2);
    assert_int_equal(money_times(5, 0.5, &out), 0);
    assert_int_equal(out, 2);
    assert_int_equal(money_times(100, 12.3456, &out), 0);
    assert_int_equal(out, 1235);
    assert_int_equal(money_times(-3, 0.5, &out), 0);
    assert_int_equal(out, -2);
    assert_int_equal(money_times(INT64_MAX, 1, &out), 0);
    assert_true(out == INT64_MAX);
}

static void impossible_products_change_nothing(void **state) {
    (void)state;
    int64_t out = 7;
    assert_int_equal(money_times(2, -1, &out), NADIR_EINVAL);
    assert_int_equal(money_times(2, (double)NAN, &out), NADIR_EINVAL);
    assert_int_equal(money_times(2, (double)INFINITY, &out), NADIR_EINVAL);
    assert_int_equal(money_times(INT64_MAX, 1.5, &out), NADIR_EINVAL);
    assert_int_equal(money_times(INT64_MIN, 2, &out), NADIR_EINVAL);
    assert_int_equal(out, 7);
}

static void amounts_print_with_their_digits(void **state) {
    (void)state;
    char text[40];
    money_format(1234, "EUR", text);
    assert_string_equal(text, "12.34 EUR");
    money_format(-5, "EUR", text);
    assert_string_equal(text, "-0.05 EUR");
    money_format(1234, "JPY", text);
    assert_string_equal(text, "1234 JPY");
    money_format(1, "KWD", text);
    assert_string_equal(text, "0.001 KWD");
    money_format(INT64_MIN, "EUR", text);
    assert_string_equal(text, "-92233720368547758.08 EUR");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_those_of_iso_4217),    cmocka_unit_test(unknown_currencies_are_refused),
        cmocka_unit_test(products_round_half_to_even),     cmocka_unit_test(impossible_products_change_nothing),
        cmocka_unit_test(amounts_print_with_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
