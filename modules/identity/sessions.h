/* sessions.h: a browser that someone signed in with. The cookie is a random secret; the row knows only its hash. */
#ifndef IDENTITY_SESSIONS_H
#define IDENTITY_SESSIONS_H

#include "common/db.h"
#include "common/http.h"
#include "identity/accounts.h"

struct session {
    const char *id;
    int64_t signed_in; /* seconds since the epoch: auth_time */
    struct account account;
};

/** The request's session. NADIR_ENOTFOUND when there is none, it has expired or its account is closed. */
int session_find(const struct request *rq, struct db *db, struct session *out);
/** Starts a session in place of the one the browser had, and sets the cookie. */
int session_start(const struct request *rq, struct response *rs, struct db_tx *tx, const struct account *a);
/** Ends a session with all grants made in it, and takes the cookie back. */
int session_end(const struct request *rq, struct response *rs, struct db_tx *tx, const char *id);

/** Sets or (value "") removes a cookie of ours: HttpOnly, SameSite=Lax; Secure and __Host- where the gateway speaks https. */
void cookie_set(const struct request *rq, struct response *rs, const char *name, const char *value, int max_age_s);
const char *cookie_get(const struct request *rq, const char *name);

/** The hidden fields' token of a form: bound to the browser (a cookie is set if it has none) and to its session. */
const char *form_token(const struct request *rq, struct response *rs);
/** True if the form came from a page of ours in this browser (CSRF). */
bool form_checked(const struct request *rq, const struct pairs *form);

#endif
