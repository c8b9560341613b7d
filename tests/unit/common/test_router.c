#include "test.h"

#include "common/module.h"
#include "common/server.h"

static int echo(struct request *rq, struct response *rs) {
    json_t *answer = json_object();
    for (size_t i = 0; i < rq->params.count; i++)
        json_object_set_new(answer, rq->params.list[i].name, json_string(rq->params.list[i].value));
    return response_json(rs, 200, answer);
}

static int silent(struct request *rq, struct response *rs) {
    (void)rq;
    (void)rs;
    return 0;
}

static int busy(struct request *rq, struct response *rs) {
    (void)rq;
    (void)rs;
    return NADIR_EBUSY;
}

/* As a handler that has made its answer when the commit fails. */
static int hasty(struct request *rq, struct response *rs) {
    (void)rq;
    response_header(rs, "location", "/made");
    response_json(rs, 201, json_pack("{s:s}", "made", "yes"));
    return NADIR_EUNAVAILABLE;
}

static int refusing(struct request *rq, struct response *rs) {
    (void)rq;
    response_error(rs, 409, "taken", NULL, "It is taken.");
    return NADIR_EINVAL;
}

static const struct route routes[] = {
    {HTTP_GET, "/stac/collections/all", NULL, busy},
    {HTTP_GET | HTTP_POST, "/stac/collections/{collection}", NULL, echo, .body_max = 10},
    {HTTP_GET, "/view/tiles/{item}/{z}/{x}/{y}.png", NULL, echo},
    {HTTP_GET, "/s3/{bucket}/{key*}", NULL, echo},
    {HTTP_GET, "/silent", NULL, silent},
    {HTTP_POST, "/hasty", NULL, hasty},
    {HTTP_GET, "/refusing", NULL, refusing},
    {HTTP_GET, "/private", "billing:order.read", echo},
    {HTTP_GET, "/optional", SCOPE_OPTIONAL, echo},
};
static const struct module module = {.name = "test", .routes = routes, .nroutes = ARRAY_SIZE(routes)};
static const struct module *const modules[] = {&module};

static struct scope s;
static struct request rq;
static struct response rs;

static int setup(void **state) {
    (void)state;
    router_use(modules, 1);
    scope_init(&s, "test", 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    scope_end(&s);
    router_use(NULL, 0);
    return 0;
}

static void ask(enum http_method method, const char *path, const char *const *headers, const char *body) {
    assert_int_equal(request_build(&rq, &s, method, path, "", headers, body, body ? strlen(body) : 0), 0);
    router_serve(&rq, &rs);
}

static void an_answer_made_before_a_failure_is_not_given(void **state) {
    (void)state;
    ask(HTTP_POST, "/hasty", NULL, NULL);
    assert_int_equal(rs.status, 503);
    assert_null(strstr(rs.body, "made"));
    for (size_t i = 0; i < rs.headers.count; i++) assert_string_not_equal(rs.headers.list[i].name, "location");
    ask(HTTP_GET, "/refusing", NULL, NULL);
    assert_int_equal(rs.status, 409);
}

static void templates_match(void **state) {
    (void)state;
    static const struct {
        const char *path, *body;
        int status;
    } cases[] = {
        {"/stac/collections/landsat-7", "{\"collection\":\"landsat-7\"}", 200},
        {"/stac/collections/a%20b%2Fc", "{\"collection\":\"a b/c\"}", 200},
        {"/stac/collections/", NULL, 404},
        {"/stac/collections/a/b", NULL, 404},
        {"/stac/collections/%zz", NULL, 400},
        {"/stac/collections/%ff", NULL, 400},
        {"/stac/collections/%00", NULL, 400},
        {"/stac/collections/all", NULL, 503},
        {"/view/tiles/a/1/2/3.png", "{\"item\":\"a\",\"z\":\"1\",\"x\":\"2\",\"y\":\"3\"}", 200},
        {"/view/tiles/a/1/2/3.jpg", NULL, 404},
        {"/view/tiles/a/1/2/.png", NULL, 404},
        {"/s3/b/x/y/z", "{\"bucket\":\"b\",\"key\":\"x/y/z\"}", 200},
        {"/s3/b/", "{\"bucket\":\"b\",\"key\":\"\"}", 200},
        {"/silent", NULL, 500},
        {"", NULL, 404},
        {"/private", NULL, 401},
        {"/optional", "{}", 200},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ask(HTTP_GET, cases[i].path, NULL, NULL);
        if (rs.status != cases[i].status) fail_msg("%s: %d", cases[i].path, rs.status);
        if (cases[i].body) assert_string_equal(rs.body, cases[i].body);
    }
}

static void methods_and_sizes_are_held(void **state) {
    (void)state;
    ask(HTTP_DELETE, "/stac/collections/x", NULL, NULL);
    assert_int_equal(rs.status, 405);
    assert_string_equal(pairs_get(&rs.headers, "allow"), "GET, HEAD, POST");
    ask(HTTP_POST, "/stac/collections/x", NULL, "0123456789");
    assert_int_equal(rs.status, 200);
    ask(HTTP_POST, "/stac/collections/x", NULL, "0123456789a");
    assert_int_equal(rs.status, 413);
    ask(HTTP_HEAD, "/stac/collections/x", NULL, NULL);
    assert_int_equal(rs.status, 200);
}

static void browsers_may_ask_from_elsewhere(void **state) {
    (void)state;
    const char *headers[] = {"Origin", "https://shop.example", "Access-Control-Request-Headers", "authorization", NULL};
    ask(HTTP_OPTIONS, "/stac/collections/x", headers, NULL);
    assert_int_equal(rs.status, 204);
    assert_string_equal(pairs_get(&rs.headers, "access-control-allow-origin"), "*");
    assert_string_equal(pairs_get(&rs.headers, "access-control-allow-headers"), "authorization");
    assert_null(pairs_get(&rs.headers, "access-control-allow-credentials"));
}

static void a_bad_credential_is_never_anonymous(void **state) {
    (void)state;
    const char *basic[] = {"Authorization", "Basic eDp5", NULL};
    ask(HTTP_GET, "/optional", basic, NULL);
    assert_int_equal(rs.status, 401);
    const char *key[] = {"Authorization", "Bearer nonsense", NULL};
    ask(HTTP_GET, "/optional", key, NULL);
    assert_true(rs.status == 401 || rs.status == 503);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_match),
        cmocka_unit_test(an_answer_made_before_a_failure_is_not_given),
        cmocka_unit_test(methods_and_sizes_are_held),
        cmocka_unit_test(browsers_may_ask_from_elsewhere),
        cmocka_unit_test(a_bad_credential_is_never_anonymous),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
