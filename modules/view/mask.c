#include "view/mask.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define BLOCK 512

enum classification { CLASSES_NONE, CLASSES_SCL, CLASSES_QA };

static enum classification find(const struct scene *scene, int *band) {
    *band = scene_band_index(scene, "scl");
    if (*band >= 0) return CLASSES_SCL;
    *band = scene_band_index(scene, "qa_pixel");
    return *band >= 0 ? CLASSES_QA : CLASSES_NONE;
}

bool mask_known(const struct scene *scene) {
    int band;
    return find(scene, &band) != CLASSES_NONE;
}

static void apply(enum classification kind, const float *plane, const unsigned char *there, size_t n, unsigned char *valid) {
    enum { SCL_GROUND = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 11, QA_UNSEEN = 0x1f };
    for (size_t i = 0; i < n; i++) {
        unsigned class = plane[i] > 0 && plane[i] < 65536 ? (unsigned)plane[i] : 0;
        bool ground = kind == CLASSES_SCL ? class < 12 && (SCL_GROUND >> class & 1) : class && !(class & QA_UNSEEN);
        if (!there[i] || !ground) valid[i] = 0;
    }
}

int mask_block(struct scope *s, const struct scene *scene, const struct map *map, const struct block *b, unsigned char *valid) {
    struct style style = {.id = "mask", .kind = STYLE_RAMP, .nearest = true};
    struct drawing d = {.scope = s, .scene = scene, .style = &style, .map = map};
    enum classification kind = find(scene, &style.bands[0]);
    struct raster *raster;
    struct block touched;
    size_t n = (size_t)b->width * (size_t)b->height;
    if (kind == CLASSES_NONE) return NADIR_ENOTFOUND;
    int err = scene_raster(s, scene, style.bands[0], &raster);
    if (err) return err;
    if (!grid_touched(map, raster, &touched)) {
        memset(valid, 0, n);
        return 0;
    }
    err = drawing_begin(&d, &touched, b->width, b->height);
    if (!err) err = drawing_sample(&d, b);
    if (!err) apply(kind, d.planes[0], d.valid, n, valid);
    drawing_end(&d);
    return err;
}

int mask_picture(struct scope *s, const struct scene *scene, const struct map *map, struct picture *picture) {
    unsigned char *valid = malloc((size_t)BLOCK * BLOCK);
    int err = valid ? 0 : NADIR_ENOMEM;
    for (int y = 0; !err && y < picture->height; y += BLOCK) {
        for (int x = 0; !err && x < picture->width; x += BLOCK) {
            struct block b = {x, y, picture->width - x, picture->height - y};
            b.width = b.width < BLOCK ? b.width : BLOCK;
            b.height = b.height < BLOCK ? b.height : BLOCK;
            memset(valid, 1, (size_t)b.width * (size_t)b.height);
            err = scope_left_ms(s, 1000) > 0 ? mask_block(s, scene, map, &b, valid) : NADIR_ETIMEOUT;
            for (int i = 0; !err && i < b.width * b.height; i++)
                if (!valid[i])
                    memset(picture->rgba + 4 * ((size_t)(y + i / b.width) * (size_t)picture->width + (size_t)(x + i % b.width)),
                           0, 4);
        }
    }
    free(valid);
    return err;
}
