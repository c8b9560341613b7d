/* What a provider may write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "services/services.h"

static void test_urls(void **state) {
    (void)state;
    static const char *const good[] = {"https://x.example", "http://x.example:8080/wms?a=b&c=%20", "https://[2001:db8::1]/",
                                       "https://192.0.2.1/"};
    static const char *const bad[] = {"",
                                      "x",
                                      "https://",
                                      "https:///x",
                                      "http:// x",
                                      "javascript:alert(1)",
                                      "JAVASCRIPT:alert(1)",
                                      "data:text/html,x",
                                      "ftp://x.example",
                                      "https://u@x.example/",
                                      "https://u:p@x.example/",
                                      "https://x.example/#a",
                                      "https://x.example/\"",
                                      "https://x.example/<b>",
                                      "https://x.example/\xc3\xa9",
                                      "https://x.example:0x50/",
                                      "https://x.example:999999/",
                                      "//x.example"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(offering_url_ok(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(offering_url_ok(bad[i]));
    char huge[3000];
    memset(huge, 'a', sizeof huge);
    memcpy(huge, "https://", 8);
    huge[2999] = '\0';
    assert_false(offering_url_ok(huge));
}

static const char *fault(const char *text) {
    json_t *json = json_loads(text, 0, NULL);
    struct offering o;
    struct fields f = fields_of(json);
    struct response rs = {0};
    offering_read(&f, &o);
    struct scope s;
    scope_init(&s, "services", 0);
    rs.scope = &s;
    fields_fail(&f, &rs);
    scope_end(&s);
    json_decref(json);
    return f.bad_name;
}

static void test_offerings(void **state) {
    (void)state;
    assert_null(fault("{\"title\":\"t\",\"description\":\"d\",\"url\":\"https://x.example/\",\"kind\":\"wms\"}"));
    assert_string_equal(fault("{\"description\":\"d\",\"url\":\"https://x.example/\",\"kind\":\"wms\"}"), "title");
    assert_string_equal(fault("{\"title\":\"t\",\"description\":\"d\",\"url\":\"x\",\"kind\":\"wms\"}"), "url");
    assert_string_equal(fault("{\"title\":\"t\",\"description\":\"d\",\"url\":\"https://x.example/\",\"kind\":\"WMS\"}"),
                        "kind");
    assert_true(offering_kind_ok("stac"));
    assert_false(offering_kind_ok(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls), cmocka_unit_test(test_offerings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
