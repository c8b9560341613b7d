/* delivery.c: how granted bytes leave: headers here, bytes by the gateway.
 *
 * The gateway copies ETag and the digests from this answer to the file's (see its location /_files/), so an entity tag is the
 * SHA-256 wherever it is known, and Range, If-Range and resumption are judged by it on every replica alike.
 */
#include <ctype.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/log.h"
#include "download/cold.h"
#include "download/download.h"
#include "download/quota.h"
#include "download/sums.h"

bool delivery_begins(const char *range, int64_t size, int64_t *bytes) {
    *bytes = size;
    if (!range || strncmp(range, "bytes=", 6) != 0) return true;
    const char *first = range + 6 + strspn(range + 6, " \t");
    if (strncmp(first, "0-", 2) != 0) return false;
    if (!isdigit((unsigned char)first[2])) return true;
    errno = 0;
    char *end;
    long long last = strtoll(first + 2, &end, 10);
    /* Of several ranges only what is sure is told: the file's size as the upper bound. */
    if (errno == 0 && *end == '\0' && size >= 0 && last < size) *bytes = last + 1;
    return true;
}

bool delivery_past_end(const char *range, int64_t size) {
    if (!range || size < 0 || strncmp(range, "bytes=", 6) != 0 || !isdigit((unsigned char)range[6])) return false;
    errno = 0;
    char *end;
    long long first = strtoll(range + 6, &end, 10), last = first;
    if (*end != '-') return false;
    if (isdigit((unsigned char)end[1]))
        last = strtoll(end + 1, &end, 10);
    else
        end++;
    return *end == '\0' && last >= first && first >= size;
}

char *delivery_filename(struct scope *s, const char *item, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    bool named = strncmp(base, item, strlen(item)) == 0;
    char *name = scope_printf(s, "%.120s%s%.120s", named ? "" : item, named ? "" : "_", base);
    for (char *c = name; *c; c++)
        if (!isascii((unsigned char)*c) || (!isalnum((unsigned char)*c) && !strchr("._-", *c))) *c = '_';
    if (*name == '.') *name = '_';
    return name;
}

static bool has_role(const struct right_asset *a, const char *role) {
    size_t len = strlen(role);
    for (const char *p = a->roles; (p = strstr(p, role)) != NULL; p += len)
        if ((p == a->roles || p[-1] == ' ') && (p[len] == '\0' || p[len] == ' ')) return true;
    return false;
}

/* Hexadecimal as base64, as digest headers have it; "" where it is not hexadecimal. */
static const char *base64_of_hex(struct scope *s, const char *hex) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    size_t len;
    unsigned char *text = scope_alloc(s, 2 * EVP_MAX_MD_SIZE);
    if (OPENSSL_hexstr2buf_ex(sum, sizeof sum, &len, hex, '\0')) EVP_EncodeBlock(text, sum, (int)len);
    return (const char *)text;
}

/* Of the whole file, on ranges too: RFC 9530 Repr-Digest, which has no use for MD5, and RFC 3230 Digest, whose clients may know
 * only that. The MD5 is looked up where a download begins. */
static int digests(struct request *rq, struct response *rs, const struct right_asset *a) {
    struct sum sum = {.state = SUM_GONE};
    int64_t bytes;
    int err = delivery_begins(request_header(rq, "range"), a->size, &bytes) ? sums_find(rq->scope, &a->path, 1, &sum) : 0;
    if (err) return err;
    bool read = sum.state == SUM_READY && (!*a->sha256 || strcmp(a->sha256, sum.sha256) == 0);
    const char *hex = *a->sha256 ? a->sha256 : read ? sum.sha256 : NULL;
    if (!hex) return 0;
    const char *sha256 = base64_of_hex(rq->scope, hex);
    response_header(rs, "Repr-Digest", "sha-256=:%s:", sha256);
    if (read) response_header(rs, "Digest", "sha-256=%s,md5=%s", sha256, base64_of_hex(rq->scope, sum.md5));
    if (!read) response_header(rs, "Digest", "sha-256=%s", sha256);
    response_header(rs, "X-Checksum-Sha256", "%s", hex);
    if (read) response_header(rs, "X-Checksum-Md5", "%s", sum.md5);
    return 0;
}

/* Pictures are shown in place; anything else is saved, so that no file of a user's is ever a page of ours. */
static bool is_picture(const struct right_asset *a) {
    static const char *const types[] = {"image/png", "image/jpeg", "image/webp"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(a->type, types[i]) == 0) return has_role(a, "thumbnail") || has_role(a, "overview");
    return false;
}

/* One event for each download that begins; previews are looked at, not downloaded, and later ranges belong to one that began.
 * The event is committed before the answer, so a download that was granted is counted, exactly once. */
int delivery_record(struct request *rq, const char *collection, const char *item, const char *asset, const char *subject,
                    int64_t size) {
    int64_t bytes;
    if (rq->head || !delivery_begins(request_header(rq, "range"), size, &bytes)) return 0;
    json_t *data = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:i}", "kind", "download", "collection", collection, "item", item,
                             "asset", asset, "subject", subject, "count", 1);
    if (bytes >= 0) json_object_set_new(data, "bytes", json_integer(bytes));
    struct db_tx *tx;
    int err = db_begin(rq->scope, download_db(), &tx);
    if (err) {
        json_decref(data);
        return err;
    }
    err = bus_emit(tx, "usage.recorded", subject ? subject : "", data);
    return err ? err : db_commit(tx);
}

static int record_usage(struct request *rq, const struct right_asset *a, const char *subject) {
    return has_role(a, "thumbnail") ? 0 : delivery_record(rq, a->collection, a->item, a->asset, subject, a->size);
}

/* Previews cost no quota. False: it is used up, and that was answered. */
static bool is_counted(struct request *rq, struct response *rs, const struct right_asset *a, const char *subject) {
    if (has_role(a, "thumbnail") || has_role(a, "overview")) return true;
    const char *file = scope_printf(rq->scope, "%s/%s", a->version, a->asset);
    return quota_take(rq, rs, subject, file, a->size, quota_bytes(request_header(rq, "range"), a->size));
}

/* Where an asset lies elsewhere by HTTP, its address; otherwise NULL. */
static const char *remote_address(const char *path) {
    if (strncmp(path, "/vsicurl/", 9) == 0) return path + 9;
    return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0 ? path : NULL;
}

bool delivery_is_remote(const char *path) {
    return remote_address(path) || strncmp(path, "/vsi", 4) == 0;
}

/* True if the data is mounted here and the file is not in it. Where it is not mounted, only the gateway can tell. */
static bool is_missing(struct scope *s, const char *path) {
    const char *root = config_text("NADIR_DATA", "");
    struct stat st;
    if (!*root || stat(root, &st) != 0) return false;
    return stat(scope_printf(s, "%s/%s", root, path), &st) != 0 ? errno == ENOENT || errno == ENOTDIR : !S_ISREG(st.st_mode);
}

static int send_file(struct request *rq, struct response *rs, const struct right_asset *a, const char *subject) {
    char *etag = *a->sha256 ? scope_strdup(rq->scope, a->sha256)
                            : scope_printf(rq->scope, "%s-%s", a->version, http_encode(rq->scope, a->asset));
    struct stat st;
    int64_t bytes;
    if (is_missing(rq->scope, a->path)) {
        if (cold_find(rq->scope, a->path, &st)) return cold_send(rq, rs, subject, a->collection, a->item, &a->path, 1);
        log_error(rq->scope, "a catalogued file is missing", "path", a->path, NULL);
        return response_error(rs, 404, "file-missing", NULL,
                              "This file is catalogued but not here at the moment; we were told.");
    }
    response_header(rs, "Cache-Control", "private, no-cache");
    if (response_not_modified(rq, rs, etag)) return 0;
    if (!request_header(rq, "if-range") && delivery_past_end(request_header(rq, "range"), a->size)) {
        response_header(rs, "Content-Range", "bytes */%lld", (long long)a->size);
        return response_error(rs, 416, "range-past-end", "Range", "The file has %lld bytes; nothing lies there.",
                              (long long)a->size);
    }
    response_header(rs, "Content-Disposition", "%s; filename=\"%s\"", is_picture(a) ? "inline" : "attachment",
                    delivery_filename(rq->scope, a->item, a->path));
    if (!is_counted(rq, rs, a, subject)) return 0;
    int err = digests(rq, rs, a);
    if (!err) err = record_usage(rq, a, subject);
    if (!err && delivery_begins(request_header(rq, "range"), a->size, &bytes)) err = cold_touch(rq->scope, a->path);
    if (err) return err;
    return response_accel(rs, a->type, scope_printf(rq->scope, "/_files/%s", http_encode_path(rq->scope, a->path)));
}

int delivery_send(struct request *rq, struct response *rs, const struct right_asset *a, const char *subject) {
    const char *remote = remote_address(a->path);
    if (!remote && strncmp(a->path, "/vsi", 4) == 0)
        return response_error(rs, 501, "remote-store", NULL,
                              "This file lies in an object store that this service cannot hand files out from.");
    if (!remote) return send_file(rq, rs, a, subject);
    int err = record_usage(rq, a, subject);
    if (err) return err;
    response_header(rs, "Cache-Control", "private, no-store");
    return response_redirect(rs, 302, remote);
}
