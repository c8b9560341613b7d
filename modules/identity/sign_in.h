/* sign_in.h: the pages /identity/login and /identity/register. Both lead back to an authorization request (`return`). */
#ifndef IDENTITY_SIGN_IN_H
#define IDENTITY_SIGN_IN_H

#include "common/http.h"
#include "identity/pages.h"

/** The sign-in form. target is where to go on (NULL: the start), email what the field holds, fault what was wrong; wait_s goes
 *  with TEXT_THROTTLED. */
int sign_in_page(const struct request *rq, struct response *rs, int status, const char *target, const char *email,
                 enum text fault, int wait_s);
/** The registration form; form, if not NULL, fills the fields again. */
int register_page(const struct request *rq, struct response *rs, int status, const char *target, const struct pairs *form,
                  enum text fault);

int login_get(struct request *rq, struct response *rs);
int login_post(struct request *rq, struct response *rs);
int register_get(struct request *rq, struct response *rs);
int register_post(struct request *rq, struct response *rs);

#endif
