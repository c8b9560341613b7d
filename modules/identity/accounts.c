#include "identity/accounts.h"

#include <string.h>

#include "common/bus.h"
#include "common/id.h"
#include "identity/api_keys.h"
#include "identity/audit.h"
#include "identity/grants.h"
#include "identity/identity.h"
#include "identity/passwords.h"
#include "identity/words.h"

#define COLUMNS "id, email, name, roles, password, disabled_at IS NOT NULL, " RFC3339("created_at")

static int take(const struct db_rows *rows, struct account *out) {
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    *out = (struct account){.id = db_text(rows, 0, 0),
                            .email = db_text(rows, 0, 1),
                            .name = db_text(rows, 0, 2),
                            .roles = db_text(rows, 0, 3),
                            .password = db_text(rows, 0, 4),
                            .disabled = db_bool(rows, 0, 5),
                            .created_at = db_text(rows, 0, 6)};
    return 0;
}

int account_by_id(struct scope *s, struct db *db, const char *id, struct account *out) {
    struct db_rows *rows;
    int err = db_query(s, db, &rows, "SELECT " COLUMNS " FROM account WHERE id = $1", "s", id);
    return err ? err : take(rows, out);
}

int account_by_email(struct scope *s, struct db *db, const char *email, struct account *out) {
    struct db_rows *rows;
    int err = db_query(s, db, &rows, "SELECT " COLUMNS " FROM account WHERE lower(email) = lower($1)", "s", email);
    return err ? err : take(rows, out);
}

int account_lock(struct db_tx *tx, const char *id, struct account *out) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows, "SELECT " COLUMNS " FROM account WHERE id = $1 FOR UPDATE", "s", id);
    return err ? err : take(rows, out);
}

/* RFC 5321's plain form: dot-atom local part of at most 64, a domain of labels with at least one dot or "localhost". Quoted
 * local parts, address literals and non-ASCII (RFC 6531) are not taken. */
static bool email_valid(const char *email) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *at = strrchr(email, '@');
    size_t local = at ? (size_t)(at - email) : 0;
    if (!local || local > 64 || strlen(email) > 254 || email[0] == '.' || at[-1] == '.' || strstr(email, "..")) return false;
    for (const char *c = email; c < at; c++)
        if (!strchr(letters, *c) && !strchr("!#$%&'*+-/=?^_`{|}~.", *c)) return false;
    const char *domain = at + 1;
    if (!*domain || (!strchr(domain, '.') && strcmp(domain, "localhost") != 0)) return false;
    for (const char *label = domain; *label;) {
        size_t len = strcspn(label, ".");
        if (!len || len > 63 || label[0] == '-' || label[len - 1] == '-') return false;
        for (size_t i = 0; i < len; i++)
            if (!strchr(letters, label[i]) && label[i] != '-') return false;
        label += len;
        if (*label && !*++label) return false;
    }
    return true;
}

static bool name_valid(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len > 100 || strspn(name, " ") == len) return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < 0x20 || *c == 0x7f) return false;
    return true;
}

enum text account_fault(const char *email, const char *name, const char *password, const char **field) {
    *field = "email";
    if (!email_valid(email)) return TEXT_EMAIL_BAD;
    *field = "name";
    if (!name_valid(name)) return TEXT_NAME_BAD;
    *field = "password";
    return password_fault(password, email);
}

static json_t *event_data(struct scope *s, const struct account *a) {
    return json_pack("{s:s,s:s,s:s,s:o}", "user", a->id, "email", a->email, "name", a->name, "roles", words_array(s, a->roles));
}

int account_create(struct db_tx *tx, const struct request *rq, struct account *out) {
    struct scope *s = db_tx_scope(tx);
    struct db_rows *rows;
    char *id = scope_alloc(s, ID_SIZE);
    id_new(id);
    int err = db_exec(tx, &rows,
                      "INSERT INTO account (id, email, name, password, roles) VALUES ($1, $2, $3, $4, $5) "
                      "ON CONFLICT DO NOTHING RETURNING " RFC3339("created_at"),
                      "sssss", id, out->email, out->name, out->password, out->roles);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ECONFLICT;
    out->id = id;
    out->created_at = db_text(rows, 0, 0);
    err = audit_add(tx, rq, "user.registered", id, id, json_pack("{s:s}", "roles", out->roles));
    return err ? err : bus_emit(tx, "user.registered", id, event_data(s, out));
}

int account_changed(struct db_tx *tx, const struct account *a) {
    return bus_emit(tx, "user.updated", a->id, event_data(db_tx_scope(tx), a));
}

int account_set_roles(struct db_tx *tx, const struct request *rq, const char *actor, struct account *a, const char *roles) {
    struct scope *s = db_tx_scope(tx);
    const char *before = a->roles;
    bool taken = !words_within(s, before, roles);
    if (!taken && words_within(s, roles, before)) return 0;
    a->roles = roles;
    int err = db_exec(tx, NULL, "UPDATE account SET roles = $2, updated_at = now() WHERE id = $1", "ss", a->id, roles);
    if (!err) err = audit_add(tx, rq, "roles.changed", actor, a->id, json_pack("{s:s,s:s}", "from", before, "to", roles));
    if (!err) err = account_changed(tx, a);
    if (!err && taken) err = grants_void_access(tx, "account", a->id);
    if (!err && taken) err = api_keys_follow_roles(tx, a->id, roles);
    return err;
}

int account_disable(struct db_tx *tx, const struct request *rq, const char *actor, const struct account *a) {
    struct db_rows *rows;
    const char *subject = scope_printf(db_tx_scope(tx), "user:%s", a->id);
    int err = db_exec(tx, &rows,
                      "UPDATE account SET disabled_at = now(), updated_at = now() WHERE id = $1 RETURNING " RFC3339("now()"),
                      "s", a->id);
    if (err) return err;
    const char *at = db_text(rows, 0, 0);
    err = db_exec(tx, NULL, "DELETE FROM session WHERE account = $1", "s", a->id);
    if (!err)
        err = db_exec(tx, NULL, "UPDATE oauth_grant SET ended_at = now() WHERE account = $1 AND ended_at IS NULL", "s", a->id);
    if (!err) err = db_exec(tx, NULL, "DELETE FROM api_key WHERE account = $1", "s", a->id);
    if (!err) err = db_exec(tx, NULL, "DELETE FROM auth_key WHERE subject = $1", "s", a->id);
    if (!err)
        err = db_exec(tx, NULL,
                      "INSERT INTO auth_revoked (id, at, expires_at) VALUES ($1, $2::timestamptz, now() + interval '1 day') "
                      "ON CONFLICT (id) DO UPDATE SET at = excluded.at, expires_at = excluded.expires_at",
                      "ss", subject, at);
    if (!err) err = audit_add(tx, rq, "user.disabled", actor, a->id, NULL);
    return err ? err : bus_emit(tx, "user.disabled", a->id, json_pack("{s:s,s:s}", "user", a->id, "at", at));
}

json_t *account_json(struct scope *s, const struct account *a) {
    return json_pack("{s:s,s:s,s:s,s:o,s:b,s:s}", "user", a->id, "email", a->email, "name", a->name, "roles",
                     words_array(s, a->roles), "disabled", a->disabled, "created_at", a->created_at);
}
