/* aggregate_numbers.c: the aggregations that there are, and how each is counted. */
#include <stdio.h>
#include <string.h>

#include "common/module.h"
#include "discovery/aggregate.h"
#include "discovery/query/run.h"

#define NUMBER(name)                                                                                                           \
    "CASE WHEN jsonb_typeof(f.properties -> '" name "') = 'number' THEN (f.properties ->> '" name "')::float8 END"

const struct aggregation aggregations[] = {
    {"total_count", NULL, AGGREGATE_COUNT, false},
    {"datetime_min", NULL, AGGREGATE_EARLIEST, false},
    {"datetime_max", NULL, AGGREGATE_LATEST, false},
    {"datetime_frequency", NULL, AGGREGATE_TIMES, false},
    {"collection_frequency", "f.collection", AGGREGATE_TERMS, false},
    {"platform_frequency", "f.properties ->> 'platform'", AGGREGATE_TERMS, false},
    {"constellation_frequency", "f.properties ->> 'constellation'", AGGREGATE_TERMS, false},
    {"grid_code_frequency", "f.properties ->> 'grid:code'", AGGREGATE_TERMS, false},
    {"cloud_cover_frequency", "f.cloud_cover", AGGREGATE_RANGES, false},
    {"sun_elevation_frequency", NUMBER("view:sun_elevation"), AGGREGATE_HISTOGRAM, false},
    {"sun_azimuth_frequency", NUMBER("view:sun_azimuth"), AGGREGATE_HISTOGRAM, false},
    {"off_nadir_frequency", NUMBER("view:off_nadir"), AGGREGATE_HISTOGRAM, false},
    {"centroid_geohash_grid_frequency", NULL, AGGREGATE_GEOHASH, false},
    {"centroid_geotile_grid_frequency", NULL, AGGREGATE_GEOTILE, false},
    {"centroid_degree_grid_frequency", NULL, AGGREGATE_DEGREES, false},
    {"geometry_geohash_grid_frequency", NULL, AGGREGATE_GEOHASH, true},
    {"geometry_geotile_grid_frequency", NULL, AGGREGATE_GEOTILE, true},
    {"geometry_degree_grid_frequency", NULL, AGGREGATE_DEGREES, true},
};
const size_t naggregations = ARRAY_SIZE(aggregations);

#define RANGE_BOUNDS "{5,15,40}"
static const char *const range_keys[] = {"*-5.0", "5.0-15.0", "15.0-40.0", "40.0-*"};
static const int range_bounds[] = {5, 15, 40};
#define HISTOGRAM_STEP 5

/* ---- single values ---- */

static int count_compute(struct scope *s, const struct auth *who, const struct query *q, json_t **out, struct fault *f) {
    struct query only = *q;
    struct page page = {0};
    only.limit = 0;
    only.nsorts = 0;
    only.token = NULL;
    only.uncounted = false;
    int err = query_run(s, who, &only, &page, f);
    if (err) return err;
    *out = json_pack("{s:s, s:s, s:I}", "name", "total_count", "data_type", "integer", "value", (json_int_t)page.matched);
    if (page.estimated) json_object_set_new(*out, "estimated", json_true());
    return 0;
}

/* min or max of datetime; NULL when nothing is found. */
static int end_find(struct scope *s, const struct auth *who, const struct query *q, const char *end, const char **out,
                    struct fault *f) {
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT to_char(%s(f.datetime) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') ", end);
    int err = query_from_where(&sql, who, q, f);
    if (!err) err = sql_run(&sql, module_db("discovery"), &rows);
    if (!err) *out = db_text(rows, 0, 0);
    return err;
}

static int end_compute(struct scope *s, const struct auth *who, const struct query *q, const struct aggregation *a,
                       json_t **out, struct fault *f) {
    const char *value = NULL;
    int err = end_find(s, who, q, a->kind == AGGREGATE_EARLIEST ? "min" : "max", &value, f);
    if (!err) *out = json_pack("{s:s, s:s, s:s?}", "name", a->name, "data_type", "datetime", "value", value);
    return err;
}

/* ---- buckets ---- */

static const char *value_key(struct scope *s, const struct aggregation *a, const struct aggregation_cut *cut) {
    switch (a->kind) {
    case AGGREGATE_TIMES:
        return scope_printf(s, "date_trunc('%s', f.datetime AT TIME ZONE 'UTC')", cut->interval);
    case AGGREGATE_RANGES:
        return scope_printf(s, "width_bucket(%s, '" RANGE_BOUNDS "'::float8[])", a->of);
    case AGGREGATE_HISTOGRAM:
        return scope_printf(s, "floor((%s) / %d)", a->of, HISTOGRAM_STEP);
    default:
        return a->of;
    }
}

/* Buckets of what has an order come in it, others by their frequency. */
static bool in_order(const struct aggregation *a) {
    return a->kind == AGGREGATE_TIMES || a->kind == AGGREGATE_RANGES || a->kind == AGGREGATE_HISTOGRAM;
}

static int buckets_count(struct scope *s, const struct auth *who, const struct query *q, const struct aggregation *a,
                         const struct aggregation_cut *cut, struct db_rows **rows, struct fault *f) {
    struct sql sql;
    bool by_centre = !a->whole && a->kind >= AGGREGATE_GEOHASH;
    const char *key = a->kind == AGGREGATE_TIMES ? "to_char(key, 'YYYY-MM-DD\"T\"HH24:MI:SS\".000Z\"')" : "key";
    sql_init(&sql, s);
    sql_add(&sql, "SELECT %s, n, (sum(n) OVER ())::bigint FROM (SELECT key, count(*) AS n FROM (", key);
    if (a->whole)
        sql_add(&sql, "SELECT cells.key FROM (SELECT f.geom ");
    else if (by_centre)
        sql_add(&sql, "SELECT %s AS key FROM (SELECT %s AS p ", place_key(s, a, cut), place_centre);
    else
        sql_add(&sql, "SELECT %s AS key ", value_key(s, a, cut));
    int err = query_from_where(&sql, who, q, f);
    if (err) return err;
    /* OFFSET 0: each centre is computed once, though its key speaks of it twice. */
    if (by_centre) sql_add(&sql, " OFFSET 0) AS c");
    if (a->whole) sql_add(&sql, ") AS found CROSS JOIN LATERAL %s AS cells LIMIT %d", place_cells(s, a, cut), CELLS_MOST + 1);
    sql_add(&sql, ") AS found GROUP BY key) AS buckets ORDER BY key IS NULL, %s LIMIT %d", in_order(a) ? "key" : "n DESC, key",
            BUCKETS_MOST + 1);
    return sql_run(&sql, module_db("discovery"), rows);
}

/* The kept counts answer for collections and for days, as long as nothing but collections is asked for. */
static bool is_kept(const struct query *q, const struct aggregation *a, const struct aggregation_cut *cut) {
    struct run r = {.q = q};
    if (!count_is_kept(&r) || q->from || q->to) return false;
    return (a->kind == AGGREGATE_TIMES && strcmp(cut->interval, "hour") != 0) || strcmp(a->name, "collection_frequency") == 0;
}

/* item_count has the public items within one day, by day, and collection_count all public ones; item_apart has each other one
 * with its owner, so that the caller's rights select among them. */
static int buckets_kept(struct scope *s, const struct auth *who, const struct query *q, const struct aggregation *a,
                        const struct aggregation_cut *cut, struct db_rows **rows) {
    bool times = a->kind == AGGREGATE_TIMES;
    struct sql sql;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT %s, n, (sum(n) OVER ())::bigint FROM (SELECT key, sum(n)::bigint AS n FROM (",
            times ? "to_char(key, 'YYYY-MM-DD\"T\"HH24:MI:SS\".000Z\"')" : "key");
    if (times)
        sql_add(&sql, "SELECT date_trunc('%s', f.day::timestamp) AS key, f.items AS n FROM item_count f WHERE true",
                cut->interval);
    else
        sql_add(&sql, "SELECT f.collection AS key, f.items AS n FROM collection_count f WHERE true");
    conditions_names(&sql, "f.collection", &q->collections);
    if (times)
        sql_add(&sql, " UNION ALL SELECT date_trunc('%s', f.datetime AT TIME ZONE 'UTC'), 1 FROM item_apart f WHERE true",
                cut->interval);
    else
        sql_add(&sql, " UNION ALL SELECT f.collection, 1 FROM item_apart f WHERE f.owner IS NOT NULL");
    conditions_names(&sql, "f.collection", &q->collections);
    rights_add(&sql, who, "f");
    sql_add(&sql, ") AS counted GROUP BY key HAVING sum(n) <> 0) AS buckets ORDER BY %s LIMIT %d",
            times ? "key" : "n DESC, key", BUCKETS_MOST + 1);
    return sql_run(&sql, module_db("discovery"), rows);
}

static json_t *bucket_json(const struct db_rows *r, int row, const struct aggregation *a, const struct aggregation_cut *cut) {
    const char *type = a->kind == AGGREGATE_TIMES ? "datetime" : (in_order(a) ? "numeric" : "string");
    json_t *bucket =
        json_pack("{s:s, s:s, s:I}", "key", db_text(r, row, 0), "data_type", type, "frequency", (json_int_t)db_int(r, row, 1));
    int at = (int)db_double(r, row, 0);
    if (a->kind == AGGREGATE_RANGES) {
        json_object_set_new(bucket, "key", json_string(range_keys[at]));
        if (at > 0) json_object_set_new(bucket, "from", json_integer(range_bounds[at - 1]));
        if (at < (int)ARRAY_SIZE(range_bounds)) json_object_set_new(bucket, "to", json_integer(range_bounds[at]));
    } else if (a->kind == AGGREGATE_HISTOGRAM) {
        char key[32];
        snprintf(key, sizeof key, "%d.0", at * HISTOGRAM_STEP);
        json_object_set_new(bucket, "key", json_string(key));
        json_object_set_new(bucket, "from", json_integer(at * HISTOGRAM_STEP));
        json_object_set_new(bucket, "to", json_integer((at + 1) * HISTOGRAM_STEP));
    } else if (a->kind == AGGREGATE_DEGREES) {
        place_bucket(bucket, cut);
    }
    return bucket;
}

/* The interval that cuts what is found into some tens to hundreds of buckets. */
static int interval_choose(struct scope *s, const struct auth *who, const struct query *q, const char **out, struct fault *f) {
    static const struct {
        double days;
        const char *interval;
    } spans[] = {{2, "hour"}, {120, "day"}, {365 * 25, "month"}};
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT extract(epoch FROM max(f.datetime) - min(f.datetime)) / 86400 ");
    int err = query_from_where(&sql, who, q, f);
    if (!err) err = sql_run(&sql, module_db("discovery"), &rows);
    if (err) return err;
    *out = "year";
    for (size_t i = ARRAY_SIZE(spans); i-- > 0;)
        if (db_double(rows, 0, 0) <= spans[i].days) *out = spans[i].interval;
    return 0;
}

static void cut_tell(json_t *out, const struct aggregation *a, const struct aggregation_cut *cut) {
    if (a->kind == AGGREGATE_TIMES) json_object_set_new(out, "interval", json_string(cut->interval));
    if (a->kind == AGGREGATE_GEOHASH) json_object_set_new(out, "precision", json_integer(cut->geohash));
    if (a->kind == AGGREGATE_GEOTILE) json_object_set_new(out, "precision", json_integer(cut->tile));
    if (a->kind == AGGREGATE_DEGREES) json_object_set_new(out, "cell", json_real(cut->degrees));
}

static int buckets_compute(struct scope *s, const struct auth *who, const struct query *q, const struct aggregation *a,
                           const struct aggregation_cut *asked, json_t **out, struct fault *f) {
    struct aggregation_cut cut = *asked;
    struct db_rows *rows;
    aggregation_cut_default(a, &cut);
    int err = 0;
    if (a->kind == AGGREGATE_TIMES && !cut.interval) err = interval_choose(s, who, q, &cut.interval, f);
    if (err) return err;
    err = is_kept(q, a, &cut) ? buckets_kept(s, who, q, a, &cut, &rows) : buckets_count(s, who, q, a, &cut, &rows, f);
    if (err) return err;
    int64_t total = db_count(rows) ? db_int(rows, 0, 2) : 0;
    if (a->whole && total > CELLS_MOST)
        return fault_set(f, scope_printf(s, "%s_%s", a->name, a->kind == AGGREGATE_DEGREES ? "cell" : "precision"),
                         "is too fine for so many items: take a coarser one, or search a smaller area");
    json_t *buckets = json_array();
    for (int i = 0; i < db_count(rows) && i < BUCKETS_MOST; i++) {
        if (db_is_null(rows, i, 0)) continue;
        total -= db_int(rows, i, 1);
        json_array_append_new(buckets, bucket_json(rows, i, a, &cut));
    }
    *out = json_pack("{s:s, s:s, s:I, s:o}", "name", a->name, "data_type", "frequency_distribution", "overflow",
                     (json_int_t)total, "buckets", buckets);
    cut_tell(*out, a, &cut);
    return 0;
}

int aggregation_compute(struct scope *s, const struct auth *who, const struct query *q, const struct aggregation *a,
                        const struct aggregation_cut *cut, json_t **out, struct fault *f) {
    if (a->kind == AGGREGATE_COUNT) return count_compute(s, who, q, out, f);
    if (a->kind == AGGREGATE_EARLIEST || a->kind == AGGREGATE_LATEST) return end_compute(s, who, q, a, out, f);
    return buckets_compute(s, who, q, a, cut, out, f);
}
