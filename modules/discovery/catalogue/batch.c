/* batch.c: what becomes of each item of a batch. */
#include "discovery/catalogue/batch.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

const char *outcome_name(enum outcome outcome) {
    static const char *const names[] = {"waiting", "created", "updated",   "unchanged",
                                        "exists",  "twice",   "duplicate", "refused"};
    return names[outcome];
}

static void decide(struct batch_row *row, enum outcome outcome, const char *why) {
    row->outcome = outcome;
    row->why = why;
}

void batch_again(struct batch *b) {
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].outcome != OUTCOME_REFUSED && !b->rows[i].apart) decide(&b->rows[i], OUTCOME_WAITING, NULL);
}

/* ---- footprints by PostGIS ---- */

static int areas_ask(struct scope *s, struct db *db, struct batch_row *const *rows, size_t count) {
    json_t *list = scope_json(s, json_array());
    for (size_t i = 0; i < count; i++) {
        json_t *geometry = json_loads(rows[i]->item.geometry, 0, NULL);
        json_array_append_new(list, json_pack("{s:o, s:b}", "geometry", geometry, "crosses", rows[i]->item.crosses));
    }
    struct db_rows *found;
    int err = db_query(s, db, &found,
                       "SELECT footprint_of(ST_GeomFromGeoJSON(a -> 'geometry'), (a ->> 'crosses')::boolean)::text"
                       " FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS asked (a, n) ORDER BY n",
                       "j", list);
    for (size_t i = 0; !err && i < count; i++) rows[i]->item.area = scope_strdup(s, db_text(found, (int)i, 0));
    return err;
}

static const char *geometry_why(struct scope *s, struct db *db, const char *geometry) {
    struct db_rows *rows;
    int err = db_query(s, db, &rows, "SELECT ST_IsValidReason(ST_GeomFromGeoJSON($1))", "s", geometry);
    return err ? "geometry: cannot be indexed" : scope_printf(s, "geometry: is not valid: %s", db_text(rows, 0, 0));
}

int batch_areas(struct scope *s, struct db *db, struct batch *b) {
    struct batch_row **rows = scope_alloc(s, (b->count + 1) * sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].outcome == OUTCOME_WAITING && b->rows[i].item.geometry && !b->rows[i].item.area)
            rows[count++] = &b->rows[i];
    if (count == 0) return 0;
    int err = areas_ask(s, db, rows, count);
    if (err != NADIR_EINVAL && err != NADIR_EINTERNAL) return err;
    for (size_t i = 0; i < count; i++) {
        err = areas_ask(s, db, &rows[i], 1);
        if (err == NADIR_EINVAL || err == NADIR_EINTERNAL)
            decide(rows[i], OUTCOME_REFUSED, geometry_why(s, db, rows[i]->item.geometry));
        else if (err)
            return err;
    }
    return 0;
}

/* ---- the collections ---- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Texts without quotes and backslashes (identifiers, digests) as a PostgreSQL array. */
static void array_add(struct text *t, const char *value) {
    text_add(t, t->len > 1 ? ",\"" : "\"", t->len > 1 ? 2 : 1);
    text_add(t, value, strlen(value));
    text_add(t, "\"", 1);
}

static struct text *array_new(struct scope *s) {
    struct text *t = text_new(s, 4096);
    text_add(t, "{", 1);
    return t;
}

static const char *array_end(struct text *t) {
    text_add(t, "}", 1);
    return t->data;
}

/* Holds the collections' rows, so that none goes or changes hands meanwhile; their owner is that of items without one. */
static int collections_hold(struct scope *s, struct db_tx *tx, struct batch *b) {
    const char **names = scope_alloc(s, (b->count + 1) * sizeof *names);
    struct db_rows *rows;
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].outcome == OUTCOME_WAITING) names[count++] = b->rows[i].item.collection;
    qsort(names, count, sizeof *names, by_text);
    struct text *array = array_new(s);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0) array_add(array, names[i]);
    int err = db_exec(tx, &rows, "SELECT id, owner FROM collection WHERE id = ANY ($1::text[]) ORDER BY id FOR SHARE", "s",
                      array_end(array));
    for (size_t i = 0; !err && i < b->count; i++) {
        struct batch_row *row = &b->rows[i];
        int at = 0;
        if (row->outcome != OUTCOME_WAITING) continue;
        while (at < db_count(rows) && strcmp(db_text(rows, at, 0), row->item.collection) != 0) at++;
        if (at == db_count(rows))
            decide(row, OUTCOME_REFUSED, "collection: there is no such collection; load it first");
        else if (!row->item.owner)
            row->item.owner = db_text(rows, at, 1);
    }
    return err;
}

/* ---- what is there ---- */

static int by_key(const void *a, const void *b) {
    const struct batch_row *x = *(struct batch_row *const *)a, *y = *(struct batch_row *const *)b;
    int order = strcmp(x->item.collection, y->item.collection);
    if (!order) order = strcmp(x->item.id, y->item.id);
    return order ? order : (x > y) - (x < y);
}

static int by_checksum(const void *a, const void *b) {
    const struct batch_row *x = *(struct batch_row *const *)a, *y = *(struct batch_row *const *)b;
    int order = strcmp(x->item.checksum, y->item.checksum);
    return order ? order : (x > y) - (x < y);
}

/* The rows that wait, by key; of several of one key one stays. */
static size_t sorted_by_key(struct batch *b, struct batch_row **sorted) {
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].outcome == OUTCOME_WAITING) sorted[count++] = &b->rows[i];
    qsort(sorted, count, sizeof *sorted, by_key);
    for (size_t i = 0; i < count; i++) {
        const struct prepared *p = &sorted[i]->item, *last = kept ? &sorted[kept - 1]->item : NULL;
        bool again = last && strcmp(p->collection, last->collection) == 0 && strcmp(p->id, last->id) == 0;
        if (!again) {
            sorted[kept++] = sorted[i];
        } else if (b->upsert) {
            decide(sorted[kept - 1], OUTCOME_TWICE, "id: a later line has it again, and that one counts");
            sorted[kept - 1] = sorted[i];
        } else {
            decide(sorted[i], OUTCOME_TWICE, "id: an earlier line has it already, and that one counts");
        }
    }
    return kept;
}

static const char *md5(struct scope *s, const char *text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!EVP_Digest(text, strlen(text), digest, &len, EVP_md5(), NULL)) abort();
    return hex_encode(s, digest, len);
}

/* Compares one item that is there with what is to be written over it. */
static int compare(struct scope *s, struct db_tx *tx, const struct batch *b, struct batch_row *row) {
    struct db_rows *rows;
    struct prepared *p = &row->item;
    int err = db_exec(
        tx, &rows,
        "SELECT owner, md5(document) = $3 AND storage = $4::jsonb FROM item WHERE collection = $1 AND id = $2 FOR UPDATE",
        "ssss", p->collection, p->id, md5(s, p->document), p->storage);
    if (err || db_count(rows) == 0) return err; /* removed a moment ago: it is created */
    p->owner = db_text(rows, 0, 0);
    if (db_bool(rows, 0, 1))
        decide(row, OUTCOME_UNCHANGED, NULL);
    else if (b->upsert)
        row->outcome = OUTCOME_UPDATED;
    else
        decide(row, OUTCOME_EXISTS, "id: there is another item of that id already; --upsert replaces it");
    return 0;
}

/* Finds which items are there already. */
static int known_find(struct scope *s, struct db_tx *tx, const struct batch *b, struct batch_row **sorted, size_t count) {
    struct text *collections = array_new(s), *ids = array_new(s);
    struct db_rows *rows;
    for (size_t i = 0; i < count; i++) {
        array_add(collections, sorted[i]->item.collection);
        array_add(ids, sorted[i]->item.id);
    }
    int err = db_exec(tx, &rows,
                      "SELECT k.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (collection, id, n)"
                      " WHERE EXISTS (SELECT FROM item i WHERE i.collection = k.collection AND i.id = k.id)",
                      "ss", array_end(collections), array_end(ids));
    for (int i = 0; !err && i < db_count(rows); i++) err = compare(s, tx, b, sorted[db_int(rows, i, 0) - 1]);
    return err;
}

/* Marks what is there by another name with the same content, in the catalogue or earlier in the batch. */
static int duplicates_find(struct scope *s, struct db_tx *tx, const struct batch *b) {
    struct batch_row **sorted = scope_alloc(s, (b->count + 1) * sizeof *sorted);
    struct text *array = array_new(s);
    struct db_rows *rows;
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].outcome == OUTCOME_WAITING && b->rows[i].item.checksum) sorted[count++] = &b->rows[i];
    if (!b->skip_duplicates || count == 0) return 0;
    qsort(sorted, count, sizeof *sorted, by_checksum);
    for (size_t i = 0; i < count; i++) array_add(array, sorted[i]->item.checksum);
    int err = db_exec(tx, &rows,
                      "SELECT DISTINCT ON (checksum) checksum, collection, id FROM item"
                      " WHERE checksum = ANY ($1::text[]) ORDER BY checksum",
                      "s", array_end(array));
    for (size_t i = 0; !err && i < count; i++) {
        const char *same = i > 0 && strcmp(sorted[i]->item.checksum, sorted[i - 1]->item.checksum) == 0
                               ? scope_printf(s, "%s/%s", sorted[i - 1]->item.collection, sorted[i - 1]->item.id)
                               : NULL;
        for (int at = 0; !same && at < db_count(rows); at++)
            if (strcmp(db_text(rows, at, 0), sorted[i]->item.checksum) == 0)
                same = scope_printf(s, "%s/%s", db_text(rows, at, 1), db_text(rows, at, 2));
        if (same) decide(sorted[i], OUTCOME_DUPLICATE, scope_printf(s, "file:checksum: the same content is there as %s", same));
    }
    return err;
}

/* What is replaced goes first. */
static int replaced_remove(struct scope *s, struct db_tx *tx, const struct batch *b) {
    struct text *collections = array_new(s), *ids = array_new(s);
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (b->rows[i].apart || b->rows[i].outcome != OUTCOME_UPDATED) continue;
        array_add(collections, b->rows[i].item.collection);
        array_add(ids, b->rows[i].item.id);
        count++;
    }
    return count ? items_remove(tx, array_end(collections), array_end(ids)) : 0;
}

int items_remove(struct db_tx *tx, const char *collections, const char *ids) {
    int err = db_exec(tx, NULL,
                      "DELETE FROM footprint f USING unnest($1::text[], $2::text[]) AS k (collection, id), item i"
                      " WHERE i.collection = k.collection AND i.id = k.id"
                      " AND f.datetime = i.datetime AND f.collection = i.collection AND f.id = i.id",
                      "ss", collections, ids);
    return err ? err
               : db_exec(tx, NULL,
                         "DELETE FROM item i USING unnest($1::text[], $2::text[]) AS k (collection, id)"
                         " WHERE i.collection = k.collection AND i.id = k.id",
                         "ss", collections, ids);
}

int batch_write(struct scope *s, struct db_tx *tx, struct batch *b) {
    int err = collections_hold(s, tx, b);
    if (err) return err;
    struct batch_row **sorted = scope_alloc(s, (b->count + 1) * sizeof *sorted);
    size_t count = sorted_by_key(b, sorted);
    err = known_find(s, tx, b, sorted, count);
    if (!err) err = duplicates_find(s, tx, b);
    if (!err) err = replaced_remove(s, tx, b);
    for (size_t i = 0; i < b->count; i++)
        if (b->rows[i].outcome == OUTCOME_WAITING) b->rows[i].outcome = OUTCOME_CREATED;
    return err ? err : batch_copy(s, tx, b);
}
