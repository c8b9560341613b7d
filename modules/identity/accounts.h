/* accounts.h: people. */
#ifndef IDENTITY_ACCOUNTS_H
#define IDENTITY_ACCOUNTS_H

#include "common/db.h"
#include "common/http.h"
#include "identity/texts.h"

struct account {
    const char *id, *email, *name, *roles, *created_at;
    const char *password; /* argon2id */
    bool disabled;
};

/** By id or by e-mail address (without case). NADIR_ENOTFOUND. Text belongs to the scope. */
int account_by_id(struct scope *s, struct db *db, const char *id, struct account *out);
int account_by_email(struct scope *s, struct db *db, const char *email, struct account *out);
/** The same under a row lock in a transaction. */
int account_lock(struct db_tx *tx, const char *id, struct account *out);

/** TEXT_NONE, or why the address, name or password will not do; *field then names which. */
enum text account_fault(const char *email, const char *name, const char *password, const char **field);

/** Adds an account, with its audit row and event. out->password is the hash to store; email, name and roles are set too; id and
 *  created_at are given. NADIR_ECONFLICT when the address is taken. */
int account_create(struct db_tx *tx, const struct request *rq, struct account *out);
/** Emits user.updated for the account as it is now. */
int account_changed(struct db_tx *tx, const struct account *a);
/** Gives the account other roles: audit, event, and API keys and access tokens with a role that was taken are void. actor is
 * who does it. */
int account_set_roles(struct db_tx *tx, const struct request *rq, const char *actor, struct account *a, const char *roles);
/** Closes the account: sessions, grants, keys and tokens are void. */
int account_disable(struct db_tx *tx, const struct request *rq, const char *actor, const struct account *a);

/** {user, email, name, roles}; the caller owns it. */
json_t *account_json(struct scope *s, const struct account *a);

#endif
