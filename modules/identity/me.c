/* me.c: /identity/v1/me: one's own account. */
#include <string.h>

#include "common/auth.h"
#include "common/fields.h"
#include "identity/accounts.h"
#include "identity/audit.h"
#include "identity/grants.h"
#include "identity/identity.h"
#include "identity/passwords.h"
#include "identity/throttle.h"
#include "identity/users.h"

/* GET /identity/v1/me */
int me_get(struct request *rq, struct response *rs) {
    struct account a;
    int err = account_by_id(rq->scope, identity_db(), rq->auth.subject, &a);
    return err ? err : response_json(rs, 200, account_json(rq->scope, &a));
}

/* PATCH /identity/v1/me {name} */
int me_patch(struct request *rq, struct response *rs) {
    json_t *body;
    struct db_tx *tx;
    struct account a;
    const char *field;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *name = field_string(&f, "name", 1, 100);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    if (account_fault("a@localhost", name, "", &field) == TEXT_NAME_BAD)
        field_fault(&f, "name", "%s", text_in(LANG_EN, TEXT_NAME_BAD));
    if (fields_fail(&f, rs)) return 0;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = account_lock(tx, rq->auth.subject, &a);
    if (err) return err;
    a.name = name;
    err = db_exec(tx, NULL, "UPDATE account SET name = $2, updated_at = now() WHERE id = $1", "ss", a.id, name);
    if (!err) err = account_changed(tx, &a);
    if (!err) err = db_commit(tx);
    return err ? err : response_json(rs, 200, account_json(rq->scope, &a));
}

/* All that was signed in with the old password ends: whoever stole it is out too. */
static int password_store(struct request *rq, const char *account, const char *hash) {
    struct db_tx *tx;
    struct account a;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = account_lock(tx, account, &a);
    if (!err)
        err = db_exec(tx, NULL, "UPDATE account SET password = $2, updated_at = now() WHERE id = $1", "ss", account, hash);
    if (!err) err = db_exec(tx, NULL, "DELETE FROM session WHERE account = $1", "s", account);
    if (!err) err = grants_end(tx, "account", account);
    if (!err) err = audit_add(tx, rq, "password.changed", account, account, NULL);
    return err ? err : db_commit(tx);
}

/* PUT /identity/v1/me/password {current, password}: sign in again afterwards. */
int me_password(struct request *rq, struct response *rs) {
    json_t *body;
    struct account a;
    int wait_s;
    if (strcmp(rq->auth.client_id, "api-key") == 0)
        return response_error(rs, 403, "not-with-api-key", NULL, "An API key cannot change the password; sign in.");
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *current = field_string(&f, "current", 1, PASSWORD_MOST),
               *wanted = field_string(&f, "password", 1, PASSWORD_MOST);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    int err = account_by_id(rq->scope, identity_db(), rq->auth.subject, &a);
    if (err) return err;
    enum text fault = password_fault(wanted, a.email);
    if (fault) field_fault(&f, "password", "%s", text_in(LANG_EN, fault));
    if (fields_fail(&f, rs)) return 0;
    err = throttle_try(rq, identity_db(), a.email, &wait_s);
    if (err == NADIR_EBUSY) {
        response_error(rs, 429, "too-many-tries", NULL, "Too many tries; wait %d seconds.", wait_s);
        return 0;
    }
    if (err) return err;
    if (!password_matches(a.password, current))
        return response_error(rs, 403, "wrong-password", "current", "That is not the current password.");
    const char *hash = password_hash(rq->scope, wanted);
    if (!hash) return NADIR_ENOMEM;
    err = throttle_forget(rq, identity_db(), a.email);
    if (!err) err = password_store(rq, a.id, hash);
    if (err) return err;
    auth_cache_clear();
    return response_empty(rs, 204);
}
