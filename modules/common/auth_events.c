/* auth_events.c: identity's events become rows of auth_key and auth_revoked. A malformed event is NADIR_EINVAL. */
#include "common/auth_events.h"

#include <string.h>

#include "common/auth.h"

/* No access token lives longer than this, so a voided user's row may go after it. */
#define VOID_KEPT "1 day"

static const char *text_of(const struct event *e, const char *name) {
    return json_string_value(json_object_get(e->data, name));
}

/* Roles come as an array or as space-separated text. */
static const char *roles_of(struct scope *s, const json_t *roles) {
    if (json_is_string(roles)) return json_string_value(roles);
    const char *out = "";
    size_t i;
    const json_t *one;
    json_array_foreach(roles, i, one) {
        if (json_is_string(one)) out = scope_printf(s, "%s%s%s", out, *out ? " " : "", json_string_value(one));
    }
    return out;
}

static int key_created(struct scope *s, struct db_tx *tx, const struct event *e) {
    const char *id = text_of(e, "id"), *hash = text_of(e, "hash"), *subject = text_of(e, "subject"),
               *scope = text_of(e, "scope");
    if (!id || !hash || strlen(hash) != 64 || !subject || !scope) return NADIR_EINVAL;
    return db_exec(
        tx, NULL,
        "INSERT INTO auth_key (hash, id, subject, scope, roles, expires_at) VALUES ($1, $2, $3, $4, $5, $6::timestamptz) "
        "ON CONFLICT (hash) DO UPDATE SET scope = excluded.scope, roles = excluded.roles, "
        "expires_at = excluded.expires_at",
        "ssssss", hash, id, subject, scope, roles_of(s, json_object_get(e->data, "roles")), text_of(e, "expires_at"));
}

int auth_on_api_key(struct scope *s, struct db_tx *tx, const struct event *e) {
    int err = NADIR_EINVAL;
    if (strcmp(e->type, "api_key.created") == 0) {
        err = key_created(s, tx, e);
    } else if (strcmp(e->type, "api_key.revoked") == 0) {
        const char *id = text_of(e, "id");
        if (id) err = db_exec(tx, NULL, "DELETE FROM auth_key WHERE id = $1", "s", id);
    }
    auth_cache_clear();
    return err;
}

int auth_on_token_revoked(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *jti = text_of(e, "jti"), *expires = text_of(e, "expires_at");
    if (!jti || !*jti || !expires) return NADIR_EINVAL;
    int err = db_exec(tx, NULL, "DELETE FROM auth_revoked WHERE expires_at < now()", "");
    if (!err)
        err = db_exec(tx, NULL,
                      "INSERT INTO auth_revoked (id, expires_at) VALUES ($1, $2::timestamptz) ON CONFLICT (id) DO NOTHING",
                      "ss", jti, expires);
    auth_cache_clear();
    return err;
}

int auth_on_user_disabled(struct scope *s, struct db_tx *tx, const struct event *e) {
    const char *user = text_of(e, "user"), *at = text_of(e, "at");
    if (!user || !*user || !at) return NADIR_EINVAL;
    int err =
        db_exec(tx, NULL,
                "INSERT INTO auth_revoked (id, at, expires_at) VALUES ($1, $2::timestamptz, now() + interval '" VOID_KEPT "') "
                "ON CONFLICT (id) DO UPDATE SET at = greatest(auth_revoked.at, excluded.at), "
                "expires_at = excluded.expires_at",
                "ss", scope_printf(s, "user:%s", user), at);
    if (!err) err = db_exec(tx, NULL, "DELETE FROM auth_key WHERE subject = $1", "s", user);
    auth_cache_clear();
    return err;
}
