/* keys.c: the signing key lies in the database, so that every replica of identity signs with the same and a backup holds it.
 * It is made at the first start: two replicas that start at once are kept apart by an advisory lock. */
#include "identity/keys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/auth.h"
#include "common/error.h"
#include "common/log.h"

#define KEYS_LOCK 0x6b657973 /* "keys" */

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool loaded; /* what stands below is set before and never changes after */
static struct jwk *signing;
static struct jwks *set;
static char *public_text;

static int key_create(struct scope *s, struct db_tx *tx) {
    struct jwk *key;
    int err = jwk_generate(&key, "ES256");
    if (err) return err;
    err = db_exec(tx, NULL, "INSERT INTO signing_key (kid, alg, pem) VALUES ($1, $2, $3)", "sss", jwk_kid(key), jwk_alg(key),
                  jwk_to_pem(s, key));
    if (!err) log_info(s, "signing key made", "kid", jwk_kid(key), NULL);
    jwk_free(key);
    return err;
}

/* The newest first; retired ones are published until the last token that they signed has expired. */
static int keys_read(struct db_tx *tx, struct db_rows **rows) {
    return db_exec(
        tx, rows,
        "SELECT pem, retired_at IS NOT NULL FROM signing_key WHERE retired_at IS NULL OR retired_at > now() - interval "
        "'1 day' ORDER BY retired_at IS NOT NULL, created_at DESC, kid",
        "");
}

static int keys_take(struct scope *s, const struct db_rows *rows) {
    json_t *list = json_array(), *root = scope_json(s, json_pack("{s:o}", "keys", list));
    struct jwk *first = NULL;
    for (int i = 0; i < db_count(rows); i++) {
        struct jwk *key;
        if (jwk_from_pem(&key, db_text(rows, i, 0)) != 0) {
            log_error(s, "a stored signing key cannot be read", NULL);
            continue;
        }
        json_array_append_new(list, jwk_public(key));
        if (!first && !db_bool(rows, i, 1))
            first = key;
        else
            jwk_free(key);
    }
    char *text = json_dumps(root, JSON_COMPACT);
    int err = first && text ? jwks_parse(&set, text) : NADIR_EINTERNAL;
    if (!err) err = auth_use_jwks(text);
    if (err) {
        jwk_free(first);
        free(text);
        return err;
    }
    signing = first;
    public_text = text;
    loaded = true;
    return 0;
}

static int keys_load_once(struct scope *s, struct db *db) {
    struct db_tx *tx;
    struct db_rows *rows;
    int err = db_begin(s, db, &tx);
    if (err) return err;
    err = db_exec(tx, NULL, "SELECT pg_advisory_xact_lock($1)", "i", KEYS_LOCK);
    if (!err) err = keys_read(tx, &rows);
    if (!err && (db_count(rows) == 0 || db_bool(rows, 0, 1))) {
        err = key_create(s, tx);
        if (!err) err = keys_read(tx, &rows);
    }
    if (!err)
        err = db_commit(tx);
    else
        db_rollback(tx);
    return err ? err : keys_take(s, rows);
}

int keys_load(struct scope *s, struct db *db) {
    if (loaded) return 0;
    pthread_mutex_lock(&loading);
    int err = loaded ? 0 : keys_load_once(s, db);
    pthread_mutex_unlock(&loading);
    return err;
}

const struct jwk *keys_signing(void) {
    return loaded ? signing : NULL;
}

const char *keys_public(void) {
    return loaded ? public_text : NULL;
}

const struct jwks *keys_set(void) {
    return loaded ? set : NULL;
}
