#include "test.h"

#include "common/http.h"

static struct scope s;
static struct request rq;
static struct response rs;

static int setup(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    memset(&rs, 0, sizeof rs);
    rs.scope = &s;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static int build(const char *query, const char *type, const char *body) {
    const char *headers[] = {"Content-Type", type ? type : "text/plain", "Cookie", "a=1; session=x=y; b=2", NULL};
    return request_build(&rq, &s, HTTP_POST, "/x", query, headers, body, body ? strlen(body) : 0);
}

static void arguments_are_decoded(void **state) {
    (void)state;
    assert_int_equal(build("bbox=1%2C2&empty=&flag&q=a+b&q=second&&", NULL, NULL), 0);
    assert_string_equal(request_arg(&rq, "bbox"), "1,2");
    assert_string_equal(request_arg(&rq, "empty"), "");
    assert_string_equal(request_arg(&rq, "flag"), "");
    assert_string_equal(request_arg(&rq, "q"), "a b");
    assert_null(request_arg(&rq, "BBOX"));
    assert_string_equal(request_kvp(&rq, "BBOX"), "1,2");
    assert_string_equal(request_header(&rq, "content-type"), "text/plain");
    assert_string_equal(request_cookie(&rq, "session"), "x=y");
    assert_null(request_cookie(&rq, "sess"));
}

static void malformed_queries_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"a=%", "a=%zz", "%ff=1", "a=%00", "a=\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(build(bad[i], NULL, NULL), NADIR_EINVAL);
    char many[400] = "";
    for (int i = 0; i < 70; i++) strcat(many, "a=1&");
    assert_int_equal(build(many, NULL, NULL), NADIR_EINVAL);
}

static void integers_keep_their_bounds(void **state) {
    (void)state;
    int64_t n;
    build("limit=10&bad=1x&space=+5&large=99999999999999999999&neg=-3", NULL, NULL);
    assert_int_equal(request_arg_int(&rq, &rs, "limit", 1, 100, 7, &n), 0);
    assert_int_equal(n, 10);
    assert_int_equal(request_arg_int(&rq, &rs, "absent", 1, 100, 7, &n), 0);
    assert_int_equal(n, 7);
    static const char *const bad[] = {"bad", "space", "large", "neg"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        rs.status = 0;
        assert_int_equal(request_arg_int(&rq, &rs, bad[i], 0, 100, 7, &n), NADIR_EINVAL);
        assert_int_equal(rs.status, 400);
        assert_non_null(strstr(rs.body, bad[i]));
    }
}

static void json_bodies_are_checked(void **state) {
    (void)state;
    json_t *json;
    build("", "application/json; charset=utf-8", "{\"a\":1}");
    assert_int_equal(request_json(&rq, &rs, &json), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "a")), 1);
    build("", "application/geo+json", "[]");
    assert_int_equal(request_json(&rq, &rs, &json), 0);

    char deep[400];
    memset(deep, '[', 200);
    memset(deep + 200, ']', 199);
    deep[399] = '\0';
    const struct {
        const char *type, *body;
        int status;
    } cases[] = {{"text/plain", "{}", 415},
                 {"application/json", "", 400},
                 {"application/json", "{", 400},
                 {"application/json", "{\"a\":\"\xff\"}", 400},
                 {"application/json", deep, 400},
                 {"application/json", "{\"a\":1,\"a\":2}", 400},
                 {"application/json", "{\"a\":\"\\u0000\"}", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        build("", cases[i].type, cases[i].body);
        rs.status = 0;
        assert_int_equal(request_json(&rq, &rs, &json), NADIR_EINVAL);
        assert_int_equal(rs.status, cases[i].status);
    }
}

static void forms_are_checked(void **state) {
    (void)state;
    struct pairs form;
    build("", "application/x-www-form-urlencoded", "grant_type=client%5Fcredentials&scope=a+b");
    assert_int_equal(request_form(&rq, &rs, &form), 0);
    assert_string_equal(pairs_get(&form, "grant_type"), "client_credentials");
    assert_string_equal(pairs_get(&form, "scope"), "a b");
    build("", "application/x-www-form-urlencodedX", "a=b");
    assert_int_equal(request_form(&rq, &rs, &form), NADIR_EINVAL);
    assert_int_equal(rs.status, 415);
    build("", "application/x-www-form-urlencoded", "a=%ff");
    rs.errors = ERRORS_OAUTH;
    assert_int_equal(request_form(&rq, &rs, &form), NADIR_EINVAL);
    assert_int_equal(rs.status, 400);
    assert_non_null(strstr(rs.body, "\"error\":\"invalid_request\""));
    rs.errors = ERRORS_PROBLEM;
}

static void errors_keep_the_format(void **state) {
    (void)state;
    response_error(&rs, 422, "quote-expired", "quote", "Ask for a new quote: \"%s\".", "x");
    assert_string_equal(rs.content_type, "application/problem+json");
    assert_non_null(strstr(rs.body, "urn:nadir:problem:quote-expired"));
    rs.errors = ERRORS_WMS;
    response_error(&rs, 400, "LayerNotDefined", "LAYERS", "No layer <%s>.", "a&b");
    assert_non_null(strstr(rs.body, "code=\"LayerNotDefined\" locator=\"LAYERS\""));
    assert_non_null(strstr(rs.body, "No layer &lt;a&amp;b&gt;."));
    rs.errors = ERRORS_PROBLEM;
    response_fail(&rs, NADIR_EBUSY);
    assert_int_equal(rs.status, 503);
    assert_string_equal(pairs_get(&rs.headers, "retry-after"), "1");
    char long_text[3000];
    memset(long_text, 'a', sizeof long_text - 1);
    memcpy(long_text + 1021, "\xe2\x82\xac", 3);
    long_text[sizeof long_text - 1] = '\0';
    response_error(&rs, 400, "t", NULL, "%s", long_text);
    assert_int_equal(rs.status, 400);
    assert_true(text_is_utf8(rs.body, rs.body_len));
}

static void headers_cannot_be_split(void **state) {
    (void)state;
    size_t before = rs.headers.count;
    response_header(&rs, "x-test", "a\r\nset-cookie: b");
    assert_int_equal(rs.headers.count, before);
    response_redirect(&rs, 303, "https://a/\r\nx: y");
    assert_int_equal(rs.status, 500);
}

static void etags_match(void **state) {
    (void)state;
    const struct {
        const char *sent;
        bool match;
    } cases[] = {{"\"v1\"", true}, {"W/\"v1\"", true}, {"\"v0\", \"v1\"", true}, {"*", true}, {"\"v10\"", false},
                 {"v1", false},    {"\"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *headers[] = {"If-None-Match", cases[i].sent, NULL};
        request_build(&rq, &s, HTTP_GET, "/x", "", headers, NULL, 0);
        assert_int_equal(response_not_modified(&rq, &rs, "v1"), cases[i].match);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_decoded),      cmocka_unit_test(malformed_queries_are_refused),
        cmocka_unit_test(integers_keep_their_bounds), cmocka_unit_test(json_bodies_are_checked),
        cmocka_unit_test(forms_are_checked),          cmocka_unit_test(errors_keep_the_format),
        cmocka_unit_test(headers_cannot_be_split),    cmocka_unit_test(etags_match),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
