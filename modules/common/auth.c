/* auth.c: who asks. Verified credentials are remembered, so that most requests cost one SHA-256 and one look.
 *
 * An entry belongs to one credential in one database (a module's own copy of keys and revocations). What identity's
 * signature said is kept until the token expires, at most PROOF_US; whether the credential was revoked is asked again of the
 * database every REVOKED_US, so a revocation works within that time in every replica, and at once in the process that took the
 * event.
 */
#include "common/auth.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/auth_keys.h"
#include "common/config.h"
#include "common/db.h"
#include "common/error.h"
#include "common/http.h"
#include "common/scope.h"

#define PROOF_US 60000000
#define REVOKED_US 1000000
#define LEEWAY_S 5    /* clocks of several machines */
#define KEY_LENGTH 46 /* "nk_" and 43 characters */
#define ENTRIES 4096  /* a power of two */
#define WAYS 4        /* an entry may lie in any of so many neighbours */

struct entry {
    unsigned char digest[32]; /* SHA-256 of the credential */
    const struct db *db;
    int64_t proof_until; /* clock_us; 0: empty */
    int64_t revoked_until;
    int64_t issued;   /* iat */
    struct auth auth; /* points into text */
    char *text;
};

static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry cache[ENTRIES];

/* ---- scopes and roles ---- */

/* True if word is one of the space-separated words. */
static bool words_have(const char *words, const char *word) {
    size_t len = strlen(word);
    for (const char *at = words; at && len && (at = strstr(at, word)) != NULL; at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ')) return true;
    return false;
}

bool auth_has_scope(const struct auth *a, const char *scope) {
    return a->subject && words_have(a->scope, scope);
}

bool auth_has_role(const struct auth *a, const char *role) {
    return a->subject && words_have(a->roles, role);
}

void auth_key_hash(const char *key, char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[32];
    if (!EVP_Digest(key, strlen(key), digest, NULL, EVP_sha256(), NULL)) abort();
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

/* ---- the cache ---- */

static struct entry *cache_slot(const unsigned char digest[32], unsigned way) {
    unsigned at = (unsigned)digest[0] | (unsigned)digest[1] << 8;
    return &cache[(at + way) % ENTRIES];
}

static void entry_empty(struct entry *e) {
    free(e->text);
    memset(e, 0, sizeof *e);
}

void auth_cache_clear(void) {
    pthread_mutex_lock(&cache_lock);
    for (size_t i = 0; i < ENTRIES; i++) entry_empty(&cache[i]);
    pthread_mutex_unlock(&cache_lock);
}

static void auth_copy(struct scope *s, const struct auth *from, struct auth *to) {
    *to = *from;
    to->subject = scope_strdup(s, from->subject);
    to->client_id = scope_strdup(s, from->client_id);
    to->scope = scope_strdup(s, from->scope);
    to->roles = scope_strdup(s, from->roles);
    to->token_id = scope_strdup(s, from->token_id);
}

/* Finds what is still proved. *revoked_due tells that revocations must be asked again. */
static bool cache_find(struct scope *s, const unsigned char digest[32], const struct db *db, struct auth *out, int64_t *issued,
                       bool *revoked_due) {
    int64_t now = clock_us();
    bool found = false;
    pthread_mutex_lock(&cache_lock);
    for (unsigned way = 0; way < WAYS && !found; way++) {
        struct entry *e = cache_slot(digest, way);
        if (e->proof_until <= now || e->db != db || memcmp(e->digest, digest, 32) != 0) continue;
        auth_copy(s, &e->auth, out);
        *issued = e->issued;
        *revoked_due = e->revoked_until <= now;
        found = true;
    }
    pthread_mutex_unlock(&cache_lock);
    return found;
}

/* The entry of this credential, or else the one among its neighbours that dies first. */
static struct entry *cache_place(const unsigned char digest[32], const struct db *db) {
    struct entry *best = cache_slot(digest, 0);
    for (unsigned way = 0; way < WAYS; way++) {
        struct entry *e = cache_slot(digest, way);
        if (e->db == db && memcmp(e->digest, digest, 32) == 0) return e;
        if (e->proof_until < best->proof_until) best = e;
    }
    return best;
}

static char *append(char **at, const char *text) {
    char *start = *at;
    size_t len = strlen(text) + 1;
    memcpy(start, text, len);
    *at += len;
    return start;
}

static void cache_keep(const unsigned char digest[32], const struct db *db, const struct auth *a, int64_t issued) {
    int64_t now = clock_us();
    int64_t left = a->expires ? (a->expires - (int64_t)time(NULL)) * 1000000 : PROOF_US;
    if (left <= 0) return;
    char *text =
        malloc(strlen(a->subject) + strlen(a->client_id) + strlen(a->scope) + strlen(a->roles) + strlen(a->token_id) + 5);
    if (!text) return;
    char *at = text;
    struct auth kept = *a;
    kept.subject = append(&at, a->subject);
    kept.client_id = append(&at, a->client_id);
    kept.scope = append(&at, a->scope);
    kept.roles = append(&at, a->roles);
    kept.token_id = append(&at, a->token_id);

    pthread_mutex_lock(&cache_lock);
    struct entry *e = cache_place(digest, db);
    entry_empty(e);
    *e = (struct entry){.db = db,
                        .proof_until = now + (left < PROOF_US ? left : PROOF_US),
                        .revoked_until = now + REVOKED_US,
                        .issued = issued,
                        .auth = kept,
                        .text = text};
    memcpy(e->digest, digest, 32);
    pthread_mutex_unlock(&cache_lock);
}

/* Revocations were asked: for a while they need not be. */
static void cache_renew(const unsigned char digest[32], const struct db *db) {
    int64_t now = clock_us();
    pthread_mutex_lock(&cache_lock);
    for (unsigned way = 0; way < WAYS; way++) {
        struct entry *e = cache_slot(digest, way);
        if (e->proof_until && e->db == db && memcmp(e->digest, digest, 32) == 0) e->revoked_until = now + REVOKED_US;
    }
    pthread_mutex_unlock(&cache_lock);
}

static void cache_forget(const unsigned char digest[32], const struct db *db) {
    pthread_mutex_lock(&cache_lock);
    for (unsigned way = 0; way < WAYS; way++) {
        struct entry *e = cache_slot(digest, way);
        if (e->db == db && memcmp(e->digest, digest, 32) == 0) entry_empty(e);
    }
    pthread_mutex_unlock(&cache_lock);
}

/* ---- access tokens ---- */

static int refuse(const char **why, const char *sentence) {
    *why = sentence;
    return NADIR_EUNAUTH;
}

/* The roles claim, an array of strings, as space-separated words. */
static const char *roles_of(struct scope *s, const json_t *roles) {
    const char *out = "";
    size_t i;
    const json_t *one;
    json_array_foreach(roles, i, one) {
        if (json_is_string(one)) out = scope_printf(s, "%s%s%s", out, *out ? " " : "", json_string_value(one));
    }
    return out;
}

static int token_verify(struct scope *s, const char *token, struct auth *out, int64_t *issued, const char **why) {
    json_t *claims;
    const struct jwt_expect expect = {.typ = "at+jwt",
                                      .issuer = config_text("NADIR_PUBLIC_URL", "http://localhost:8080"),
                                      .audience = "nadir",
                                      .now = (int64_t)time(NULL),
                                      .leeway_s = LEEWAY_S};
    int err = auth_keys_verify(s, token, &expect, &claims, why);
    if (err) return err;

    const char *scope = json_string_value(json_object_get(claims, "scope"));
    out->subject = json_string_value(json_object_get(claims, "sub"));
    out->client_id = json_string_value(json_object_get(claims, "client_id"));
    out->token_id = json_string_value(json_object_get(claims, "jti"));
    out->scope = scope ? scope : "";
    out->roles = roles_of(s, json_object_get(claims, "roles"));
    out->expires = json_integer_value(json_object_get(claims, "exp"));
    *issued = json_integer_value(json_object_get(claims, "iat"));
    if (!out->subject || !*out->subject || !out->client_id || !out->token_id || !*issued)
        return refuse(why, "the token lacks a claim that access tokens have (RFC 9068)");
    out->is_user = strcmp(out->subject, out->client_id) != 0;
    return 0;
}

/* Tokens revoked one by one, and all tokens of a user issued up to a moment. */
static int token_revoked(struct scope *s, struct db *db, const struct auth *a, int64_t issued, const char **why) {
    struct db_rows *rows;
    if (!db) return 0;
    int err = db_query(s, db, &rows, "SELECT 1 FROM auth_revoked WHERE id = $1 OR (id = $2 AND at >= to_timestamp($3))", "ssl",
                       a->token_id, scope_printf(s, "user:%s", a->subject), issued);
    if (err) return err == NADIR_EINVAL ? NADIR_EINTERNAL : err;
    return db_count(rows) ? refuse(why, "the token has been revoked; sign in again") : 0;
}

/* ---- API keys ---- */

static bool is_key(const char *credential) {
    return strncmp(credential, "nk_", 3) == 0;
}

static int key_verify(struct scope *s, struct db *db, const char *key, struct auth *out, const char **why) {
    struct db_rows *rows;
    char hash[65];
    if (!db) return refuse(why, "API keys are not accepted here");
    if (strnlen(key, KEY_LENGTH + 1) != KEY_LENGTH) return refuse(why, "the API key is malformed");
    auth_key_hash(key, hash);
    int err =
        db_query(s, db, &rows,
                 "SELECT id, subject, scope, roles, coalesce(floor(extract(epoch FROM expires_at))::bigint, 0) FROM auth_key "
                 "WHERE hash = $1 AND (expires_at IS NULL OR expires_at > now())",
                 "s", hash);
    if (err) return err;
    if (!db_count(rows)) return refuse(why, "the API key is not known, has expired or was deleted");
    *out = (struct auth){.token_id = db_text(rows, 0, 0),
                         .subject = db_text(rows, 0, 1),
                         .scope = db_text(rows, 0, 2),
                         .roles = db_text(rows, 0, 3),
                         .client_id = "api-key",
                         .is_user = true,
                         .expires = db_int(rows, 0, 4)};
    return 0;
}

/* ---- both ---- */

static int verify_anew(struct scope *s, struct db *db, const char *credential, const unsigned char digest[32], struct auth *out,
                       const char **why) {
    int64_t issued = 0;
    int err;
    if (is_key(credential)) {
        err = key_verify(s, db, credential, out, why);
    } else {
        err = token_verify(s, credential, out, &issued, why);
        if (!err) err = token_revoked(s, db, out, issued, why);
    }
    if (!err) cache_keep(digest, db, out, issued);
    return err;
}

int auth_verify(struct scope *s, struct db *db, const char *credential, struct auth *out, const char **why) {
    unsigned char digest[32];
    int64_t issued;
    bool revoked_due;
    *why = "";
    memset(out, 0, sizeof *out);
    if (strnlen(credential, 8193) > 8192) return refuse(why, "the token is too long");
    if (!EVP_Digest(credential, strlen(credential), digest, NULL, EVP_sha256(), NULL)) return NADIR_EINTERNAL;

    int err = 0;
    bool known = cache_find(s, digest, db, out, &issued, &revoked_due);
    if (!known || (revoked_due && is_key(credential))) {
        err = verify_anew(s, db, credential, digest, out, why);
    } else if (revoked_due) {
        err = token_revoked(s, db, out, issued, why);
        if (!err) cache_renew(digest, db);
    }
    if (err == NADIR_EUNAUTH) cache_forget(digest, db);
    if (err) memset(out, 0, sizeof *out);
    return err;
}
