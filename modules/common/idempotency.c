/* idempotency.c: a row of caller and key that is inserted first and committed with the effect.
 *
 * A second request with the same key waits in the INSERT for the first one's transaction: if that commits, its answer is read
 * and sent again; if it rolls back, the INSERT goes through and the second request does the work.
 */
#include "common/idempotency.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE 32

static int request_digest(const struct request *rq, unsigned char out[DIGEST_SIZE]) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx) return NADIR_ENOMEM;
    unsigned char method = (unsigned char)rq->method;
    /* The NULs between the parts keep "/a?b" + "c" apart from "/a" + "?bc". */
    bool ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) && EVP_DigestUpdate(ctx, &method, 1) &&
              EVP_DigestUpdate(ctx, rq->path, strlen(rq->path) + 1) &&
              EVP_DigestUpdate(ctx, rq->query, strlen(rq->query) + 1) && EVP_DigestUpdate(ctx, rq->body, rq->body_len) &&
              EVP_DigestFinal_ex(ctx, out, NULL);
    EVP_MD_CTX_free(ctx);
    return ok ? 0 : NADIR_EINTERNAL;
}

/* Answers from a committed row. Returns 1, or a negative enum nadir_error. */
static int replay(struct request *rq, struct response *rs, struct db_tx *tx, const char *caller, const char *key,
                  const unsigned char digest[DIGEST_SIZE]) {
    struct db_rows *rows;
    int err =
        db_exec(tx, &rows, "SELECT request, status, answer FROM idempotency WHERE caller = $1 AND key = $2", "ss", caller, key);
    db_rollback(tx);
    if (err) return err;
    if (db_count(rows) == 0) {
        /* The row was swept away between the two statements. */
        response_error(rs, 409, "idempotency-conflict", "Idempotency-Key", "Send the request again.");
        return 1;
    }
    size_t len;
    const unsigned char *known = db_bytes(rq->scope, rows, 0, 0, &len);
    if (len != DIGEST_SIZE || memcmp(known, digest, DIGEST_SIZE) != 0) {
        response_error(rs, 422, "idempotency-key-reused", "Idempotency-Key",
                       "This Idempotency-Key came with another request before; use a new key for a new request.");
        return 1;
    }
    response_header(rs, "Idempotent-Replayed", "true");
    response_text(rs, (int)db_int(rows, 0, 1), "application/json", db_text(rows, 0, 2));
    return 1;
}

int idempotency_begin(struct request *rq, struct response *rs, struct db *db, struct db_tx **tx) {
    const char *key;
    if (request_idempotency_key(rq, rs, &key)) return 1;
    const char *caller = rq->auth.subject ? rq->auth.subject : "";
    unsigned char digest[DIGEST_SIZE];
    int err = request_digest(rq, digest);
    if (err) return err;
    err = db_begin(rq->scope, db, tx);
    if (err) return err;
    struct db_rows *rows;
    err = db_exec(*tx, &rows, "INSERT INTO idempotency (caller, key, request) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                  "ssx", caller, key, digest, sizeof(digest));
    if (err) {
        db_rollback(*tx);
        return err;
    }
    if (db_affected(rows) == 0) return replay(rq, rs, *tx, caller, key, digest);
    return 0;
}

int idempotency_commit(struct db_tx *tx, struct request *rq, struct response *rs, int status, json_t *body) {
    scope_json(rq->scope, body);
    /* The text is kept and sent, so that a replay is the same to the byte. */
    char *text = json_dumps(body, JSON_COMPACT);
    if (!text) {
        db_rollback(tx);
        return NADIR_ENOMEM;
    }
    scope_defer(rq->scope, free, text);
    int err = db_exec(tx, NULL, "UPDATE idempotency SET status = $3, answer = $4 WHERE caller = $1 AND key = $2", "ssis",
                      rq->auth.subject ? rq->auth.subject : "", request_header(rq, "idempotency-key"), status, text);
    if (err) {
        db_rollback(tx);
        return err;
    }
    err = db_commit(tx);
    if (err) return err;
    return response_text(rs, status, "application/json", text);
}

int idempotency_sweep(struct scope *s, struct db *db) {
    return db_query(s, db, NULL, "DELETE FROM idempotency WHERE created_at < now() - interval '7 days'", "");
}
