/* html_map.c: where a scene lies: its outline in a grid of longitude and latitude, and its place in the world. */
#include <math.h>

#include "discovery/html.h"

struct frame {
    double west, south, east, north;
};

static void frame_add(struct frame *f, double lon, double lat) {
    if (lon < f->west) f->west = lon;
    if (lon > f->east) f->east = lon;
    if (lat < f->south) f->south = lat;
    if (lat > f->north) f->north = lat;
}

/* Longitudes west of 0 are drawn behind 180 where the outline crosses the antimeridian. */
static double unrolled(double lon, bool crosses) {
    return crosses && lon < 0 ? lon + 360 : lon;
}

static bool is_position(const json_t *a) {
    return json_array_size(a) >= 2 && json_is_number(json_array_get(a, 0)) && json_is_number(json_array_get(a, 1));
}

static void positions_frame(const json_t *a, bool crosses, struct frame *f) {
    size_t at;
    json_t *inner;
    if (is_position(a)) {
        frame_add(f, unrolled(json_number_value(json_array_get(a, 0)), crosses), json_number_value(json_array_get(a, 1)));
        return;
    }
    json_array_foreach((json_t *)a, at, inner) positions_frame(inner, crosses, f);
}

/* Draws every list of positions as a path (or a point as a dot); y is scaled so that degrees look alike at this latitude. */
static void positions_draw(struct html *h, const json_t *a, bool crosses, double scale, double dot) {
    size_t at;
    json_t *inner;
    if (is_position(a)) {
        html_add(h, "<circle cx=\"%.4f\" cy=\"%.4f\" r=\"%.4f\"/>", unrolled(json_number_value(json_array_get(a, 0)), crosses),
                 -scale * json_number_value(json_array_get(a, 1)), dot);
        return;
    }
    if (json_array_size(a) > 0 && is_position(json_array_get(a, 0))) {
        size_t step = json_array_size(a) / 400 + 1; /* a drawing needs no more corners */
        html_add(h, "<path d=\"");
        json_array_foreach((json_t *)a, at, inner) {
            if (at % step != 0 || !is_position(inner)) continue;
            html_add(h, "%c%.4f %.4f", at ? 'L' : 'M', unrolled(json_number_value(json_array_get(inner, 0)), crosses),
                     -scale * json_number_value(json_array_get(inner, 1)));
        }
        html_add(h, "Z\"/>");
        return;
    }
    json_array_foreach((json_t *)a, at, inner) positions_draw(h, inner, crosses, scale, dot);
}

/* A step of the grid that gives two to six lines. */
static double grid_step(double span) {
    static const double steps[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (span / steps[i] <= 5) return steps[i];
    return 90;
}

static void grid_draw(struct html *h, const struct frame *f, double scale, double letter) {
    double step = grid_step(f->east - f->west > f->north - f->south ? f->east - f->west : f->north - f->south);
    int digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
    html_add(h, "<g class=\"grid\">");
    int west = (int)ceil(f->west / step), south = (int)ceil(f->south / step);
    for (int i = west; i * step < f->east; i++) {
        double lon = i * step, shown = lon > 180 ? lon - 360 : lon;
        html_add(h, "<path d=\"M%.4f %.4fV%.4f\"/>", lon, -scale * f->north, -scale * f->south);
        html_add(h, "<text x=\"%.4f\" y=\"%.4f\" font-size=\"%.4f\">%.*f°%s</text>", lon + letter / 4,
                 -scale * f->south - letter / 3, letter, digits, fabs(shown),
                 shown < 0   ? "W"
                 : shown > 0 ? "E"
                             : "");
    }
    for (int i = south; i * step < f->north; i++) {
        double lat = i * step;
        html_add(h, "<path d=\"M%.4f %.4fH%.4f\"/>", f->west, -scale * lat, f->east);
        html_add(h, "<text x=\"%.4f\" y=\"%.4f\" font-size=\"%.4f\">%.*f°%s</text>", f->west + letter / 4,
                 -scale * lat - letter / 4, letter, digits, fabs(lat),
                 lat < 0   ? "S"
                 : lat > 0 ? "N"
                           : "");
    }
    html_add(h, "</g>");
}

static void world_draw(struct html *h, double lon, double lat) {
    html_add(h,
             "<svg class=\"world\" viewBox=\"-180 -90 360 180\" aria-hidden=\"true\"><rect x=\"-180\" y=\"-90\" width=\"360\" "
             "height=\"180\"/><path d=\"M-180 0H180M0 -90V90M-90 -90V90M90 -90V90M-180 -45H180M-180 45H180\"/>");
    html_add(h, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"9\"/></svg>", lon > 180 ? lon - 360 : lon, -lat);
}

void html_map(struct html *h, const json_t *geometry, const json_t *bbox, bool small) {
    double box[4] = {0};
    size_t n = json_array_size(bbox);
    for (size_t i = 0; n == 4 && i < 4; i++) box[i] = json_number_value(json_array_get(bbox, i));
    for (size_t i = 0; n == 6 && i < 4; i++) box[i] = json_number_value(json_array_get(bbox, i < 2 ? i : i + 1));
    bool crosses = box[0] > box[2], boxed = n == 4 || n == 6;
    struct frame f = {1e9, 1e9, -1e9, -1e9};
    const json_t *positions = json_object_get(geometry, "coordinates");
    if (positions)
        positions_frame(positions, crosses, &f);
    else if (boxed) {
        frame_add(&f, box[0], box[1]);
        frame_add(&f, unrolled(box[2], crosses), box[3]);
    }
    if (f.west > f.east) return;
    struct frame drawn = f;
    double middle = (f.south + f.north) / 2, scale = 1 / fmax(cos(middle * M_PI / 180), 0.2);
    double width = fmax(f.east - f.west, 0.05), height = fmax(f.north - f.south, 0.05);
    double pad = fmax(width, height * scale) * (small ? 0.15 : 0.3);
    double aside = fmin(pad, fmax(0, (360 - width) / 2)); /* the world is shown once */
    f = (struct frame){f.west - aside, fmax(f.south - pad / scale, -90), f.east + aside, fmin(f.north + pad / scale, 90)};
    double shown_width = f.east - f.west, shown_height = (f.north - f.south) * scale;
    double letter = fmax(shown_width, shown_height) / 26;
    html_add(h,
             "<figure class=\"map%s\"><svg class=\"outline\" role=\"img\" aria-label=\"%s\" viewBox=\"%.4f %.4f %.4f %.4f\">",
             small ? " small" : "", html_say(h, SAY_FOOTPRINT), f.west, -scale * f.north, shown_width, shown_height);
    if (!small) grid_draw(h, &f, scale, letter);
    html_add(h, "<g class=\"shape\">");
    if (positions)
        positions_draw(h, positions, crosses, scale, letter / 2);
    else
        html_add(h, "<rect x=\"%.4f\" y=\"%.4f\" width=\"%.4f\" height=\"%.4f\"/>", drawn.west, -scale * drawn.north,
                 drawn.east - drawn.west, (drawn.north - drawn.south) * scale);
    html_add(h, "</g></svg>");
    if (!small && width < 90) world_draw(h, (drawn.west + drawn.east) / 2, middle);
    html_add(h, "</figure>");
}
