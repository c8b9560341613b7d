/* Webhook signatures: the header that Stripe's official library made for this body, and forgeries of it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>

#include "billing/stripe_signature.h"
#include "common/error.h"

/* stripe 23.1.0: generateTestHeaderString({payload, secret: 'whsec_oracle', timestamp: 1700000000}) */
#define SECRET "whsec_oracle"
#define BODY "{\"id\":\"evt_oracle\",\"type\":\"ping\"}"
#define AT 1700000000
#define V1 "7a9512fafa7ec42b5fa67744b1bcc7fbba338898e358cb58a722465dda8284c3"

static int check(const char *header, const char *secret, const char *body, time_t now) {
    return stripe_signature_check(header, secret, body, strlen(body), now);
}

static void the_official_signature_is_taken(void **state) {
    (void)state;
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, BODY, AT), 0);
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, BODY, AT + 300), 0);
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, BODY, AT - 300), 0);
}

static void one_of_several_signatures_is_enough(void **state) {
    (void)state;
    char header[400];
    const char *zeros = "0000000000000000000000000000000000000000000000000000000000000000";
    snprintf(header, sizeof(header), "t=1700000000,v1=%s,v1=%s,v0=%s", zeros, V1, zeros);
    assert_int_equal(check(header, SECRET, BODY, AT), 0);
    snprintf(header, sizeof(header), "v1=%s,t=1700000000,v1=%s", V1, zeros);
    assert_int_equal(check(header, SECRET, BODY, AT), 0);
}

static void times_too_far_off_are_refused(void **state) {
    (void)state;
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, BODY, AT + 301), NADIR_EUNAUTH);
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, BODY, AT - 301), NADIR_EUNAUTH);
}

static void forgeries_are_refused(void **state) {
    (void)state;
    const char *bad[] = {"",
                         "t=1700000000",
                         "v1=" V1,
                         "t=,v1=" V1,
                         "t=1700000001,v1=" V1,
                         "t=01700000000,v1=" V1,
                         "t=17e8,v1=" V1,
                         "t=99999999999999999999,v1=" V1,
                         "t=1700000000,v0=" V1,
                         "t=1700000000,v1=",
                         "t=1700000000,v1=" V1 "00",
                         "t=1700000000;v1=" V1,
                         ",,,=,t,v1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (check(bad[i], SECRET, BODY, AT) != NADIR_EUNAUTH) fail_msg("\"%s\" was taken", bad[i]);
    assert_int_equal(check("t=1700000000,v1=" V1, "whsec_other", BODY, AT), NADIR_EUNAUTH);
    assert_int_equal(check("t=1700000000,v1=" V1, "", BODY, AT), NADIR_EUNAUTH);
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, BODY " ", AT), NADIR_EUNAUTH);
    assert_int_equal(check("t=1700000000,v1=" V1, SECRET, "", AT), NADIR_EUNAUTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_signature_is_taken),
        cmocka_unit_test(one_of_several_signatures_is_enough),
        cmocka_unit_test(times_too_far_off_are_refused),
        cmocka_unit_test(forgeries_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
