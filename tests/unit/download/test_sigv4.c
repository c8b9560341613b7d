/* Signatures against the values that AWS publishes: its Signature Version 4 test suite (a scope of service "service"), and the
 * examples of the Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h comes last. */
#include <cmocka.h>

#include "download/s3/chunked.h"
#include "download/s3/s3.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SUITE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define S3_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

/* A request as its bytes would arrive, with the framework's parsing of the query. */
static struct signed_request sent(struct scope *s, const char *method, const char *path, const char *query,
                                  const char *const *headers) {
    struct request *rq = scope_alloc(s, sizeof *rq);
    assert_int_equal(request_build(rq, s, HTTP_GET, path, query, headers, NULL, 0), 0);
    const char *decoded = http_decode(s, path, strlen(path), false);
    assert_non_null(decoded);
    return (struct signed_request){method, decoded, &rq->args, &rq->headers};
}

static void must_verify(struct scope *s, const struct signed_request *rq, const char *secret) {
    struct sigv4 v;
    struct s3_fault f = {0};
    unsigned char key[32];
    assert_int_equal(sigv4_read(s, rq, &v, &f), 0);
    assert_null(f.code);
    assert_int_equal(sigv4_key(s, &v, secret, key), 0);
    assert_true(sigv4_verify(s, &v, rq, key, "/s3"));
    struct sigv4 other = v;
    other.timestamp = "20000101T000000Z";
    assert_false(sigv4_verify(s, &other, rq, key, "/s3"));
    struct signed_request moved = *rq;
    moved.path = "/elsewhere";
    assert_false(sigv4_verify(s, &v, &moved, key, "/s3"));
}

struct suite_case {
    const char *method, *path, *query, *signed_headers, *signature;
    const char *headers[7];
};

static void test_suite_of_aws(void **state) {
    (void)state;
    static const struct suite_case cases[] = {
        {"GET", "/", "", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", {NULL}},
        {"POST", "/", "", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", {NULL}},
        {"GET",
         "/",
         "Param2=value2&Param1=value1",
         "host;x-amz-date",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
         {NULL}},
        {"GET",
         "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         "",
         "host;x-amz-date",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
         {NULL}},
        {"GET",
         "/\xe1\x88\xb4",
         "",
         "host;x-amz-date",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
         {NULL}},
        {"GET",
         "/",
         "",
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
         {"My-Header1", " value1", "My-Header2", " \"a   b   c\"", NULL}},
        {"GET",
         "/",
         "",
         "host;my-header1;x-amz-date",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
         {"My-Header1", "value2", "My-Header1", "value2", "My-Header1", "value1"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct suite_case *c = &cases[i];
        struct scope s;
        struct s3_fault f = {0};
        struct sigv4 v;
        unsigned char key[32];
        scope_init(&s, "test", 0);
        const char *headers[16] = {
            "Host",
            "example.amazonaws.com",
            "X-Amz-Date",
            "20150830T123600Z",
            "X-Amz-Content-Sha256",
            EMPTY,
            "Authorization",
            scope_printf(&s,
                         "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                         "SignedHeaders=%s, Signature=%s",
                         c->signed_headers, c->signature)};
        memcpy(headers + 8, c->headers, sizeof c->headers);
        struct signed_request rq = sent(&s, c->method, c->path, c->query, headers);
        /* The suite signs no x-amz-content-sha256, which S3 demands: the signature is checked without that rule. */
        assert_int_equal(sigv4_read(&s, &rq, &v, &f), NADIR_EINVAL);
        assert_string_equal(f.message, "There are x-amz- headers in the request that were not signed.");
        assert_int_equal(sigv4_key(&s, &v, SUITE_SECRET, key), 0);
        assert_string_equal(sigv4_sign(&s, &v, key, sigv4_canonical(&s, &v, &rq, NULL, NULL)), c->signature);
        assert_true(sigv4_verify(&s, &v, &rq, key, "/s3"));
        scope_end(&s);
    }
}

#define CREDENTIAL "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
#define HOST "Host", "examplebucket.s3.amazonaws.com", "x-amz-date", "20130524T000000Z"

static void test_examples_of_s3(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    const char *get[] = {HOST,
                         "Range",
                         "bytes=0-9",
                         "x-amz-content-sha256",
                         EMPTY,
                         "Authorization",
                         CREDENTIAL ",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                                    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
                         NULL};
    struct signed_request rq = sent(&s, "GET", "/test.txt", "", get);
    must_verify(&s, &rq, S3_SECRET);
    const char *put[] = {HOST,
                         "Date",
                         "Fri, 24 May 2013 00:00:00 GMT",
                         "x-amz-storage-class",
                         "REDUCED_REDUNDANCY",
                         "x-amz-content-sha256",
                         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                         "Authorization",
                         CREDENTIAL ",SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                                    "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
                         NULL};
    rq = sent(&s, "PUT", "/test$file.text", "", put);
    must_verify(&s, &rq, S3_SECRET);
    const char *lifecycle[] = {HOST,
                               "x-amz-content-sha256",
                               EMPTY,
                               "Authorization",
                               CREDENTIAL ",SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                                          "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
                               NULL};
    rq = sent(&s, "GET", "/", "lifecycle", lifecycle);
    must_verify(&s, &rq, S3_SECRET);
    const char *list[] = {HOST,
                          "x-amz-content-sha256",
                          EMPTY,
                          "Authorization",
                          CREDENTIAL ",SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                                     "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
                          NULL};
    rq = sent(&s, "GET", "/", "max-keys=2&prefix=J", list);
    must_verify(&s, &rq, S3_SECRET);
    const char *host[] = {"Host", "examplebucket.s3.amazonaws.com", NULL};
    rq =
        sent(&s, "GET", "/test.txt",
             "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
             "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
             "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
             host);
    must_verify(&s, &rq, S3_SECRET);
    scope_end(&s);
}

/* ---- bodies in chunks ---- */

#define SEED "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"

static struct chunked example_chunks(struct scope *s, struct sigv4 *v, unsigned char key[32]) {
    *v = (struct sigv4){
        .date = "20130524", .region = "us-east-1", .service = "s3", .timestamp = "20130524T000000Z", .signature = SEED};
    assert_int_equal(sigv4_key(s, v, S3_SECRET, key), 0);
    struct chunked c = {.sig = v, .key = key};
    assert_true(chunked_kind("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &c));
    return c;
}

/* The example's 66,560 letters "a", in chunks of 64 KiB and of 1 KiB. */
static char *example_body(struct scope *s, size_t *len, char letter) {
    static const char first[] = "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n",
                      second[] = "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n",
                      last[] = "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
    char *body = scope_alloc(s, 70000), *at = body;
    at = (char *)memcpy(at, first, sizeof first - 1) + sizeof first - 1;
    at = (char *)memset(at, 'a', 65536) + 65536;
    at = (char *)memcpy(at, second, sizeof second - 1) + sizeof second - 1;
    at = (char *)memset(at, letter, 1024) + 1024;
    at = (char *)memcpy(at, last, sizeof last - 1) + sizeof last - 1;
    *len = (size_t)(at - body);
    return body;
}

static int decode(struct scope *s, const struct chunked *c, char *body, size_t len, struct digests *d, struct s3_fault *f) {
    FILE *in = fmemopen(body, len, "rb");
    assert_non_null(in);
    int err = chunked_decode(s, c, in, NULL, d, f);
    (void)fclose(in);
    return err;
}

static void test_chunks_of_s3(void **state) {
    (void)state;
    struct scope s;
    struct sigv4 v;
    unsigned char key[32];
    struct digests d;
    struct s3_fault f = {0};
    size_t len;
    scope_init(&s, "test", 0);
    const struct chunked c = example_chunks(&s, &v, key);
    char *body = example_body(&s, &len, 'a');
    assert_int_equal(decode(&s, &c, body, len, &d, &f), 0);
    assert_int_equal(d.size, 66560);
    body = example_body(&s, &len, 'b');
    assert_int_equal(decode(&s, &c, body, len, &d, &f), NADIR_EINVAL);
    assert_string_equal(f.code, "SignatureDoesNotMatch");
    f = (struct s3_fault){0};
    body = example_body(&s, &len, 'a'); /* cut off before the last chunk: everything that came was right */
    assert_int_equal(decode(&s, &c, body, len - 90, &d, &f), NADIR_EINVAL);
    assert_string_equal(f.code, "InvalidRequest");
    scope_end(&s);
}

static void test_trailers_are_compared(void **state) {
    (void)state;
    struct scope s;
    struct digests d;
    scope_init(&s, "test", 0);
    struct chunked c = {.wanted = DIGEST_CRC32};
    assert_true(chunked_kind("STREAMING-UNSIGNED-PAYLOAD-TRAILER", &c));
    struct s3_fault f = {0};
    char right[] = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"; /* CRC-32 of "hello": 0x3610a686 */
    assert_int_equal(decode(&s, &c, right, sizeof right - 1, &d, &f), 0);
    char wrong[] = "5\r\nhellp\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    assert_int_equal(decode(&s, &c, wrong, sizeof wrong - 1, &d, &f), NADIR_EINVAL);
    assert_string_equal(f.code, "BadDigest");
    char other[] = "5\r\nhello\r\n0\r\nx-amz-checksum-sha1:NhCmhg==\r\n\r\n";
    f = (struct s3_fault){0};
    assert_int_equal(decode(&s, &c, other, sizeof other - 1, &d, &f), NADIR_EINVAL);
    assert_string_equal(f.code, "MalformedTrailerError");
    char none[] = "5\r\nhello\r\n0\r\n\r\n";
    f = (struct s3_fault){0};
    assert_int_equal(decode(&s, &c, none, sizeof none - 1, &d, &f), 0);
    c.announced = true;
    assert_int_equal(decode(&s, &c, none, sizeof none - 1, &d, &f), NADIR_EINVAL);
    assert_string_equal(f.code, "MalformedTrailerError");
    static const char *const hostile[] = {
        "", "5", "zz\r\n", "ffffffffffffffff\r\nx", "5\r\nhel", "5\r\nhelloX\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        f = (struct s3_fault){0};
        char *body = scope_printf(&s, "%s ", hostile[i]); /* fmemopen takes no empty buffer */
        assert_int_equal(decode(&s, &c, body, strlen(body), &d, &f), NADIR_EINVAL);
        assert_string_equal(f.code, "InvalidRequest");
    }
    scope_end(&s);
}

/* The check values of the catalogue of parametrised CRC algorithms (reveng), of "123456789" whole and in pieces. */
static void test_checksums(void **state) {
    (void)state;
    static const char *const known[][2] = {
        {"x-amz-checksum-crc32", "y/Q5Jg=="},
        {"x-amz-checksum-crc32c", "4waSgw=="},
        {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
        {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
        {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
    };
    struct scope s;
    struct digests d;
    struct s3_fault f = {0};
    char many[1000];
    scope_init(&s, "test", 0);
    assert_int_equal(digests_begin(&s, &d, DIGESTS_ALL), 0);
    assert_int_equal(digests_feed(&d, "1234", 4), 0);
    assert_int_equal(digests_feed(&d, "56789", 5), 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_string_equal(digests_text(&s, &d, known[i][0]), known[i][1]);
        assert_int_equal(digests_compare(&d, known[i][0], known[i][1], &f), 0);
        assert_int_equal(digests_compare(&d, known[i][0], "AAAA", &f), NADIR_EINVAL);
        assert_string_equal(f.code, "BadDigest");
        f = (struct s3_fault){0};
    }
    assert_int_equal(digests_compare(&d, "x-amz-checksum-md4", "AAAA", &f), NADIR_EINVAL);
    assert_string_equal(f.code, "NotImplemented");
    /* Eight bytes at a time and one at a time give the same. */
    for (size_t i = 0; i < sizeof many; i++) many[i] = (char)(i * 7);
    uint64_t one = 0;
    for (size_t i = 0; i < sizeof many; i++) one = crc64nvme(one, many + i, 1);
    assert_true(one == crc64nvme(0, many, sizeof many));
    struct pair list[] = {{"x-amz-checksum-crc32c", "x"}, {"x-amz-trailer", "x-other, x-amz-checksum-sha1"}};
    assert_int_equal(digests_wanted(&(struct pairs){list, 2}), DIGEST_CRC32C | DIGEST_SHA1);
    scope_end(&s);
}

/* ---- refusals ---- */

static const char *refused(struct scope *s, const char *query, const char *authorization, const char *extra) {
    const char *headers[] = {"Host",
                             "h",
                             "x-amz-date",
                             "20130524T000000Z",
                             "x-amz-content-sha256",
                             EMPTY,
                             extra ? extra : "x-none",
                             "v",
                             authorization ? "Authorization" : NULL,
                             authorization,
                             NULL};
    struct signed_request rq = sent(s, "GET", "/s3/b", query, headers);
    struct sigv4 v;
    struct s3_fault f = {0};
    int err = sigv4_read(s, &rq, &v, &f);
    assert_true((err == NADIR_EINVAL) == (f.code != NULL));
    return f.code ? f.code : err == NADIR_EUNAUTH ? "anonymous" : "";
}

#define ALL "host;x-amz-content-sha256;x-amz-date"

static void test_malformed_is_refused(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    assert_string_equal(refused(&s, "", NULL, NULL), "anonymous");
    assert_string_equal(refused(&s, "", CREDENTIAL ", SignedHeaders=" ALL ", Signature=" EMPTY, NULL), "");
    assert_string_equal(refused(&s, "", CREDENTIAL ", SignedHeaders=" ALL ", Signature=" EMPTY, "x-amz-acl"), "AccessDenied");
    assert_string_equal(refused(&s, "", CREDENTIAL ", SignedHeaders=x-amz-content-sha256;x-amz-date, Signature=" EMPTY, NULL),
                        "AuthorizationHeaderMalformed");
    assert_string_equal(refused(&s, "", CREDENTIAL ", SignedHeaders=" ALL ", Signature=zz", NULL),
                        "AuthorizationHeaderMalformed");
    assert_string_equal(refused(&s, "", "AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=" ALL ", Signature=" EMPTY, NULL),
                        "AuthorizationHeaderMalformed");
    assert_string_equal(
        refused(&s, "", "AWS4-HMAC-SHA256 Credential=A/20130525/r/s3/aws4_request, SignedHeaders=" ALL ", Signature=" EMPTY,
                NULL),
        "AuthorizationHeaderMalformed");
    assert_string_equal(refused(&s, "", "AWS A:b", NULL), "InvalidRequest");
    assert_string_equal(refused(&s, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=604801", NULL, NULL),
                        "AuthorizationQueryParametersError");
    assert_string_equal(refused(&s, "X-Amz-Algorithm=AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 x", NULL), "InvalidArgument");
    scope_end(&s);
}

static void test_times(void **state) {
    (void)state;
    struct s3_fault f = {0};
    const struct sigv4 header = {.signed_at = 1000000}, address = {.signed_at = 1000000, .presigned = true, .expires = 60};
    assert_int_equal(sigv4_timely(&header, 1000900, &f), 0);
    assert_int_equal(sigv4_timely(&header, 999100, &f), 0);
    assert_int_equal(sigv4_timely(&address, 1000060, &f), 0);
    assert_int_equal(sigv4_timely(&header, 1000901, &f), NADIR_EINVAL);
    assert_string_equal(f.code, "RequestTimeTooSkewed");
    f = (struct s3_fault){0};
    assert_int_equal(sigv4_timely(&address, 1000061, &f), NADIR_EINVAL);
    assert_string_equal(f.message, "Request has expired");
    f = (struct s3_fault){0};
    assert_int_equal(sigv4_timely(&address, 999099, &f), NADIR_EINVAL);
    assert_string_equal(f.message, "Request is not yet valid");
}

static void test_secrets_are_sealed(void **state) {
    (void)state;
    struct scope s;
    unsigned char *sealed, *again;
    size_t len;
    char *opened;
    scope_init(&s, "test", 0);
    setenv("NADIR_S3_SECRET", "0123456789abcdef0123456789abcdef", 1);
    assert_true(vault_is_set());
    assert_int_equal(vault_seal(&s, "NKA", "u1", "a secret", &sealed, &len), 0);
    assert_int_equal(vault_seal(&s, "NKA", "u1", "a secret", &again, &len), 0);
    assert_memory_not_equal(sealed, again, len);
    assert_int_equal(vault_open(&s, "NKA", "u1", sealed, len, &opened), 0);
    assert_string_equal(opened, "a secret");
    assert_int_equal(vault_open(&s, "NKB", "u1", sealed, len, &opened), NADIR_EDENIED);
    assert_int_equal(vault_open(&s, "NKA", "u2", sealed, len, &opened), NADIR_EDENIED);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        assert_int_equal(vault_open(&s, "NKA", "u1", sealed, len, &opened), NADIR_EDENIED);
        sealed[i] ^= 1;
    }
    scope_end(&s);
}

static void test_documents(void **state) {
    (void)state;
    struct scope s;
    struct s3_xml_part *parts;
    const char **keys;
    size_t count;
    bool quiet;
    struct s3_fault f = {0};
    scope_init(&s, "test", 0);
    const char *complete =
        "<CompleteMultipartUpload xmlns=\"" S3_XMLNS "\"><Part><PartNumber>1</PartNumber><ETag>&quot;ab&quot;</ETag>"
        "</Part><Part><ETag>cd</ETag><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>";
    assert_int_equal(s3_xml_parts(&s, complete, strlen(complete), &parts, &count, &f), 0);
    assert_int_equal(count, 2);
    assert_string_equal(parts[0].etag, "ab");
    assert_int_equal(parts[1].number, 2);
    const char *deletes = "<Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key></Object></Delete>";
    assert_int_equal(s3_xml_deletes(&s, deletes, strlen(deletes), &keys, &count, &quiet, &f), 0);
    assert_true(count == 1 && quiet);
    assert_string_equal(keys[0], "a&b");
    static const char *const bad[] = {
        "", "<", "<Delete/>", "<Delete><Object/></Delete>",
        "<!DOCTYPE Delete [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Delete><Object><Key>&x;</Key>"
        "</Object></Delete>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        f = (struct s3_fault){0};
        assert_int_equal(s3_xml_deletes(&s, bad[i], strlen(bad[i]), &keys, &count, &quiet, &f), NADIR_EINVAL);
        assert_string_equal(f.code, "MalformedXML");
    }
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_suite_of_aws), cmocka_unit_test(test_examples_of_s3),
        cmocka_unit_test(test_chunks_of_s3), cmocka_unit_test(test_malformed_is_refused),
        cmocka_unit_test(test_checksums),    cmocka_unit_test(test_trailers_are_compared),
        cmocka_unit_test(test_times),        cmocka_unit_test(test_secrets_are_sealed),
        cmocka_unit_test(test_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
