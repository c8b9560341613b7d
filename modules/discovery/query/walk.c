/* walk.c: the rows of a page.
 *
 * Ordered by time, rows are looked for in windows of time from the near end on, so that only the partitions and the part of the
 * index that the page needs are read: neither an index in time order (which would meet far more items elsewhere than in the
 * place sought) nor all hits of a large place and a sort are quick. A window is as wide as the last page lets expect, and grows
 * while it holds too little. With a place (or words), all hits of a window are gathered from the index, counted and ordered in
 * one go; what would gather too many is cut into smaller windows, and where few are to be expected, all that is left is one
 * window. In any other order the database sorts what matches.
 */
#include <string.h>

#include "common/module.h"
#include "discovery/query/leaves.h"
#include "discovery/query/lookup.h"
#include "discovery/query/run.h"

#define BATCH 500                             /* documents fetched at a time */
#define PAGE_BYTES ((size_t)16 * 1024 * 1024) /* a page that has grown so far ends early, with a token */
#define GATHER_MOST 4000                      /* hits gathered in one go */
#define FEW 250.0                             /* hits expected in all, up to which windows are not worth their statements */
#define FEW_COUNTED 2000.0                    /* the same where all would be counted afterwards */
#define SPAN_FIRST (14 * DAY_US)
#define SPAN_ONE_GO (64 * DAY_US)  /* an interval up to this long is one window */
#define SPAN_LEAVES (400 * DAY_US) /* windows up to this long are cut at the bounds of partitions */
#define ITEMS_ONE_GO 5000.0        /* so is a catalogue as small as this */
#define ITEMS_GATHERED 5000.0      /* items anywhere in the first window of a place */
#define ROW_COST 5       /* what a row costs that is passed over in the order of time, in entries of the index of places */
#define HITS_OF_FILTER 4 /* entries of a place for each one that a filter leaves, about */

/* Columns of a page's statement; from COLUMN_KEYS on the keys' texts. */
enum { COLUMN_TOTAL, COLUMN_LASTING, COLUMN_BEYOND, COLUMN_DOCUMENT, COLUMN_KEYS };

/* What the column of the total tells, besides what is gathered. */
enum total_of {
    TOTAL_NONE,
    TOTAL_MATCHED, /* all rows, which the database meets anyway to sort them */
    TOTAL_KEPT,    /* the kept counts */
};

struct step {
    int64_t from, to; /* nominal times looked at, both included */
    bool gather;
    bool at_once; /* over all partitions, by a plan that is kept */
    bool topmost; /* `to` is the end of the partition that the newest items are in: it must be checked that none lie beyond */
    enum total_of total_of;
    int want;      /* rows at most */
    int64_t total; /* gathered, or what total_of says; 0 when there are no rows */
    int got;       /* rows there, up to want, and one more to tell that there is one */
};

static size_t key_index(const struct run *r, enum key_kind kind) {
    size_t i = 0;
    while (r->keys[i].kind != kind) i++;
    return i;
}

/* Whether items that last longer than a day reach into the interval: then the times to look at are wider. */
static void lasting_add(struct sql *sql, const struct run *r) {
    if (r->lasting_known) {
        sql_add(sql, ", false");
        return;
    }
    sql_add(sql, ", EXISTS (SELECT FROM item_apart WHERE lasting AND during && ");
    conditions_interval(sql, r->q);
    sql_add(sql, ")");
}

/* Whether there are items beyond the partition that was taken for the last one with any. */
static void beyond_add(struct sql *sql, const struct run *r, const struct step *st) {
    if (!st->topmost) {
        sql_add(sql, ", false");
        return;
    }
    /* max(), not EXISTS: of a plan for any value, a third of the table is expected, and it is read from its beginning. */
    sql_add(sql, ", COALESCE((SELECT max(day) FROM item_count) > ");
    sql_value(sql, moment_date(r->s, moment_day(st->to)), "::date");
    sql_add(sql, " OR (SELECT max(datetime) FROM item_apart) > ");
    sql_value(sql, moment_text(r->s, st->to), "::timestamptz");
    sql_add(sql, ", false)");
}

static int hits_add(struct sql *sql, const struct run *r, const struct step *st) {
    sql_add(sql, "SELECT ");
    int err = keys_columns(sql, r);
    if (st->total_of == TOTAL_MATCHED) sql_add(sql, ", count(*) OVER () AS total");
    if (!err) err = conditions_add(sql, r);
    conditions_window(sql, st->from, st->to);
    if (r->continued && !err) err = keys_after(sql, r);
    return err;
}

/* The row's document, but for rows that only tell that there are more, and where only their number is wanted. */
static void document_add(struct sql *sql, const struct run *r, const struct step *st) {
    if (r->q->count_only) {
        sql_add(sql, ", NULL::text, ");
        return;
    }
    sql_add(sql, st->gather ? ", " : ", CASE WHEN row_number() OVER () <= ");
    if (!st->gather) sql_value(sql, scope_printf(r->s, "%d", st->want), "::bigint");
    sql_add(sql, "%s(SELECT i.document FROM item i WHERE i.collection = p.k%zu AND i.id = p.k%zu)%s, ",
            st->gather ? "" : " THEN ", key_index(r, KEY_COLLECTION), key_index(r, KEY_ID), st->gather ? "" : " END");
}

/* Writes the statement of a step: see the columns above. */
static int step_sql(struct sql *sql, const struct run *r, const struct step *st) {
    sql_add(sql, "SELECT ");
    if (st->total_of == TOTAL_KEPT)
        count_kept_add(sql, r);
    else
        sql_add(sql, "%s", st->gather || st->total_of == TOTAL_MATCHED ? "p.total" : "NULL::bigint");
    lasting_add(sql, r);
    beyond_add(sql, r, st);
    document_add(sql, r, st);
    keys_texts(sql, r);
    /* Without hits there is one row all the same, for what the first columns tell. */
    sql_add(sql, " FROM (VALUES (1)) AS always LEFT JOIN (");
    if (st->gather) sql_add(sql, "SELECT *, count(*) OVER () AS total FROM (");
    int err = hits_add(sql, r, st);
    if (st->gather) sql_add(sql, " LIMIT %d) AS hits", GATHER_MOST + 1);
    keys_order(sql, r);
    /* As parameters: a number in the text would make a statement of its own. */
    if (r->offset_left > 0) {
        sql_add(sql, " OFFSET ");
        sql_value(sql, scope_printf(r->s, "%lld", (long long)r->offset_left), "::bigint");
    }
    sql_add(sql, " LIMIT ");
    sql_value(sql, scope_printf(r->s, "%d", st->gather && st->want > 0 ? st->want : st->want + 1), "::bigint");
    sql_add(sql, ") AS p ON true");
    return err;
}

static void row_append(struct run *r, const struct db_rows *rows, int row) {
    struct page *p = r->out;
    if (p->count == r->room) {
        size_t room = r->room ? 2 * r->room : 64;
        const char **documents = scope_alloc(r->s, room * sizeof *documents);
        size_t *lengths = scope_alloc(r->s, room * sizeof *lengths);
        if (p->count) memcpy(documents, p->documents, p->count * sizeof *documents);
        if (p->count) memcpy(lengths, p->lengths, p->count * sizeof *lengths);
        p->documents = documents;
        p->lengths = lengths;
        r->room = room;
    }
    p->documents[p->count] = db_text(rows, row, COLUMN_DOCUMENT);
    p->lengths[p->count++] = db_length(rows, row, COLUMN_DOCUMENT);
    r->bytes += db_length(rows, row, COLUMN_DOCUMENT);
    for (size_t i = 0; i < r->nkeys; i++) r->after[i] = db_text(rows, row, COLUMN_KEYS + (int)i);
    if (p->count == 1) memcpy(r->first, r->after, sizeof r->first);
    r->continued = true;
    r->full = r->bytes > PAGE_BYTES;
}

/* Runs a step and adds its rows to the page. *wider: nothing was added, since the times to look at are wider. */
static int step_run(struct run *r, struct step *st, bool *wider) {
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, r->s);
    int err = step_sql(&sql, r, st);
    if (!err) err = sql_run(&sql, r->leaf || st->at_once ? lookup_db() : module_db("discovery"), &rows);
    if (err) return err;
    bool none = db_is_null(rows, 0, COLUMN_KEYS + (int)key_index(r, KEY_ID));
    st->got = none ? 0 : db_count(rows);
    if (st->gather || st->total_of) st->total = db_is_null(rows, 0, COLUMN_TOTAL) ? 0 : db_int(rows, 0, COLUMN_TOTAL);
    *wider = st->topmost && db_bool(rows, 0, COLUMN_BEYOND);
    if (*wider) {
        days_forget();
        r->top_open = true;
        return 0;
    }
    if (!r->lasting_known && db_bool(rows, 0, COLUMN_LASTING)) {
        if ((err = conditions_reach(r, wider)) || *wider) return err;
    }
    r->lasting_known = true;
    if (st->gather && st->total > GATHER_MOST) return 0;
    for (int row = 0; row < st->got && row < st->want && !r->full; row++) row_append(r, rows, row);
    r->offset_left = 0;
    return 0;
}

static int want_now(const struct run *r) {
    int left = r->q->limit - (int)r->out->count;
    return left < BATCH ? left : BATCH;
}

/* What the first step is to tell of the total; other: what it is unless the counts are kept. */
static enum total_of total_wanted(const struct run *r, enum total_of other) {
    if (r->continued || r->q->uncounted) return TOTAL_NONE;
    return count_is_kept(r) ? TOTAL_KEPT : other;
}

/* Rows in any order that the database must sort, or of named items. */
static int walk_sorted(struct run *r, int64_t *matched, bool *more) {
    bool first = true, first_page = !r->continued, wider;
    *more = false;
    int err = conditions_reach(r, &wider);
    enum total_of total = total_wanted(r, TOTAL_MATCHED);
    int64_t passed = r->offset_left;
    do {
        struct step st = {.from = r->oldest, .to = r->newest, .want = want_now(r), .total_of = first ? total : TOTAL_NONE};
        if (!err) err = step_run(r, &st, &wider);
        if (err) return err;
        *more = st.got > st.want || r->full;
        if (first && total && st.got > 0) *matched = st.total;
        if (first && first_page && !total && !*more && st.got > 0) *matched = passed + st.got;
        first = false;
    } while (*more && !r->full && (int)r->out->count < r->q->limit);
    return 0;
}

struct window {
    int64_t near, far;  /* where the next window begins and the last one ends; which of them is earlier depends on the order */
    int64_t span, most; /* how much time the next one covers; what it may grow to */
    bool dense;         /* the last one held more than may be gathered, though it was cut before: order it by the database */
    bool descending;
};

/* How much time the first window covers; INT64_MAX: all. What a place holds of the items taken in a time is not known before
 * the first page, so there it is the time in which so many items were taken anywhere that a country has a few hundred of them.
 */
static int64_t span_first(const struct run *r, bool gather) {
    int64_t oldest, newest;
    if (r->rare) return OPEN_FUTURE;
    if (r->oldest != OPEN_PAST && r->newest != OPEN_FUTURE && r->newest - r->oldest <= SPAN_ONE_GO) return OPEN_FUTURE;
    if (!days_extent(r->s, &oldest, &newest)) return OPEN_FUTURE;
    double items = days_items(r->s, r->oldest, r->newest);
    if (items <= ITEMS_ONE_GO) return OPEN_FUTURE;
    if (oldest < r->oldest) oldest = r->oldest;
    if (newest > r->newest) newest = r->newest;
    double item = (double)(newest - oldest) / items; /* time an item */
    double span = r->span > 0 ? 2.0 * r->q->limit * (double)r->span : (gather ? ITEMS_GATHERED : 4.0 * r->q->limit) * item;
    if (r->span == 0 && gather && span > (double)SPAN_FIRST) return SPAN_FIRST;
    if (r->span == 0 && !gather && span < (double)SPAN_FIRST) return SPAN_FIRST;
    return span < (double)HOUR_US ? HOUR_US : span > (double)SPAN_LEAVES ? SPAN_LEAVES : (int64_t)span;
}

static void window_begin(const struct run *r, struct window *w) {
    w->near = w->descending ? r->newest : r->oldest;
    w->far = w->descending ? r->oldest : r->newest;
    if (!r->continued) return;
    int64_t at = moment_of(r->after[0], 0);
    if (w->descending ? at < w->near : at > w->near) w->near = at;
}

/* Where the next window ends; *last: it is the last one. base: where it begins, as far as there are items. */
static int64_t window_end(const struct run *r, const struct window *w, int64_t *base, bool *last) {
    int64_t oldest = 0, newest = 0;
    bool any = days_extent(r->s, &oldest, &newest);
    int64_t edge = w->descending ? oldest : newest;
    *base = w->descending ? (w->near > newest ? newest : w->near) : (w->near < oldest ? oldest : w->near);
    int64_t end = w->descending ? moment_add(*base, -w->span) : moment_add(*base, w->span);
    *last = !any || w->span == OPEN_FUTURE || (w->descending ? end <= w->far || end <= edge : end >= w->far || end >= edge);
    return *last ? w->far : end;
}

/* Makes the step look at one partition only if that is possible, ending it where the partition does; *last is false then if
 * there is more beyond. */
static void step_in_leaf(struct run *r, const struct window *w, struct step *st, struct leaf *leaf, int64_t base, bool *last) {
    int64_t near = w->near, end = w->descending ? st->from : st->to;
    r->leaf = NULL;
    st->topmost = false;
    if (r->rare || (r->q->words && !r->q->area)) return;
    if (near == OPEN_FUTURE && w->descending && !r->top_open && end != OPEN_PAST) {
        if (base == 0 || !leaf_of(r->s, base - 1, leaf)) return;
        near = leaf->to;
        st->topmost = near != OPEN_FUTURE;
    } else if (near == OPEN_FUTURE || near == OPEN_PAST || !leaf_of(r->s, near, leaf)) {
        return;
    }
    bool within = w->descending ? end >= leaf->from : end <= leaf->to;
    bool narrow = end != OPEN_PAST && end != OPEN_FUTURE && (w->descending ? base - end : end - base) <= SPAN_LEAVES;
    if (!within && !narrow) {
        st->topmost = false;
        return;
    }
    r->leaf = leaf->name;
    if (st->topmost) st->to = near;
    if (within) return;
    *last = false;
    if (w->descending)
        st->from = leaf->from;
    else
        st->to = leaf->to;
}

/* The next window as a step; true if it is the last one. */
static bool window_step(struct run *r, const struct window *w, struct step *st, struct leaf *leaf) {
    bool last;
    int64_t base, end = window_end(r, w, &base, &last);
    st->from = w->descending ? end : w->near;
    st->to = w->descending ? w->near : end;
    step_in_leaf(r, w, st, leaf, base, &last);
    return last;
}

/* What the walk found out for the count. */
struct tally {
    int64_t found;
    int64_t near, end; /* the times it was found in */
    bool whole;        /* all of these times */
};

/* What to do instead of gathering a window of too many hits: cut it, or have the database order it. Nothing of it was taken. */
static void window_too_full(struct window *w, const struct step *st) {
    bool open = st->to == OPEN_FUTURE || st->from == OPEN_PAST;
    int64_t width = open ? 16 * SPAN_FIRST : st->to - st->from;
    w->dense = w->most < OPEN_FUTURE || width < HOUR_US;
    if (w->dense) return;
    w->most = width / 8;
    w->span = w->most;
}

/* All rows of one window, as far as the page takes them. *rest: there are more in it. */
static int window_walk(struct run *r, struct window *w, struct step *st, struct tally *t, bool *rest, bool *again) {
    bool first = true;
    *again = false;
    do {
        st->want = want_now(r);
        size_t before = r->out->count;
        int err = step_run(r, st, again);
        if (err) return err;
        if (*again) { /* the first step of all, which took nothing: the times to look at are wider */
            window_begin(r, w);
            t->near = w->near;
            return 0;
        }
        if (st->gather && st->total > GATHER_MOST) {
            if (!st->at_once) window_too_full(w, st);
            *again = true;
            return 0;
        }
        st->total_of = TOTAL_NONE;
        int added = (int)(r->out->count - before);
        *rest = st->gather ? st->total > added : st->got > added;
        if (st->gather && first) t->found += st->total;
        if (!st->gather) t->found += added;
        first = false;
    } while (*rest && !r->full && (int)r->out->count < r->q->limit);
    t->whole = t->whole && (st->gather || !*rest);
    t->end = t->whole ? (w->descending ? st->from : st->to) : moment_of(r->after[0], 0);
    return 0;
}

static void window_next(const struct run *r, struct window *w, const struct step *st, size_t added) {
    w->near = w->descending ? moment_add(st->from, -1) : moment_add(st->to, 1);
    w->dense = false;
    int factor = 8 * added < (size_t)r->q->limit ? 4 : 2;
    w->span = w->span > OPEN_FUTURE / factor ? OPEN_FUTURE : w->span * factor;
    if (w->span > w->most) w->span = w->most;
}

/* What time an item of the page took, for the next one's first window: its page may be of another length. */
static void span_learn(struct run *r, const struct tally *t) {
    bool open = t->near == OPEN_FUTURE || t->near == OPEN_PAST;
    if (r->out->count == 0 || open) return;
    int64_t took = moment_of(r->after[0], 0) - t->near;
    took = (took < 0 ? -took : took) / (int64_t)r->out->count;
    r->span = took == 0 ? 1 : took;
}

/* Whether the hits that are left, expected to be as dense as those found, are gathered at once for less than windows cost (or
 * than windows and counting them afterwards). */
static bool rest_is_few(const struct run *r, const struct tally *t, bool counted) {
    if (!r->q->area || r->q->words || r->q->filter || !t->whole) return false;
    int64_t from = t->near < t->end ? t->near : t->end, to = t->near < t->end ? t->end : t->near;
    double of = days_items(r->s, from, to), all = days_items(r->s, r->oldest, r->newest);
    double expected = ((double)t->found + 0.5) * (all + 1) / (of + 1);
    return expected <= (counted ? FEW_COUNTED : FEW);
}

/* All that is left as one step. */
static bool rest_step(struct run *r, const struct window *w, struct step *st) {
    st->from = w->descending ? w->far : w->near;
    st->to = w->descending ? w->near : w->far;
    r->leaf = NULL;
    return true;
}

/* Whether the rest of a large place is rather read in the order of time. The index of places finds a window of time in a place
 * by all entries that the partition has there, which become more with the catalogue; the rows passed over between hits, which
 * the page before tells how many there are of, do not. */
static bool in_order_is_quicker(const struct run *r) {
    struct leaf leaf;
    int64_t oldest, newest;
    if (!r->continued || r->span <= 0 || !r->q->area || r->q->words) return false;
    if (!days_extent(r->s, &oldest, &newest) || !leaf_of(r->s, moment_of(r->after[0], 0), &leaf)) return false;
    if (leaf.from > oldest) oldest = leaf.from;
    if (leaf.to < newest) newest = leaf.to;
    double items = days_items(r->s, oldest, newest), hits = (double)(newest - oldest) / (double)r->span;
    if (items < 1 || hits < 1) return false;
    double passed = r->q->limit * items / hits, entries = hits * (r->q->filter ? HITS_OF_FILTER : 1);
    return ROW_COST * passed < entries;
}

static int walk_time(struct run *r, int64_t *matched, bool *estimated, bool *more) {
    bool gather = r->q->area || r->q->words, first_page = !r->continued, rest = false, again, last;
    struct window w = {.descending = keys_down(r, 0), .most = OPEN_FUTURE};
    struct tally t = {.whole = true};
    struct leaf leaf;
    enum total_of total = total_wanted(r, TOTAL_NONE);
    bool counted = first_page && !r->q->uncounted, few = false, tried = false;
    /* A plan that is kept knows nothing of the collection: by the place it would meet all that others have there. */
    int failed = gather || r->q->filter ? count_is_rare(r, &r->rare) : 0;
    if (failed) return failed;
    r->in_order = gather && !r->rare && in_order_is_quicker(r);
    w.span = span_first(r, gather && !r->in_order);
    window_begin(r, &w);
    t.near = w.near;
    do {
        struct step st = {.gather = gather && !r->in_order && !w.dense, .total_of = *matched < 0 ? total : TOTAL_NONE};
        st.at_once = few;
        last = few ? rest_step(r, &w, &st) : window_step(r, &w, &st, &leaf);
        size_t before = r->out->count;
        int err = window_walk(r, &w, &st, &t, &rest, &again);
        if (err) return err;
        if (total && !again && st.got > 0 && *matched < 0) *matched = st.total;
        if (!again) window_next(r, &w, &st, r->out->count - before);
        if (again) last = rest = false;
        /* Only one window: should there be fewer hits than expected, all the rows between would be looked at. */
        r->in_order = false;
        few = !again && !tried && rest_is_few(r, &t, counted);
        tried = tried || few;
    } while (!rest && !last && !r->full);
    r->leaf = NULL;
    *more = rest || r->full;
    span_learn(r, &t);
    if (!first_page || r->q->uncounted) return 0;
    if (last && t.whole) *matched = t.found;
    if ((last && t.whole) || count_is_kept(r)) return 0;
    int64_t from = w.descending ? t.end : t.near, to = w.descending ? t.near : t.end;
    return count_rest(r, t.found, from, to, t.whole, matched, estimated);
}

int walk(struct run *r, int64_t *matched, bool *estimated, bool *more) {
    bool by_time = r->source == SOURCE_FOOTPRINT && r->keys[0].kind == KEY_DATETIME && r->offset_left == 0;
    return by_time ? walk_time(r, matched, estimated, more) : walk_sorted(r, matched, more);
}
