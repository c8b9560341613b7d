/* matcher.c: which saved searches the newly published items match. */
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/metrics.h"
#include "discovery/query/query.h"
#include "discovery/saved/saved.h"

#define BATCH 1000 /* events read in one turn */
#define SEARCH_TIMEOUT_MS 30000
#define MAIL_PAUSE "600" /* seconds between two mails of one search */

/* Newly published items, in the order of their commits. */
struct arrivals {
    size_t count;
    const char **collections, **items, **datetimes;
    const char *oldest, *newest; /* of their datetimes */
    int64_t *sequences;
    int64_t last; /* sequence of the last event read, of whatever type */
    bool full;
};

/* One saved search with the arrivals that it matches. */
struct hit {
    const char *search, *owner, *name;
    bool mail, webhook;
    size_t count;
    const char **collections, **items;
};

struct auth owner_auth(const char *subject, const char *roles) {
    return (struct auth){.subject = subject, .client_id = "", .scope = "", .roles = roles, .token_id = "", .is_user = true};
}

/* Reads on from the cursor, which stays locked: of several replicas one matches at a time. *from < 0: another one does. */
static int cursor_take(struct db_tx *tx, int64_t *from) {
    struct db_rows *r;
    int err = db_exec(tx, &r, "SELECT sequence FROM saved_cursor FOR UPDATE SKIP LOCKED", "");
    *from = !err && db_count(r) ? db_int(r, 0, 0) : -1;
    return err;
}

static int arrivals_read(struct scope *s, int64_t from, struct arrivals *out) {
    struct db_rows *r;
    *out = (struct arrivals){.last = from};
    int err = db_query(s, saved_db(), &r,
                       "SELECT b.sequence, i.collection, i.id, i.datetime, min(i.datetime) OVER (), max(i.datetime) OVER () "
                       "FROM (SELECT sequence, event::jsonb AS event FROM outbox"
                       "  WHERE sequence > $1 ORDER BY sequence LIMIT $2) AS b LEFT JOIN item i"
                       "  ON b.event ->> 'type' = 'item.published' AND i.collection = b.event -> 'data' ->> 'collection'"
                       "  AND i.id = b.event -> 'data' ->> 'item' ORDER BY b.sequence",
                       "li", from, BATCH);
    if (err) return err;
    size_t rows = (size_t)db_count(r);
    out->collections = scope_alloc(s, (rows + 1) * sizeof(char *));
    out->items = scope_alloc(s, (rows + 1) * sizeof(char *));
    out->datetimes = scope_alloc(s, (rows + 1) * sizeof(char *));
    out->sequences = scope_alloc(s, (rows + 1) * sizeof(int64_t));
    out->full = rows == BATCH;
    if (rows) {
        out->oldest = db_text(r, 0, 4);
        out->newest = db_text(r, 0, 5);
    }
    for (int i = 0; i < db_count(r); i++) {
        out->last = db_int(r, i, 0);
        if (db_is_null(r, i, 1)) continue;
        out->collections[out->count] = db_text(r, i, 1);
        out->items[out->count] = db_text(r, i, 2);
        out->datetimes[out->count] = db_text(r, i, 3);
        out->sequences[out->count++] = db_int(r, i, 0);
    }
    return 0;
}

/* With nobody listening the cursor goes straight to the end, whatever a bulk load writes. */
static int skip_to_end(struct scope *s, struct arrivals *out, bool *skipped) {
    struct db_rows *r;
    int err = db_query(s, saved_db(), &r,
                       "SELECT EXISTS (SELECT FROM saved_search WHERE state = 'active'),"
                       " (SELECT coalesce(max(sequence), 0) FROM outbox)",
                       "");
    if (err) return err;
    *skipped = !db_bool(r, 0, 0);
    if (*skipped && db_int(r, 0, 1) > out->last) *out = (struct arrivals){.last = db_int(r, 0, 1)};
    return 0;
}

/* Active searches that reach to where one of the new items lies. The rest of their conditions is for the search itself. */
static int candidates_find(struct scope *s, const struct arrivals *a, struct db_rows **rows) {
    return db_query(
        s, saved_db(), rows,
        "SELECT s.id, s.owner, s.name, s.search, s.after, s.mail, s.webhook IS NOT NULL, coalesce(p.roles, '')"
        " FROM saved_search s LEFT JOIN person p ON p.subject = s.owner"
        " WHERE s.state = 'active' AND s.after < $3 AND NOT coalesce(p.disabled, false) AND s.id IN"
        " (SELECT c.id FROM unnest($1::text[], $2::text[], $4::timestamptz[]) AS a (collection, item, datetime)"
        "  JOIN footprint f ON f.datetime = a.datetime AND f.collection = a.collection AND f.id = a.item"
        "  JOIN saved_search c ON c.state = 'active' AND c.reach && coalesce(f.geom, ST_MakeEnvelope(-180, -90, 180, 90, 4326))"
        "   AND (c.collections IS NULL OR f.collection = ANY (c.collections)))",
        "ssls", array_literal(s, a->collections, a->count), array_literal(s, a->items, a->count), a->last,
        array_literal(s, a->datetimes, a->count));
}

/* Those of the arrivals from `first` on that the search finds for its owner. Each is looked up by its key (the LIMIT keeps the
 * database from thinking of scans), so that a search costs what the arrivals do, whatever the catalogue holds. */
static int search_run(struct scope *s, const struct auth *owner, const struct query *q, const struct arrivals *a, size_t first,
                      struct db_rows **rows) {
    struct sql sql;
    struct fault f = {0};
    sql_init(&sql, s);
    sql_add(&sql, "SELECT found.collection, found.id FROM unnest(");
    sql_value(&sql, array_literal(s, a->datetimes + first, a->count - first), "::timestamptz[]");
    sql_add(&sql, ", ");
    sql_value(&sql, array_literal(s, a->collections + first, a->count - first), "::text[]");
    sql_add(&sql, ", ");
    sql_value(&sql, array_literal(s, a->items + first, a->count - first), "::text[]");
    sql_add(&sql, ") AS a (datetime, collection, item), LATERAL (SELECT f.collection, f.id ");
    int err = query_from_where(&sql, owner, q, &f);
    if (err) return err;
    /* Known when the statement is planned: only the partitions that the arrivals lie in are thought about. */
    sql_add(&sql, " AND f.datetime BETWEEN ");
    sql_value(&sql, a->oldest, "::timestamptz");
    sql_add(&sql, " AND ");
    sql_value(&sql, a->newest, "::timestamptz");
    sql_add(&sql, " AND f.datetime = a.datetime AND f.collection = a.collection AND f.id = a.item LIMIT 1) AS found");
    return sql_run(&sql, saved_db(), rows);
}

static bool is_passing(int err) {
    return err == NADIR_EUNAVAILABLE || err == NADIR_EBUSY;
}

/* Runs one candidate. A search that cannot be run (too slow, a filter that meets a value it cannot take) is passed over, so
 * that it holds up nobody else's; it is counted and logged. */
static int candidate_run(struct scope *s, const struct db_rows *r, int row, const struct arrivals *a, struct hit *hit) {
    struct query q;
    struct fault f = {0};
    struct db_rows *found;
    struct auth owner = owner_auth(db_text(r, row, 1), db_text(r, row, 7));
    size_t first = 0;
    *hit = (struct hit){.search = db_text(r, row, 0),
                        .owner = owner.subject,
                        .name = db_text(r, row, 2),
                        .mail = db_bool(r, row, 5),
                        .webhook = db_bool(r, row, 6)};
    while (first < a->count && a->sequences[first] <= db_int(r, row, 4)) first++;
    if (first == a->count) return 0;
    int64_t deadline = s->deadline_us, own = clock_us() + SEARCH_TIMEOUT_MS * 1000;
    if (!deadline || own < deadline) s->deadline_us = own;
    int err = criteria_read(s, db_json(s, r, row, 3), &q, &f);
    if (!err) err = search_run(s, &owner, &q, a, first, &found);
    s->deadline_us = deadline;
    if (is_passing(err)) return err;
    if (err) {
        metrics_add("nadir_saved_searches_failed_total", 1);
        log_warn(s, "a saved search could not be run", "search", hit->search, "why", f.why ? f.why : nadir_strerror(err), NULL);
        return 0;
    }
    hit->count = (size_t)db_count(found);
    hit->collections = scope_alloc(s, (hit->count + 1) * sizeof(char *));
    hit->items = scope_alloc(s, (hit->count + 1) * sizeof(char *));
    for (int i = 0; i < db_count(found); i++) {
        hit->collections[i] = db_text(found, i, 0);
        hit->items[i] = db_text(found, i, 1);
    }
    return 0;
}

/* A notice that waits takes up the matches too; otherwise a new one begins, for mail not before the pause since the last is
 * over. */
static int notice_add(struct db_tx *tx, const char *search, const char *channel, const char *pause, int64_t first,
                      int64_t last) {
    char id[ID_SIZE];
    id_new(id);
    return db_exec(tx, NULL,
                   "INSERT INTO saved_delivery (id, search, channel, state, first_match, last_match, next_at)"
                   " SELECT $1, $2, $3, 'waiting', $4, $5, greatest(now(), max(ended_at) + $6::text::interval)"
                   " FROM saved_delivery WHERE search = $2 AND channel = $3 AND state = 'sent'"
                   " ON CONFLICT (search, channel) WHERE state = 'waiting' DO UPDATE SET last_match = excluded.last_match",
                   "ssslls", id, search, channel, first, last, pause);
}

static int event_emit(struct db_tx *tx, const struct hit *hit, const struct db_rows *fresh) {
    json_t *items = json_array();
    for (int i = 0; i < db_count(fresh) && i < NOTICE_MATCHES_MOST; i++)
        json_array_append_new(items, json_pack("{s:s, s:s}", "collection", db_text(fresh, i, 1), "item", db_text(fresh, i, 2)));
    return bus_emit(tx, "search.matched", hit->search,
                    json_pack("{s:s, s:s, s:s, s:i, s:o}", "search", hit->search, "owner", hit->owner, "name", hit->name,
                              "count", db_count(fresh), "items", items));
}

/* Writes what is new of a hit. The search is held, and may have been deleted or paused meanwhile: then there is nothing to
 * tell. */
static int hit_keep(struct scope *s, struct db_tx *tx, const struct hit *hit) {
    struct db_rows *fresh;
    int err =
        db_exec(tx, &fresh, "SELECT FROM saved_search WHERE id = $1 AND state = 'active' FOR NO KEY UPDATE", "s", hit->search);
    if (err || db_count(fresh) == 0) return err;
    err = db_exec(tx, &fresh,
                  "WITH fresh AS (INSERT INTO saved_match (search, collection, item) SELECT $1, a.collection, a.item"
                  "  FROM unnest($2::text[], $3::text[]) AS a (collection, item) ON CONFLICT DO NOTHING"
                  "  RETURNING match, collection, item)"
                  " SELECT match, collection, item FROM fresh ORDER BY match",
                  "sss", hit->search, array_literal(s, hit->collections, hit->count), array_literal(s, hit->items, hit->count));
    if (err || db_count(fresh) == 0) return err;
    int64_t first = db_int(fresh, 0, 0), last = db_int(fresh, db_count(fresh) - 1, 0);
    err = db_exec(tx, NULL, "UPDATE saved_search SET matched = matched + $2, matched_at = now() WHERE id = $1", "sl",
                  hit->search, (int64_t)db_count(fresh));
    if (!err && hit->webhook) err = notice_add(tx, hit->search, "webhook", "0", first, last);
    if (!err && hit->mail) err = notice_add(tx, hit->search, "mail", MAIL_PAUSE, first, last);
    metrics_add("nadir_saved_search_matches_total", db_count(fresh));
    return err ? err : event_emit(tx, hit, fresh);
}

static int batch_match(struct scope *s, struct db_tx *tx, const struct arrivals *a) {
    struct db_rows *candidates;
    struct hit hit;
    if (a->count == 0) return 0;
    int err = candidates_find(s, a, &candidates);
    for (int i = 0; !err && i < db_count(candidates); i++) {
        err = candidate_run(s, candidates, i, a, &hit);
        if (!err && hit.count > 0) err = hit_keep(s, tx, &hit);
    }
    return err;
}

/* With the cursor held; *to is how far it may go on. */
static int turn(struct scope *s, struct db_tx *tx, int64_t from, int64_t *to, bool *more) {
    struct arrivals a = {.last = from};
    bool skipped;
    int err = skip_to_end(s, &a, &skipped);
    if (!err && !skipped) err = arrivals_read(s, from, &a);
    if (!err) err = batch_match(s, tx, &a);
    *to = a.last;
    *more = !err && a.full;
    return err;
}

int matcher_turn(struct scope *s, bool *more) {
    struct db_tx *tx;
    int64_t from, to;
    *more = false;
    int err = db_begin(s, saved_db(), &tx);
    if (err) return err;
    err = cursor_take(tx, &from);
    to = from;
    if (!err && from >= 0) err = turn(s, tx, from, &to, more);
    if (!err && to != from) err = db_exec(tx, NULL, "UPDATE saved_cursor SET sequence = $1", "l", to);
    if (!err && to != from) return db_commit(tx);
    db_rollback(tx);
    return err;
}
