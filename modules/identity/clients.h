/* clients.h: OAuth clients: front offices, scripts of organisations, third parties (/identity/v1/clients). */
#ifndef IDENTITY_CLIENTS_H
#define IDENTITY_CLIENTS_H

#include "common/db.h"
#include "common/http.h"

struct client {
    const char *id, *name;
    const char *secret;        /* SHA-256 in hex; NULL: a public client */
    const char *redirect_uris; /* words */
    const char *logout_uris;   /* words */
    const char *grants;        /* words: authorization_code refresh_token client_credentials */
    const char *scope;         /* words */
    bool first_party;
};

#define GRANTS_ALL "authorization_code refresh_token client_credentials"

/** NADIR_ENOTFOUND. Text belongs to the scope. */
int client_by_id(struct scope *s, struct db *db, const char *id, struct client *out);

/** Stores a client, in place of one with the same id, with audit row and (for a new one) event. */
int client_store(struct db_tx *tx, const struct request *rq, const char *actor, const struct client *c);
/** NULL, or a constant sentence that says what is wrong; *field then names the member. */
const char *client_fault(struct scope *s, const struct client *c, const char **field);

/** True if a browser may be sent there with an answer: exactly as registered (RFC 9700 section 2.1). */
bool client_may_redirect(const struct client *c, const char *uri);
/** True if a browser may be sent there after signing out: registered for that, or for answers; a first-party client may name
 * any page of an origin it is registered at. */
bool client_may_log_out_to(struct scope *s, const struct client *c, const char *uri);

/** Finds out which client calls (RFC 6749 section 2.3): Basic, client_secret_post, or client_id alone for a public client.
 * Returns 0, or 1 after answering invalid_client or invalid_request, or a negative enum nadir_error. */
int client_authenticate(const struct request *rq, struct response *rs, const struct pairs *form, struct client *out);

int clients_list(struct request *rq, struct response *rs);
int clients_create(struct request *rq, struct response *rs);

#endif
