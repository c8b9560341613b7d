/* series.c: /view/v1/series: a polygon through time: the scenes of a collection that it touches, one after the other. */
#include <cpl_conv.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/geo.h"
#include "common/metrics.h"
#include "view/numbers.h"
#include "view/numbers/csv.h"
#include "view/numbers/numbers.h"
#include "view/numbers/query.h"
#include "view/times.h"
#include "view/view.h"

#define SCENES_MOST 200
#define SCENES_USUAL 50
#define PIXELS_MOST (1LL << 26) /* of all scenes and bands of one answer */
#define WORK_US 10000000        /* after which no further scene is begun */

struct series {
    struct area area;
    struct query query;
    struct times times;
    double cloud_most; /* NaN: no limit */
    int64_t limit;
    /* After which scene the answer begins: its time in microseconds and its name. */
    const char *after_item;
    int64_t after_us;

    json_t *scenes, *left_out; /* the scope's */
    struct csv *csv;
    int64_t matched, looked_at;
    int64_t pixels_left;
    struct gate gate;
    const char *next;           /* cursor, or NULL */
    struct complaint complaint; /* the last scene's */
};

/* Public scenes by their footprints, and the caller's own and shared ones by what the item says. */
#define CLOUDS(of)                                                                                                             \
    "CASE WHEN jsonb_typeof(" of "#>'{properties,eo:cloud_cover}') = 'number' THEN (" of                                       \
    "#>>'{properties,eo:cloud_cover}')::float8 END"
#define SERIES_SQL                                                                                                             \
    "WITH area AS (SELECT ST_SetSRID(ST_GeomFromGeoJSON($2), 4326) AS shape), found AS ("                                      \
    " SELECT f.item, f.time, " CLOUDS(                                                                                         \
        "i.data") " AS clouds FROM footprint f JOIN right_item i USING (collection, item), area"                               \
                  " WHERE f.collection = $1 AND f.geometry && area.shape AND ST_Intersects(f.geometry, area.shape)"            \
                  " UNION ALL"                                                                                                 \
                  " SELECT i.item, tstzrange(t.at, t.at, '[]'), " CLOUDS(                                                      \
                      "i.data") " FROM right_item i, area, LATERAL (SELECT"                                                    \
                                "  coalesce(i.data->>'datetime', i.data#>>'{properties,datetime}', "                           \
                                "i.data#>>'{properties,start_datetime}')::timestamptz"                                         \
                                "  AS at) t WHERE i.collection = $1 AND i.owner IS NOT NULL AND (i.owner = $3 OR EXISTS "      \
                                "(SELECT FROM right_share s"                                                                   \
                                "  WHERE s.subject = $3 AND s.collection = $1 AND (s.item = i.item OR s.item IS NULL) AND "    \
                                "s.owner = i.owner))"                                                                          \
                                "  AND t.at IS NOT NULL AND ST_SetSRID(ST_Force2D(ST_GeomFromGeoJSON(i.data->>'geometry')), "  \
                                "4326) && area.shape),"                                                                        \
                                " wanted AS (SELECT item, lower(time) AS at, clouds FROM found WHERE ($4::tstzrange[] IS "     \
                                "NULL OR time && ANY($4::tstzrange[]))"                                                        \
                                "  AND ($5::float8 IS NULL OR clouds <= $5))"                                                  \
                                " SELECT item, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), "          \
                                "(extract(epoch FROM at) * 1000000)::bigint,"                                                  \
                                "  clouds, count(*) OVER () FROM wanted WHERE $6::text IS NULL OR ((extract(epoch FROM at) * " \
                                "1000000)::bigint, item) > ($7, $6)"                                                           \
                                " ORDER BY 3, 1 LIMIT $8"

enum column { ITEM, DATETIME, TIME_US, CLOUDS, MATCHED };

static bool refuse(struct response *rs, const char *field, const char *text) {
    response_error(rs, 400, "invalid-parameter", field, "%s", text);
    return false;
}

static bool cursor_read(struct request *rq, struct response *rs, struct series *q) {
    const char *cursor = request_arg(rq, "cursor");
    size_t len;
    if (!cursor) return true;
    char *text = (char *)base64url_decode(rq->scope, cursor, strlen(cursor), &len);
    char *comma = text && len < 600 && text_is_utf8(text, len) ? strchr(text, ',') : NULL;
    if (!comma) return refuse(rs, "cursor", "This cursor was not given by an answer.");
    char *end;
    errno = 0;
    q->after_us = strtoll(text, &end, 10);
    if (errno || end != comma) return refuse(rs, "cursor", "This cursor was not given by an answer.");
    q->after_item = comma + 1;
    return true;
}

static bool series_read(struct request *rq, struct response *rs, struct series *q) {
    const char *clouds = request_arg(rq, "cloud_cover");
    q->cloud_most = NAN;
    if (!query_read(rq, rs, &q->query)) return false;
    if (!times_parse(request_arg(rq, "datetime"), &q->times) || q->times.current)
        return refuse(rs, "datetime", "The time must be a moment or an interval, open ends as \"..\".");
    if (clouds && (!number_parse(clouds, &q->cloud_most) || q->cloud_most < 0 || q->cloud_most > 100))
        return refuse(rs, "cloud_cover", "The most clouds are a number from 0 to 100 (percent).");
    if (request_arg_int(rq, rs, "limit", 1, SCENES_MOST, SCENES_USUAL, &q->limit)) return false;
    return cursor_read(rq, rs, q) && area_read(rq, rs, &q->area);
}

static int series_find(struct request *rq, struct series *q, struct db_rows **rows) {
    char *shape = OGR_G_ExportToJson(q->area.shape);
    const char *area = scope_strdup(rq->scope, shape);
    const char *clouds = isnan(q->cloud_most) ? NULL : scope_printf(rq->scope, "%.17g", q->cloud_most);
    CPLFree(shape);
    int err = db_query(rq->scope, module_db("view"), rows, SERIES_SQL, "ssssssli", request_param(rq, "collection"), area,
                       rq->auth.subject, times_sql(rq->scope, &q->times), clouds, q->after_item, q->after_us, (int)q->limit);
    if (!err) q->matched = db_count(*rows) ? db_int(*rows, 0, MATCHED) : 0;
    return err;
}

static void leave_out(struct series *q, const struct db_rows *rows, int row, const char *why) {
    json_array_append_new(q->left_out, json_pack("{s:s, s:s, s:s}", "item", db_text(rows, row, ITEM), "datetime",
                                                 db_text(rows, row, DATETIME), "reason", why));
}

static json_t *values_json(const struct subjects *of, int i, const struct measure *m) {
    const struct tally *t = &m->tally;
    return json_pack("{s:s, s:I, s:f, s:o, s:o, s:o, s:o, s:{s:I, s:f}, s:{s:I, s:f}}", of->formula ? "formula" : "band",
                     of->formula ? of->formula : of->names[i], "count", (json_int_t)t->count, "weight", t->weight, "mean",
                     number_json(t->count ? t->mean : NAN), "std", number_json(tally_std(t)), "min",
                     number_json(t->count ? t->min : NAN), "max", number_json(t->count ? t->max : NAN), "nodata", "count",
                     (json_int_t)m->nodata.count, "weight", m->nodata.weight, "masked", "count", (json_int_t)m->masked.count,
                     "weight", m->masked.weight);
}

static void values_csv(struct csv *csv, const struct db_rows *rows, int row, const char *name, const struct measure *m) {
    const struct tally *t = &m->tally;
    csv_text(csv, db_text(rows, row, DATETIME));
    csv_text(csv, db_text(rows, row, ITEM));
    csv_number(csv, db_is_null(rows, row, CLOUDS) ? NAN : db_double(rows, row, CLOUDS));
    csv_text(csv, name);
    csv_integer(csv, t->count);
    csv_number(csv, t->weight);
    csv_number(csv, t->count ? t->mean : NAN);
    csv_number(csv, tally_std(t));
    csv_number(csv, t->count ? t->min : NAN);
    csv_number(csv, t->count ? t->max : NAN);
    csv_integer(csv, m->nodata.count);
    csv_number(csv, m->nodata.weight);
    csv_integer(csv, m->masked.count);
    csv_number(csv, m->masked.weight);
    csv_line(csv);
}

static void scene_add(struct series *q, const struct db_rows *rows, int row, const struct subjects *of,
                      const struct measure *measures) {
    json_t *values = json_array();
    for (int i = 0; i < of->count; i++) {
        json_array_append_new(values, values_json(of, i, &measures[i]));
        if (q->csv) values_csv(q->csv, rows, row, of->names[i], &measures[i]);
    }
    json_t *entry = json_pack("{s:s, s:s, s:o}", "item", db_text(rows, row, ITEM), "datetime", db_text(rows, row, DATETIME),
                              "values", values);
    if (!db_is_null(rows, row, CLOUDS)) json_object_set_new(entry, "cloud_cover", json_real(db_double(rows, row, CLOUDS)));
    json_array_append_new(q->scenes, entry);
}

/* One scene. NADIR_ETOOLARGE: its pixels no longer fit into this answer. Scenes that lack a band or a file are left out. */
static int scene_measure(struct request *rq, struct series *q, const struct db_rows *rows, int row) {
    const struct scene *scene;
    struct subjects subjects;
    struct measure *measures = scope_alloc(rq->scope, SUBJECTS_MOST * sizeof *measures);
    int err = scene_get(rq, request_param(rq, "collection"), db_text(rows, row, ITEM), &scene);
    if (err == NADIR_ENOTFOUND) {
        leave_out(q, rows, row, "The item is gone.");
        return 0;
    }
    if (err) return err;
    if (!query_subjects(rq, &q->query, scene, &subjects, &q->complaint)) {
        leave_out(q, rows, row, q->complaint.text);
        return 0;
    }
    struct wanted wanted = q->query.wanted;
    wanted.pixels_most = q->pixels_left;
    wanted.gate = &q->gate;
    for (int i = 0; !err && i < subjects.count; i++) {
        err = measure(rq->scope, scene, &subjects.list[i], &q->area, &wanted, &measures[i]);
        if (!err) wanted.pixels_most -= measures[i].cost;
    }
    if (err == NADIR_ENOTFOUND || err == NADIR_EUNAVAILABLE || err == NADIR_EINVAL) {
        leave_out(q, rows, row, err == NADIR_EINVAL ? "The area cannot be drawn on its map." : "A file of it cannot be read.");
        return 0;
    }
    if (err) return err;
    scene_add(q, rows, row, &subjects, measures);
    q->pixels_left = wanted.pixels_most;
    usage_count(scene->collection, scene->item, 0);
    return 0;
}

/* The scenes in the order of time, as many as fit. */
static int series_measure(struct request *rq, struct response *rs, struct series *q, const struct db_rows *rows) {
    int64_t until = clock_us() + WORK_US;
    for (int i = 0; i < db_count(rows); i++) {
        if (i > 0 && clock_us() > until) break;
        int err = scene_measure(rq, q, rows, i);
        if (err == NADIR_ETOOLARGE && i == 0)
            return response_error(rs, 413, "too-many-pixels", NULL,
                                  "The area holds more than %lld pixels of the bands of one scene: ask for fewer bands, a "
                                  "smaller area or a coarser overview=.",
                                  PIXELS_MOST);
        if (err == NADIR_ETOOLARGE || (err == NADIR_EBUSY && i > 0)) break;
        if (err) return err;
        q->looked_at++;
        q->next = scope_printf(rq->scope, "%lld,%s", (long long)db_int(rows, i, TIME_US), db_text(rows, i, ITEM));
    }
    q->next = q->looked_at < q->matched ? base64url_encode(rq->scope, q->next, strlen(q->next)) : NULL;
    return 0;
}

/* The same address with the cursor set. */
static const char *next_address(const struct request *rq, const char *cursor) {
    const char *query = "";
    for (size_t i = 0; i < rq->args.count; i++) {
        const struct pair *arg = &rq->args.list[i];
        if (strcmp(arg->name, "cursor") == 0) continue;
        query =
            scope_printf(rq->scope, "%s%s=%s&", query, http_encode(rq->scope, arg->name), http_encode(rq->scope, arg->value));
    }
    return scope_printf(rq->scope, "%s%s?%scursor=%s", rq->base_url, rq->path, query, cursor);
}

static int series_answer(struct request *rq, struct response *rs, struct series *q) {
    const char *next = q->next ? next_address(rq, q->next) : NULL;
    int64_t later = q->matched - q->looked_at;
    response_header(rs, "cache-control", "private, no-store");
    metrics_add("nadir_view_numbers_total{kind=\"series\"}", 1);
    if (next) response_header(rs, "link", "<%s>; rel=\"next\"", next);
    if (q->csv) {
        response_header(rs, "nadir-left-out", "%zu", json_array_size(q->left_out));
        response_header(rs, "nadir-later", "%lld", (long long)later);
        return csv_answer(rs, q->csv);
    }
    return response_json(rs, 200,
                         json_pack("{s:s, s:{s:f}, s:o, s:I, s:O, s:O, s:I, s:s?}", "collection",
                                   request_param(rq, "collection"), "area", "square_metres", q->area.square_metres, "method",
                                   query_method(&q->query), "matched", (json_int_t)q->matched, "scenes", q->scenes, "left_out",
                                   q->left_out, "later", (json_int_t)later, "next", next));
}

int series_get(struct request *rq, struct response *rs) {
    struct series *q = scope_alloc(rq->scope, sizeof *q);
    struct db_rows *rows;
    if (!series_read(rq, rs, q)) return 0;
    q->scenes = scope_json(rq->scope, json_array());
    q->left_out = scope_json(rq->scope, json_array());
    q->pixels_left = PIXELS_MOST;
    if (q->query.csv) {
        q->csv = csv_begin(rq->scope, "datetime,item,cloud_cover,band,count,weight,mean,std,min,max,nodata_count,nodata_weight,"
                                      "masked_count,masked_weight");
        if (!q->csv) return NADIR_ENOMEM;
    }
    int err = series_find(rq, q, &rows);
    if (!err) err = series_measure(rq, rs, q, rows);
    /* What no scene can answer was asked wrongly. */
    const struct complaint *c = &q->complaint;
    if (!err && !rs->status && c->status && !q->after_item && !q->next && json_array_size(q->scenes) == 0)
        return response_error(rs, c->status, c->type, c->field, "%s", c->text);
    return err || rs->status ? err : series_answer(rq, rs, q);
}
