/* matcher.c: which saved searches the newly published items match. */
#include "discovery/query/query.h"
#include "discovery/saved/match.h"

#define BATCH 1000 /* events read in one turn */
#define GROUP 64   /* searches run by one statement */
#define KEEP 5000  /* hits that are written together once there are so many */

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
                       "SELECT b.sequence, i.collection, i.id, i.datetime, min(i.datetime) OVER (), max(i.datetime) OVER (), "
                       "i.owner IS NOT NULL "
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
    out->sequences = scope_alloc(s, (rows + 1) * sizeof(char *));
    out->full = rows == BATCH;
    if (rows) {
        out->oldest = db_text(r, 0, 4);
        out->newest = db_text(r, 0, 5);
    }
    for (int i = 0; i < db_count(r); i++) {
        out->last = db_int(r, i, 0);
        if (db_is_null(r, i, 1)) continue;
        out->owned += db_bool(r, i, 6);
        out->collections[out->count] = db_text(r, i, 1);
        out->items[out->count] = db_text(r, i, 2);
        out->datetimes[out->count] = db_text(r, i, 3);
        out->sequences[out->count++] = db_text(r, i, 0);
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
        "   AND (c.collections IS NULL OR f.collection = ANY (c.collections)))"
        " ORDER BY s.id COLLATE \"C\"",
        "ssls", array_literal(s, a->collections, a->count), array_literal(s, a->items, a->count), a->last,
        array_literal(s, a->datetimes, a->count));
}

static int batch_match(struct scope *s, struct db_tx *tx, const struct arrivals *a) {
    struct db_rows *candidates;
    if (a->count == 0) return 0;
    struct hits hits = {0};
    int err = candidates_find(s, a, &candidates);
    for (int i = 0; !err && i < db_count(candidates); i += GROUP) {
        int left = db_count(candidates) - i;
        err = match_find(s, candidates, i, left < GROUP ? left : GROUP, a, &hits);
        if (err || (hits.count < KEEP && left > GROUP)) continue;
        err = match_keep(s, tx, candidates, &hits);
        hits.count = 0;
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
