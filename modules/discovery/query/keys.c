/* keys.c: the order of a search, and what comes after a place in it (keyset paging) or, backward, before it. Absent values come
 * last. */
#include <string.h>

#include "discovery/query/run.h"

static enum key_kind kind_of(const char *property) {
    if (strcmp(property, "datetime") == 0) return KEY_DATETIME;
    if (strcmp(property, "collection") == 0) return KEY_COLLECTION;
    return strcmp(property, "id") == 0 ? KEY_ID : KEY_OTHER;
}

static bool has_key(const struct run *r, enum key_kind kind) {
    for (size_t i = 0; i < r->nkeys; i++)
        if (r->keys[i].kind == kind) return true;
    return false;
}

int keys_set(struct run *r) {
    const struct query *q = r->q;
    if (q->nsorts > SORTS_MOST) return fault_set(r->f, "sortby", "has more than 8 fields");
    if (q->nsorts == 0) r->keys[r->nkeys++] = (struct key){KEY_DATETIME, "datetime", true};
    for (size_t i = 0; i < q->nsorts; i++) {
        enum key_kind kind = kind_of(q->sorts[i].property);
        if (kind != KEY_OTHER && has_key(r, kind)) continue; /* it is decided already */
        r->keys[r->nkeys++] = (struct key){kind, q->sorts[i].property, q->sorts[i].descending};
    }
    /* The rest of the way in the direction of the last key, so that an index is walked one way. */
    bool descending = r->keys[r->nkeys - 1].descending;
    if (!has_key(r, KEY_COLLECTION)) r->keys[r->nkeys++] = (struct key){KEY_COLLECTION, "collection", descending};
    if (!has_key(r, KEY_ID)) r->keys[r->nkeys++] = (struct key){KEY_ID, "id", descending};
    r->alike = true;
    for (size_t i = 0; i < r->nkeys; i++)
        if (r->keys[i].kind == KEY_OTHER || r->keys[i].descending != r->keys[0].descending) r->alike = false;
    return 0;
}

bool keys_down(const struct run *r, size_t i) {
    return r->keys[i].descending != r->backward;
}

static const char *column(const struct key *k) {
    return k->kind == KEY_DATETIME ? "f.datetime" : k->kind == KEY_COLLECTION ? "f.collection" : "f.id";
}

static int key_add(struct sql *sql, const struct run *r, const struct key *k) {
    if (k->kind == KEY_OTHER) return expr_sql_sort_key(sql, k->property, r->f);
    sql_add(sql, "%s", column(k));
    return 0;
}

int keys_columns(struct sql *sql, const struct run *r) {
    for (size_t i = 0; i < r->nkeys; i++) {
        if (i) sql_add(sql, ", ");
        int err = key_add(sql, r, &r->keys[i]);
        if (err) return err;
        sql_add(sql, " AS k%zu", i);
    }
    return 0;
}

void keys_texts(struct sql *sql, const struct run *r) {
    for (size_t i = 0; i < r->nkeys; i++) {
        if (r->keys[i].kind == KEY_DATETIME)
            sql_add(sql, "%sto_char(p.k%zu AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", i ? ", " : "", i);
        else
            sql_add(sql, "%sp.k%zu%s", i ? ", " : "", i, r->keys[i].kind == KEY_OTHER ? "::text" : "");
    }
}

void keys_order(struct sql *sql, const struct run *r) {
    sql_add(sql, " ORDER BY ");
    for (size_t i = 0; i < r->nkeys; i++) {
        const struct key *k = &r->keys[i];
        const char *absent = k->kind != KEY_OTHER ? "" : r->backward ? " NULLS FIRST" : " NULLS LAST";
        sql_add(sql, "%sk%zu%s%s", i ? ", " : "", i, keys_down(r, i) ? " DESC" : "", absent);
    }
}

static void value_add(struct sql *sql, const struct key *k, const char *value) {
    sql_value(sql, value, k->kind == KEY_DATETIME ? "::timestamptz" : k->kind == KEY_OTHER ? "" : "::text");
}

/* " AND (k0, k1, k2) > ($1, $2, $3)" */
static void after_alike(struct sql *sql, const struct run *r) {
    sql_add(sql, " AND (");
    for (size_t i = 0; i < r->nkeys; i++) sql_add(sql, "%s%s", i ? ", " : "", column(&r->keys[i]));
    sql_add(sql, ") %s (", keys_down(r, 0) ? "<" : ">");
    for (size_t i = 0; i < r->nkeys; i++) {
        if (i) sql_add(sql, ", ");
        value_add(sql, &r->keys[i], r->after[i]);
    }
    sql_add(sql, ")");
}

/* Key i alone: what comes after, or is the same as, the last row's value. */
static int key_compare(struct sql *sql, const struct run *r, size_t i, bool same) {
    const struct key *k = &r->keys[i];
    if (!r->after[i]) { /* it was absent: the last of all */
        if (!same && !r->backward) {
            sql_add(sql, "false");
            return 0;
        }
        int err = key_add(sql, r, k);
        sql_add(sql, same ? " IS NULL" : " IS NOT NULL");
        return err;
    }
    sql_add(sql, "(");
    int err = key_add(sql, r, k);
    sql_add(sql, " %s ", same ? "=" : keys_down(r, i) ? "<" : ">");
    value_add(sql, k, r->after[i]);
    if (!same && k->kind == KEY_OTHER && !r->backward && !err) {
        sql_add(sql, " OR ");
        err = key_add(sql, r, k);
        sql_add(sql, " IS NULL");
    }
    sql_add(sql, ")");
    return err;
}

int keys_after(struct sql *sql, const struct run *r) {
    if (r->alike) {
        after_alike(sql, r);
        return 0;
    }
    int err = 0;
    sql_add(sql, " AND (");
    for (size_t i = 0; i < r->nkeys && !err; i++) {
        sql_add(sql, i ? " OR (" : "(");
        for (size_t j = 0; j < i && !err; j++) {
            err = key_compare(sql, r, j, true);
            sql_add(sql, " AND ");
        }
        if (!err) err = key_compare(sql, r, i, false);
        sql_add(sql, ")");
    }
    sql_add(sql, ")");
    return err;
}
