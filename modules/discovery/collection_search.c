/* collection_search.c: finds collections: by place, time, words, filter; in any order.
 *
 * The table is given the shape of `footprint` (query/query.h), so that expr_sql() writes the same conditions for collections as
 * for items; migrations/discovery/004 and 014 keep the columns. There are thousands of collections at the most.
 * A token is "after <id>" in the natural order, which stays exact while collections come and go, and "#<rows passed>" else.
 */
#include <stdlib.h>
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"

#define FROM_COLLECTIONS                                                                                                       \
    " FROM (SELECT id, id AS collection, owner, datetime, during, geom, NULL::float8 AS cloud_cover,"                          \
    " properties || jsonb_build_object('end_datetime', upper(during)) AS properties, words,"                                   \
    " document, items, reach FROM collection_shown) f WHERE "

void collection_visible(struct sql *q, const struct auth *who) {
    if (auth_has_role(who, "admin")) {
        sql_add(q, "true");
        return;
    }
    sql_add(q, "(f.owner IS NULL");
    if (who->subject) {
        sql_add(q, " OR f.owner = ");
        sql_value(q, who->subject, "");
        sql_add(
            q,
            " OR EXISTS (SELECT FROM collection_share cs WHERE cs.collection = f.id AND cs.owner = f.owner AND cs.subject = ");
        sql_value(q, who->subject, "");
        sql_add(
            q,
            ") OR EXISTS (SELECT FROM item_share ish WHERE ish.collection = f.id AND ish.owner = f.owner AND ish.subject = ");
        sql_value(q, who->subject, "");
        sql_add(q, ")");
    }
    sql_add(q, ")");
}

static void names_condition(struct sql *q, const struct names *names) {
    sql_add(q, " AND f.id IN (");
    for (size_t i = 0; i < names->count; i++) {
        if (i) sql_add(q, ", ");
        sql_value(q, names->list[i], "");
    }
    sql_add(q, ")");
}

static int conditions(struct sql *q, const struct auth *who, const struct query *query, struct fault *f) {
    sql_add(q, FROM_COLLECTIONS);
    collection_visible(q, who);
    if (query->area) {
        sql_add(q, " AND ST_Intersects(f.geom, ");
        sql_value(q, query->area, "::geometry");
        sql_add(q, ")");
    }
    if (query->from || query->to) {
        sql_add(q, " AND f.during && tstzrange(");
        sql_value(q, query->from, "::timestamptz");
        sql_add(q, ", ");
        sql_value(q, query->to, "::timestamptz");
        sql_add(q, ", '[]')");
    }
    if (query->ids.count) names_condition(q, &query->ids);
    if (query->words && strlen(query->words) > WORDS_MOST) return fault_set(f, "q", "is over 2000 bytes");
    if (query->words && query->words_all) {
        sql_add(q, " AND f.words @@ (websearch_to_tsquery('english', ");
        sql_value(q, query->words, "::text");
        sql_add(q,
                ") || websearch_to_tsquery('french', $%zu) || websearch_to_tsquery('german', $%zu)"
                " || websearch_to_tsquery('simple', $%zu))",
                q->count, q->count, q->count);
    } else if (query->words) {
        sql_add(q, " AND f.words @@ collection_words_asked(");
        sql_value(q, query->words, "::text");
        sql_add(q, ")");
    }
    if (!query->filter) return 0;
    sql_add(q, " AND (");
    int err = expr_sql(q, query->filter, f);
    sql_add(q, ")");
    return err;
}

static int matched_count(struct scope *s, const struct auth *who, const struct query *query, int64_t *out, struct fault *f) {
    struct sql q;
    struct db_rows *rows;
    sql_init(&q, s);
    sql_add(&q, "SELECT count(*)");
    int err = conditions(&q, who, query, f);
    if (!err) err = sql_run(&q, module_db("discovery"), &rows);
    if (!err) *out = db_int(rows, 0, 0);
    return err;
}

static int sort_write(struct sql *q, const struct query *query, struct fault *f) {
    sql_add(q, " ORDER BY ");
    for (size_t i = 0; i < query->nsorts; i++) {
        int err = expr_sql_sort_key(q, query->sorts[i].property, f);
        if (err) return err;
        sql_add(q, query->sorts[i].descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
    }
    sql_add(q, "f.id");
    return 0;
}

/* Where to go on: after an id, or past a number of rows. */
static int token_read(const struct query *query, const char **after, long long *passed, struct fault *f) {
    static const char why[] = "is not one that this search gave; follow the next link as it is";
    char *end = NULL;
    *after = NULL;
    *passed = query->offset;
    if (!query->token) return 0;
    if (query->nsorts == 0) {
        *after = query->token;
        return identifier_valid(query->token) ? 0 : fault_set(f, "token", why);
    }
    if (*query->token == '#') *passed = strtoll(query->token + 1, &end, 10);
    return end && *end == '\0' && *passed > 0 && *passed < 100000000 ? 0 : fault_set(f, "token", why);
}

int collections_run(struct scope *s, const struct auth *who, const struct query *query, struct collection_page *out,
                    struct fault *f) {
    struct sql q;
    struct db_rows *rows;
    const char *after;
    long long passed;
    *out = (struct collection_page){0};
    int err = token_read(query, &after, &passed, f);
    if (!err) err = matched_count(s, who, query, &out->matched, f);
    if (err || query->limit == 0) return err;
    sql_init(&q, s);
    sql_add(&q, "SELECT f.id, " COLLECTION_SHOWN);
    if ((err = conditions(&q, who, query, f))) return err;
    if (after) {
        sql_add(&q, " AND f.id > ");
        sql_value(&q, after, "");
    }
    if ((err = sort_write(&q, query, f))) return err;
    sql_add(&q, " LIMIT %d OFFSET %lld", query->limit + 1, passed);
    if ((err = sql_run(&q, module_db("discovery"), &rows))) return err;
    bool more = db_count(rows) > query->limit;
    out->count = (size_t)(more ? query->limit : db_count(rows));
    out->documents = scope_alloc(s, (out->count + 1) * sizeof *out->documents);
    out->lengths = scope_alloc(s, (out->count + 1) * sizeof *out->lengths);
    for (size_t i = 0; i < out->count; i++) {
        out->documents[i] = collection_shown(s, rows, (int)i, 1);
        out->lengths[i] = strlen(out->documents[i]);
    }
    if (more && query->nsorts)
        out->next = scope_printf(s, "#%lld", passed + query->limit);
    else if (more)
        out->next = db_text(rows, query->limit - 1, 0);
    return 0;
}

int collection_seen(struct scope *s, const struct auth *who, const char *collection, bool *seen) {
    struct sql q;
    struct db_rows *rows;
    sql_init(&q, s);
    sql_add(&q, "SELECT FROM collection f WHERE f.id = ");
    sql_value(&q, collection, "");
    sql_add(&q, " AND ");
    collection_visible(&q, who);
    int err = sql_run(&q, module_db("discovery"), &rows);
    *seen = !err && db_count(rows) == 1;
    return err;
}
