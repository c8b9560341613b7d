/* found.c: the matches of a saved search that somebody may see now: an item that was taken away since is not told of. */
#include "discovery/query/run.h"
#include "discovery/saved/saved.h"

int matches_find(struct scope *s, const struct auth *who, const char *search, int64_t first, int64_t last, bool newest_first,
                 int64_t limit, struct db_rows **rows) {
    struct sql sql;
    sql_init(&sql, s);
    sql_add(
        &sql,
        "SELECT m.match, m.collection, m.item, " SAVED_INSTANT("i.datetime") ", " SAVED_INSTANT(
            "m.matched_at") ", count(*) OVER () FROM saved_match m JOIN item i ON i.collection = m.collection AND i.id = m.item"
                            " WHERE m.search = ");
    sql_value(&sql, search, "::text");
    sql_add(&sql, " AND m.match BETWEEN ");
    sql_value(&sql, scope_printf(s, "%lld", (long long)first), "::bigint");
    sql_add(&sql, " AND ");
    sql_value(&sql, scope_printf(s, "%lld", (long long)last), "::bigint");
    rights_add(&sql, who, "i");
    sql_add(&sql, " ORDER BY m.match %s LIMIT %lld", newest_first ? "DESC" : "ASC", (long long)limit);
    return sql_run(&sql, saved_db(), rows);
}
