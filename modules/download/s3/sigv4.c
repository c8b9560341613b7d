/* sigv4.c: reads and checks signatures of version 4. HMAC and SHA-256 are OpenSSL's. */
#include "download/s3/sigv4.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define UNSIGNED "UNSIGNED-PAYLOAD"
#define SIGNED_HEADERS_MOST 64

int s3_fault_set(struct s3_fault *f, int status, const char *code, const char *message) {
    if (!f->code) *f = (struct s3_fault){status, code, message};
    return NADIR_EINVAL;
}

static int malformed(struct s3_fault *f, bool presigned, const char *message) {
    return s3_fault_set(f, 400, presigned ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed", message);
}

static bool all_of(const char *text, size_t len, const char *allowed) {
    return strlen(text) == len && strspn(text, allowed) == len;
}

/* ---- reading ---- */

/* "access-key/20150830/us-east-1/s3/aws4_request" */
static int credential_read(struct scope *s, const char *text, struct sigv4 *v, struct s3_fault *f) {
    const char **parts[] = {&v->access_key, &v->date, &v->region, &v->service};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t len = strcspn(text, "/");
        if (len == 0 || len > 128 || text[len] != '/')
            return malformed(f, v->presigned, "The credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request.");
        *parts[i] = scope_strndup(s, text, len);
        text += len + 1;
    }
    if (strcmp(text, "aws4_request") != 0 || !all_of(v->date, 8, "0123456789"))
        return malformed(f, v->presigned, "The credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request.");
    return 0;
}

static int time_read(struct sigv4 *v, struct s3_fault *f) {
    struct tm tm = {0};
    const char *end = v->timestamp && strlen(v->timestamp) == 16 ? strptime(v->timestamp, "%Y%m%dT%H%M%SZ", &tm) : NULL;
    if (!end || *end) return s3_fault_set(f, 403, "AccessDenied", "Send the time of signing as X-Amz-Date: YYYYMMDDTHHMMSSZ.");
    v->signed_at = (int64_t)timegm(&tm);
    if (strncmp(v->timestamp, v->date, 8) != 0)
        return malformed(f, v->presigned, "The date of the credential differs from that of X-Amz-Date.");
    return 0;
}

/* RFC 7231 dates, of clients that send Date and no X-Amz-Date. */
static const char *time_of_date(struct scope *s, const char *date) {
    struct tm tm = {0};
    const char *end = date ? strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
    if (!end || *end) return NULL;
    char *out = scope_alloc(s, 32);
    strftime(out, 32, "%Y%m%dT%H%M%SZ", &tm);
    return out;
}

/* The value of "Name=" in the Authorization header's list. */
static char *header_part(struct scope *s, const char *list, const char *name) {
    size_t len = strlen(name);
    for (const char *c = list; *c;) {
        c += strspn(c, ", \t");
        size_t span = strcspn(c, ",");
        if (span > len && strncmp(c, name, len) == 0 && c[len] == '=') {
            span -= len + 1;
            c += len + 1;
            while (span > 0 && isspace((unsigned char)c[span - 1])) span--;
            return scope_strndup(s, c, span);
        }
        c += span;
    }
    return NULL;
}

static bool header_signed(const struct sigv4 *v, const char *name) {
    size_t len = strlen(name);
    for (const char *c = v->signed_headers; *c;) {
        size_t span = strcspn(c, ";");
        if (span == len && strncmp(c, name, len) == 0) return true;
        c += span;
        if (*c == ';') c++;
    }
    return false;
}

/* A header that bears on what is done and was not signed could have been added by anyone on the way. */
static int headers_check(const struct signed_request *rq, const struct sigv4 *v, struct s3_fault *f) {
    if (!header_signed(v, "host")) return malformed(f, v->presigned, "The header Host must be signed.");
    for (size_t i = 0; i < rq->headers->count; i++) {
        const char *name = rq->headers->list[i].name;
        if (strncmp(name, "x-amz-", 6) == 0 && !header_signed(v, name))
            return s3_fault_set(f, 403, "AccessDenied", "There are x-amz- headers in the request that were not signed.");
    }
    size_t count = 1;
    for (const char *c = v->signed_headers; *c; c++) count += *c == ';';
    return count > SIGNED_HEADERS_MOST ? malformed(f, v->presigned, "Too many headers were signed.") : 0;
}

static int form_check(const struct signed_request *rq, struct scope *s, const char *credential, struct sigv4 *v,
                      struct s3_fault *f) {
    if (!credential || !v->signed_headers || !v->signature)
        return malformed(f, v->presigned, "Credential, SignedHeaders and Signature are needed.");
    if (!all_of(v->signature, 64, "0123456789abcdef"))
        return malformed(f, v->presigned, "The signature must be 64 hexadecimal digits in lower case.");
    int err = credential_read(s, credential, v, f);
    if (!err) err = time_read(v, f);
    return err ? err : headers_check(rq, v, f);
}

static int read_header(struct scope *s, const struct signed_request *rq, const char *header, struct sigv4 *v,
                       struct s3_fault *f) {
    v->signed_headers = header_part(s, header, "SignedHeaders");
    v->signature = header_part(s, header, "Signature");
    v->timestamp = pairs_get(rq->headers, "x-amz-date");
    if (!v->timestamp) v->timestamp = time_of_date(s, pairs_get(rq->headers, "date"));
    v->payload = pairs_get(rq->headers, "x-amz-content-sha256");
    if (!v->payload)
        return s3_fault_set(f, 400, "MissingSecurityHeader", "The header x-amz-content-sha256 is needed with a signature.");
    return form_check(rq, s, header_part(s, header, "Credential"), v, f);
}

static int read_query(struct scope *s, const struct signed_request *rq, struct sigv4 *v, struct s3_fault *f) {
    const char *expires = pairs_get(rq->args, "X-Amz-Expires");
    v->presigned = true;
    v->signed_headers = pairs_get(rq->args, "X-Amz-SignedHeaders");
    v->signature = pairs_get(rq->args, "X-Amz-Signature");
    v->timestamp = pairs_get(rq->args, "X-Amz-Date");
    v->payload = pairs_get(rq->headers, "x-amz-content-sha256");
    if (!v->payload) v->payload = UNSIGNED;
    if (!expires || strlen(expires) > 6 || !all_of(expires, strlen(expires), "0123456789") ||
        (v->expires = atoi(expires)) < 1 || v->expires > SIGV4_EXPIRES_MOST)
        return malformed(f, true, "X-Amz-Expires must be from 1 to 604800 seconds.");
    return form_check(rq, s, pairs_get(rq->args, "X-Amz-Credential"), v, f);
}

int sigv4_read(struct scope *s, const struct signed_request *rq, struct sigv4 *out, struct s3_fault *f) {
    const char *header = pairs_get(rq->headers, "authorization"), *algorithm = pairs_get(rq->args, "X-Amz-Algorithm");
    *out = (struct sigv4){0};
    if (header && (algorithm || pairs_get(rq->args, "Signature")))
        return s3_fault_set(f, 400, "InvalidArgument", "Sign by a header or by the address, not by both.");
    if (!header && pairs_get(rq->args, "AWSAccessKeyId"))
        return s3_fault_set(f, 400, "InvalidRequest", "Signature version 2 is not taken: use version 4 (AWS4-HMAC-SHA256).");
    if (algorithm) {
        if (strcmp(algorithm, ALGORITHM) == 0) return read_query(s, rq, out, f);
        return malformed(f, true, "X-Amz-Algorithm must be AWS4-HMAC-SHA256.");
    }
    if (!header) return NADIR_EUNAUTH;
    size_t len = strlen(ALGORITHM);
    if (strncmp(header, ALGORITHM, len) != 0 || !isspace((unsigned char)header[len]))
        return s3_fault_set(f, 400, "InvalidRequest",
                            "Sign with AWS4-HMAC-SHA256: other kinds of authorization are not taken.");
    return read_header(s, rq, header + len, out, f);
}

int sigv4_timely(const struct sigv4 *v, int64_t now, struct s3_fault *f) {
    if (!v->presigned) {
        if (v->signed_at >= now - SIGV4_SKEW && v->signed_at <= now + SIGV4_SKEW) return 0;
        return s3_fault_set(f, 403, "RequestTimeTooSkewed",
                            "The time of signing is more than 15 minutes from ours: set the clock.");
    }
    if (v->signed_at > now + SIGV4_SKEW) return s3_fault_set(f, 403, "AccessDenied", "Request is not yet valid");
    if (v->signed_at + v->expires < now) return s3_fault_set(f, 403, "AccessDenied", "Request has expired");
    return 0;
}

/* ---- the canonical request ---- */

struct named {
    char *name, *value;
};

static int by_name(const void *a, const void *b) {
    const struct named *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

static char *join(struct scope *s, const char *const *parts, size_t count) {
    size_t len = 0, at = 0;
    for (size_t i = 0; i < count; i++) len += strlen(parts[i]);
    char *out = scope_alloc(s, len + 1);
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(parts[i]);
        if (n) memcpy(out + at, parts[i], n);
        at += n;
    }
    return out;
}

static char *canonical_query(struct scope *s, const struct sigv4 *v, const struct pairs *args) {
    struct named *list = scope_alloc(s, (args->count + 1) * sizeof *list);
    const char **parts = scope_alloc(s, (4 * args->count + 1) * sizeof *parts);
    size_t n = 0, p = 0;
    for (size_t i = 0; i < args->count; i++) {
        if (v->presigned && strcmp(args->list[i].name, "X-Amz-Signature") == 0) continue;
        list[n++] = (struct named){http_encode(s, args->list[i].name), http_encode(s, args->list[i].value)};
    }
    qsort(list, n, sizeof *list, by_name);
    for (size_t i = 0; i < n; i++) {
        parts[p++] = i ? "&" : "";
        parts[p++] = list[i].name;
        parts[p++] = "=";
        parts[p++] = list[i].value;
    }
    return join(s, parts, p);
}

/* Without blanks around it, and with one blank for several. */
static char *trimmed(struct scope *s, const char *value) {
    char *out = scope_strdup(s, value + strspn(value, " \t")), *to = out;
    for (const char *from = out; *from; from++)
        if (!(*from == ' ' && from[1] == ' ')) *to++ = *from;
    while (to > out && (to[-1] == ' ' || to[-1] == '\t')) to--;
    *to = '\0';
    return out;
}

/* What the web server keeps for itself, the gateway tells under another name. Expect is signed by AWS's SDK for Go where it
 * sends a large body again. */
static const char *header_name(const struct pairs *headers, const char *name) {
    static const char *const names[][2] = {
        {"host", "x-s3-host"}, {"content-length", "x-s3-content-length"}, {"expect", "x-s3-expect"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i][0]) == 0 && pairs_get(headers, names[i][1])) return names[i][1];
    return name;
}

/* Values of a header that was sent several times, by commas. */
static char *header_value(struct scope *s, const struct pairs *headers, const char *name) {
    name = header_name(headers, name);
    char *value = NULL;
    for (size_t i = 0; i < headers->count; i++) {
        if (strcmp(headers->list[i].name, name) != 0) continue;
        char *one = trimmed(s, headers->list[i].value);
        value = value ? scope_printf(s, "%s,%s", value, one) : one;
    }
    return value ? value : "";
}

static char *canonical_headers(struct scope *s, const struct sigv4 *v, const struct pairs *headers, const char *host) {
    const char *parts[4 * SIGNED_HEADERS_MOST];
    size_t p = 0;
    for (const char *c = v->signed_headers; *c && p + 4 <= sizeof parts / sizeof *parts;) {
        size_t span = strcspn(c, ";");
        char *name = scope_strndup(s, c, span);
        for (char *l = name; *l; l++) *l = (char)tolower((unsigned char)*l);
        parts[p++] = name;
        parts[p++] = ":";
        parts[p++] = host && strcmp(name, "host") == 0 ? host : header_value(s, headers, name);
        parts[p++] = "\n";
        c += span;
        if (*c == ';') c++;
    }
    return join(s, parts, p);
}

char *sigv4_canonical(struct scope *s, const struct sigv4 *v, const struct signed_request *rq, const char *host,
                      const char *path) {
    const char *const parts[] = {rq->method,
                                 "\n",
                                 http_encode_path(s, path ? path : rq->path),
                                 "\n",
                                 canonical_query(s, v, rq->args),
                                 "\n",
                                 canonical_headers(s, v, rq->headers, host),
                                 "\n",
                                 v->signed_headers,
                                 "\n",
                                 v->payload};
    return join(s, parts, sizeof parts / sizeof *parts);
}

/* ---- signing ---- */

static bool hmac(const void *key, size_t key_len, const char *text, unsigned char out[32]) {
    unsigned len = 0;
    return HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out, &len) && len == 32;
}

int sigv4_key(struct scope *s, const struct sigv4 *v, const char *secret, unsigned char key[32]) {
    char *first = scope_printf(s, "AWS4%s", secret);
    bool made = hmac(first, strlen(first), v->date, key) && hmac(key, 32, v->region, key) && hmac(key, 32, v->service, key) &&
                hmac(key, 32, "aws4_request", key);
    OPENSSL_cleanse(first, strlen(first));
    return made ? 0 : NADIR_EINTERNAL;
}

char *sigv4_sign_lines(struct scope *s, const struct sigv4 *v, const unsigned char key[32], const char *algorithm,
                       const char *rest) {
    unsigned char sum[32];
    char *text =
        scope_printf(s, "%s\n%s\n%s/%s/%s/aws4_request\n%s", algorithm, v->timestamp, v->date, v->region, v->service, rest);
    return hmac(key, 32, text, sum) ? hex_encode(s, sum, sizeof sum) : NULL;
}

char *sigv4_sign(struct scope *s, const struct sigv4 *v, const unsigned char key[32], const char *canonical) {
    unsigned char sum[32];
    unsigned len = 0;
    if (!EVP_Digest(canonical, strlen(canonical), sum, &len, EVP_sha256(), NULL) || len != sizeof sum) return NULL;
    return sigv4_sign_lines(s, v, key, ALGORITHM, hex_encode(s, sum, sizeof sum));
}

bool sigv4_same(const char *a, const char *b) {
    return a && b && strlen(a) == 64 && strlen(b) == 64 && CRYPTO_memcmp(a, b, 64) == 0;
}

bool sigv4_verify(struct scope *s, const struct sigv4 *v, const struct signed_request *rq, const unsigned char key[32],
                  const char *prefix) {
    if (sigv4_same(v->signature, sigv4_sign(s, v, key, sigv4_canonical(s, v, rq, NULL, NULL)))) return true;
    size_t len = strlen(prefix);
    if (strncmp(rq->path, prefix, len) != 0) return false;
    const char *inside = rq->path[len] ? rq->path + len : "/", *host = header_value(s, rq->headers, "host");
    if (sigv4_same(v->signature, sigv4_sign(s, v, key, sigv4_canonical(s, v, rq, NULL, inside)))) return true;
    char *whole = scope_printf(s, "%s%s", host, prefix);
    return sigv4_same(v->signature, sigv4_sign(s, v, key, sigv4_canonical(s, v, rq, whole, inside)));
}
