/* copies.c: who there is, and whose the items and collections are, as identity and discovery tell. Shares end with what they
 * stand on. */
#include <string.h>

#include "sharing/sharing.h"

static const char *member(const struct event *e, const char *name) {
    return json_string_value(json_object_get(e->data, name));
}

int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *user = member(e, "user"), *email = member(e, "email"), *name = member(e, "name");
    if (!user) return NADIR_EINVAL;
    if (strcmp(e->type, "user.disabled") == 0) return db_exec(tx, NULL, "DELETE FROM known_user WHERE subject = $1", "s", user);
    if (strcmp(e->type, "user.registered") != 0 && strcmp(e->type, "user.updated") != 0) return 0;
    if (!email) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO known_user (subject, email, name) VALUES ($1, $2, $3)"
                   " ON CONFLICT (subject) DO UPDATE SET email = excluded.email, name = excluded.name",
                   "sss", user, email, name ? name : "");
}

/* Ends the shares of an item (NULL: of its whole collection) that were not given by `owner` (NULL: all). */
static int shares_end(struct db_tx *tx, const char *collection, const char *item, const char *owner) {
    struct db_rows *r;
    int err = db_exec(tx, &r,
                      "DELETE FROM share WHERE collection = $1 AND item IS NOT DISTINCT FROM $2 AND owner IS DISTINCT FROM $3"
                      " RETURNING share, owner, subject",
                      "sss", collection, item, owner);
    for (int i = 0; !err && i < db_count(r); i++)
        err = shares_emit_revoked(tx, db_text(r, i, 0), db_text(r, i, 1), db_text(r, i, 2), collection, item);
    return err;
}

int copies_on_item(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *collection = member(e, "collection"), *item = member(e, "item"), *owner = member(e, "owner");
    if (!collection || !item) return NADIR_EINVAL;
    bool removed = strcmp(e->type, "item.removed") == 0;
    if (!removed && strcmp(e->type, "item.published") != 0 && strcmp(e->type, "item.updated") != 0) return 0;
    int err;
    if (removed)
        err = db_exec(tx, NULL, "DELETE FROM known_item WHERE collection = $1 AND item = $2", "ss", collection, item);
    else
        err = db_exec(tx, NULL,
                      "INSERT INTO known_item (collection, item, owner) VALUES ($1, $2, $3)"
                      " ON CONFLICT (collection, item) DO UPDATE SET owner = excluded.owner",
                      "sss", collection, item, owner);
    return err ? err : shares_end(tx, collection, item, removed ? NULL : owner);
}

int copies_on_collection(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *collection = member(e, "collection"), *owner = member(e, "owner");
    if (!collection) return NADIR_EINVAL;
    bool removed = strcmp(e->type, "collection.removed") == 0;
    if (!removed && strcmp(e->type, "collection.published") != 0) return 0;
    int err = removed ? db_exec(tx, NULL, "DELETE FROM known_collection WHERE collection = $1", "s", collection)
                      : db_exec(tx, NULL,
                                "INSERT INTO known_collection (collection, owner) VALUES ($1, $2)"
                                " ON CONFLICT (collection) DO UPDATE SET owner = excluded.owner",
                                "ss", collection, owner);
    return err ? err : shares_end(tx, collection, NULL, removed ? NULL : owner);
}
