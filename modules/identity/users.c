/* users.c: /identity/v1/users: registration for everyone, the rest for administrators. */
#include "identity/users.h"

#include <string.h>

#include "common/auth.h"
#include "common/fields.h"
#include "identity/accounts.h"
#include "identity/audit.h"
#include "identity/identity.h"
#include "identity/passwords.h"
#include "identity/rights.h"
#include "identity/words.h"

/* POST /identity/v1/users {email, password, name} */
int users_create(struct request *rq, struct response *rs) {
    json_t *body;
    struct db_tx *tx;
    const char *field;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    struct account a = {.email = field_string(&f, "email", 3, 254), .name = field_string(&f, "name", 1, 100), .roles = ""};
    const char *password = field_string(&f, "password", 1, PASSWORD_MOST);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    enum text fault = account_fault(a.email, a.name, password, &field);
    if (fault) field_fault(&f, field, "%s", text_in(LANG_EN, fault));
    if (fields_fail(&f, rs)) return 0;

    a.password = password_hash(rq->scope, password);
    if (!a.password) return NADIR_ENOMEM;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = account_create(tx, rq, &a);
    if (!err) err = db_commit(tx);
    if (err == NADIR_ECONFLICT)
        return response_error(rs, 409, "email-taken", "email",
                              "There is an account with this e-mail address; sign in instead.");
    if (err) return err;
    response_header(rs, "location", "%s/identity/v1/users/%s", rq->base_url, a.id);
    return response_json(rs, 201, account_json(rq->scope, &a));
}

/* GET /identity/v1/users?email=&cursor=&limit=: in the order of registration. The cursor is the last id. */
int users_list(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int64_t limit;
    const char *after = request_arg(rq, "cursor");
    if (request_arg_int(rq, rs, "limit", 1, 500, 100, &limit)) return 0;
    int err =
        db_query(rq->scope, identity_db(), &rows,
                 "SELECT id, email, name, roles, disabled_at IS NOT NULL, " RFC3339(
                     "created_at") " FROM account "
                                   "WHERE id > $1 AND ($2::text IS NULL OR lower(email) = lower($2)) ORDER BY id LIMIT $3",
                 "ssl", after ? after : "", request_arg(rq, "email"), limit + 1);
    if (err) return err;
    json_t *list = json_array();
    int shown = db_count(rows) > limit ? (int)limit : db_count(rows);
    for (int i = 0; i < shown; i++) {
        const struct account a = {.id = db_text(rows, i, 0),
                                  .email = db_text(rows, i, 1),
                                  .name = db_text(rows, i, 2),
                                  .roles = db_text(rows, i, 3),
                                  .disabled = db_bool(rows, i, 4),
                                  .created_at = db_text(rows, i, 5)};
        json_array_append_new(list, account_json(rq->scope, &a));
    }
    return response_json(
        rs, 200, json_pack("{s:o,s:s?}", "users", list, "next", db_count(rows) > limit ? db_text(rows, shown - 1, 0) : NULL));
}

/* GET /identity/v1/users/{user} */
int users_get(struct request *rq, struct response *rs) {
    struct account a;
    int err = account_by_id(rq->scope, identity_db(), request_param(rq, "user"), &a);
    return err ? err : response_json(rs, 200, account_json(rq->scope, &a));
}

/* PATCH /identity/v1/users/{user} {disabled}: closes an account, or opens it again. */
int users_patch(struct request *rq, struct response *rs) {
    json_t *body;
    struct db_tx *tx;
    struct account a;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    bool disabled = field_bool(&f, "disabled");
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    if (strcmp(request_param(rq, "user"), rq->auth.subject) == 0)
        return response_error(rs, 409, "own-account", NULL, "You cannot close your own account here.");
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = account_lock(tx, request_param(rq, "user"), &a);
    if (err) return err;
    if (disabled && !a.disabled) err = account_disable(tx, rq, rq->auth.subject, &a);
    if (!disabled && a.disabled) {
        err = db_exec(tx, NULL, "UPDATE account SET disabled_at = NULL, updated_at = now() WHERE id = $1", "s", a.id);
        if (!err) err = audit_add(tx, rq, "user.enabled", rq->auth.subject, a.id, NULL);
        if (!err) err = account_changed(tx, &a);
    }
    if (!err) err = db_commit(tx);
    if (err) return err;
    auth_cache_clear();
    a.disabled = disabled;
    return response_json(rs, 200, account_json(rq->scope, &a));
}

/* PUT /identity/v1/users/{user}/roles {roles: […]} */
int users_set_roles(struct request *rq, struct response *rs) {
    json_t *body;
    struct db_tx *tx;
    struct account a;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *roles = words_from_array(rq->scope, field_array(&f, "roles", 0, 20));
    fields_closed(&f);
    if (!roles || !words_within(rq->scope, roles, ROLES_ALL)) field_fault(&f, "roles", "Roles are " ROLES_ALL ".");
    if (fields_fail(&f, rs)) return 0;
    if (strcmp(request_param(rq, "user"), rq->auth.subject) == 0)
        return response_error(rs, 409, "own-account", NULL, "Another administrator must change your roles.");
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = account_lock(tx, request_param(rq, "user"), &a);
    if (!err) err = account_set_roles(tx, rq, rq->auth.subject, &a, roles);
    if (!err) err = db_commit(tx);
    if (err) return err;
    auth_cache_clear();
    return response_json(rs, 200, account_json(rq->scope, &a));
}
