/* store.h: products below NADIR_DATA.
 *
 * A product is written to products/<collection>/.<item>.partial and moved into its place by one rename (an exchange, where it
 * replaces another), so that readers see all of it or none. One run at a time writes to a collection; what a killed run left is
 * removed by the next.
 */
#ifndef INGEST_STORE_H
#define INGEST_STORE_H

#include "product.h"

#define PARTIAL ".partial"
#define UNPACKED ".unpacked"

struct store {
    struct scope *scope;
    const char *collection;
    const char *folder; /* NADIR_DATA/products/<collection> */
    int lock;
};

/** Makes the collection's folder, waits for its lock and removes what killed runs left. Close with store_close. */
int store_open(struct scope *s, const char *data, const char *collection, struct store *out, struct refusal *r);
void store_close(struct store *st);
/** The item.json of a product that is there with this fingerprint, or NULL. The tree belongs to the scope. */
json_t *store_known(struct scope *s, const struct store *st, const char *item, const char *fingerprint);
/** An empty folder to write a product (".<item>" PARTIAL) or an archive's files (UNPACKED) in. In the scope. NULL: refused.
 */
const char *store_scratch(struct scope *s, const struct store *st, const char *name, struct refusal *r);
/** Makes the folder that the provider's files go to. */
int store_originals(const char *folder, struct refusal *r);
/** Copies a file into its place (name) below a folder and fills in its size and digest. */
int store_copy(struct extra *e, const char *folder, struct refusal *r);
/** Writes item.json and the fingerprint, makes all of it durable and moves it into its place. */
int store_commit(struct product *p, const struct store *st, const char *scratch, const json_t *item, struct refusal *r);
/** Removes a folder and what is in it. */
void store_remove(const char *folder);

#endif
