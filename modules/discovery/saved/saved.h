/* saved.h: saved searches: /discovery/v1/saved-searches, and what happens when a new item matches one.
 *
 * The outbox tells of every item that is published, in the order of its commits. The matcher reads on from its cursor, runs
 * the saved searches that the new items may concern, restricted to these items and to what the owner may see, and writes
 * matches, the event search.matched and notices in the transaction that moves the cursor: each (search, item) once, whatever is
 * killed when. Senders take some due notices at a time and send them side by side (webhooks) or over one connection (mail); a
 * notice whose sender died is taken again, under the same identifier.
 */
#ifndef DISCOVERY_SAVED_H
#define DISCOVERY_SAVED_H

#include "discovery/stac.h"

#define SAVED_READ "discovery:search.read"
#define SAVED_WRITE "discovery:search.write"
#define NOTICE_MATCHES_MOST 100 /* items listed in one notice or event; the rest is told as a number */
#define SAVED_INSTANT(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

struct query;

struct db *saved_db(void);

/* ---- criteria.c ---- */

/** The form in which a STAC search body is kept: only what selects items, its filter as CQL2 JSON. A member that is no search
 *  parameter is a fault; those that only shape an answer (limit, sortby, fields, token) are dropped. *out belongs to the scope.
 *  NADIR_EINVAL with a fault. */
int criteria_keep(struct scope *s, const json_t *search, json_t **out, struct query *q, struct fault *f);
/** Reads a kept search. */
int criteria_read(struct scope *s, const json_t *kept, struct query *q, struct fault *f);

/* ---- webhook.c ---- */

/** Says why an address cannot be called, or NULL: it must be https, or begin as NADIR_WEBHOOK_INSIDE allows. */
const char *webhook_refusal(struct scope *s, const char *url);
/** A new secret, in the scope. */
const char *webhook_secret(struct scope *s);
/** "t=<seconds>,v1=<hex>": HMAC-SHA256 under the secret of "<seconds>.<body>". */
const char *webhook_signature(struct scope *s, const char *secret, int64_t at, const char *body);

/* What one notice tells. Texts are borrowed. */
struct notice {
    const char *delivery, *search, *name, *language;
    const char *email, *person;    /* NULL: not known */
    const char *webhook, *secret;  /* NULL: none */
    int64_t count;                 /* matches that the owner still may see */
    const struct db_rows *matches; /* rows [begin, end) of these, as matches_told gives them; at most NOTICE_MATCHES_MOST */
    int begin, end;                /* alike: there is nothing or nobody to tell any more */
    const char *base_url;
    struct {
        int err;         /* 0: it was taken. NADIR_EBUSY: there was no time to begin */
        const char *why; /* for its owner to read */
        bool final;      /* trying again is useless */
    } sent;
};

bool notice_is_open(const struct notice *n);

/** Calls the webhooks of those that are open, side by side, and sets `sent` of each. An error: nothing is known of any. */
int webhooks_send(struct scope *s, struct notice *list, size_t count);
/** Sends the mails of those that are open, over one connection; as webhooks_send. */
int notices_mail(struct scope *s, struct notice *list, size_t count);

/** The owner as the catalogue sees them now: roles as identity last told, "" for a client. */
struct auth owner_auth(const char *subject, const char *roles);

/* ---- found.c ---- */

/** Matches of a search from first to last, as far as `who` may see the items now: match, collection, item, datetime,
 *  matched_at, and how many there are in all. */
int matches_find(struct scope *s, const struct auth *who, const char *search, int64_t first, int64_t last, bool newest_first,
                 int64_t limit, struct db_rows **rows);

/* Matches of one search that its owner is told of. */
struct told {
    struct auth who;
    const char *search;
    int64_t first, last;
};

/* Columns of matches_find; matches_told adds the number of the entry in its list. */
enum { MATCH_NUMBER, MATCH_COLLECTION, MATCH_ITEM, MATCH_DATETIME, MATCH_MATCHED_AT, MATCH_COUNT, MATCH_TOLD };

/** As matches_find, oldest first, for each entry of a list, in the order of the list. */
int matches_told(struct scope *s, const struct told *list, size_t count, int64_t limit, struct db_rows **rows);

/* ---- work in the background ---- */

/** Compares new items with the saved searches, one batch. *more: there may be others to do at once. */
int matcher_turn(struct scope *s, bool *more);
/** Send some of the due notices; *more as above. */
int webhooks_turn(struct scope *s, bool *more);
int mails_turn(struct scope *s, bool *more);
/** Forgets old matches and notices. */
int deliveries_sweep(struct scope *s);
int saved_start(void);
void saved_stop(void);

/* ---- people.c ---- */
int people_on_user(struct scope *s, struct db_tx *tx, const struct event *e);

/* ---- handlers ---- */
int searches_create(struct request *rq, struct response *rs);
int searches_list(struct request *rq, struct response *rs);
int searches_get(struct request *rq, struct response *rs);
int searches_patch(struct request *rq, struct response *rs);
int searches_delete(struct request *rq, struct response *rs);
int matches_list(struct request *rq, struct response *rs);
int deliveries_list(struct request *rq, struct response *rs);

#endif
