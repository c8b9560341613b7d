/* copies.c: what billing keeps of other modules' things: footprints to price, names for receipts, prices of processes to show.
 */
#include <string.h>

#include "billing/billing.h"
#include "common/fields.h"

int copies_on_item(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    struct fields f = fields_of(e->data);
    const char *collection = field_string(&f, "collection", 1, 400), *item = field_string(&f, "item", 1, 400);
    if (f.bad_name) return NADIR_EINVAL;
    if (strcmp(e->type, "item.removed") == 0)
        return db_exec(tx, NULL, "DELETE FROM item WHERE collection = $1 AND item = $2", "ss", collection, item);
    const char *owner = field_string_or(&f, "owner", 1, 400, NULL);
    const json_t *geometry = field_object_or_null(&f, "geometry");
    if (f.bad_name) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO item (collection, item, owner, geometry) VALUES ($1, $2, $3, $4::jsonb) "
                   "ON CONFLICT (collection, item) DO UPDATE SET owner = excluded.owner, geometry = excluded.geometry",
                   "sssj", collection, item, owner, geometry);
}

int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    if (strcmp(e->type, "user.registered") != 0 && strcmp(e->type, "user.updated") != 0) return 0;
    struct fields f = fields_of(e->data);
    const char *user = field_string(&f, "user", 1, 200);
    const char *name = field_string_or(&f, "name", 0, 1000, ""), *email = field_string_or(&f, "email", 0, 1000, "");
    if (f.bad_name) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO person (subject, name, email) VALUES ($1, $2, $3) "
                   "ON CONFLICT (subject) DO UPDATE SET name = excluded.name, email = excluded.email",
                   "sss", user, name, email);
}

int copies_on_process(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    struct fields f = fields_of(e->data);
    const char *process = field_string(&f, "process", 1, 400), *version = field_string(&f, "version", 1, 200);
    if (f.bad_name) return NADIR_EINVAL;
    if (strcmp(e->type, "process.undeployed") == 0)
        return db_exec(tx, NULL, "DELETE FROM process_price WHERE process = $1 AND version = $2", "ss", process, version);
    const json_t *price = field_object(&f, "price");
    /* What its author keeps private is nobody else's to see. */
    bool is_private = json_object_get(e->data, "owner") && !json_is_null(json_object_get(e->data, "owner"));
    if (f.bad_name) return NADIR_EINVAL;
    if (is_private) return 0;
    return db_exec(tx, NULL,
                   "INSERT INTO process_price (process, version, title, price) VALUES ($1, $2, $3, $4::jsonb) "
                   "ON CONFLICT (process, version) DO UPDATE SET title = excluded.title, price = excluded.price",
                   "sssj", process, version, field_string_or(&f, "title", 0, 1000, process), price);
}
