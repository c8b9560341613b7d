/* batch.h: many prepared items into the tables by one transaction: all that it says or nothing of it. */
#ifndef DISCOVERY_BATCH_H
#define DISCOVERY_BATCH_H

#include "discovery/catalogue/prepared.h"

enum outcome {
    OUTCOME_WAITING, /* not decided yet */
    OUTCOME_CREATED,
    OUTCOME_UPDATED,
    OUTCOME_UNCHANGED, /* it is there already, just so */
    OUTCOME_EXISTS,    /* another is there by that name, and updates were not asked for */
    OUTCOME_TWICE,     /* the batch has it more than once; the last one counts with upsert, else the first */
    OUTCOME_DUPLICATE, /* an item with the same content is there by another name */
    OUTCOME_REFUSED,
    OUTCOMES,
};

/** A word for it ("created"). */
const char *outcome_name(enum outcome outcome);

struct batch_row {
    struct prepared item;
    enum outcome outcome;
    const char *why; /* of what was not taken: a sentence's part */
    bool apart;      /* no item: whoever filled the batch sees to it */
    /* As COPY takes them, where batch_row_ready made them beforehand. event: of item.published, for an item without owner. */
    const char *document_field, *properties_field, *event_field;
};

struct batch {
    struct batch_row *rows;
    size_t count;
    bool upsert, skip_duplicates, quiet; /* quiet: without events */
};

/** The whole of it in one transaction, with `also` (may be NULL) in it before the commit: asks for footprints, writes, tries
 * again when another writer was quicker, and refuses rows that the database cannot take. */
int batch_store(struct scope *s, struct db *db, struct batch *b, int (*also)(struct db_tx *tx, void *arg), void *arg);

/** Asks PostGIS for the footprints that were not made here; refuses rows whose geometry it cannot take. Before the transaction:
 *  a geometry that fails would end it. */
int batch_areas(struct scope *s, struct db *db, struct batch *b);
/** Writes what waits, and says of each row what became of it. The caller commits, or rolls back. NADIR_ECONFLICT: another
 * writer was quicker with an item: roll back, set outcomes back (batch_again) and try again. */
int batch_write(struct scope *s, struct db_tx *tx, struct batch *b);
/** Forgets what a transaction that was rolled back decided. */
void batch_again(struct batch *b);

/** Removes items, without events; the arrays are PostgreSQL's, of texts, of one length. */
int items_remove(struct db_tx *tx, const char *collections, const char *ids);

/* ---- batch_copy.c ---- */

/** Makes the row's fields for COPY on the caller's thread; otherwise the one who writes the batch makes them. */
void batch_row_ready(struct scope *s, struct batch_row *row, bool quiet);

/** COPYs the rows that are to be created or updated. */
int batch_copy(struct scope *s, struct db_tx *tx, const struct batch *b);

#endif
