/* auth_events.h: keeps a module's copy of who may ask (auth_key, auth_revoked) by identity's events.
 *
 * Every module but identity is subscribed to these by libnadir. identity writes the rows itself, in the transactions that emit
 * the events.
 */
#ifndef NADIR_AUTH_EVENTS_H
#define NADIR_AUTH_EVENTS_H

#include "common/bus.h"

#define AUTH_SUBSCRIPTIONS                                                                                                     \
    {"identity", "api_key.*", auth_on_api_key}, {"identity", "token.revoked", auth_on_token_revoked}, {                        \
        "identity", "user.disabled", auth_on_user_disabled                                                                     \
    }

/** api_key.created {id, hash, subject, scope, roles, expires_at?} (again: its rights changed) and api_key.revoked {id}. */
int auth_on_api_key(struct scope *s, struct db_tx *tx, const struct event *e);
/** token.revoked {jti, expires_at}. */
int auth_on_token_revoked(struct scope *s, struct db_tx *tx, const struct event *e);
/** user.disabled {user, at}: voids the user's tokens issued before `at`, and all of the user's API keys. */
int auth_on_user_disabled(struct scope *s, struct db_tx *tx, const struct event *e);

#endif
