/* keys.c: /download/v1/s3-keys: access keys of the S3-compatible door. Whoever signs with one acts for its user, as far as
 * files and the user's own buckets go. */
#include <string.h>

#include "common/fields.h"
#include "common/id.h"
#include "common/page.h"
#include "download/s3/s3.h"

#define KEY_BUCKETS_MOST 20
#define SECONDS_MOST (INT64_C(3650) * 86400)

#define KEY_COLUMNS                                                                                                            \
    "access_key, name, to_char(created_at AT TIME ZONE 'UTC', " S3_TIME "), to_char(expires_at AT TIME ZONE 'UTC', " S3_TIME   \
    "),"                                                                                                                       \
    " read_only, buckets"

static json_t *key_json(struct scope *s, const struct db_rows *r, int row) {
    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:O?}", "access_key", db_text(r, row, 0), "name", db_text(r, row, 1),
                     "created_at", db_text(r, row, 2), "expires_at", db_text(r, row, 3), "access",
                     db_bool(r, row, 4) ? "read" : "read-write", "buckets",
                     db_is_null(r, row, 5) ? NULL : db_json(s, r, row, 5));
}

/* The names of the buckets that a key is for, which need not be there yet. NULL: all. */
static const json_t *buckets_field(struct fields *f) {
    const json_t *list = field_array_or_null(f, "buckets", KEY_BUCKETS_MOST), *name;
    size_t i;
    json_array_foreach((json_t *)list, i, name) {
        size_t len = json_string_length(name);
        if (len < 1 || len > 256 || strchr(json_string_value(name), '/'))
            field_fault(f, "buckets", "must be names of buckets, of 1 to 256 bytes");
    }
    if (list && json_array_size(list) == 0) field_fault(f, "buckets", "must name a bucket, or be left out");
    return list;
}

/* "NK" and 18 letters or digits: 90 random bits. */
static void access_key_new(char out[21]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char bytes[18];
    random_bytes(bytes, sizeof bytes);
    out[0] = 'N';
    out[1] = 'K';
    for (size_t i = 0; i < sizeof bytes; i++) out[2 + i] = letters[bytes[i] & 31];
    out[20] = '\0';
}

/* A key outlives the credential that made it, so a credential with a part of a person's rights cannot make one. */
static bool may_manage(struct request *rq, struct response *rs) {
    if (rq->auth.is_user && strcmp(rq->auth.client_id ? rq->auth.client_id : "", "api-key") != 0) return true;
    response_error(rs, 403, "sign-in-needed", NULL, "S3 keys are made and revoked by a person who has signed in.");
    return false;
}

int s3_keys_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (!may_manage(rq, rs) || request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *name = field_string(&f, "name", 1, 100);
    int64_t seconds = field_int_or(&f, "expires_in", 1, SECONDS_MOST, 0);
    const char *access = field_choice_or(&f, "access", (const char *const[]){"read", "read-write", NULL}, "read-write");
    const json_t *buckets = buckets_field(&f);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    if (!vault_is_set())
        return response_error(rs, 501, "no-s3", NULL, "This instance has no S3 door: NADIR_S3_SECRET is not set.");

    char access_key[21];
    unsigned char random[30], *sealed;
    size_t len;
    struct db_rows *r;
    access_key_new(access_key);
    random_bytes(random, sizeof random);
    const char *secret = base64url_encode(rq->scope, random, sizeof random);
    int err = vault_seal(rq->scope, access_key, rq->auth.subject, secret, &sealed, &len);
    if (err) return err;
    err = db_query(rq->scope, download_db(), &r,
                   "INSERT INTO s3_key (access_key, subject, name, secret, expires_at, read_only, buckets)"
                   " SELECT $1, $2, $3, $4, now() + nullif($5::bigint, 0) * interval '1 second', $7, $8"
                   " WHERE (SELECT count(*) FROM s3_key WHERE subject = $2) < $6 RETURNING " KEY_COLUMNS,
                   "sssxlibj", access_key, rq->auth.subject, name, sealed, len, seconds, S3_KEYS_MOST,
                   strcmp(access, "read") == 0, buckets);
    if (err) return err;
    if (db_count(r) == 0)
        return response_error(rs, 409, "too-many-keys", NULL, "You have %d keys: revoke one first.", S3_KEYS_MOST);
    json_t *key = key_json(rq->scope, r, 0);
    json_object_set_new(key, "secret_key", json_string(secret));
    json_object_set_new(key, "endpoint", json_sprintf("%s" S3_PREFIX, rq->base_url));
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 201, key);
}

int s3_keys_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *r;
    if (!may_manage(rq, rs) || page_read(rq, rs, &page)) return 0;
    int err = db_query(rq->scope, download_db(), &r,
                       "SELECT " KEY_COLUMNS " FROM s3_key WHERE subject = $1 AND ($2::text IS NULL OR access_key > $2)"
                       " ORDER BY access_key LIMIT $3",
                       "ssl", rq->auth.subject, page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, key_json(rq->scope, r, i));
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 200, json_pack("{s:o, s:o}", "s3_keys", list, "next", page_next(rq->scope, r, &page, 0)));
}

int s3_keys_revoke(struct request *rq, struct response *rs) {
    struct db_rows *r;
    if (!may_manage(rq, rs)) return 0;
    int err = db_query(rq->scope, download_db(), &r, "DELETE FROM s3_key WHERE access_key = $1 AND subject = $2", "ss",
                       request_param(rq, "key"), rq->auth.subject);
    if (err) return err;
    if (db_affected(r) == 0) return response_error(rs, 404, "not-found", NULL, "You have no such key.");
    return response_empty(rs, 204);
}
