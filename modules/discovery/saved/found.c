/* found.c: the matches of a saved search that somebody may see now: an item that was taken away since is not told of. */
#include "discovery/query/run.h"
#include "discovery/saved/saved.h"

/* The LIMIT keeps the database from anything but looking each item up by its key. */
#define ITEM_OF_MATCH                                                                                                          \
    "LATERAL (SELECT collection, id, owner, datetime FROM item WHERE collection = m.collection AND id = m.item LIMIT 1) AS i"
#define MATCH_TIMES SAVED_INSTANT("i.datetime") " AS datetime, " SAVED_INSTANT("m.matched_at") " AS matched_at"
#define MATCHES "m.match, m.collection, m.item, " MATCH_TIMES ", count(*) OVER () AS count FROM saved_match m, " ITEM_OF_MATCH

int matches_find(struct scope *s, const struct auth *who, const char *search, int64_t first, int64_t last, bool newest_first,
                 int64_t limit, struct db_rows **rows) {
    struct sql sql;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT " MATCHES " WHERE m.search = ");
    sql_value(&sql, search, "::text");
    sql_add(&sql, " AND m.match BETWEEN ");
    sql_value(&sql, scope_printf(s, "%lld", (long long)first), "::bigint");
    sql_add(&sql, " AND ");
    sql_value(&sql, scope_printf(s, "%lld", (long long)last), "::bigint");
    rights_add(&sql, who, "i");
    sql_add(&sql, " ORDER BY m.match %s LIMIT %lld", newest_first ? "DESC" : "ASC", (long long)limit);
    return sql_run(&sql, saved_db(), rows);
}

/* Whose matches are looked for stands in a column, so that one statement, once planned, serves any list. */
int matches_told(struct scope *s, const struct told *list, size_t count, int64_t limit, struct db_rows **rows) {
    struct sql sql;
    const char **columns[5];
    for (size_t c = 0; c < 5; c++) columns[c] = scope_alloc(s, (count + 1) * sizeof **columns);
    for (size_t i = 0; i < count; i++) {
        columns[0][i] = list[i].who.subject;
        columns[1][i] = list[i].search;
        columns[2][i] = scope_printf(s, "%lld", (long long)list[i].first);
        columns[3][i] = scope_printf(s, "%lld", (long long)list[i].last);
        columns[4][i] = visible_subject(&list[i].who) ? "f" : "t";
    }
    static const char *const types[] = {"::text[], ", "::text[], ", "::bigint[], ", "::bigint[], ", "::boolean[]"};
    sql_init(&sql, s);
    sql_add(&sql, "SELECT f.match, f.collection, f.item, f.datetime, f.matched_at, f.count, t.place - 1 FROM unnest(");
    for (size_t c = 0; c < 5; c++) sql_value(&sql, array_literal(s, columns[c], count), types[c]);
    sql_add(&sql, ") WITH ORDINALITY AS t (subject, search, first, last, sees_all, place), LATERAL (SELECT " MATCHES
                  " WHERE m.search = t.search AND m.match BETWEEN t.first AND t.last AND (t.sees_all OR ");
    rights_condition(&sql, "t.subject", "i");
    sql_add(&sql, ") ORDER BY m.match LIMIT %lld) AS f ORDER BY t.place, f.match", (long long)limit);
    return sql_run(&sql, saved_db(), rows);
}
