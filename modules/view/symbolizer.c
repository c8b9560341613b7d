#include "view/symbolizer.h"

#include <math.h>
#include <string.h>

#include "view/numbers.h"

#define LEVELS 256

static bool of_asset(const struct band *band, const char *asset) {
    return !asset || strcmp(band->asset, asset) == 0;
}

/* A band by its name, or by its number among those that are not of the ready-made picture. */
static int band_find(const struct scene *scene, const char *asset, const char *name) {
    int wanted = 0;
    int number = 0;
    for (int i = 0; i < scene->nbands; i++)
        if (of_asset(&scene->bands[i], asset) && strcmp(scene->bands[i].name, name) == 0) return i;
    if (!integer_parse(name, 1, SCENE_BANDS, &wanted)) return -1;
    for (int i = 0; i < scene->nbands; i++)
        if (of_asset(&scene->bands[i], asset) && (!scene->bands[i].visual || asset) && ++number == wanted) return i;
    return -1;
}

/* The first style of the scene, or of the asset: where its bands come from when no channel is chosen. */
static const struct style *usual(const struct scene *scene, const char *asset) {
    for (int i = 0; i < scene->nstyles; i++)
        if (of_asset(&scene->bands[scene->styles[i].bands[0]], asset)) return &scene->styles[i];
    return NULL;
}

int symbolizer_style(const struct symbolizer *symbolizer, const struct scene *scene, const char *asset, struct style *out) {
    const struct style *otherwise = usual(scene, asset);
    if (!otherwise) return NADIR_EINVAL;
    *out = (struct style){.id = "sld", .title = "SLD", .kind = STYLE_SYMBOL, .bands = {-1, -1, -1}, .symbolizer = symbolizer};
    for (int i = 0; i < symbolizer->nchannels; i++) {
        const char *name = symbolizer->channels[i].band;
        int band = name ? band_find(scene, asset, name) : otherwise->bands[i];
        if (!name && band < 0) band = otherwise->bands[0]; /* a scene of one band in three channels is gray */
        if (band < 0) return NADIR_EINVAL;
        out->bands[i] = band;
    }
    return 0;
}

static unsigned char level(double v) {
    return (unsigned char)lround(fmin(fmax(v, 0), 255));
}

void symbolizer_colour(const struct symbolizer *symbolizer, double value, unsigned char rgba[4]) {
    const struct map_entry *e = symbolizer->entries;
    size_t n = symbolizer->nentries;
    size_t low = 0; /* of the entries before `low`, all are at most value */
    size_t high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (e[middle].quantity <= value)
            low = middle + 1;
        else
            high = middle;
    }
    memset(rgba, 0, 4);
    if (symbolizer->map == MAP_VALUES) {
        if (low && !(e[low - 1].quantity < value)) memcpy(rgba, e[low - 1].rgba, 4);
    } else if (symbolizer->map == MAP_INTERVALS) { /* an entry ends an interval that it is not in */
        if (low < n) memcpy(rgba, e[low].rgba, 4);
    } else if (low == 0 || low == n) {
        memcpy(rgba, e[low ? n - 1 : 0].rgba, 4);
    } else {
        const struct map_entry *a = &e[low - 1];
        const struct map_entry *b = &e[low];
        double t = (value - a->quantity) / (b->quantity - a->quantity);
        for (int c = 0; c < 4; c++) rgba[c] = level(a->rgba[c] + t * (b->rgba[c] - a->rgba[c]));
    }
}

static void paint_map(const struct symbolizer *symbolizer, const float *plane, const unsigned char *valid, size_t n,
                      unsigned char *rgba) {
    float last = NAN; /* neighbours are often alike */
    unsigned char colour[4] = {0};
    for (size_t i = 0; i < n; i++) {
        if (!(plane[i] >= last && plane[i] <= last)) {
            last = plane[i];
            symbolizer_colour(symbolizer, (double)last, colour);
            colour[3] = level(colour[3] * symbolizer->opacity);
        }
        if (valid[i])
            memcpy(rgba + 4 * i, colour, 4);
        else
            memset(rgba + 4 * i, 0, 4);
    }
}

/* Gamma is done by a table of levels: 255 (v / 255)^(1 / gamma). */
static void gamma_table(double gamma, unsigned char table[LEVELS]) {
    for (int i = 0; i < LEVELS; i++) table[i] = level(255 * pow(i / 255.0, 1 / gamma));
}

void symbolizer_paint(const struct symbolizer *symbolizer, const float *const planes[3], const struct stretch stretches[3],
                      const unsigned char *valid, size_t n, unsigned char *rgba) {
    if (symbolizer->map != MAP_NONE) {
        paint_map(symbolizer, planes[0], valid, n, rgba);
        return;
    }
    const float *shown[3];
    struct stretch ranges[3];
    unsigned char tables[3][LEVELS];
    unsigned char alpha = level(255 * symbolizer->opacity);
    for (int i = 0; i < 3; i++) {
        int c = symbolizer->nchannels == 3 ? i : 0;
        const struct channel *channel = &symbolizer->channels[c];
        shown[i] = planes[c];
        ranges[i] = channel->has_range ? channel->range : stretches[c];
        gamma_table(channel->gamma, tables[i]);
    }
    colour_rgb(shown, ranges, valid, n, rgba);
    for (size_t i = 0; i < n; i++) {
        unsigned char *pixel = rgba + 4 * i;
        if (!pixel[3]) continue;
        for (int c = 0; c < 3; c++) pixel[c] = tables[c][pixel[c]];
        pixel[3] = alpha;
    }
}
