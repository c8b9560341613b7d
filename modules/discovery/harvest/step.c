/* step.c: one page of a source into the catalogue. */
#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/rights.h"
#include "discovery/catalogue/collection_store.h"
#include "discovery/harvest/harvest.h"

#define REFUSALS_MOST 1000

struct step {
    const struct harvest *harvest;
    struct harvest_run *run;
    const struct harvest_page *page;
    const struct batch *batch;
    const char *newest;
    bool all_dated;
};

/* Our name of a source's collection; NULL: it is not wanted. */
static const char *collection_ours(const struct harvest *h, const char *theirs) {
    if (json_object_size(h->collections) == 0) return theirs;
    return theirs ? json_string_value(json_object_get(h->collections, theirs)) : NULL;
}

/* ---- items ---- */

/* An asset that view may open where it is: GeoTIFF at an address with one of NADIR_VIEW_REMOTE's prefixes. */
static bool is_viewable(struct scope *s, const json_t *asset) {
    const char *href = json_string_value(json_object_get(asset, "href")),
               *type = json_string_value(json_object_get(asset, "type"));
    char *rest = scope_strdup(s, config_text("NADIR_VIEW_REMOTE", "")), *prefix;
    if (!href || !type || strncmp(type, "image/tiff", 10) != 0 || !rights_path_safe(href)) return false;
    while ((prefix = strsep(&rest, " ")))
        if (*prefix && strncmp(href, prefix, strlen(prefix)) == 0) return true;
    return false;
}

/* The document keeps the source's hrefs, so that readers go there; the event tells view where the bytes lie. */
static void paths_tell(struct scope *s, struct prepared *p) {
    const char *key;
    json_t *asset, *event;
    bool any = false;
    if (!*config_text("NADIR_VIEW_REMOTE", "")) return;
    event = scope_json(s, json_loads(p->event, 0, NULL));
    json_object_foreach(json_object_get(event, "assets"), key, asset) {
        if (!is_viewable(s, asset) || !identifier_valid(key)) continue;
        json_object_set(asset, "path", json_object_get(asset, "href"));
        any = true;
    }
    if (any) p->event = json_line(s, event);
}

/* Links and relative hrefs of a source's item mean nothing here; nadir: members are ours alone. */
static void item_clean(json_t *item) {
    const char *key;
    json_t *asset;
    json_object_del(item, "nadir:owner");
    json_object_foreach(json_object_get(item, "assets"), key, asset) {
        if (json_is_object(asset)) json_object_del(asset, "nadir:path");
    }
}

/* The greatest `updated`, and whether all have it. */
static void dates_note(struct scope *s, struct step *st, const json_t *item) {
    const json_t *updated = json_object_get(json_object_get(item, "properties"), "updated");
    char *instant = scope_alloc(s, INSTANT_SIZE);
    if (!json_is_string(updated) || instant_parse(json_string_value(updated), json_string_length(updated), instant))
        st->all_dated = false;
    else if (!st->newest || strcmp(instant, st->newest) > 0)
        st->newest = instant;
}

static void row_make(struct scope *s, const struct harvest *h, json_t *item, struct batch_row *row) {
    const char *theirs = json_string_value(json_object_get(item, "collection")), *ours = collection_ours(h, theirs);
    struct fault f = {0};
    row->item.id = json_string_value(json_object_get(item, "id"));
    row->outcome = OUTCOME_REFUSED;
    row->why = "collection: is none that this harvest takes";
    if (!ours) return;
    item_clean(item);
    if (prepared_from_json(s, item, ours, NULL, &row->item, &f)) {
        row->item.collection = ours;
        row->why = scope_printf(s, "%s: %s", f.field, f.why);
        return;
    }
    paths_tell(s, &row->item);
    row->outcome = OUTCOME_WAITING;
    row->why = NULL;
}

/* Items that are here, but that no harvest brought, are not replaced by one. */
static int strangers_refuse(struct scope *s, struct db *db, struct batch *b) {
    struct db_rows *rows;
    json_t *keys = scope_json(s, json_array());
    for (size_t i = 0; i < b->count; i++)
        json_array_append_new(keys, b->rows[i].outcome == OUTCOME_WAITING
                                        ? json_pack("[s, s]", b->rows[i].item.collection, b->rows[i].item.id)
                                        : json_pack("[s, s]", "", ""));
    int err = db_query(s, db, &rows,
                       "SELECT k.n - 1 FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS k (key, n)"
                       " JOIN item i ON i.collection = k.key ->> 0 AND i.id = k.key ->> 1"
                       " WHERE NOT EXISTS (SELECT FROM harvest_item h WHERE h.collection = i.collection AND h.item = i.id)",
                       "j", keys);
    for (int i = 0; !err && i < db_count(rows); i++) {
        struct batch_row *row = &b->rows[db_int(rows, i, 0)];
        row->outcome = OUTCOME_REFUSED;
        row->why = "id: an item of that name is here already, and no harvest brought it";
    }
    return err;
}

static int batch_make(struct scope *s, struct db *db, struct step *st, struct batch *b) {
    size_t count = json_array_size(st->page->items);
    *b = (struct batch){.upsert = true, .skip_duplicates = true};
    if (count > HARVEST_PAGE_MOST) count = HARVEST_PAGE_MOST;
    b->rows = scope_alloc(s, (count + 1) * sizeof *b->rows);
    b->count = count;
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_array_get(st->page->items, i);
        dates_note(s, st, item);
        row_make(s, st->harvest, item, &b->rows[i]);
    }
    return count ? strangers_refuse(s, db, b) : 0;
}

/* ---- collections: made when they are not here; what is here stays as it is ---- */

static int collections_make(struct scope *s, struct db *db, const struct harvest *h, const json_t *collections) {
    const json_t *theirs;
    size_t at;
    int err = 0;
    json_array_foreach((json_t *)collections, at, theirs) {
        const char *ours = collection_ours(h, json_string_value(json_object_get(theirs, "id")));
        struct collection_row row;
        struct batch_row outcome = {0};
        struct fault f = {0};
        if (!ours) continue;
        json_t *own = scope_json(s, json_copy((json_t *)theirs));
        json_object_set_new(own, "id", json_string(ours));
        json_object_del(own, "nadir:owner");
        if (collection_row_make(s, NULL, own, &row, &f)) {
            log_warn(s, "a harvested collection was refused", "harvest", h->name, "collection", ours, "field", f.field, "why",
                     f.why, NULL);
            continue;
        }
        if ((err = collection_store(s, db, &row, &outcome, false))) return err;
    }
    return err;
}

/* ---- the transaction ---- */

static int64_t counted(const struct batch *b, enum outcome outcome) {
    int64_t n = 0;
    for (size_t i = 0; i < b->count; i++) n += b->rows[i].outcome == outcome;
    return n;
}

static bool was_taken(const struct batch_row *row) {
    return row->outcome == OUTCOME_CREATED || row->outcome == OUTCOME_UPDATED || row->outcome == OUTCOME_UNCHANGED;
}

/* What was seen: items taken, and items that came with this harvest before and are refused now, which stay as they were. */
static int seen_note(struct db_tx *tx, const struct step *st) {
    json_t *keys = scope_json(db_tx_scope(tx), json_array());
    for (size_t i = 0; i < st->batch->count; i++) {
        const struct batch_row *row = &st->batch->rows[i];
        if (row->item.collection && row->item.id)
            json_array_append_new(keys, json_pack("[s, s, b]", row->item.collection, row->item.id, was_taken(row)));
    }
    if (json_array_size(keys) == 0) return 0;
    return db_exec(tx, NULL,
                   "INSERT INTO harvest_item (harvest, collection, item, run)"
                   " SELECT DISTINCT $1, k ->> 0, k ->> 1, $2::bigint FROM jsonb_array_elements($3::jsonb) AS k"
                   " WHERE (k ->> 2)::boolean OR EXISTS (SELECT FROM harvest_item h"
                   "  WHERE h.harvest = $1 AND h.collection = k ->> 0 AND h.item = k ->> 1)"
                   " ON CONFLICT (harvest, collection, item) DO UPDATE SET run = excluded.run",
                   "slj", st->harvest->id, st->run->run, keys);
}

static int refusals_note(struct db_tx *tx, const struct step *st) {
    json_t *list = scope_json(db_tx_scope(tx), json_array());
    for (size_t i = 0; i < st->batch->count; i++) {
        const struct batch_row *row = &st->batch->rows[i];
        if (!was_taken(row))
            json_array_append_new(list, json_pack("[s?, s, s?]", row->item.id, outcome_name(row->outcome), row->why));
    }
    if (json_array_size(list) == 0) return 0;
    return db_exec(tx, NULL,
                   "INSERT INTO harvest_refusal (run, item, outcome, why)"
                   " SELECT $1::bigint, r ->> 0, r ->> 1, coalesce(r ->> 2, '') FROM jsonb_array_elements($2::jsonb) AS r"
                   " LIMIT greatest(0, $3 - (SELECT count(*) FROM harvest_refusal WHERE run = $1::bigint))",
                   "lji", st->run->run, list, REFUSALS_MOST);
}

/* The position of the next step, or the end, with what this one did; only if nobody took the step before. */
static int position_move(struct db_tx *tx, void *arg) {
    struct step *st = arg;
    struct db_rows *rows;
    const struct batch *b = st->batch;
    int err =
        db_exec(tx, &rows,
                "UPDATE harvest_run SET position = $3::jsonb, pages = pages + 1, tries = 0, error = NULL,"
                " retry_at = now() + $4 * interval '1 millisecond', created = created + $5, updated = updated + $6,"
                " unchanged = unchanged + $7, duplicates = duplicates + $8, refused = refused + $9,"
                " newest = greatest(newest, $10), all_dated = all_dated AND $11"
                " WHERE run = $1 AND pages = $2 AND ended_at IS NULL RETURNING run",
                "lljilllllsb", st->run->run, st->run->pages, st->page->next, st->harvest->pause_ms, counted(b, OUTCOME_CREATED),
                counted(b, OUTCOME_UPDATED), counted(b, OUTCOME_UNCHANGED), counted(b, OUTCOME_DUPLICATE),
                counted(b, OUTCOME_REFUSED) + counted(b, OUTCOME_TWICE), st->newest, (int)st->all_dated);
    if (!err && db_count(rows) == 0) return NADIR_EDENIED; /* another runner took it, or the harvest is gone */
    if (!err) err = seen_note(tx, st);
    if (!err) err = refusals_note(tx, st);
    return err || st->page->next ? err : run_done(tx, st->harvest, st->run);
}

static int page_get(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *page,
                    struct trouble *t) {
    if (strcmp(h->kind, "stac") == 0) return source_stac(s, h, run, page, t);
    if (strcmp(h->kind, "odata") == 0) return source_odata(s, h, run, page, t);
    return source_opensearch(s, h, run, page, t);
}

int harvest_step(struct scope *s, struct db *db, const struct harvest *h, struct harvest_run *run, bool *ended) {
    struct harvest_page page = {0};
    struct trouble t = {0};
    struct batch batch;
    struct step st = {.harvest = h, .run = run, .page = &page, .batch = &batch, .all_dated = true};
    *ended = false;
    if (page_get(s, h, run, &page, &t)) return run_failed(s, db, run, &t, ended);
    int err = collections_make(s, db, h, page.collections);
    if (!err) err = batch_make(s, db, &st, &batch);
    if (!err) err = batch_store(s, db, &batch, position_move, &st);
    if (err == NADIR_EDENIED) err = 0;
    *ended = !err && !page.next;
    return err;
}
