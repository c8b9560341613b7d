/* profiles.c: /view/v1/profiles: the spectrum of an item at a place: all bands in the order of their wavelengths. */
#include <math.h>
#include <stdlib.h>

#include "common/metrics.h"
#include "view/numbers.h"
#include "view/numbers/csv.h"
#include "view/numbers/numbers.h"
#include "view/numbers/query.h"
#include "view/render.h"
#include "view/view.h"

struct profile {
    const struct band *bands[SCENE_BANDS];
    double samples[SCENE_BANDS]; /* NaN: no data */
    int count;
};

static bool read_degrees(struct request *rq, struct response *rs, const char *name, double most, double *out) {
    const char *text = request_arg(rq, name);
    if (text && number_parse(text, out) && fabs(*out) <= most) return true;
    response_error(rs, 400, "invalid-position", name, "Give %s as degrees between -%.0f and %.0f.", name, most, most);
    return false;
}

/* Keeps the bands in the order of wavelengths; those without one last, as the item lists them. */
static void band_insert(struct profile *p, const struct band *b, double sample) {
    int at = p->count++;
    double own = b->wavelength > 0 ? b->wavelength : HUGE_VAL;
    for (; at > 0; at--) {
        double before = p->bands[at - 1]->wavelength > 0 ? p->bands[at - 1]->wavelength : HUGE_VAL;
        if (before <= own) break;
        p->bands[at] = p->bands[at - 1];
        p->samples[at] = p->samples[at - 1];
    }
    p->bands[at] = b;
    p->samples[at] = sample;
}

static int profile_read(struct scope *s, const struct scene *scene, double lon, double lat, struct profile *p) {
    for (int i = 0; i < scene->nbands; i++) {
        bool found;
        double sample = 0;
        if (scene->bands[i].visual) continue;
        int err = render_point(s, scene, i, lon, lat, &found, &sample);
        if (err) return err;
        band_insert(p, &scene->bands[i], found ? sample : NAN);
    }
    return 0;
}

static double physical(const struct band *b, double sample) {
    return b->scale == 1 && b->offset == 0 ? sample : sample * b->scale + b->offset;
}

static int answer_csv(struct request *rq, struct response *rs, const struct profile *p) {
    struct csv *csv = csv_begin(rq->scope, "band,title,wavelength_nm,value,physical,unit");
    if (!csv) return NADIR_ENOMEM;
    for (int i = 0; i < p->count; i++) {
        const struct band *b = p->bands[i];
        csv_text(csv, b->name);
        csv_text(csv, b->title);
        csv_number(csv, b->wavelength > 0 ? b->wavelength : NAN);
        csv_number(csv, p->samples[i]);
        csv_number(csv, physical(b, p->samples[i]));
        csv_text(csv, b->unit);
        csv_line(csv);
    }
    return csv_answer(rs, csv);
}

static int answer_json(struct response *rs, const struct scene *scene, double lon, double lat, const struct profile *p) {
    json_t *bands = json_array();
    for (int i = 0; i < p->count; i++) {
        const struct band *b = p->bands[i];
        json_t *entry = json_pack("{s:s, s:s, s:o, s:o, s:o}", "band", b->name, "title", b->title, "wavelength_nm",
                                  b->wavelength > 0 ? json_real(b->wavelength) : json_null(), "value",
                                  number_json(p->samples[i]), "physical", number_json(physical(b, p->samples[i])));
        if (*b->unit) json_object_set_new(entry, "unit", json_string(b->unit));
        json_array_append_new(bands, entry);
    }
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:f, s:f, s:o}", "collection", scene->collection, "item", scene->item, "lon",
                                   lon, "lat", lat, "bands", bands));
}

int profiles_get(struct request *rq, struct response *rs) {
    const struct scene *scene;
    struct profile profile = {.count = 0};
    double lon, lat;
    bool csv;
    if (!query_format(rq, rs, &csv) || !read_degrees(rq, rs, "lon", 180, &lon) || !read_degrees(rq, rs, "lat", 90, &lat))
        return 0;
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &scene);
    if (!err) err = profile_read(rq->scope, scene, lon, lat, &profile);
    if (err) return err;
    response_header(rs, "cache-control", "private, no-store");
    metrics_add("nadir_view_numbers_total{kind=\"profiles\"}", 1);
    return csv ? answer_csv(rq, rs, &profile) : answer_json(rs, scene, lon, lat, &profile);
}
