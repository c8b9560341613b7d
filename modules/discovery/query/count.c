/* count.c: how many items match, without leaking what the caller may not see.
 *
 * The kept counts (tables collection_count and item_count) know it of collections and whole days; what covers more than a day,
 * and what is private, stands in item_apart and is counted there. Any other query is counted one by
 * one: what can be expected to be few for certain, what may be many as far as that goes in the time a count may take
 * (lookup.h). What is expected to be more, or took longer, is estimated from what the page met. */
#include <string.h>

#include "common/module.h"
#include "discovery/query/lookup.h"
#include "discovery/query/run.h"

/* What is looked at for a count: `hits` expected in a box, and without a place or words, which an index serves, of `items`
 * footprints. */
struct effort {
    double hits, items;
};
static const struct effort always = {10000, 300000}, in_time = {100000, 1000000}, in_time_by_place = {30000, 0};

static bool within(const struct effort *most, const struct effort *e) {
    return e->hits <= most->hits && e->items <= most->items;
}

/* A hit in a place costs the more the more positions it has (each 32 digits): in a country's outline ten times what it costs in
 * a box. */
#define BOX_TEXT 256
static double hit_cost(const struct query *q) {
    return q->area ? 1 + (double)strlen(q->area) / BOX_TEXT : 1;
}

#define RARE_MOST 5000 /* items of collections that are few, whatever the rest of the catalogue holds */

bool count_is_kept(const struct run *r) {
    const struct query *q = r->q;
    return !q->area && !q->filter && !q->words && q->ids.count == 0;
}

/* Public items of the collections, whenever. */
static void count_public(struct sql *sql, const struct query *q) {
    sql_add(sql, "(SELECT COALESCE(sum(f.items), 0) FROM collection_count f WHERE true");
    conditions_names(sql, "f.collection", &q->collections);
    sql_add(sql, ")");
}

/* Public items of one day that is only partly asked for. */
static void count_edge(struct sql *sql, const struct query *q, int64_t day) {
    sql_add(sql, " + (SELECT count(*) FROM footprint f WHERE f.owner IS NULL AND one_day(f.datetime, f.during)");
    conditions_names(sql, "f.collection", &q->collections);
    sql_add(sql, " AND f.during && ");
    conditions_interval(sql, q);
    conditions_window(sql, day * DAY_US, (day + 1) * DAY_US - 1);
    sql_add(sql, ")");
}

/* Public items that overlap the interval: whole days from the kept counts, the days at its ends looked at. */
static void count_public_during(struct sql *sql, const struct query *q) {
    int64_t from = moment_of(q->from, OPEN_PAST), to = moment_of(q->to, OPEN_FUTURE);
    int64_t first = q->from ? moment_day(from + DAY_US - 1) : 0, last = q->to ? moment_day(to + 1) - 1 : 0;
    sql_add(sql, "(SELECT COALESCE(sum(f.items), 0) FROM item_count f WHERE true");
    conditions_names(sql, "f.collection", &q->collections);
    if (q->from) {
        sql_add(sql, " AND f.day >= ");
        sql_value(sql, moment_date(sql->scope, first), "::date");
    }
    if (q->to) {
        sql_add(sql, " AND f.day <= ");
        sql_value(sql, moment_date(sql->scope, last), "::date");
    }
    sql_add(sql, ")");
    bool edge = q->from && moment_day(from) != first;
    if (edge) count_edge(sql, q, moment_day(from));
    if (q->to && moment_day(to) != last && !(edge && moment_day(to) == moment_day(from))) count_edge(sql, q, moment_day(to));
    sql_add(sql, " + (SELECT count(*) FROM item_apart f WHERE f.owner IS NULL");
    conditions_names(sql, "f.collection", &q->collections);
    sql_add(sql, " AND f.during && ");
    conditions_interval(sql, q);
    sql_add(sql, ")");
}

/* Private items that the caller may see. */
static void count_private(struct sql *sql, const struct run *r) {
    if (!r->who->subject) return;
    sql_add(sql, " + (SELECT count(*) FROM item_apart f WHERE f.owner IS NOT NULL");
    conditions_names(sql, "f.collection", &r->q->collections);
    if (r->q->from || r->q->to) {
        sql_add(sql, " AND f.during && ");
        conditions_interval(sql, r->q);
    }
    rights_add(sql, r->who, "f");
    sql_add(sql, ")");
}

void count_kept_add(struct sql *sql, const struct run *r) {
    sql_add(sql, "(");
    if (r->q->from || r->q->to)
        count_public_during(sql, r->q);
    else
        count_public(sql, r->q);
    count_private(sql, r);
    sql_add(sql, ")::bigint");
}

int count_is_rare(const struct run *r, bool *rare) {
    struct sql sql;
    struct db_rows *rows;
    *rare = false;
    if (r->q->collections.count == 0) return 0;
    sql_init(&sql, r->s);
    sql_add(&sql, "SELECT ");
    count_public(&sql, r->q);
    sql_add(&sql, " + (SELECT count(*) FROM (SELECT FROM item_apart f WHERE f.owner IS NOT NULL");
    conditions_names(&sql, "f.collection", &r->q->collections);
    sql_add(&sql, " LIMIT %d) AS private) < %d", RARE_MOST, RARE_MOST);
    int err = sql_run(&sql, lookup_db(), &rows);
    if (!err) *rare = db_bool(rows, 0, 0);
    return err;
}

int count_kept(const struct run *r, int64_t *out) {
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, r->s);
    sql_add(&sql, "SELECT ");
    count_kept_add(&sql, r);
    int err = sql_run(&sql, module_db("discovery"), &rows);
    if (!err) *out = db_int(rows, 0, 0);
    return err;
}

/* *given_up: it took too long, or all who may count are counting; *out is how many there are at least. */
static int count_scan(const struct run *r, struct db *db, int64_t from, int64_t to, int64_t *out, bool *given_up) {
    struct sql sql;
    struct db_rows *rows;
    int64_t most = 2 * (int64_t)in_time.hits;
    sql_init(&sql, r->s);
    sql_add(&sql, "SELECT count(*) FROM (SELECT 1");
    int err = conditions_add(&sql, r);
    if (err) return err;
    conditions_window(&sql, from, to);
    sql_add(&sql, " LIMIT %lld) AS bounded", (long long)most);
    err = sql_run(&sql, db, &rows);
    *out = err ? 0 : db_int(rows, 0, 0);
    *given_up = err == NADIR_ETIMEOUT || err == NADIR_EBUSY || *out == most;
    return *given_up ? 0 : err;
}

int count_rest(const struct run *r, int64_t found, int64_t from, int64_t to, bool whole, int64_t *matched, bool *estimated) {
    double of = days_items(r->s, from, to), all = days_items(r->s, r->oldest, r->newest);
    bool indexed = r->q->area || r->q->words;
    /* Half an item more on both sides keeps small samples from telling extremes. */
    double hits = ((double)found + 0.5) * (all + 1) / (of + 1);
    struct effort expected = {hits * hit_cost(r->q), indexed ? 0 : all};
    *estimated = true;
    *matched = (int64_t)hits;
    if (!r->rare && !within(indexed ? &in_time_by_place : &in_time, &expected)) return 0;

    int64_t rest = 0, begin = r->oldest, end = r->newest;
    if (whole && r->keys[0].descending) end = moment_add(from, -1);
    if (whole && !r->keys[0].descending) begin = moment_add(to, 1);
    struct db *db = within(&always, &expected) ? module_db("discovery") : count_db();
    int err = count_scan(r, db, begin, end, &rest, estimated);
    if (err) return err;
    if (!*estimated || rest > 0) *matched = rest + (whole ? found : 0);
    return 0;
}
