#include "view/numbers/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/numbers.h"

#define LISTED_MOST 64

static bool refuse(struct response *rs, const char *field, const char *text) {
    response_error(rs, 400, "invalid-parameter", field, "%s", text);
    return false;
}

static const char *argument(const struct request *rq, const char *name) {
    const char *value = request_arg(rq, name);
    return value && *value ? value : NULL;
}

bool query_format(const struct request *rq, struct response *rs, bool *csv) {
    const char *f = argument(rq, "f"), *accept = request_header(rq, "accept");
    response_header(rs, "vary", "Authorization, Accept");
    *csv = f ? strcasecmp(f, "csv") == 0 : accept && strncasecmp(accept, "text/csv", 8) == 0;
    return !f || *csv || strcasecmp(f, "json") == 0 || refuse(rs, "f", "The formats are json and csv.");
}

/* Numbers separated by commas, at most `most`. Their count; -1: malformed. */
static int numbers_read(const struct request *rq, const char *text, double *list, int most) {
    char *rest = scope_strdup(rq->scope, text), *part;
    int count = 0;
    while ((part = strsep(&rest, ",")))
        if (count == most || !number_parse(part, &list[count++])) return -1;
    return count;
}

static const char *also(const struct request *rq, const char *formula, const char *more) {
    return formula ? scope_printf(rq->scope, "%s and (%s)", formula, more) : scope_printf(rq->scope, "(%s)", more);
}

/* "BAND:NUMBER,NUMBER": a condition for each number, joined. */
static bool exclude_read(const struct request *rq, struct response *rs, const char *name, bool bits, const char **band,
                         const char **where) {
    double list[LISTED_MOST];
    const char *text = argument(rq, name), *all = NULL;
    if (!text) return true;
    char *copy = scope_strdup(rq->scope, text), *colon = strrchr(copy, ':');
    int count = colon && colon > copy ? numbers_read(rq, colon + 1, list, LISTED_MOST) : -1;
    if (colon) *colon = '\0';
    bool good = count > 0 && strlen(copy) <= 64 && !strpbrk(copy, "\"\\\r\n");
    for (int i = 0; good && i < count; i++) {
        if (bits) good = list[i] == floor(list[i]) && list[i] >= 0 && list[i] <= 23;
        if (!good) break;
        double low = bits ? pow(2, list[i]) : 0;
        const char *one =
            bits ? scope_printf(rq->scope, "floor(\"%s\" / %.0f) == 2 * floor(\"%s\" / %.0f)", copy, low, copy, 2 * low)
                 : scope_printf(rq->scope, "\"%s\" != %.9g", copy, list[i]);
        all = all ? scope_printf(rq->scope, "%s and %s", all, one) : one;
    }
    if (!good)
        return refuse(rs, name,
                      bits ? "Say BAND:BIT,BIT,… with bits from 0 to 23." : "Say BAND:VALUE,VALUE,… with at most 64 values.");
    *band = copy;
    *where = also(rq, *where, all);
    return true;
}

static bool where_read(const struct request *rq, struct response *rs, struct query *q) {
    const char *where = argument(rq, "where");
    q->where = where ? scope_printf(rq->scope, "(%s)", where) : NULL;
    return exclude_read(rq, rs, "exclude", false, &q->mask_band, &q->where) &&
           exclude_read(rq, rs, "exclude-bits", true, &q->bits_band, &q->where);
}

bool query_read(const struct request *rq, struct response *rs, struct query *q) {
    const char *values = argument(rq, "values");
    int64_t overview;
    *q = (struct query){.wanted = {.range = {0, 1}}};
    if (!query_format(rq, rs, &q->csv)) return false;
    if (request_arg_int(rq, rs, "overview", 0, RASTER_LEVELS - 1, 0, &overview)) return false;
    q->overview = (int)overview;
    if (values && strcmp(values, "samples") != 0 && strcmp(values, "physical") != 0)
        return refuse(rs, "values", "Values are physical or samples.");
    q->wanted.samples = values && strcmp(values, "samples") == 0;
    if (computed_asked(rq) && (argument(rq, "bands") || q->wanted.samples))
        return refuse(rs, argument(rq, "bands") ? "bands" : "values", "A formula has its own bands and physical values.");
    return where_read(rq, rs, q);
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

bool query_percentiles(const struct request *rq, struct response *rs, struct wanted *w) {
    const char *text = argument(rq, "percentiles");
    w->npercentiles = numbers_read(rq, text ? text : "2,25,50,75,98", w->percentiles, PERCENTILES_MOST);
    bool good = w->npercentiles > 0;
    if (good) qsort(w->percentiles, (size_t)w->npercentiles, sizeof w->percentiles[0], ascending);
    for (int i = 0; good && i < w->npercentiles; i++)
        good = w->percentiles[i] >= 0 && w->percentiles[i] <= 100 && (i == 0 || w->percentiles[i] > w->percentiles[i - 1]);
    return good || refuse(rs, "percentiles", "Say at most 8 different numbers from 0 to 100, separated by commas.");
}

bool query_bins(const struct request *rq, struct response *rs, struct wanted *w) {
    const char *range = argument(rq, "range");
    int64_t bins;
    if (request_arg_int(rq, rs, "bins", 1, BINS_MOST, 10, &bins)) return false;
    w->bins = (int)bins;
    w->ranged = range != NULL;
    if (!range) return true;
    bool good = pair_parse(range, w->range) && w->range[0] < w->range[1] && isfinite(w->range[1] - w->range[0]);
    return good || refuse(rs, "range", "The range must be two numbers, the lower first: LOW,HIGH.");
}

/* ---- of a scene ---- */

static bool complain(struct complaint *c, const char *field, const char *text) {
    *c = (struct complaint){400, "invalid-parameter", field, text};
    return false;
}

static bool band_add(struct scope *s, const struct scene *scene, const char *name, struct subjects *out, struct complaint *c) {
    int band = scene_band_index(scene, name);
    if (band < 0) return complain(c, "bands", scope_printf(s, "This item has no band \"%.64s\".", name));
    if (out->count == SUBJECTS_MOST) return complain(c, "bands", "At most 16 bands may be asked at once.");
    out->names[out->count] = scene->bands[band].name;
    out->list[out->count++].band = band;
    return true;
}

static bool bands_read(const struct request *rq, const struct scene *scene, struct subjects *out, struct complaint *c) {
    const char *text = argument(rq, "bands");
    char *rest = scope_strdup(rq->scope, text), *part;
    while ((part = strsep(&rest, ",")))
        if (!band_add(rq->scope, scene, part, out, c)) return false;
    for (int i = 0; !text && i < scene->nbands && out->count < SUBJECTS_MOST; i++) {
        if (scene->bands[i].visual) continue;
        out->names[out->count] = scene->bands[i].name;
        out->list[out->count++].band = i;
    }
    return out->count || complain(c, "bands", "This item has no band whose values can be told.");
}

bool query_subjects(const struct request *rq, const struct query *q, const struct scene *scene, struct subjects *out,
                    struct complaint *c) {
    const struct style *style;
    const struct expression *where = NULL;
    *out = (struct subjects){0};
    if (computed_asked(rq)) {
        if (!computed_style(rq, scene, "expression", &style, c)) return false;
        out->names[0] = "expression";
        out->list[0] = (struct subject){.band = -1, .formula = style->expression};
        out->formula = style->title;
        out->count = 1;
    } else if (!bands_read(rq, scene, out, c)) {
        return false;
    }
    if (q->mask_band && scene_band_index(scene, q->mask_band) < 0)
        return complain(c, "exclude", scope_printf(rq->scope, "This item has no band \"%.64s\".", q->mask_band));
    if (q->bits_band && scene_band_index(scene, q->bits_band) < 0)
        return complain(c, "exclude-bits", scope_printf(rq->scope, "This item has no band \"%.64s\".", q->bits_band));
    if (q->where && !computed_formula(rq, scene, q->where, "where", &where, c)) return false;
    for (int i = 0; i < out->count; i++) {
        out->list[i].where = where;
        out->list[i].overview = q->overview;
    }
    return true;
}

json_t *query_method(const struct query *q) {
    json_t *method =
        json_pack("{s:s, s:s, s:s}", "weights",
                  "area of the polygon within the pixel / area of the pixel, exact, on the raster's map; W = sum of w, mean = "
                  "sum of w v / W, "
                  "std = sqrt(sum of w (v - mean)^2 / W)",
                  "nodata",
                  "pixels that the file's nodata value, mask or alpha band marks, that the item's nodata names or that are not "
                  "finite are left out",
                  "grid", "pixels are the band's own; of a formula the finest band's, others by their nearest pixel");
    if (q->where) json_object_set_new(method, "where", json_string(q->where));
    return method;
}

int query_fail(struct response *rs, int err, const struct measure *m, int64_t most) {
    if (err == NADIR_ETOOLARGE)
        return response_error(rs, 413, "too-many-pixels", NULL,
                              "The area's box holds %lld pixels of the bands that are read, and at most %lld are left: ask for "
                              "fewer bands, a smaller area or a coarser overview=.",
                              (long long)m->cost, (long long)most);
    if (err == NADIR_EINVAL)
        return response_error(rs, 422, "area-not-on-map", NULL,
                              "The area cannot be drawn on the item's map (or has too many long edges for that), or the bands "
                              "lie on maps that do not fit together.");
    return err;
}
