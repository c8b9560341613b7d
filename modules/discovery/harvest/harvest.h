/* harvest.h: items taken from other catalogues.
 *
 * A run goes step by step: one step is one page of the source. What the page brings, what is counted and the position of the
 * next step are one transaction, and the step's number is compared in it; so a run that was killed anywhere goes on exactly
 * where it was, and of two runners one takes the step and the other nothing.
 *
 * What a run asks for: everything, or, when every item of the last complete run had `updated`, what was updated since. Items
 * that are there and differ are replaced; what a person changed here in a harvested item is so lost. Items that are gone at the
 * source stay, or with removals "remove" go (then every run asks for everything, and what it did not see is removed at its
 * end). An item whose content (file:checksum) is here by another name is not taken again. An item that no harvest brought is
 * never replaced.
 */
#ifndef DISCOVERY_HARVEST_H
#define DISCOVERY_HARVEST_H

#include "discovery/catalogue/batch.h"

#define HARVEST_PAGE_ITEMS 500    /* asked for a page, unless the query tells its own limit */
#define HARVEST_PAGE_MOST 10000   /* items taken of a page */
#define HARVEST_BYTES (64u << 20) /* of an answer */
#define HARVEST_TRIES_MOST 8

struct harvest {
    const char *id, *name, *kind, *url;
    json_t *collections, *query;
    const char *secret; /* or NULL */
    bool remove;
    int pause_ms;
};

struct harvest_run {
    int64_t run, pages;
    int tries;
    const char *since; /* or NULL */
    json_t *position;  /* or NULL */
};

/* What a source gave for a step. */
struct harvest_page {
    json_t *items;       /* STAC items, as objects; may be NULL */
    json_t *collections; /* STAC collections, with the source's names; may be NULL */
    json_t *next;        /* the next position; NULL: this was the last */
};

/* Why a step failed. */
struct trouble {
    const char *why;
    int retry_after; /* seconds the source asks for */
    bool final;      /* trying again is useless */
};

/** Records a trouble; returns NADIR_EUNAVAILABLE, or NADIR_EINVAL if it is final. */
int trouble_set(struct trouble *t, bool final, const char *why);

/* ---- ask.c ---- */

/** Why an address cannot be a source, or NULL: http(s), and of the private network only as NADIR_HARVEST_INSIDE allows. */
const char *harvest_refusal(struct scope *s, const char *url);
/** Asks the source: GET, or POST of a JSON body. The secret goes to the harvest's own host only. The answer's body in *body. */
int harvest_ask(struct scope *s, const struct harvest *h, const char *url, const json_t *post, const char *accept,
                const char **body, size_t *len, struct trouble *t);
/** The same, parsed as a JSON object. */
int harvest_ask_json(struct scope *s, const struct harvest *h, const char *url, const json_t *post, json_t **out,
                     struct trouble *t);
/** An address that stands in a document that came from base. NULL: it is none. */
const char *url_resolve(struct scope *s, const char *base, const char *href);
/** Adds "name=value" to an address. */
const char *url_with(struct scope *s, const char *url, const char *name, const char *value);

/* ---- source_*.c: position NULL is a run's first step ---- */

int source_stac(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                struct trouble *t);
int source_odata(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                 struct trouble *t);
int source_opensearch(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                      struct trouble *t);
/** Items of an Atom feed (OGC 13-026r9) and the address of the next page, or NULL. */
int atom_items(struct scope *s, const char *xml, size_t len, const char *base, json_t **items, const char **next,
               struct trouble *t);
/** A collection document for sources that have none. */
json_t *collection_of_name(const char *name, const char *title, const char *from);
/** A name that may name a collection or an item, made of any text; NULL: there is nothing in it. */
const char *identifier_of(struct scope *s, const char *text);

/* ---- step.c ---- */

/** Takes the next step of a run. *ended: the run is over. Returns an error only where the database failed. */
int harvest_step(struct scope *s, struct db *db, const struct harvest *h, struct harvest_run *run, bool *ended);

/* ---- runs.c ---- */

/** Begins runs that are due. */
int runs_begin(struct scope *s, struct db *db);
/** The run that waits longest for its next step; *found false: none is due. */
int runs_next(struct scope *s, struct db *db, struct harvest *h, struct harvest_run *run, bool *found);
/** Notes that a step failed: it is tried again later, or the run ends. */
int run_failed(struct scope *s, struct db *db, const struct harvest_run *run, const struct trouble *t, bool *ended);
/** Ends a run that came to its end, in the step's transaction. */
int run_done(struct db_tx *tx, const struct harvest *h, const struct harvest_run *run);
/** Makes a harvest due now. NADIR_ENOTFOUND. */
int harvest_due_now(struct scope *s, struct db *db, const char *id, bool everything);

/* ---- turn.c, runner.c ---- */

/** One turn: whoever holds the lock begins what is due and takes steps for at most `ms`. *worked: there was something to do;
 *  *held: another has the lock. */
int runner_turn(struct scope *s, struct db *db, int ms, bool *worked, bool *held);
/** Lets a turn end after its present step. */
void runner_stop(bool stop);
int harvest_start(void);
void harvest_stop(void);

/* ---- harvests.c: /discovery/v1/harvests ---- */
int harvests_create(struct request *rq, struct response *rs);
int harvests_list(struct request *rq, struct response *rs);
int harvests_get(struct request *rq, struct response *rs);
int harvests_patch(struct request *rq, struct response *rs);
int harvests_delete(struct request *rq, struct response *rs);
int harvests_run(struct request *rq, struct response *rs);
int harvest_runs_list(struct request *rq, struct response *rs);
int harvest_refusals_list(struct request *rq, struct response *rs);

#endif
