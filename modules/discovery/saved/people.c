/* people.c: who there is, as identity tells: whom a notice is written to, and by what roles they see the catalogue. */
#include <string.h>

#include "discovery/saved/saved.h"

static const char *member(const struct event *e, const char *name) {
    return json_string_value(json_object_get(e->data, name));
}

static const char *roles_text(struct scope *s, const json_t *roles) {
    const char *text = "";
    size_t at;
    json_t *role;
    json_array_foreach(roles, at, role) {
        if (json_is_string(role)) text = scope_printf(s, "%s%s%s", text, *text ? " " : "", json_string_value(role));
    }
    return text;
}

int people_on_user(struct scope *s, struct db_tx *tx, const struct event *e) {
    const char *user = member(e, "user"), *email = member(e, "email"), *name = member(e, "name");
    if (!user) return NADIR_EINVAL;
    if (strcmp(e->type, "user.disabled") == 0)
        return db_exec(tx, NULL, "UPDATE person SET disabled = true WHERE subject = $1", "s", user);
    if (strcmp(e->type, "user.registered") != 0 && strcmp(e->type, "user.updated") != 0) return 0;
    if (!email) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO person (subject, email, name, roles) VALUES ($1, $2, $3, $4) ON CONFLICT (subject)"
                   " DO UPDATE SET email = excluded.email, name = excluded.name, roles = excluded.roles",
                   "ssss", user, email, name ? name : "", roles_text(s, json_object_get(e->data, "roles")));
}
