/* test.h: what the unit tests of libnadir share. */
#ifndef NADIR_TEST_H
#define NADIR_TEST_H

/* cmocka.h needs the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test that needs a server says so and is skipped without one. */
static inline const char *need_setting(const char *name) {
    const char *value = getenv(name);
    if (!value || !*value) {
        fprintf(stderr, "SKIPPED: %s is not set\n", name);
        skip();
    }
    return value;
}

#endif
