/* wms_legend.c: GetLegendGraphic (SLD profile of WMS, OGC 05-078r4 clause 12): a colour ramp with its values, or which bands
 * are shown in which colour. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "view/legend.h"
#include "view/lettering.h"
#include "view/numbers.h"
#include "view/wms.h"

#define WIDTH_USUAL 160
#define ROW 18
#define BAR_WIDTH 90
#define BAR_HEIGHT 160
#define SWATCH 20
#define SIDE_MOST 1024
#define INK 0x202020

struct row {
    unsigned char rgba[4];
    const char *label;
};

struct legend {
    int count;
    struct row rows[SYMBOLIZER_ENTRIES];
};

static void add(struct legend *l, const unsigned char rgb[3], const char *label) {
    if (l->count == SYMBOLIZER_ENTRIES) return;
    struct row *row = &l->rows[l->count++];
    memcpy(row->rgba, rgb, 3);
    row->rgba[3] = 255;
    row->label = label;
}

static void add_ramp(struct scope *s, struct legend *l, const struct ramp *ramp) {
    for (size_t i = 0; i < ramp->count; i++) {
        const struct ramp_stop *stop = &ramp->stops[i];
        const unsigned char rgb[3] = {stop->red, stop->green, stop->blue};
        add(l, rgb,
            stop->label ? scope_printf(s, "%g %s", (double)stop->at, stop->label) : scope_printf(s, "%g", (double)stop->at));
    }
}

static void add_entries(struct scope *s, struct legend *l, const struct symbolizer *symbolizer) {
    for (size_t i = 0; i < symbolizer->nentries; i++) {
        const struct map_entry *e = &symbolizer->entries[i];
        add(l, e->rgba, e->label ? e->label : scope_printf(s, "%g", e->quantity));
    }
}

/* Colours of a picture of three bands name the bands; of one band go from black to white. */
static void add_bands(struct legend *l, const struct layer *layer, const struct style *style) {
    static const unsigned char colours[3][3] = {{200, 30, 30}, {30, 150, 30}, {30, 60, 200}};
    static const unsigned char black[3] = {0, 0, 0};
    static const unsigned char white[3] = {255, 255, 255};
    const struct scene *scene = layer->scene;
    if (style->bands[2] < 0) {
        add(l, white, "high");
        add(l, black, "low");
        return;
    }
    if (scene->bands[style->bands[0]].visual) {
        add(l, colours[0], "red");
        add(l, colours[1], "green");
        add(l, colours[2], "blue");
        return;
    }
    for (int i = 0; i < 3; i++) add(l, colours[i], scene->bands[style->bands[i]].name);
}

static int draw(struct scope *s, const struct legend *l, int width, int height, struct picture *out) {
    int err = picture_new(s, width, height, out);
    if (err) return err;
    picture_background(out, 0xffffff);
    int row = l->count ? height / l->count : height;
    row = row > ROW ? ROW : row < 1 ? 1 : row;
    int swatch = width < SWATCH + 8 ? width : SWATCH;
    for (int y = 0; y < height && y / row < l->count; y++)
        for (int x = 0; x < swatch; x++)
            memcpy(out->rgba + 4 * ((size_t)y * (size_t)width + (size_t)x), l->rows[y / row].rgba, 4);
    for (int i = 0; i < l->count && row >= LETTER_HEIGHT; i++)
        lettering_line(out, swatch + 4, i * row + (row - LETTER_HEIGHT) / 2, l->rows[i].label, INK);
    return 0;
}

static bool read_side(const struct wms *w, const char *name, int usual, int *out) {
    const char *text = request_kvp(w->rq, name);
    *out = usual;
    if (!text || !*text || integer_parse(text, 1, SIDE_MOST, out)) return true;
    return wms_exception(w, 400, "InvalidParameterValue", name, "%s must be from 1 to %d.", name, SIDE_MOST);
}

static int answer(const struct wms *w, const struct picture *picture) {
    const void *data;
    size_t len;
    int err = picture_png(w->rq->scope, picture, &data, &len);
    return err ? wms_fail(w, err) : response_data(w->rs, 200, "image/png", data, len);
}

/* Of an expression: its colours as a bar, with numbers. */
static int answer_computed(const struct wms *w, const struct layer *layer) {
    struct complaint c;
    struct picture picture;
    int width, height;
    const struct ramp *ramp = computed_ramp(w->rq, &c);
    if (!ramp) return wms_exception(w, 400, "InvalidParameterValue", c.field, "%s", c.text);
    if (!read_side(w, "WIDTH", BAR_WIDTH, &width) || !read_side(w, "HEIGHT", BAR_HEIGHT, &height)) return 0;
    if (layer_not_modified(w->rq, w->rs, layer, 1, "legend")) return 0;
    int err = legend_down(w->rq->scope, ramp, width, height, &picture);
    return err ? wms_fail(w, err) : answer(w, &picture);
}

int wms_legend(struct wms *w) {
    struct layer layer;
    struct picture picture;
    const struct sld *sld;
    int width, height;
    const char *name = wms_need(w, "LAYER");
    if (!name || !wms_read_layer(w, "LAYER", name, &layer) || !wms_read_sld(w, &sld)) return 0;
    const char *format = request_kvp(w->rq, "FORMAT");
    if (format && *format && strncasecmp(format, "image/png", 9) != 0)
        return wms_exception(w, 400, "InvalidFormat", "FORMAT", "Legends are image/png.");
    const char *id = request_kvp(w->rq, "STYLE");
    const struct sld_layer *given = sld ? sld_find(sld, name) : NULL;
    const struct style *style;
    struct look look;
    if (!wms_read_look(w, &layer, "STYLE", id ? id : "", &look, &style)) return 0;
    if (style->made_up && !given) return answer_computed(w, &layer);

    struct legend *l = scope_alloc(w->rq->scope, sizeof *l);
    if (given && given->made && given->made->map != MAP_NONE)
        add_entries(w->rq->scope, l, given->made);
    else if (style->ramp)
        add_ramp(w->rq->scope, l, style->ramp);
    else
        add_bands(l, &layer, style);
    int usual = l->count * ROW < SIDE_MOST ? l->count * ROW : SIDE_MOST;
    if (!read_side(w, "WIDTH", WIDTH_USUAL, &width) || !read_side(w, "HEIGHT", usual, &height)) return 0;
    if (layer_not_modified(w->rq, w->rs, &layer, 1, "legend")) return 0;
    int err = draw(w->rq->scope, l, width, height, &picture);
    return err ? wms_fail(w, err) : answer(w, &picture);
}
