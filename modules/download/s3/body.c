/* body.c: bodies of requests. The gateway has stored one in a file and says where (X-S3-Body); here it is read once, for its
 * digests, and put in its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/config.h"
#include "common/log.h"
#include "download/s3/chunked.h"
#include "download/s3/s3.h"

static void file_close(void *file) {
    (void)fclose(file);
}

static int64_t number_of(const char *text) {
    size_t len = text ? strlen(text) : 0;
    return len > 0 && len <= 15 && strspn(text, "0123456789") == len ? strtoll(text, NULL, 10) : -1;
}

static bool is_streaming(const struct s3_call *c) {
    return c->sig.payload && strncmp(c->sig.payload, "STREAMING-", 10) == 0;
}

int64_t s3_body_length(const struct s3_call *c) {
    return number_of(s3_header(c, is_streaming(c) ? "x-amz-decoded-content-length" : "x-s3-content-length"));
}

/* Only what lies in the gateway's folder, under names as it makes them, is a body. *path is NULL if there is none. */
static int body_path(const struct s3_call *c, const char **path, struct s3_fault *f) {
    const char *sent = request_header(c->rq, "x-s3-body"), *folder = config_text("NADIR_S3_INCOMING", "");
    size_t len = strlen(folder);
    *path = NULL;
    if (!sent || !*sent) {
        if (number_of(s3_header(c, "x-s3-content-length")) <= 0) return 0;
        return s3_fault_set(f, 503, "SlowDown", "The body could not be taken: try again.");
    }
    if (len == 0 || strncmp(sent, folder, len) != 0 || sent[len] != '/' ||
        strspn(sent + len, "/0123456789") != strlen(sent + len)) {
        log_error(c->rq->scope, "a body does not lie in NADIR_S3_INCOMING", NULL);
        return NADIR_EINTERNAL;
    }
    *path = sent;
    return 0;
}

static FILE *body_open(struct s3_call *c, const char *path) {
    int fd = open(path ? path : "/dev/null", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    FILE *file = fd >= 0 ? fdopen(fd, "rb") : NULL;
    if (file) {
        scope_defer(c->rq->scope, file_close, file);
    } else {
        log_error(c->rq->scope, "a body cannot be read", NULL);
        if (fd >= 0) close(fd);
    }
    return file;
}

/* What the client said of its bytes, against what came. */
static int digests_check(const struct s3_call *c, const struct digests *d, bool of_object, struct s3_fault *f) {
    unsigned char sum[32];
    unsigned len;
    for (size_t i = 0; i < c->sent.headers->count; i++) {
        const struct pair *h = &c->sent.headers->list[i];
        int err = of_object && digests_is_checksum(h->name) ? 0 : digests_compare(d, h->name, h->value, f);
        if (err) return err;
    }
    if (d->size != s3_body_length(c) && s3_body_length(c) >= 0)
        return s3_fault_set(f, 400, "IncompleteBody", "The body has not the length that was told.");
    if (is_streaming(c) || !c->sig.payload || strcmp(c->sig.payload, "UNSIGNED-PAYLOAD") == 0) return 0;
    int err = digests_value(d->sha256, sum, &len);
    if (err || sigv4_same(hex_encode(c->rq->scope, sum, len), c->sig.payload)) return err;
    return s3_fault_set(f, 400, "XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not the SHA-256 of what arrived here.");
}

static int payload_check(const struct s3_call *c, struct chunked *coding, struct s3_fault *f) {
    *coding = (struct chunked){.sig = &c->sig, .key = c->key, .wanted = digests_wanted(c->sent.headers)};
    coding->announced = s3_header(c, "x-amz-trailer") != NULL && coding->wanted;
    const char *payload = c->sig.payload ? c->sig.payload : "UNSIGNED-PAYLOAD";
    if (is_streaming(c)) {
        if (chunked_kind(payload, coding)) return 0;
        return s3_fault_set(f, 501, "NotImplemented", "This way of signing a body in chunks is not taken.");
    }
    if (strcmp(payload, "UNSIGNED-PAYLOAD") == 0) return 0;
    coding->wanted |= DIGEST_SHA256;
    if (strlen(payload) == 64 && strspn(payload, "0123456789abcdef") == 64) return 0;
    return s3_fault_set(f, 400, "InvalidArgument", "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-… or a SHA-256.");
}

static int read_through(FILE *in, FILE *out, struct digests *d) {
    unsigned char buffer[65536];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;) {
        if (d && digests_feed(d, buffer, n)) return NADIR_EINTERNAL;
        if (out && fwrite(buffer, 1, n, out) != n) return NADIR_EUNAVAILABLE;
    }
    return ferror(in) ? NADIR_EUNAVAILABLE : 0;
}

static int place_decoded(struct s3_call *c, const struct chunked *coding, FILE *in, const char *to, struct digests *d,
                         struct s3_fault *f) {
    FILE *out = fopen(to, "wbxe");
    if (!out) return NADIR_EUNAVAILABLE;
    int err = chunked_decode(c->rq->scope, coding, in, out, d, f);
    if (fflush(out) != 0 && !err) err = NADIR_EUNAVAILABLE;
    if (!err) err = store_settle(c->rq->scope, fileno(out));
    return fclose(out) != 0 && !err ? NADIR_EUNAVAILABLE : err;
}

/* By renaming; where the gateway's folder is on another file system, by a copy. */
static int place_plain(struct s3_call *c, FILE *in, const char *from, const char *to) {
    if (from && rename(from, to) == 0) return store_settle(c->rq->scope, fileno(in));
    if (from && errno != EXDEV) return NADIR_EUNAVAILABLE;
    FILE *out = fopen(to, "wbxe");
    if (!out) return NADIR_EUNAVAILABLE;
    rewind(in);
    int err = read_through(in, out, NULL);
    if (fflush(out) != 0 && !err) err = NADIR_EUNAVAILABLE;
    if (!err) err = store_settle(c->rq->scope, fileno(out));
    return fclose(out) != 0 && !err ? NADIR_EUNAVAILABLE : err;
}

/* The checksum that the client asked to compare is kept with the object. */
static void checksum_keep(struct s3_call *c, struct s3_stored *out, const struct digests *d) {
    static const char *const names[] = {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"};
    struct digests asked = *d;
    asked.wanted = digests_wanted(c->sent.headers);
    for (size_t i = 0; i < sizeof names / sizeof *names && !out->checksum; i++) {
        out->checksum_name = scope_printf(c->rq->scope, "x-amz-checksum-%s", names[i]);
        out->checksum = digests_text(c->rq->scope, &asked, out->checksum_name);
    }
}

static int stamp(struct scope *s, struct s3_stored *out, const char *to, const struct digests *d) {
    unsigned char md5[32];
    unsigned len;
    out->size = d->size;
    out->modified = (int64_t)time(NULL);
    const struct timespec times[2] = {{(time_t)out->modified, 0}, {(time_t)out->modified, 0}};
    if (digests_value(d->md5, md5, &len) || utimensat(AT_FDCWD, to, times, 0) != 0) return NADIR_EINTERNAL;
    out->etag = hex_encode(s, md5, len);
    return 0;
}

int s3_body_store(struct s3_call *c, struct s3_stored *out, struct s3_fault *f) {
    struct scope *s = c->rq->scope;
    struct chunked coding;
    struct digests d;
    const char *from;
    *out = (struct s3_stored){0};
    int err = payload_check(c, &coding, f);
    if (!err && s3_body_length(c) < 0) err = s3_fault_set(f, 411, "MissingContentLength", "Tell the body's length.");
    if (!err) err = body_path(c, &from, f);
    FILE *in = err ? NULL : body_open(c, from);
    if (!in) return err ? err : NADIR_EUNAVAILABLE;
    if ((err = store_reserve(s, &out->path)) != 0) return err;
    const char *to = store_file(s, out->path);
    if (is_streaming(c)) {
        err = place_decoded(c, &coding, in, to, &d, f);
        if (!err) err = digests_check(c, &d, false, f);
    } else {
        err = digests_begin(s, &d, coding.wanted);
        if (!err) err = read_through(in, NULL, &d);
        if (!err) err = digests_check(c, &d, false, f);
        if (!err) err = place_plain(c, in, from, to);
    }
    if (err) return err;
    checksum_keep(c, out, &d);
    return stamp(s, out, to, &d);
}

int s3_body_read(struct s3_call *c, bool of_object, char **out, size_t *len, struct s3_fault *f) {
    struct chunked coding;
    struct digests d;
    const char *from;
    int err = payload_check(c, &coding, f);
    if (!err && is_streaming(c))
        err = s3_fault_set(f, 501, "NotImplemented", "Send this document in one piece, not in chunks.");
    if (!err) err = body_path(c, &from, f);
    FILE *in = err ? NULL : body_open(c, from);
    if (!in) return err ? err : NADIR_EUNAVAILABLE;
    *out = scope_alloc(c->rq->scope, S3_XML_MOST + 1);
    *len = fread(*out, 1, S3_XML_MOST + 1, in);
    if (*len > S3_XML_MOST) return s3_fault_set(f, 413, "EntityTooLarge", "The document is larger than 2 MiB.");
    (*out)[*len] = '\0';
    err = digests_begin(c->rq->scope, &d, coding.wanted);
    if (!err) err = digests_feed(&d, *out, *len);
    return err ? err : digests_check(c, &d, of_object, f);
}

/* One of the parts' checksums ("…-3", COMPOSITE) tells nothing of the bytes as a whole: the parts themselves were compared. */
int s3_checksum_whole(struct s3_call *c, struct s3_stored *file, struct s3_fault *f) {
    struct digests d;
    unsigned wanted = digests_wanted(c->sent.headers);
    const char *type = s3_header(c, "x-amz-checksum-type");
    if (!wanted || (type && strcmp(type, "COMPOSITE") == 0)) return 0;
    FILE *in = body_open(c, store_file(c->rq->scope, file->path));
    int err = in ? digests_begin(c->rq->scope, &d, wanted) : NADIR_EUNAVAILABLE;
    if (!err) err = read_through(in, NULL, &d);
    for (size_t i = 0; !err && i < c->sent.headers->count; i++) {
        const struct pair *h = &c->sent.headers->list[i];
        bool whole = digests_is_checksum(h->name) && !strchr(h->value, '-');
        if (whole) err = digests_compare(&d, h->name, h->value, f);
        if (whole && !err) checksum_keep(c, file, &d);
    }
    return err;
}
