/* runs.c: runs in the database: how they begin, wait, fail and end. */
#include <string.h>

#include "common/log.h"
#include "discovery/harvest/harvest.h"

#define REMOVED_AT_ONCE 2000
#define WAIT_MOST 300 /* seconds between tries, unless the source asks for more */

int runs_begin(struct scope *s, struct db *db) {
    return db_query(s, db, NULL,
                    "WITH due AS (UPDATE harvest h SET due_at = now() + every_minutes * interval '1 minute'"
                    "  WHERE due_at <= now() AND enabled"
                    "  AND NOT EXISTS (SELECT FROM harvest_run r WHERE r.harvest = h.id AND r.ended_at IS NULL)"
                    "  RETURNING id, CASE WHEN removals = 'keep' THEN since END AS since)"
                    " INSERT INTO harvest_run (harvest, state, since) SELECT id, 'running', since FROM due",
                    "");
}

int runs_next(struct scope *s, struct db *db, struct harvest *h, struct harvest_run *run, bool *found) {
    struct db_rows *r;
    int err = db_query(s, db, &r,
                       "SELECT h.id, h.name, h.kind, h.url, h.collections, h.query, h.secret, h.removals, h.pause_ms,"
                       " r.run, r.pages, r.tries, r.since, r.position FROM harvest_run r JOIN harvest h ON h.id = r.harvest"
                       " WHERE r.ended_at IS NULL AND r.retry_at <= now() AND h.enabled ORDER BY r.retry_at LIMIT 1",
                       "");
    *found = !err && db_count(r) == 1;
    if (!*found) return err;
    *h = (struct harvest){.id = db_text(r, 0, 0),
                          .name = db_text(r, 0, 1),
                          .kind = db_text(r, 0, 2),
                          .url = db_text(r, 0, 3),
                          .collections = db_json(s, r, 0, 4),
                          .query = db_json(s, r, 0, 5),
                          .secret = db_text(r, 0, 6),
                          .remove = strcmp(db_text(r, 0, 7), "remove") == 0,
                          .pause_ms = (int)db_int(r, 0, 8)};
    *run = (struct harvest_run){.run = db_int(r, 0, 9),
                                .pages = db_int(r, 0, 10),
                                .tries = (int)db_int(r, 0, 11),
                                .since = db_text(r, 0, 12),
                                .position = db_json(s, r, 0, 13)};
    return 0;
}

int run_failed(struct scope *s, struct db *db, const struct harvest_run *run, const struct trouble *t, bool *ended) {
    int wait = 1 << (run->tries < 8 ? run->tries : 8);
    if (wait > WAIT_MOST) wait = WAIT_MOST;
    if (t->retry_after > wait) wait = t->retry_after;
    *ended = t->final || run->tries + 1 >= HARVEST_TRIES_MOST;
    log_warn(s, *ended ? "a harvest failed" : "a harvest waits", "why", t->why, NULL);
    return db_query(s, db, NULL,
                    "UPDATE harvest_run SET tries = tries + 1, error = $3, retry_at = now() + $4 * interval '1 second',"
                    " state = CASE WHEN $5 THEN 'failed' ELSE state END, ended_at = CASE WHEN $5 THEN now() END"
                    " WHERE run = $1 AND pages = $2 AND ended_at IS NULL",
                    "llsib", run->run, run->pages, t->why, wait, (int)*ended);
}

/* Removes what the source has no longer: what this harvest brought and a complete run did not see. */
static int gone_remove(struct db_tx *tx, const struct harvest *h, const struct harvest_run *run) {
    struct scope *s = db_tx_scope(tx);
    for (;;) {
        struct db_rows *rows;
        int err =
            db_exec(tx, &rows,
                    "WITH gone AS (DELETE FROM harvest_item WHERE (harvest, collection, item) IN"
                    "  (SELECT harvest, collection, item FROM harvest_item WHERE harvest = $1 AND run < $2 LIMIT $3)"
                    "  RETURNING collection, item)"
                    " SELECT g.collection, g.item, jsonb_build_array(g.collection, g.item) FROM gone g WHERE NOT EXISTS"
                    "  (SELECT FROM harvest_item o WHERE o.harvest <> $1 AND o.collection = g.collection AND o.item = g.item)",
                    "sli", h->id, run->run, REMOVED_AT_ONCE);
        if (err || db_count(rows) == 0) return err;
        struct text *collections = text_new(s, 4096), *items = text_new(s, 4096);
        for (int i = 0; !err && i < db_count(rows); i++) {
            const char *collection = db_text(rows, i, 0), *item = db_text(rows, i, 1);
            const char *one = scope_printf(s, "%s\"%s\"", i ? "," : "{", collection);
            const char *other = scope_printf(s, "%s\"%s\"", i ? "," : "{", item);
            text_add(collections, one, strlen(one));
            text_add(items, other, strlen(other));
            err = bus_emit(tx, "item.removed", item, json_pack("{s:s, s:s}", "collection", collection, "item", item));
        }
        text_add(collections, "}", 1);
        text_add(items, "}", 1);
        if (!err) err = items_remove(tx, collections->data, items->data);
        if (!err)
            err = db_exec(tx, NULL, "UPDATE harvest_run SET removed = removed + $2 WHERE run = $1", "ll", run->run,
                          (int64_t)db_count(rows));
        if (err) return err;
    }
}

int run_done(struct db_tx *tx, const struct harvest *h, const struct harvest_run *run) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "UPDATE harvest_run SET state = 'done', ended_at = now() WHERE run = $1"
                      " RETURNING created + updated + unchanged, newest, all_dated",
                      "l", run->run);
    if (err || db_count(rows) == 0) return err;
    /* A source that answers with nothing at all is more likely broken than empty: nothing is removed then. */
    if (h->remove && !run->since && db_int(rows, 0, 0) > 0 && (err = gone_remove(tx, h, run))) return err;
    return db_exec(tx, NULL, "UPDATE harvest SET since = CASE WHEN NOT $3 THEN NULL ELSE coalesce($2, since) END WHERE id = $1",
                   "ssb", h->id, db_text(rows, 0, 1), (int)db_bool(rows, 0, 2));
}

int harvest_due_now(struct scope *s, struct db *db, const char *id, bool everything) {
    struct db_rows *rows;
    int err =
        db_query(s, db, &rows,
                 "UPDATE harvest SET due_at = now(), since = CASE WHEN $2 THEN NULL ELSE since END WHERE id = $1 RETURNING id",
                 "sb", id, (int)everything);
    return err ? err : db_count(rows) == 0 ? NADIR_ENOTFOUND : 0;
}
