/* statistics.c: /view/v1/statistics and /view/v1/histograms: what the bands of an item, or a formula, hold within a polygon. */
#include <math.h>
#include <string.h>

#include "common/metrics.h"
#include "view/numbers/csv.h"
#include "view/numbers/numbers.h"
#include "view/numbers/query.h"
#include "view/view.h"

#define PIXELS_MOST (1LL << 25) /* of all bands together */

struct inquiry {
    const struct scene *scene;
    struct area area;
    struct query query;
    struct subjects subjects;
    struct measure measures[SUBJECTS_MOST];
    struct gate gate;
};

/* Reads, finds and measures. True: it has answered, or *err says what to answer. */
static bool inquire(struct request *rq, struct response *rs, struct inquiry *q, int *err) {
    struct complaint c;
    struct wanted *wanted = &q->query.wanted;
    *err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &q->scene);
    if (*err || !area_read(rq, rs, &q->area)) return true;
    if (!query_subjects(rq, &q->query, q->scene, &q->subjects, &c)) {
        response_error(rs, c.status, c.type, c.field, "%s", c.text);
        return true;
    }
    wanted->pixels_most = PIXELS_MOST;
    wanted->gate = &q->gate;
    for (int i = 0; i < q->subjects.count; i++) {
        struct measure *m = &q->measures[i];
        *err = measure(rq->scope, q->scene, &q->subjects.list[i], &q->area, wanted, m);
        if (*err) {
            *err = query_fail(rs, *err, m, wanted->pixels_most);
            return true;
        }
        wanted->pixels_most -= m->cost;
    }
    return false;
}

static json_t *share_json(const struct share *s) {
    return json_pack("{s:I, s:f}", "count", (json_int_t)s->count, "weight", s->weight);
}

/* What both resources say of a band or formula. */
static json_t *head_json(const struct inquiry *q, int i) {
    const struct subject *subject = &q->subjects.list[i];
    const struct measure *m = &q->measures[i];
    json_t *entry = json_object();
    if (subject->formula)
        json_object_set_new(entry, "formula", json_string(q->subjects.formula));
    else
        json_object_set_new(entry, "band", json_string(q->subjects.names[i]));
    bool samples = q->query.wanted.samples;
    json_object_set_new(entry, "values", json_string(samples ? "samples" : "physical"));
    if (!subject->formula && !samples && *q->scene->bands[subject->band].unit)
        json_object_set_new(entry, "unit", json_string(q->scene->bands[subject->band].unit));
    json_object_set_new(entry, "count", json_integer(m->tally.count));
    json_object_set_new(entry, "weight", json_real(m->tally.weight));
    json_object_set_new(entry, "left_out",
                        json_pack("{s:o, s:o}", "nodata", share_json(&m->nodata), "masked", share_json(&m->masked)));
    json_t *grid = json_pack("{s:[ff], s:i, s:f}", "pixel", m->pixel_x, m->pixel_y, "overview", m->overview, "edge_tolerance",
                             m->tolerance);
    if (m->epsg) json_object_set_new(grid, "crs", json_sprintf("EPSG:%d", m->epsg));
    json_object_set_new(entry, "grid", grid);
    return entry;
}

static json_t *statistics_json(const struct inquiry *q, int i) {
    const struct measure *m = &q->measures[i];
    const struct wanted *wanted = &q->query.wanted;
    const struct tally *t = &m->tally;
    json_t *entry = head_json(q, i);
    json_object_set_new(entry, "mean", number_json(t->count ? t->mean : NAN));
    json_object_set_new(entry, "std", number_json(tally_std(t)));
    json_object_set_new(entry, "min", number_json(t->count ? t->min : NAN));
    json_object_set_new(entry, "max", number_json(t->count ? t->max : NAN));
    json_object_set_new(entry, "sum", number_json(t->mean * t->weight));
    json_t *percentiles = json_array();
    for (int k = 0; k < wanted->npercentiles; k++)
        json_array_append_new(percentiles, json_pack("{s:f, s:o}", "percentile", wanted->percentiles[k], "value",
                                                     number_json(m->percentiles[k])));
    json_object_set_new(entry, "percentiles", percentiles);
    return entry;
}

static json_t *histogram_json(const struct inquiry *q, int i) {
    const struct histogram *h = q->measures[i].histogram;
    json_t *entry = head_json(q, i);
    json_t *edges = json_array(), *counts = json_array(), *weights = json_array();
    for (int k = 0; k <= h->bins; k++) json_array_append_new(edges, json_real(h->edges[k]));
    for (int k = 0; k < h->bins; k++) {
        json_array_append_new(counts, json_integer(h->counts[k]));
        json_array_append_new(weights, json_real(h->weights[k]));
    }
    json_object_set_new(entry, "edges", edges);
    json_object_set_new(entry, "counts", counts);
    json_object_set_new(entry, "weights", weights);
    const struct share beyond = {h->beyond, h->beyond_weight};
    json_object_set_new(entry, "beyond", share_json(&beyond));
    return entry;
}

static int answer(struct response *rs, const struct inquiry *q, const char *member,
                  json_t *(*entry)(const struct inquiry *q, int i)) {
    json_t *list = json_array();
    for (int i = 0; i < q->subjects.count; i++) json_array_append_new(list, entry(q, i));
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:{s:f}, s:o, s:o}", "collection", q->scene->collection, "item", q->scene->item,
                                   "area", "square_metres", q->area.square_metres, "method", query_method(&q->query), member,
                                   list));
}

static int statistics_csv(struct request *rq, struct response *rs, const struct inquiry *q) {
    const struct wanted *wanted = &q->query.wanted;
    const char *names = "collection,item,band,count,weight,mean,std,min,max,sum,nodata_count,nodata_weight,masked_count,"
                        "masked_weight";
    for (int k = 0; k < wanted->npercentiles; k++)
        names = scope_printf(rq->scope, "%s,percentile_%.6g", names, wanted->percentiles[k]);
    struct csv *csv = csv_begin(rq->scope, names);
    if (!csv) return NADIR_ENOMEM;
    for (int i = 0; i < q->subjects.count; i++) {
        const struct measure *m = &q->measures[i];
        const struct tally *t = &m->tally;
        csv_text(csv, q->scene->collection);
        csv_text(csv, q->scene->item);
        csv_text(csv, q->subjects.names[i]);
        csv_integer(csv, t->count);
        csv_number(csv, t->weight);
        csv_number(csv, t->count ? t->mean : NAN);
        csv_number(csv, tally_std(t));
        csv_number(csv, t->count ? t->min : NAN);
        csv_number(csv, t->count ? t->max : NAN);
        csv_number(csv, t->mean * t->weight);
        csv_integer(csv, m->nodata.count);
        csv_number(csv, m->nodata.weight);
        csv_integer(csv, m->masked.count);
        csv_number(csv, m->masked.weight);
        for (int k = 0; k < wanted->npercentiles; k++) csv_number(csv, m->percentiles[k]);
        csv_line(csv);
    }
    return csv_answer(rs, csv);
}

static int histograms_csv(struct request *rq, struct response *rs, const struct inquiry *q) {
    struct csv *csv = csv_begin(rq->scope, "collection,item,band,low,high,count,weight");
    if (!csv) return NADIR_ENOMEM;
    for (int i = 0; i < q->subjects.count; i++) {
        const struct histogram *h = q->measures[i].histogram;
        for (int k = 0; k < h->bins; k++) {
            csv_text(csv, q->scene->collection);
            csv_text(csv, q->scene->item);
            csv_text(csv, q->subjects.names[i]);
            csv_number(csv, h->edges[k]);
            csv_number(csv, h->edges[k + 1]);
            csv_integer(csv, h->counts[k]);
            csv_number(csv, h->weights[k]);
            csv_line(csv);
        }
    }
    return csv_answer(rs, csv);
}

static int finish(struct response *rs, const struct inquiry *q, const char *series, int err) {
    if (err) return err;
    response_header(rs, "cache-control", "private, no-store");
    metrics_add(series, 1);
    usage_count(q->scene->collection, q->scene->item, rs->body_len);
    return 0;
}

int statistics_get(struct request *rq, struct response *rs) {
    struct inquiry *q = scope_alloc(rq->scope, sizeof *q);
    int err;
    if (!query_read(rq, rs, &q->query) || !query_percentiles(rq, rs, &q->query.wanted)) return 0;
    if (inquire(rq, rs, q, &err)) return err;
    err = q->query.csv ? statistics_csv(rq, rs, q) : answer(rs, q, "statistics", statistics_json);
    return finish(rs, q, "nadir_view_numbers_total{kind=\"statistics\"}", err);
}

int histograms_get(struct request *rq, struct response *rs) {
    struct inquiry *q = scope_alloc(rq->scope, sizeof *q);
    int err;
    if (!query_read(rq, rs, &q->query) || !query_bins(rq, rs, &q->query.wanted)) return 0;
    if (inquire(rq, rs, q, &err)) return err;
    err = q->query.csv ? histograms_csv(rq, rs, q) : answer(rs, q, "histograms", histogram_json);
    return finish(rs, q, "nadir_view_numbers_total{kind=\"histograms\"}", err);
}
