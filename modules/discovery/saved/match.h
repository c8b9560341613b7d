/* match.h: between the files that match new items: matcher.c reads them, match_find.c runs the searches, match_keep.c writes
 * what was found. */
#ifndef DISCOVERY_MATCH_H
#define DISCOVERY_MATCH_H

#include "discovery/saved/saved.h"

/* Newly published items, in the order of their commits. */
struct arrivals {
    size_t count, owned; /* owned: those that are somebody's own */
    const char **collections, **items, **datetimes, **sequences;
    const char *oldest, *newest; /* of their datetimes */
    int64_t last;                /* sequence of the last event read, of whatever type */
    bool full;
};

/* Columns of the searches that new items may concern. */
enum {
    CANDIDATE_ID,
    CANDIDATE_OWNER,
    CANDIDATE_NAME,
    CANDIDATE_SEARCH,
    CANDIDATE_AFTER,
    CANDIDATE_MAIL,
    CANDIDATE_WEBHOOK,
    CANDIDATE_ROLES
};

/* What searches found: search, collection and item of each hit. */
struct hits {
    size_t count, room;
    const char **searches, **collections, **items;
};

/** Runs the candidates `first` to `first + count - 1` over the arrivals, as their owners may see these, and adds what they
 * find. A search that cannot be run is passed over, logged and counted. NADIR_EUNAVAILABLE, NADIR_EBUSY: nothing is known. */
int match_find(struct scope *s, const struct db_rows *candidates, int first, int count, const struct arrivals *a,
               struct hits *out);

/** Writes what is new of the hits: matches, notices and events. A search that was deleted or paused meanwhile has none. */
int match_keep(struct scope *s, struct db_tx *tx, const struct db_rows *candidates, const struct hits *hits);

#endif
