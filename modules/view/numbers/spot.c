#include "view/numbers/spot.h"

#include <math.h>

#include "view/numbers.h"
#include "view/numbers/csv.h"
#include "view/render.h"

static bool read_degrees(struct request *rq, struct response *rs, const char *name, double most, double *out) {
    const char *text = request_arg(rq, name);
    if (text && number_parse(text, out) && fabs(*out) <= most) return true;
    response_error(rs, 400, "invalid-position", name, "Give %s as degrees between -%.0f and %.0f.", name, most, most);
    return false;
}

bool spot_position(struct request *rq, struct response *rs, double *lon, double *lat) {
    return read_degrees(rq, rs, "lon", 180, lon) && read_degrees(rq, rs, "lat", 90, lat);
}

static double rank(const struct band *b) {
    return b->wavelength > 0 ? b->wavelength : HUGE_VAL;
}

static void insert(struct spot_values *v, const struct band *b, double sample, bool by_wavelength) {
    int at = v->count++;
    for (; by_wavelength && at > 0 && rank(v->bands[at - 1]) > rank(b); at--) {
        v->bands[at] = v->bands[at - 1];
        v->samples[at] = v->samples[at - 1];
    }
    v->bands[at] = b;
    v->samples[at] = sample;
}

int spot_read(struct scope *s, const struct scene *scene, double lon, double lat, bool by_wavelength, struct spot_values *out) {
    out->count = 0;
    for (int i = 0; i < scene->nbands; i++) {
        bool found;
        double sample = 0;
        if (scene->bands[i].visual) continue;
        int err = render_point(s, scene, i, lon, lat, &found, &sample);
        if (err) return err;
        insert(out, &scene->bands[i], found ? sample : NAN, by_wavelength);
    }
    return 0;
}

static double physical(const struct band *b, double sample) {
    return b->scale == 1 && b->offset == 0 ? sample : sample * b->scale + b->offset;
}

json_t *spot_json(const struct spot_values *v, bool wavelengths) {
    json_t *bands = json_array();
    for (int i = 0; i < v->count; i++) {
        const struct band *b = v->bands[i];
        json_t *entry = json_pack("{s:s, s:s, s:o, s:o}", "band", b->name, "title", b->title, "value",
                                  number_json(v->samples[i]), "physical", number_json(physical(b, v->samples[i])));
        if (*b->unit) json_object_set_new(entry, "unit", json_string(b->unit));
        if (wavelengths) json_object_set_new(entry, "wavelength_nm", number_json(b->wavelength > 0 ? b->wavelength : NAN));
        json_array_append_new(bands, entry);
    }
    return bands;
}

int spot_csv(struct request *rq, struct response *rs, const struct spot_values *v) {
    struct csv *csv = csv_begin(rq->scope, "band,title,wavelength_nm,value,physical,unit");
    if (!csv) return NADIR_ENOMEM;
    for (int i = 0; i < v->count; i++) {
        const struct band *b = v->bands[i];
        csv_text(csv, b->name);
        csv_text(csv, b->title);
        csv_number(csv, b->wavelength > 0 ? b->wavelength : NAN);
        csv_number(csv, v->samples[i]);
        csv_number(csv, physical(b, v->samples[i]));
        csv_text(csv, b->unit);
        csv_line(csv);
    }
    return csv_answer(rs, csv);
}
