/* Logs of programs: bounded, always text, progress read from their lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/http.h"
#include "processing/runner/joblog.h"

static struct joblog *log_new(void) {
    struct joblog *log = calloc(1, sizeof(*log));
    assert_non_null(log);
    joblog_init(log);
    return log;
}

static void add(struct joblog *log, const char *text) {
    joblog_add(log, text, strlen(text));
}

static void test_progress(void **state) {
    (void)state;
    struct joblog *log = log_new();
    assert_int_equal(log->progress, -1);
    add(log, "progress 1");
    assert_int_equal(log->progress, -1); /* the line has not ended */
    add(log, "2 half of it\nother\n");
    assert_int_equal(log->progress, 12);
    assert_string_equal(log->message, "half of it");
    static const char *const no_progress[] = {"progress 101 x\n",
                                              "progress -1 x\n",
                                              "progress x\n",
                                              "progress\n",
                                              "Progress 50\n",
                                              " progress 50\n",
                                              "progress 99999999999999999999\n"};
    for (size_t i = 0; i < sizeof(no_progress) / sizeof(*no_progress); i++) {
        add(log, no_progress[i]);
        assert_int_equal(log->progress, 12);
    }
    add(log, "progress 100\n");
    assert_int_equal(log->progress, 100);
    assert_string_equal(log->message, "");
    free(log);
}

static void test_bounds(void **state) {
    (void)state;
    struct scope s;
    struct joblog *log = log_new();
    scope_init(&s, "test", 0);
    add(log, "first line\n");
    for (int i = 0; i < 100000; i++) add(log, "0123456789abcdef");
    add(log, "\nlast line\n");
    const char *text = joblog_text(&s, log);
    assert_int_equal(strncmp(text, "first line\n0123", 15), 0);
    assert_non_null(strstr(text, "not kept"));
    assert_string_equal(text + strlen(text) - 10, "last line\n");
    assert_true(strlen(text) < JOBLOG_HEAD + JOBLOG_TAIL + 100);
    assert_string_equal(joblog_last(&s, log), "last line");
    assert_false(log->changed);
    scope_end(&s);
    free(log);
}

static void test_any_bytes_become_text(void **state) {
    (void)state;
    struct scope s;
    struct joblog *log = log_new();
    scope_init(&s, "test", 0);
    joblog_add(log, "caf\xc3\xa9 \xff\x00\xc3(\x1b[31m\xed\xa0\x80\xf0\x9f\x9b\xb0\xe2\x82", 24);
    const char *text = joblog_text(&s, log);
    assert_true(text_is_utf8(text, strlen(text)));
    assert_string_equal(text, "caf\xc3\xa9 ??\?(?[31m???\xf0\x9f\x9b\xb0??");
    uint64_t number = 7; /* the same bytes each time: Knuth's MMIX generator */
    for (int i = 0; i < 200000; i++) {
        number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        char c = (char)(number >> 56);
        joblog_add(log, &c, 1);
    }
    text = joblog_text(&s, log);
    assert_true(text_is_utf8(text, strlen(text)));
    assert_true(text_is_utf8(joblog_last(&s, log), strlen(joblog_last(&s, log))));
    scope_end(&s);
    free(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_any_bytes_become_text),
    };
    return cmocka_run_group_tests_name("processing_joblog", tests, NULL, NULL);
}
