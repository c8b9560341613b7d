#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "identity/rights.h"
#include "identity/words.h"

#define OPENID_SCOPES "openid profile email offline_access"

/* role NULL: everyone who has an account */
static const struct {
    const char *role, *scopes;
} table[] = {
    {NULL, OPENID_SCOPES " identity:account.read identity:account.write billing:order.read billing:order.write "
                         "billing:wallet.read billing:wallet.write download:file.read processing:job.read processing:job.write "
                         "sharing:share.read sharing:share.write services:service.read services:service.write "
                         "discovery:search.read discovery:search.write"},
    {"scientist", "discovery:item.write processing:process.write"},
    {"support", "identity:user.read platform:status.read"},
    {"auditor", "statistics:kpi.read platform:status.read"},
    {"admin", "identity:user.read identity:user.write discovery:item.write billing:offer.write processing:process.write "
              "statistics:kpi.read platform:status.read"},
};
#define ROWS (sizeof table / sizeof *table)

const char *rights_allowed(struct scope *s, const char *roles) {
    const char *out = "";
    for (size_t i = 0; i < ROWS; i++)
        if (!table[i].role || words_have(roles, table[i].role)) out = words_either(s, out, table[i].scopes);
    return out;
}

const char *rights_all(struct scope *s) {
    return rights_allowed(s, ROLES_ALL);
}

const char *rights_granted(struct scope *s, const char *requested, const char *roles, const char *client_scope,
                           bool first_party) {
    const char *allowed = rights_allowed(s, roles);
    if (*client_scope || !first_party) allowed = words_both(s, allowed, words_either(s, client_scope, OPENID_SCOPES));
    if (first_party && words_within(s, requested, OPENID_SCOPES))
        return words_either(s, words_both(s, requested, allowed), words_without(s, allowed, OPENID_SCOPES));
    return words_both(s, requested, allowed);
}

const char *rights_roles_needed(struct scope *s, const char *scope, const char *roles) {
    const char *out = "";
    const char *beyond = words_without(s, scope, rights_allowed(s, ""));
    for (size_t i = 0; i < ROWS; i++)
        if (table[i].role && words_have(roles, table[i].role) && *words_both(s, beyond, table[i].scopes))
            out = words_either(s, out, table[i].role);
    return out;
}
