/* consent.h: what a person lets a third party's client do in their name. */
#ifndef IDENTITY_CONSENT_H
#define IDENTITY_CONSENT_H

#include "identity/authorization.h"
#include "identity/sessions.h"

/** *given: the person agreed before to all of the scope for that client. */
int consent_given(struct scope *s, struct db *db, const char *account, const char *client, const char *scope, bool *given);
/** The page that asks. */
int consent_page(const struct request *rq, struct response *rs, const struct authorization *a, const struct session *session,
                 const char *scope);
/** POST /identity/consent */
int consent_post(struct request *rq, struct response *rs);

#endif
