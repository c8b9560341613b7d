/* Programs beside us: their ends, their words, their time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/child.h"

static struct child_end run(const char *script, int seconds, bool (*beat)(void *), void *context) {
    struct child_end end;
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    assert_int_equal(child_run(argv, seconds, beat, context, &end), 0);
    return end;
}

static void its_end_and_its_last_words_are_told(void **state) {
    (void)state;
    struct child_end end = run("echo out; echo first >&2; echo last >&2; exit 3", 10, NULL, NULL);
    assert_int_equal(end.status, 3);
    assert_false(end.overdue);
    assert_string_equal(end.said, "first\nlast");
    assert_int_equal(run("exit 0", 10, NULL, NULL).status, 0);
}

static void of_many_words_the_end_is_kept(void **state) {
    (void)state;
    struct child_end end = run("i=0; while [ $i -lt 2000 ]; do echo line$i >&2; i=$((i+1)); done", 20, NULL, NULL);
    assert_int_equal(strlen(end.said), sizeof end.said - 2); /* without the last line's end */
    assert_non_null(strstr(end.said, "line1998\nline1999"));
}

static void one_that_takes_too_long_is_ended_with_its_children(void **state) {
    (void)state;
    int64_t began = clock_us();
    struct child_end end = run("sleep 100 & wait", 1, NULL, NULL);
    assert_true(end.overdue);
    assert_int_equal(end.status, -1);
    assert_true(clock_us() - began < INT64_C(50000000)); /* the grandchild holds the pipe no longer */
}

static bool twice(void *left) {
    return --*(int *)left > 0;
}

static void one_whose_work_is_not_wanted_any_more_is_ended(void **state) {
    (void)state;
    int left = 2;
    struct child_end end = run("sleep 100", 100, twice, &left);
    assert_true(end.overdue);
    assert_int_equal(left, 0);
}

static void one_that_is_killed_has_no_status(void **state) {
    (void)state;
    struct child_end end = run("kill -9 $$", 10, NULL, NULL);
    assert_int_equal(end.status, -1);
    assert_false(end.overdue);
}

static void one_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct child_end end;
    assert_int_not_equal(child_run((const char *[]){"/nowhere/program", NULL}, 1, NULL, NULL, &end), 0);
    struct scope s;
    scope_init(&s, "test", 0);
    assert_null(child_beside(&s, "no-such-program"));
    assert_non_null(child_beside(&s, "test_common_child"));
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_end_and_its_last_words_are_told),
        cmocka_unit_test(of_many_words_the_end_is_kept),
        cmocka_unit_test(one_that_takes_too_long_is_ended_with_its_children),
        cmocka_unit_test(one_whose_work_is_not_wanted_any_more_is_ended),
        cmocka_unit_test(one_that_is_killed_has_no_status),
        cmocka_unit_test(one_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
