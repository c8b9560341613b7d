/* authorization.h: an authorization request (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1), read and checked. */
#ifndef IDENTITY_AUTHORIZATION_H
#define IDENTITY_AUTHORIZATION_H

#include "common/http.h"
#include "identity/clients.h"

struct authorization {
    struct client client;
    const char *redirect_uri; /* one that the client registered */
    const char *state;        /* NULL: none */
    const char *nonce;        /* NULL: none */
    const char *scope;        /* as requested */
    const char *challenge;    /* PKCE, S256 */
    const char *prompt;       /* words */
    const char *login_hint;   /* NULL: none */
    int64_t max_age;          /* seconds; -1: none */
    const char *query;        /* the request as a query string, to come back to */
};

enum authorization_state {
    AUTHORIZATION_GOOD,
    AUTHORIZATION_REFUSED, /* the client is to be told: error and why */
    AUTHORIZATION_LOST,    /* no trustworthy client or address: only the person can be told why */
};

/** Reads the arguments. Returns an enum authorization_state, or a negative enum nadir_error. */
int authorization_read(struct scope *s, struct db *db, const struct pairs *args, struct authorization *out, const char **error,
                       const char **why);
/** The same from a query string of ours, such as the `return` field of a form: "/oauth2/authorize?…". */
int authorization_read_return(struct scope *s, struct db *db, const char *target, struct authorization *out, const char **error,
                              const char **why);

/** Sends the browser back to the client with name=value and state and iss (RFC 9207). */
int authorization_answer(const struct request *rq, struct response *rs, const struct authorization *a, const char *name,
                         const char *value, const char *why);

/** The request's own address "/oauth2/authorize?…", without those words of prompt. In the scope. */
const char *authorization_target(struct scope *s, const struct authorization *a, const char *prompts_done);

/** target if it is an authorization request of this server, otherwise NULL: nothing else may be returned to. */
const char *return_checked(const char *target);

#endif
