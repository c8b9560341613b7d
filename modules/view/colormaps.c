/* colormaps.c: evenly spaced colours of ramps that maps of numbers are usually drawn with.
 *
 * viridis, magma, inferno and plasma are S. van der Walt's and N. Smith's (CC0), cividis of Nunez, Anderton and Renslow (2018),
 * the others ColorBrewer's (C. Brewer, Apache-2.0). A trailing "_r" turns any of them around.
 */
#include "view/colormaps.h"

#include <string.h>

#include "view/style.h"

#define COLOURS_MOST 16

static const struct {
    const char *name;
    unsigned colours[COLOURS_MOST]; /* 0xRRGGBB */
    int count;
} colormaps[] = {
    {"gray", {0x000000, 0xffffff}, 2},
    {"viridis",
     {0x440154, 0x482475, 0x414487, 0x355f8d, 0x2a788e, 0x21918c, 0x22a884, 0x44bf70, 0x7ad151, 0xbddf26, 0xfde725},
     11},
    {"magma",
     {0x000004, 0x140e36, 0x3b0f70, 0x641a80, 0x8c2981, 0xb73779, 0xde4968, 0xf7705c, 0xfe9f6d, 0xfecf92, 0xfcfdbf},
     11},
    {"inferno",
     {0x000004, 0x160b39, 0x420a68, 0x6a176e, 0x932667, 0xbc3754, 0xdd513a, 0xf37819, 0xfca50a, 0xf6d746, 0xfcffa4},
     11},
    {"plasma",
     {0x0d0887, 0x41049d, 0x6a00a8, 0x8f0da4, 0xb12a90, 0xcc4778, 0xe16462, 0xf2844b, 0xfca636, 0xfcce25, 0xf0f921},
     11},
    {"cividis", {0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xe1cc55, 0xfee838}, 10},
    {"rdylgn",
     {0xa50026, 0xd73027, 0xf46d43, 0xfdae61, 0xfee08b, 0xffffbf, 0xd9ef8b, 0xa6d96a, 0x66bd63, 0x1a9850, 0x006837},
     11},
    {"rdbu",
     {0x67001f, 0xb2182b, 0xd6604d, 0xf4a582, 0xfddbc7, 0xf7f7f7, 0xd1e5f0, 0x92c5de, 0x4393c3, 0x2166ac, 0x053061},
     11},
    {"blues", {0xf7fbff, 0xdeebf7, 0xc6dbef, 0x9ecae1, 0x6baed6, 0x4292c6, 0x2171b5, 0x08519c, 0x08306b}, 9},
    {"ylgn", {0xffffe5, 0xf7fcb9, 0xd9f0a3, 0xaddd8e, 0x78c679, 0x41ab5d, 0x238443, 0x006837, 0x004529}, 9},
};

/* Ramps of the built-in styles, with stops of their own. */
static const struct {
    const char *name;
    const struct ramp *ramp;
} own[] = {{"vegetation", &ramp_vegetation}, {"water", &ramp_water}, {"elevation", &ramp_elevation}};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct ramp *ramp_new(struct scope *s, size_t count, struct ramp_stop **stops) {
    struct ramp *ramp = scope_alloc(s, sizeof *ramp);
    *stops = scope_alloc(s, count * sizeof **stops);
    *ramp = (struct ramp){*stops, count};
    return ramp;
}

static const struct ramp *even_ramp(struct scope *s, const unsigned *colours, int count, bool turned,
                                    const struct stretch *range) {
    struct ramp_stop *stops;
    struct ramp *ramp = ramp_new(s, (size_t)count, &stops);
    for (int i = 0; i < count; i++) {
        unsigned c = colours[turned ? count - 1 - i : i];
        double at = range->low + (range->high - range->low) * i / (count - 1);
        stops[i] = (struct ramp_stop){(float)at, (unsigned char)(c >> 16), (unsigned char)(c >> 8), (unsigned char)c, NULL};
    }
    return ramp;
}

/* A ramp's stops moved to another range, and turned around. */
static const struct ramp *moved_ramp(struct scope *s, const struct ramp *from, bool turned, const struct stretch *range) {
    struct ramp_stop *stops;
    struct ramp *ramp = ramp_new(s, from->count, &stops);
    double low = (double)from->stops[0].at;
    double high = (double)from->stops[from->count - 1].at;
    double to_low = range ? range->low : low;
    double to_high = range ? range->high : high;
    for (size_t i = 0; i < from->count; i++) {
        stops[i] = from->stops[turned ? from->count - 1 - i : i];
        double share = ((double)stops[i].at - low) / (high - low);
        if (turned) share = 1 - share;
        stops[i].at = (float)(to_low + (to_high - to_low) * share);
        if (range) stops[i].label = NULL;
    }
    return ramp;
}

const struct ramp *colormap_get(struct scope *s, const char *name, const struct stretch *range) {
    size_t len = strlen(name);
    bool turned = len > 2 && strcmp(name + len - 2, "_r") == 0;
    const char *plain = turned ? scope_strndup(s, name, len - 2) : name;
    for (size_t i = 0; i < COUNT(own); i++)
        if (strcmp(own[i].name, plain) == 0) return moved_ramp(s, own[i].ramp, turned, range);
    for (size_t i = 0; i < COUNT(colormaps); i++) {
        if (strcmp(colormaps[i].name, plain) != 0) continue;
        return even_ramp(s, colormaps[i].colours, colormaps[i].count, turned, range ? range : &(struct stretch){0, 1});
    }
    return NULL;
}

json_t *colormap_list(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT(colormaps); i++) json_array_append_new(list, json_string(colormaps[i].name));
    for (size_t i = 0; i < COUNT(own); i++) json_array_append_new(list, json_string(own[i].name));
    return list;
}
