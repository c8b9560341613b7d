/* rights.h: which scopes a person's roles allow, and which a request is granted. The table stands in modules/README.md. */
#ifndef IDENTITY_RIGHTS_H
#define IDENTITY_RIGHTS_H

#include "common/scope.h"

/** Every role there is. */
#define ROLES_ALL "admin support auditor scientist"

/** All scopes that a person with these roles may have. */
const char *rights_allowed(struct scope *s, const char *roles);
/** All scopes there are. */
const char *rights_all(struct scope *s);

/** What a person is granted at a client: what was requested, as far as the roles and the client's own limit allow. A
 * first-party client that names no scope of a module is granted all that the roles allow. */
const char *rights_granted(struct scope *s, const char *requested, const char *roles, const char *client_scope,
                           bool first_party);

/** Those of the roles without which some of the scopes would not be allowed: what an API key of these scopes carries. */
const char *rights_roles_needed(struct scope *s, const char *scope, const char *roles);

#endif
