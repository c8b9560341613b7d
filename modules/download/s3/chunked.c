/* chunked.c: "hex-size;chunk-signature=…\r\n" data "\r\n" … "0;chunk-signature=…\r\n" trailer "\r\n".
 *
 * Amazon S3 API Reference: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", and
 * "… with trailing headers (chunked upload)".
 */
#include "download/s3/chunked.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MOST 512
#define TRAILERS_MOST 8
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define CHUNK_DIGITS_MOST 10 /* of a chunk's size: below 1 TiB */

bool chunked_kind(const char *payload, struct chunked *out) {
    static const struct {
        const char *name;
        bool chunks_signed, trailer;
    } kinds[] = {{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, false},
                 {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", true, true},
                 {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", false, true}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(payload, kinds[i].name) != 0) continue;
        out->chunks_signed = kinds[i].chunks_signed;
        out->trailer = kinds[i].trailer;
        return true;
    }
    return false;
}

static int malformed(struct s3_fault *f) {
    return s3_fault_set(f, 400, "InvalidRequest", "The body is not a well-formed aws-chunked one.");
}

static int unsigned_chunk(struct s3_fault *f) {
    return s3_fault_set(f, 403, "SignatureDoesNotMatch", "The signature of a chunk or of the trailer is not right.");
}

/* A line without its CR LF. False at the end, or when it is too long. */
static bool line_read(FILE *in, char line[LINE_MOST]) {
    size_t n = 0;
    for (int c; (c = getc(in)) != EOF;) {
        if (c == '\n' && n > 0 && line[n - 1] == '\r') {
            line[n - 1] = '\0';
            return true;
        }
        if (n == LINE_MOST - 1 || c == '\0') return false;
        line[n++] = (char)c;
    }
    return false;
}

static int head_read(const char *line, int64_t *size, const char **signature) {
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > CHUNK_DIGITS_MOST || !strchr(";", line[digits])) return NADIR_EINVAL;
    *size = strtoll(line, NULL, 16);
    *signature = strstr(line, ";chunk-signature=");
    if (*signature) *signature += strlen(";chunk-signature=");
    return 0;
}

/* What follows the scope in a chunk's string to sign. */
static bool chunk_is_signed(struct scope *s, const struct chunked *c, const char *before, const EVP_MD_CTX *md,
                            const char *signature) {
    unsigned char sum[32];
    unsigned len;
    if (!signature || digests_value(md, sum, &len)) return false;
    const char *rest = scope_printf(s, "%s\n" EMPTY_SHA256 "\n%s", before, hex_encode(s, sum, len));
    return sigv4_same(signature, sigv4_sign_lines(s, c->sig, c->key, "AWS4-HMAC-SHA256-PAYLOAD", rest));
}

static int data_copy(FILE *in, FILE *out, int64_t left, struct digests *d, EVP_MD_CTX *md, struct s3_fault *f) {
    unsigned char buffer[65536];
    while (left > 0) {
        size_t want = left < (int64_t)sizeof buffer ? (size_t)left : sizeof buffer, n = fread(buffer, 1, want, in);
        if (n == 0) return malformed(f);
        if (out && fwrite(buffer, 1, n, out) != n) return NADIR_EUNAVAILABLE; /* the disk is full */
        if (digests_feed(d, buffer, n) || EVP_DigestUpdate(md, buffer, n) != 1) return NADIR_EINTERNAL;
        left -= (int64_t)n;
    }
    return 0;
}

static int trailer_read(struct scope *s, const struct chunked *c, FILE *in, const char *before, const struct digests *d,
                        struct s3_fault *f) {
    const char *signature = NULL, *canonical = "";
    char line[LINE_MOST];
    bool compared = false;
    for (int i = 0;; i++) {
        if (!line_read(in, line)) return malformed(f);
        if (!*line) break;
        char *colon = strchr(line, ':');
        if (!colon || i == TRAILERS_MOST) return malformed(f);
        *colon = '\0';
        for (char *l = line; *l; l++)
            if (*l >= 'A' && *l <= 'Z') *l = (char)(*l + 32);
        const char *value = scope_strdup(s, colon + 1 + strspn(colon + 1, " "));
        if (strcmp(line, "x-amz-trailer-signature") == 0) {
            signature = value;
            continue;
        }
        canonical = scope_printf(s, "%s%s:%s\n", canonical, line, value);
        int err = digests_compare(d, line, value, f);
        if (err) return err;
        compared = compared || digests_is_checksum(line);
    }
    if (c->announced && !compared)
        return s3_fault_set(f, 400, "MalformedTrailerError", "The trailer that was announced in x-amz-trailer is not there.");
    if (!c->chunks_signed) return 0;
    unsigned char sum[32];
    unsigned len = 0;
    if (EVP_Digest(canonical, strlen(canonical), sum, &len, EVP_sha256(), NULL) != 1) return NADIR_EINTERNAL;
    const char *rest = scope_printf(s, "%s\n%s", before, hex_encode(s, sum, len));
    const char *right = sigv4_sign_lines(s, c->sig, c->key, "AWS4-HMAC-SHA256-TRAILER", rest);
    return sigv4_same(signature, right) ? 0 : unsigned_chunk(f);
}

int chunked_decode(struct scope *s, const struct chunked *c, FILE *in, FILE *out, struct digests *d, struct s3_fault *f) {
    char line[LINE_MOST], before[65] = "";
    struct digests one;
    int err = digests_begin(s, &one, DIGEST_SHA256); /* its contexts serve every chunk */
    if (!err) err = digests_begin(s, d, c->wanted);
    if (err) return err;
    if (c->chunks_signed) memcpy(before, c->sig->signature, 64);
    for (int64_t size = -1; size != 0;) {
        struct scope chunk; /* so that memory does not grow with the number of chunks */
        const char *signature;
        if (!line_read(in, line) || head_read(line, &size, &signature)) return malformed(f);
        if (EVP_DigestInit_ex(one.sha256, EVP_sha256(), NULL) != 1) return NADIR_EINTERNAL;
        err = data_copy(in, out, size, d, one.sha256, f);
        if (err) return err;
        scope_init(&chunk, s->module, 0);
        bool right = !c->chunks_signed || chunk_is_signed(&chunk, c, before, one.sha256, signature);
        scope_end(&chunk);
        if (!right) return unsigned_chunk(f);
        if (c->chunks_signed) memcpy(before, signature, 64);
        if (size > 0 && (!line_read(in, line) || *line)) return malformed(f);
    }
    return c->trailer ? trailer_read(s, c, in, before, d, f) : 0;
}
