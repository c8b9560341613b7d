/* wms_map.c: GetMap (OGC 06-042 clause 7.3). */
#include <string.h>
#include <strings.h>

#include "view/wms.h"

/* What the picture is made of. */
struct paper {
    enum picture_format format;
    bool transparent;
    unsigned background;
};

static bool read_paper(const struct wms *w, struct paper *out) {
    const char *format = wms_need(w, "FORMAT");
    if (!format) return false;
    const char *transparent = request_kvp(w->rq, "TRANSPARENT");
    const char *colour = request_kvp(w->rq, "BGCOLOR");
    *out = (struct paper){.format = FORMAT_PNG, .background = 0xffffff};
    if (strcasecmp(format, "image/jpeg") == 0)
        out->format = FORMAT_JPEG;
    else if (strncasecmp(format, "image/png", 9) != 0 || (format[9] && format[9] != ';'))
        return wms_exception(w, 400, "InvalidFormat", "FORMAT", "The formats are image/png and image/jpeg.");
    if (transparent && strcasecmp(transparent, "TRUE") == 0)
        out->transparent = out->format == FORMAT_PNG;
    else if (transparent && *transparent && strcasecmp(transparent, "FALSE") != 0)
        return wms_exception(w, 400, "InvalidParameterValue", "TRANSPARENT", "TRANSPARENT must be TRUE or FALSE.");
    if (colour && *colour && !wms_read_colour(colour, &out->background))
        return wms_exception(w, 400, "InvalidParameterValue", "BGCOLOR", "BGCOLOR must look like 0xFFFFFF.");
    return true;
}

/* The leftmost layer lies below (clause 7.3.3.3). */
static int draw(const struct wms *w, const struct wms_view *v, struct picture *out, const struct layer **failed) {
    for (int i = 0; i < v->nlayers; i++) {
        struct picture picture;
        *failed = &v->layers[i];
        int err = layer_draw(w->rq, &v->layers[i], &v->looks[i], &v->times, &v->map, i ? &picture : out);
        if (err) return err;
        if (i) picture_over(out, &picture);
        layer_count(&v->layers[i], 0);
    }
    return 0;
}

int wms_map(struct wms *w) {
    struct wms_view v;
    struct paper paper;
    struct picture picture;
    const void *data;
    size_t len;
    if (!wms_read_view(w, &v) || !read_paper(w, &paper)) return 0;
    /* The address has its own entry in every cache, so that the layers' versions are all there is to tell apart. */
    if (layer_not_modified(w->rq, w->rs, v.layers, v.nlayers, "")) return 0;
    const struct layer *failed = NULL;
    int err = draw(w, &v, &picture, &failed);
    if (err == NADIR_ETOOLARGE && failed && failed->kind == LAYER_COLLECTION)
        return wms_exception(w, 400, "InvalidParameterValue", "BBOX", "%s", layer_too_many(w->rq, failed));
    if (err) return wms_fail(w, err);
    if (!paper.transparent) picture_background(&picture, paper.background);
    err = paper.format == FORMAT_JPEG ? picture_jpeg(w->rq->scope, &picture, &data, &len)
                                      : picture_png(w->rq->scope, &picture, &data, &len);
    if (err) return wms_fail(w, err);
    return response_data(w->rs, 200, paper.format == FORMAT_JPEG ? "image/jpeg" : "image/png", data, len);
}
