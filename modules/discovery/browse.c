/* browse.c: /stac/browse/{collection}[/{year}[/{month}[/{day}]]]: catalogs by time, so that every item can be reached by links
 * alone (STAC API browseable extension). Each collection links to its first catalog; those of days link to the items.
 *
 * Which years, months and days there are is asked one by one: a few probes of the index on (collection, datetime), however many
 * items.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/html.h"

#define DAY_ITEMS_MOST 50000

/* What a catalog covers: [from, until), and what it is divided into (NULL: items). */
struct period {
    const char *collection, *path; /* path below the public URL */
    const char *parent;
    const char *title;
    char from[32], until[32];
    const char *step, *suffix; /* of its parts: an interval, and how to_char() writes what is added to the path */
};

/* A number of exactly that many digits within bounds, or -1. */
static int part_read(struct request *rq, const char *name, size_t digits, int least, int most) {
    const char *text = request_param(rq, name);
    if (strlen(text) != digits || strspn(text, "0123456789") != digits) return -1;
    long value = strtol(text, NULL, 10);
    return value >= least && value <= most ? (int)value : -1;
}

static bool period_read(struct request *rq, struct period *p) {
    struct scope *s = rq->scope;
    const char *route = rq->route->path;
    bool by_month = strstr(route, "{month}"), by_day = strstr(route, "{day}");
    p->collection = request_param(rq, "collection");
    p->path = scope_printf(s, "/stac/browse/%s", http_encode(s, p->collection));
    p->parent = scope_printf(s, "/stac/collections/%s", http_encode(s, p->collection));
    p->title = p->collection;
    p->step = "1 year";
    p->suffix = "YYYY";
    if (!strstr(route, "{year}")) return true;
    int year = part_read(rq, "year", 4, 1, 9998), month = by_month ? part_read(rq, "month", 2, 1, 12) : 1;
    int day = by_day ? part_read(rq, "day", 2, 1, 31) : 1;
    if (year < 0 || month < 0 || day < 0) return false;
    const char *base = p->path;
    p->parent = !by_month ? base
                : !by_day ? scope_printf(s, "%s/%04d", base, year)
                          : scope_printf(s, "%s/%04d/%02d", base, year, month);
    p->title = !by_month ? scope_printf(s, "%04d", year)
               : !by_day ? scope_printf(s, "%04d-%02d", year, month)
                         : scope_printf(s, "%04d-%02d-%02d", year, month, day);
    p->path = !by_month ? scope_printf(s, "%s/%04d", base, year)
              : !by_day ? scope_printf(s, "%s/%04d/%02d", base, year, month)
                        : scope_printf(s, "%s/%04d/%02d/%02d", base, year, month, day);
    p->step = !by_month ? "1 month" : !by_day ? "1 day" : NULL;
    p->suffix = by_month ? "DD" : "MM";
    snprintf(p->from, sizeof p->from, "%04d-%02d-%02dT00:00:00Z", year, month, day);
    char checked[INSTANT_SIZE];
    return instant_parse(p->from, strlen(p->from), checked) == 0; /* there is no 31 April */
}

/* "FROM footprint f WHERE …" for what the caller may see of the collection. */
static int seen_items(struct sql *sql, const struct auth *who, const char *const *collection, struct fault *f) {
    const struct query query = {.collections = {1, collection}, .limit = 1};
    return query_from_where(sql, who, &query, f);
}

/* Begin and end (SQL expressions over text parameters) of what a catalog covers. */
static int bounds_add(struct sql *sql, const struct request *rq, const struct period *p, struct fault *f) {
    if (*p->from) {
        sql_add(sql, "SELECT ");
        sql_value(sql, p->from, "::timestamptz");
        sql_add(sql, " AS low, ");
        sql_value(sql, p->from, "::timestamptz");
        sql_add(sql, " + interval '%s' - interval '1 microsecond' AS high",
                p->suffix[0] == 'M' ? "1 year"
                : p->step           ? "1 month"
                                    : "1 day");
        return 0;
    }
    sql_add(sql, "SELECT date_trunc('year', min(f.datetime), 'UTC') AS low, max(f.datetime) AS high ");
    return seen_items(sql, &rq->auth, &p->collection, f);
}

static int children_add(struct request *rq, const struct period *p, json_t *links, struct fault *f) {
    struct scope *s = rq->scope;
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT to_char(part AT TIME ZONE 'UTC', '%s') FROM (", p->suffix);
    int err = bounds_add(&sql, rq, p, f);
    if (err) return err;
    /* Steps are taken in UTC, so that a month begins at its first midnight there whatever the server's time zone is. */
    sql_add(&sql,
            ") AS bounds, generate_series(low AT TIME ZONE 'UTC', high AT TIME ZONE 'UTC', interval '%s') AS local,"
            " LATERAL (SELECT local AT TIME ZONE 'UTC' AS part, (local + interval '%s') AT TIME ZONE 'UTC' AS ends) AS parts"
            " WHERE EXISTS (SELECT 1 ",
            p->step, p->step);
    if ((err = seen_items(&sql, &rq->auth, &p->collection, f))) return err;
    sql_add(&sql, " AND f.datetime >= part AND f.datetime < ends) ORDER BY part");
    if ((err = sql_run(&sql, module_db("discovery"), &rows))) return err;
    for (int row = 0; row < db_count(rows); row++) {
        json_t *link =
            link_to(s, "child", "application/json", rq->base_url, scope_printf(s, "%s/%s", p->path, db_text(rows, row, 0)));
        json_object_set_new(link, "title", json_string(db_text(rows, row, 0)));
        json_array_append_new(links, link);
    }
    return 0;
}

static int items_add(struct request *rq, const struct period *p, json_t *links, struct fault *f) {
    struct scope *s = rq->scope;
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT f.id ");
    int err = seen_items(&sql, &rq->auth, &p->collection, f);
    if (err) return err;
    sql_add(&sql, " AND f.datetime >= ");
    sql_value(&sql, p->from, "::timestamptz");
    sql_add(&sql, " AND f.datetime < ");
    sql_value(&sql, p->from, "::timestamptz");
    sql_add(&sql, " + interval '24 hours' ORDER BY f.datetime, f.id LIMIT %d", DAY_ITEMS_MOST);
    if ((err = sql_run(&sql, module_db("discovery"), &rows))) return err;
    const char *place = scope_printf(s, "/stac/collections/%s/items", http_encode(s, p->collection));
    for (int row = 0; row < db_count(rows); row++) {
        const char *path = scope_printf(s, "%s/%s", place, http_encode(s, db_text(rows, row, 0)));
        json_array_append_new(links, link_to(s, "item", GEOJSON, rq->base_url, path));
    }
    return 0;
}

int browse_get(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    struct period p = {0};
    struct fault f = {0};
    bool seen;
    html_prefer(rq, rs);
    if (!period_read(rq, &p))
        return response_error(rs, 404, "no-such-catalog", NULL,
                              "There is no such catalog: years have four digits, months and days two.");
    int err = collection_seen(s, &rq->auth, p.collection, &seen);
    if (err) return err;
    if (!seen) return no_collection(rs, p.collection);
    json_t *links = scope_json(s, json_array());
    json_array_append_new(links, link_to(s, "self", "application/json", rq->base_url, p.path));
    json_array_append_new(links, link_to(s, "parent", "application/json", rq->base_url, p.parent));
    json_array_append_new(links, link_to(s, "root", "application/json", rq->base_url, "/stac"));
    err = p.step ? children_add(rq, &p, links, &f) : items_add(rq, &p, links, &f);
    if (err) return f.why ? fault_answer(rs, &f) : err;
    const char *id = strcmp(p.title, p.collection) == 0 ? scope_printf(s, "%s-by-time", p.collection)
                                                        : scope_printf(s, "%s-%s", p.collection, p.title);
    json_t *catalog =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "type", "Catalog", "stac_version", STAC_VERSION, "id", id, "title", p.title,
                  "description", scope_printf(s, "Items of collection %s by time (UTC).", p.collection), "links", links);
    if (html_wanted(rq)) return html_catalog(rq, rs, scope_json(s, catalog));
    return response_json(rs, 200, catalog);
}
