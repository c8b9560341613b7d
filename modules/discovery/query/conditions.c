/* conditions.c: what a query asks for, and what its caller may see, as SQL over `footprint f`. */
#include <string.h>

#include "common/module.h"
#include "discovery/query/lift.h"
#include "discovery/query/run.h"

#include "discovery/query/where.h"

char *array_literal(struct scope *s, const char *const *texts, size_t count) {
    struct text *t = text_new(s, 64);
    text_add(t, "{", 1);
    for (size_t i = 0; i < count; i++) {
        text_add(t, i ? ",\"" : "\"", i ? 2 : 1);
        for (const char *p = texts[i]; *p; p++) {
            if (*p == '"' || *p == '\\') text_add(t, "\\", 1);
            text_add(t, p, 1);
        }
        text_add(t, "\"", 1);
    }
    text_add(t, "}", 1);
    return t->data;
}

void rights_condition(struct sql *sql, const char *subject, const char *a) {
    sql_add(sql, "(%s.owner IS NULL OR %s.owner = %s", a, a, subject);
    sql_add(sql,
            " OR EXISTS (SELECT FROM item_share s WHERE s.subject = %s AND s.collection = %s.collection AND s.item = %s.id"
            " AND s.owner = %s.owner) OR EXISTS (SELECT FROM collection_share s WHERE s.subject = %s"
            " AND s.collection = %s.collection AND s.owner = %s.owner))",
            subject, a, a, a, subject, a, a);
}

void rights_add(struct sql *sql, const struct auth *who, const char *a) {
    if (!who->subject) {
        sql_add(sql, " AND %s.owner IS NULL", a);
        return;
    }
    if (!visible_subject(who)) return;
    sql_add(sql, " AND ");
    rights_condition(sql, scope_printf(sql->scope, "$%zu::text", sql_keep(sql, who->subject)), a);
}

void conditions_names(struct sql *sql, const char *column, const struct names *names) {
    if (names->count == 0) return;
    sql_add(sql, " AND %s = ", column);
    if (names->count == 1) {
        sql_value(sql, names->list[0], "::text");
        return;
    }
    sql_add(sql, "ANY (");
    sql_value(sql, array_literal(sql->scope, names->list, names->count), "::text[]");
    sql_add(sql, ")");
}

void conditions_interval(struct sql *sql, const struct query *q) {
    sql_value(sql, scope_printf(sql->scope, "[%s,%s]", q->from ? q->from : "", q->to ? q->to : ""), "::tstzrange");
}

void conditions_window(struct sql *sql, int64_t from, int64_t to) {
    if (from != OPEN_PAST) {
        sql_add(sql, " AND f.datetime >= ");
        sql_value(sql, moment_text(sql->scope, from), "::timestamptz");
    }
    if (to != OPEN_FUTURE) {
        sql_add(sql, " AND f.datetime <= ");
        sql_value(sql, moment_text(sql->scope, to), "::timestamptz");
    }
}

/* The terms of a free-text search, any of which is enough: "a b,c" is "a or b or c" for websearch_to_tsquery; "…" holds
 * together. */
static const char *words_sought(struct scope *s, const char *words) {
    struct text *t = text_new(s, strlen(words) + 64);
    const char *p = words;
    while (*p) {
        p += strspn(p, ", \t\r\n-+");
        size_t len = *p == '"' ? strcspn(p + 1, "\"") + 1 : strcspn(p, ", \t\r\n\"");
        if (*p == '"' && p[len] == '"') len++;
        if (len == 0) break;
        if (t->len) text_add(t, " or ", 4);
        text_add(t, p, len);
        p += len;
    }
    return t->data;
}

static int words_add(struct sql *sql, const char *words, bool all, struct fault *f) {
    if (strlen(words) > WORDS_MOST) return fault_set(f, "q", "is over 2000 bytes");
    sql_add(sql, " AND f.words IS NOT NULL AND f.words @@ (websearch_to_tsquery('english', ");
    sql_value(sql, all ? words : words_sought(sql->scope, words), "::text");
    size_t n = sql->count;
    sql_add(sql,
            ") || websearch_to_tsquery('french', $%zu) || websearch_to_tsquery('german', $%zu)"
            " || websearch_to_tsquery('simple', $%zu))",
            n, n, n);
    return 0;
}

/* Most of what meets a large box lies in it, which the boxes of the footprints tell: only the others need a closer look. */
static void area_add(struct sql *sql, const struct run *r) {
    const struct query *q = r->q;
    const char *found = r->rare || r->in_order ? ") IS TRUE" : ")"; /* IS TRUE: no index serves it */
    if (!q->inside) {
        sql_add(sql, " AND ST_Intersects(f.geom, ");
        sql_value(sql, q->area, "::geometry");
        sql_add(sql, "%s", found);
        return;
    }
    sql_add(sql, " AND (f.geom && ");
    sql_value(sql, q->area, "::geometry");
    size_t n = sql->count;
    sql_add(sql, "%s AND CASE WHEN f.geom @ ", found);
    sql_value(sql, q->inside, "::geometry");
    sql_add(sql, " THEN true ELSE ST_Intersects(f.geom, $%zu::geometry) END", n);
}

int conditions_add(struct sql *sql, const struct run *r) {
    const struct query *q = r->q;
    if (r->source == SOURCE_NAMED) {
        sql_add(sql, " FROM item k JOIN footprint f ON f.datetime = k.datetime AND f.collection = k.collection AND f.id = k.id"
                     " WHERE true");
        conditions_names(sql, "k.id", &q->ids);
        conditions_names(sql, "k.collection", &q->collections);
    } else {
        sql_add(sql, " FROM %s f WHERE true", r->source == SOURCE_ITEM ? "item" : r->leaf ? r->leaf : "footprint");
        conditions_names(sql, "f.id", &q->ids);
        conditions_names(sql, "f.collection", &q->collections);
    }
    rights_add(sql, r->who, "f");
    if (q->area) area_add(sql, r);
    if (q->from || q->to) {
        sql_add(sql, " AND f.during && ");
        conditions_interval(sql, q);
    }
    if (q->words && words_add(sql, q->words, q->words_all, r->f)) return NADIR_EINVAL;
    if (!q->filter) return 0;
    sql_add(sql, " AND (");
    int err = expr_sql(sql, q->filter, r->f);
    sql_add(sql, ")");
    return err;
}

/* The window that the filter leaves of this one; the same if it leaves none, for then nothing matches whatever is looked at. */
static struct window window_of(const struct run *r, int64_t oldest, int64_t newest) {
    struct window w = {oldest, newest};
    filter_window(r->s, r->q->filter, &w);
    return w.oldest <= w.newest ? w : (struct window){oldest, newest};
}

void run_interval(struct run *r) {
    struct window w = window_of(r, moment_add(moment_of(r->q->from, OPEN_PAST), -REACH_US),
                                moment_add(moment_of(r->q->to, OPEN_FUTURE), REACH_US));
    r->oldest = w.oldest;
    r->newest = w.newest;
}

int conditions_reach(struct run *r, bool *wider) {
    run_interval(r);
    r->lasting_known = true;
    *wider = false;
    if (!r->q->from && !r->q->to) return 0;
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, r->s);
    sql_add(&sql, "SELECT to_char(min(datetime) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
                  " to_char(max(datetime) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                  " FROM item_apart WHERE lasting AND during && ");
    conditions_interval(&sql, r->q);
    int err = sql_run(&sql, module_db("discovery"), &rows);
    if (err || db_is_null(rows, 0, 0)) return err;
    struct window lasting = window_of(r, moment_of(db_text(rows, 0, 0), 0), moment_of(db_text(rows, 0, 1), 0));
    *wider = lasting.oldest < r->oldest || lasting.newest > r->newest;
    if (lasting.oldest < r->oldest) r->oldest = lasting.oldest;
    if (lasting.newest > r->newest) r->newest = lasting.newest;
    return 0;
}

int query_from_where(struct sql *sql, const struct auth *who, const struct query *q, struct fault *f) {
    struct query lifted;
    query_lift(sql->scope, q, &lifted);
    q = &lifted;
    struct run r = {.s = sql->scope, .who = who, .q = q, .f = f, .source = q->ids.count ? SOURCE_NAMED : SOURCE_FOOTPRINT};
    bool wider;
    int err = conditions_reach(&r, &wider);
    if (!err && q->area) err = count_is_rare(&r, &r.rare);
    if (!err) err = conditions_add(sql, &r);
    if (!err) conditions_window(sql, r.oldest, r.newest);
    return err;
}

int query_where_in(struct sql *sql, const char *table, const struct auth *who, const struct query *q, struct fault *f) {
    struct run r = {.s = sql->scope, .who = who, .q = q, .f = f, .source = SOURCE_FOOTPRINT, .leaf = table};
    return conditions_add(sql, &r);
}
