/* collections.h: collections as they are found, seen and changed. */
#ifndef DISCOVERY_COLLECTIONS_H
#define DISCOVERY_COLLECTIONS_H

#include "discovery/query/query.h"
#include "discovery/search.h"

#define COLLECTIONS_DEFAULT 100
#define COLLECTIONS_MOST 1000

/* ---- collection_search.c ---- */

struct collection_page {
    size_t count;
    const char **documents;
    size_t *lengths;
    int64_t matched;
    const char *next; /* token of the next page, or NULL */
};

/** Adds the condition that the caller may see a row of alias f: a collection is seen by all (no owner), by its owner, by whom
 * it or an item of it is shared with, and by administrators. */
void collection_visible(struct sql *q, const struct auth *who);

/** Runs a collection search (area, from, to, ids, words, filter, sorts, limit, token of the query). NADIR_EINVAL with a fault.
 */
int collections_run(struct scope *s, const struct auth *who, const struct query *query, struct collection_page *out,
                    struct fault *f);

/** Sets *seen if there is such a collection and the caller may see it. */
int collection_seen(struct scope *s, const struct auth *who, const char *collection, bool *seen);

/* ---- collection_shown.c ---- */

/* What collection_shown() reads of a row of the view collection_shown, from its column on. */
#define COLLECTION_SHOWN "f.document, f.items, f.reach"
/** The document as it is answered, with BASE_MARK still in it: the number of items, and an extent that covers them. */
const char *collection_shown(struct scope *s, const struct db_rows *rows, int row, int column);

/* ---- collections_write.c ---- */

/** True if the caller may change what everybody sees: administrators, and clients that were given the scope. Others who have
 *  the scope write private collections of their own. */
bool may_publish(const struct auth *who);

/* What a writer needs to know of a collection. */
struct collection_held {
    const char *version, *document;
    const char *owner; /* NULL: public */
};

/** Finds the collection that the request names for a writer and locks it (update: against other writers; otherwise against its
 *  removal only). *may is false when it has answered: 404 where the caller may not see it, 403 where not write. */
int collection_hold(struct request *rq, struct response *rs, struct db_tx *tx, bool update, struct collection_held *out,
                    bool *may);

/** Answers 404. */
int no_collection(struct response *rs, const char *collection);

#endif
