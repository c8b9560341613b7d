#include "test.h"

#include <time.h>

#include "common/id.h"
#include "common/scope.h"

static int order[3], norder;

static void note(void *value) {
    order[norder++] = *(int *)value;
}

static void deferred_runs_last_first(void **state) {
    (void)state;
    int a = 1, b = 2;
    struct scope s;
    scope_init(&s, "test", 0);
    scope_defer(&s, note, &a);
    scope_defer(&s, note, &b);
    scope_end(&s);
    assert_int_equal(norder, 2);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
}

static void memory_is_zeroed_aligned_and_large(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    for (size_t size = 1; size < 100000; size = size * 3 + 1) {
        unsigned char *p = scope_alloc(&s, size);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
    char *text = scope_printf(&s, "%0500d", 7);
    assert_int_equal(strlen(text), 500);
    assert_null(scope_strdup(&s, NULL));
    scope_end(&s);
}

static void deadline_counts_down(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    assert_int_equal(scope_left_ms(&s, 500), 500);
    scope_end(&s);
    scope_init(&s, "test", 50);
    assert_in_range(scope_left_ms(&s, 500), 1, 50);
    s.deadline_us = clock_us() - 1;
    assert_int_equal(scope_left_ms(&s, 500), 0);
    scope_end(&s);
}

static void identifiers_sort_by_time(void **state) {
    (void)state;
    char a[ID_SIZE], b[ID_SIZE];
    id_new(a);
    struct timespec pause = {0, 3000000};
    nanosleep(&pause, NULL);
    id_new(b);
    assert_true(id_valid(a) && id_valid(b));
    assert_true(strcmp(a, b) < 0);
    assert_int_equal(a[14], '7');
    assert_non_null(strchr("89ab", a[19]));
    assert_false(id_valid("0190a0b0-0000-7000-8000-00000000000g"));
    assert_false(id_valid(""));
    assert_false(id_valid(NULL));
}

static void traceparent_continues_or_begins(void **state) {
    (void)state;
    struct trace t;
    char text[TRACEPARENT_SIZE];
    trace_continue(&t, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_string_equal(t.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_string_equal(t.parent_id, "00f067aa0ba902b7");
    trace_format(&t, text);
    assert_int_equal(strlen(text), 55);
    assert_memory_equal(text, "00-4bf92f3577b34da6a3ce929d0e0e4736-", 36);
    static const char *const bad[] = {NULL,
                                      "",
                                      "00-",
                                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                      "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        trace_continue(&t, bad[i]);
        assert_string_equal(t.parent_id, "");
        assert_int_equal(strlen(t.trace_id), 32);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deferred_runs_last_first),
        cmocka_unit_test(memory_is_zeroed_aligned_and_large),
        cmocka_unit_test(deadline_counts_down),
        cmocka_unit_test(identifiers_sort_by_time),
        cmocka_unit_test(traceparent_continues_or_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
