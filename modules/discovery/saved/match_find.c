/* match_find.c: runs saved searches over newly published items.
 *
 * Planning a search over the catalogue costs many times what looking at some new rows does, and so does asking the database
 * once a search. So one statement reads the new rows by their keys, and runs a whole group of searches over these rows alone:
 * what it costs depends neither on what the catalogue holds nor on its partitions. Who may see an item that is somebody's own
 * takes eight times longer to plan than the rest, so items that are nobody's, nearly all, are looked at apart. */
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "discovery/query/where.h"
#include "discovery/saved/match.h"

#define GROUP_TIMEOUT_MS 30000
#define HITS_FIRST 64

struct auth owner_auth(const char *subject, const char *roles) {
    return (struct auth){.subject = subject, .client_id = "", .scope = "", .roles = roles, .token_id = "", .is_user = true};
}

static void candidate_failed(struct scope *s, const char *search, const char *why) {
    metrics_add("nadir_saved_searches_failed_total", 1);
    log_warn(s, "a saved search could not be run", "search", search, "why", why, NULL);
}

/* The new rows. The bounds are known when the statement is planned, so that only the partitions that the rows lie in are
 * thought about; the LIMIT keeps the database from anything but looking each up by its key. */
static void arrived_add(struct sql *sql, const struct arrivals *a) {
    sql_add(sql, "WITH arrived AS MATERIALIZED (SELECT found.*, a.sequence FROM unnest(");
    sql_value(sql, array_literal(sql->scope, a->datetimes, a->count), "::timestamptz[], ");
    sql_value(sql, array_literal(sql->scope, a->collections, a->count), "::text[], ");
    sql_value(sql, array_literal(sql->scope, a->items, a->count), "::text[], ");
    sql_value(sql, array_literal(sql->scope, a->sequences, a->count), "::bigint[]");
    sql_add(sql, ") AS a (datetime, collection, item, sequence), LATERAL (SELECT * FROM footprint f WHERE f.datetime BETWEEN ");
    sql_value(sql, a->oldest, "::timestamptz AND ");
    sql_value(sql, a->newest, "::timestamptz");
    sql_add(sql, " AND f.datetime = a.datetime AND f.collection = a.collection AND f.id = a.item LIMIT 1) AS found)");
}

/* One search of the group, over the new rows that are somebody's own, or over those that are not and so are everybody's to see.
 * One that cannot be read adds nothing. */
static void candidate_add(struct sql *sql, const struct db_rows *r, int row, int number, bool owned, bool *any) {
    struct scope *s = sql->scope;
    struct query q;
    struct fault f = {0};
    const struct auth anyone = {.subject = NULL};
    const struct auth owner = owner_auth(db_text(r, row, CANDIDATE_OWNER), db_text(r, row, CANDIDATE_ROLES));
    size_t len = sql->len, count = sql->count;
    int err = criteria_read(s, db_json(s, r, row, CANDIDATE_SEARCH), &q, &f);
    if (!err) {
        sql_add(sql, "%s SELECT %d, f.collection, f.id ", *any ? " UNION ALL" : "", number);
        err = query_where_in(sql, "arrived", owned ? &owner : &anyone, &q, &f);
        sql_add(sql, "%s AND f.sequence > ", owned ? " AND f.owner IS NOT NULL" : "");
        sql_value(sql, db_text(r, row, CANDIDATE_AFTER), "::bigint");
    }
    if (!err) {
        *any = true;
        return;
    }
    sql->len = len;
    sql->text[len] = '\0';
    sql->count = count;
    candidate_failed(s, db_text(r, row, CANDIDATE_ID), f.why ? f.why : nadir_strerror(err));
}

static int group_run(struct scope *s, const struct db_rows *candidates, int first, int count, const struct arrivals *a,
                     bool owned, struct db_rows **found) {
    struct sql sql;
    bool any = false;
    sql_init(&sql, s);
    arrived_add(&sql, a);
    for (int i = 0; i < count; i++) candidate_add(&sql, candidates, first + i, i, owned, &any);
    *found = NULL;
    if (!any) return 0;
    int64_t deadline = s->deadline_us, own = clock_us() + GROUP_TIMEOUT_MS * 1000;
    if (!deadline || own < deadline) s->deadline_us = own;
    int err = sql_run(&sql, saved_db(), found);
    s->deadline_us = deadline;
    return err;
}

static void hits_room(struct scope *s, struct hits *h, size_t more) {
    if (h->count + more <= h->room) return;
    size_t room = h->room ? 2 * h->room : HITS_FIRST;
    while (room < h->count + more) room *= 2;
    const char ***columns[] = {&h->searches, &h->collections, &h->items};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const char **wider = scope_alloc(s, room * sizeof *wider);
        if (h->count) memcpy(wider, *columns[i], h->count * sizeof *wider);
        *columns[i] = wider;
    }
    h->room = room;
}

static void hits_add(struct scope *s, struct hits *h, const struct db_rows *candidates, int first,
                     const struct db_rows *found) {
    hits_room(s, h, (size_t)db_count(found));
    for (int i = 0; i < db_count(found); i++) {
        h->searches[h->count] = db_text(candidates, first + (int)db_int(found, i, 0), CANDIDATE_ID);
        h->collections[h->count] = db_text(found, i, 1);
        h->items[h->count++] = db_text(found, i, 2);
    }
}

/* Where a group fails (one is too slow, or its filter meets a value it cannot take), each is run alone, so that it holds up
 * nobody else's. */
int match_find(struct scope *s, const struct db_rows *candidates, int first, int count, const struct arrivals *a,
               struct hits *out) {
    struct db_rows *shown = NULL, *own = NULL;
    int err = a->owned < a->count ? group_run(s, candidates, first, count, a, false, &shown) : 0;
    if (!err && a->owned) err = group_run(s, candidates, first, count, a, true, &own);
    if (err == NADIR_EUNAVAILABLE || err == NADIR_EBUSY) return err;
    if (!err) {
        if (shown) hits_add(s, out, candidates, first, shown);
        if (own) hits_add(s, out, candidates, first, own);
        return 0;
    }
    if (count == 1) {
        candidate_failed(s, db_text(candidates, first, CANDIDATE_ID), nadir_strerror(err));
        return 0;
    }
    err = 0;
    for (int i = 0; !err && i < count; i++) err = match_find(s, candidates, first + i, 1, a, out);
    return err;
}
