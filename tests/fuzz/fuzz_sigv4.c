/* Signatures of requests at the S3 door, bodies in signed chunks, and the documents in bodies. The input is a query, a line
 * break, an Authorization header, a line break, and a body. */
#include "fuzz.h"

#include "download/s3/chunked.h"
#include "download/s3/s3.h"

static void chunks(struct scope *s, const struct sigv4 *v, const unsigned char key[32], const char *payload, char *body,
                   size_t len) {
    struct chunked c = {.sig = v, .key = key, .wanted = DIGESTS_ALL};
    struct digests d;
    struct s3_fault f = {0};
    if (!chunked_kind(payload, &c) || len == 0) return;
    FILE *in = fmemopen(body, len, "rb");
    must(in != NULL);
    int err = chunked_decode(s, &c, in, NULL, &d, &f);
    must((err == NADIR_EINVAL) == (f.code != NULL));
    must(d.size <= (int64_t)len);
    (void)fclose(in);
}

static void documents(struct scope *s, const char *body, size_t len) {
    struct s3_xml_part *parts;
    const char **keys;
    size_t count;
    bool quiet;
    struct s3_fault f = {0}, g = {0};
    int err = s3_xml_parts(s, body, len, &parts, &count, &f);
    must((err != 0) == (f.code != NULL));
    must(err || (count >= 1 && count <= S3_PART_MOST));
    err = s3_xml_deletes(s, body, len, &keys, &count, &quiet, &g);
    must((err != 0) == (g.code != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    struct request rq;
    struct sigv4 v = {0};
    struct s3_fault f = {0};
    unsigned char key[32];
    scope_init(&s, "fuzz", 0);
    char *query = scope_strdup(&s, fuzz_text(&s, data, size)), *header = strchr(query, '\n'), *body = NULL;
    if (header) {
        *header++ = '\0';
        body = strchr(header, '\n');
        if (body) *body++ = '\0';
    }
    const char *headers[] = {"Host",
                             "h",
                             "X-Amz-Date",
                             "20130524T000000Z",
                             "X-Amz-Content-Sha256",
                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                             header && *header ? "Authorization" : NULL,
                             header,
                             NULL};
    if (request_build(&rq, &s, HTTP_GET, "/s3/b/k", query, headers, NULL, 0) == 0) {
        const struct signed_request sent = {"PUT", "/s3/b/k", &rq.args, &rq.headers};
        int err = sigv4_read(&s, &sent, &v, &f);
        must((err == NADIR_EINVAL) == (f.code != NULL));
        if (!err) {
            must(sigv4_key(&s, &v, "secret", key) == 0);
            char *right = sigv4_sign(&s, &v, key, sigv4_canonical(&s, &v, &sent, NULL, NULL));
            must(right && strlen(right) == 64);
            v.signature = right;
            must(sigv4_verify(&s, &v, &sent, key, "/s3"));
            if (body) chunks(&s, &v, key, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", body, strlen(body));
        }
    }
    v.signature = "";
    if (body) chunks(&s, &v, key, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", body, strlen(body));
    if (body) documents(&s, body, strlen(body));
    scope_end(&s);
    return 0;
}
