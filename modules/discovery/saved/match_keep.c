/* match_keep.c: writes what saved searches found, and what is to be told of it. */
#include <string.h>

#include "common/id.h"
#include "common/metrics.h"
#include "discovery/query/query.h"
#include "discovery/saved/match.h"

#define MAIL_PAUSE "600" /* seconds between two mails of one search */

/* What is new of one search: rows [begin, end) of the fresh matches. */
struct news {
    const char *search, *owner, *name;
    bool mail, webhook;
    int begin, end;
};

/* Columns of the fresh matches. */
enum { FRESH_MATCH, FRESH_SEARCH, FRESH_COLLECTION, FRESH_ITEM };

/* The searches are held until the end of the transaction; each (search, item) counts once, whatever was killed before. */
static int fresh_insert(struct scope *s, struct db_tx *tx, const struct hits *h, struct db_rows **fresh) {
    return db_exec(tx, fresh,
                   "WITH held AS (SELECT id FROM saved_search WHERE id = ANY ($1::text[]) AND state = 'active' ORDER BY id"
                   "  FOR NO KEY UPDATE),"
                   " fresh AS (INSERT INTO saved_match (search, collection, item) SELECT a.search, a.collection, a.item"
                   "  FROM unnest($1::text[], $2::text[], $3::text[]) AS a (search, collection, item)"
                   "  JOIN held ON held.id = a.search ON CONFLICT DO NOTHING RETURNING match, search, collection, item)"
                   " SELECT match, search, collection, item FROM fresh ORDER BY search COLLATE \"C\", match",
                   "sss", array_literal(s, h->searches, h->count), array_literal(s, h->collections, h->count),
                   array_literal(s, h->items, h->count));
}

/* Both are ordered by the search's identifier. */
static struct news *news_gather(struct scope *s, const struct db_rows *candidates, const struct db_rows *fresh, size_t *count) {
    struct news *list = scope_alloc(s, ((size_t)db_count(fresh) + 1) * sizeof *list);
    int at = 0;
    *count = 0;
    for (int i = 0; i < db_count(fresh); i++) {
        const char *search = db_text(fresh, i, FRESH_SEARCH);
        if (*count && strcmp(list[*count - 1].search, search) == 0) {
            list[*count - 1].end = i + 1;
            continue;
        }
        while (strcmp(db_text(candidates, at, CANDIDATE_ID), search) != 0) at++;
        list[(*count)++] = (struct news){.search = search,
                                         .owner = db_text(candidates, at, CANDIDATE_OWNER),
                                         .name = db_text(candidates, at, CANDIDATE_NAME),
                                         .mail = db_bool(candidates, at, CANDIDATE_MAIL),
                                         .webhook = db_bool(candidates, at, CANDIDATE_WEBHOOK),
                                         .begin = i,
                                         .end = i + 1};
    }
    return list;
}

static int searches_count(struct scope *s, struct db_tx *tx, const struct news *list, size_t count) {
    const char **searches = scope_alloc(s, count * sizeof *searches), **added = scope_alloc(s, count * sizeof *added);
    for (size_t i = 0; i < count; i++) {
        searches[i] = list[i].search;
        added[i] = scope_printf(s, "%d", list[i].end - list[i].begin);
    }
    return db_exec(tx, NULL,
                   "UPDATE saved_search s SET matched = s.matched + n.added, matched_at = now()"
                   " FROM unnest($1::text[], $2::bigint[]) AS n (search, added) WHERE s.id = n.search",
                   "ss", array_literal(s, searches, count), array_literal(s, added, count));
}

/* A notice that waits takes up the matches too; otherwise a new one begins, for mail not before the pause since the last is
 * over. */
static int notices_add(struct scope *s, struct db_tx *tx, const char *channel, const struct db_rows *fresh,
                       const struct news *list, size_t count) {
    bool mail = strcmp(channel, "mail") == 0;
    const char **columns[4];
    size_t wanted = 0;
    for (size_t c = 0; c < 4; c++) columns[c] = scope_alloc(s, count * sizeof **columns);
    for (size_t i = 0; i < count; i++) {
        if (!(mail ? list[i].mail : list[i].webhook)) continue;
        char id[ID_SIZE];
        id_new(id);
        columns[0][wanted] = scope_strdup(s, id);
        columns[1][wanted] = list[i].search;
        columns[2][wanted] = db_text(fresh, list[i].begin, FRESH_MATCH);
        columns[3][wanted++] = db_text(fresh, list[i].end - 1, FRESH_MATCH);
    }
    if (wanted == 0) return 0;
    return db_exec(tx, NULL,
                   "INSERT INTO saved_delivery (id, search, channel, state, first_match, last_match, next_at)"
                   " SELECT n.id, n.search, $5, 'waiting', n.first, n.last, CASE WHEN $6 THEN greatest(now(),"
                   "  (SELECT max(d.ended_at) + interval '" MAIL_PAUSE " seconds' FROM saved_delivery d"
                   "   WHERE d.search = n.search AND d.channel = $5 AND d.state = 'sent')) ELSE now() END"
                   " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS n (id, search, first, last)"
                   " ON CONFLICT (search, channel) WHERE state = 'waiting' DO UPDATE SET last_match = excluded.last_match",
                   "sssssb", array_literal(s, columns[0], wanted), array_literal(s, columns[1], wanted),
                   array_literal(s, columns[2], wanted), array_literal(s, columns[3], wanted), channel, (int)mail);
}

static const char *event_line(struct scope *s, const struct news *n, const struct db_rows *fresh) {
    json_t *items = json_array();
    for (int i = n->begin; i < n->end && i - n->begin < NOTICE_MATCHES_MOST; i++)
        json_array_append_new(items, json_pack("{s:s, s:s}", "collection", db_text(fresh, i, FRESH_COLLECTION), "item",
                                               db_text(fresh, i, FRESH_ITEM)));
    json_t *data = json_pack("{s:s, s:s, s:s, s:i, s:o}", "search", n->search, "owner", n->owner, "name", n->name, "count",
                             n->end - n->begin, "items", items);
    return bus_event_line(s, "search.matched", n->search, json_line(s, scope_json(s, data)));
}

static int events_emit(struct scope *s, struct db_tx *tx, const struct db_rows *fresh, const struct news *list, size_t count) {
    const char **events = scope_alloc(s, count * sizeof *events);
    for (size_t i = 0; i < count; i++) events[i] = event_line(s, &list[i], fresh);
    db_tx_mark_events(tx);
    return db_exec(tx, NULL, "INSERT INTO outbox (event) SELECT unnest($1::text[])", "s", array_literal(s, events, count));
}

int match_keep(struct scope *s, struct db_tx *tx, const struct db_rows *candidates, const struct hits *hits) {
    struct db_rows *fresh;
    size_t count;
    if (hits->count == 0) return 0;
    int err = fresh_insert(s, tx, hits, &fresh);
    if (err || db_count(fresh) == 0) return err;
    const struct news *list = news_gather(s, candidates, fresh, &count);
    metrics_add("nadir_saved_search_matches_total", db_count(fresh));
    err = searches_count(s, tx, list, count);
    if (!err) err = notices_add(s, tx, "webhook", fresh, list, count);
    if (!err) err = notices_add(s, tx, "mail", fresh, list, count);
    return err ? err : events_emit(s, tx, fresh, list, count);
}
