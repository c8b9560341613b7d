/* wms.h: the Web Map Service 1.3.0 (OGC 06-042) and 1.1.1 (OGC 01-068r3). */
#ifndef NADIR_VIEW_WMS_H
#define NADIR_VIEW_WMS_H

#include "view/layer.h"
#include "view/sld.h"
#include "view/view.h"

#define WMS_LAYERS 16

struct wms {
    struct request *rq;
    struct response *rs;
    bool old; /* 1.1.1: SRS instead of CRS, X and Y instead of I and J, longitude always first */
    bool map; /* GetMap: exceptions may be asked for as pictures */
};

/* What GetMap and GetFeatureInfo have in common. */
struct wms_view {
    struct map map;
    struct times times;
    struct layer layers[WMS_LAYERS];
    struct look looks[WMS_LAYERS];
    int nlayers;
};

/** Answers a ServiceException with an OGC code, in the form that EXCEPTIONS asks for. Returns 0. */
int wms_exception(const struct wms *w, int status, const char *code, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/** The same for a negative enum nadir_error. */
int wms_fail(const struct wms *w, int err);

/* The readers answer the exception themselves and then return NULL or false. */

/** A parameter that must be there and not empty. */
const char *wms_need(const struct wms *w, const char *name);
/** Layers, styles (or an SLD), system, box, size and time. */
bool wms_read_view(const struct wms *w, struct wms_view *out);
/** One layer; below /view/wms/{collection}/{item} only that item's are there. */
bool wms_read_layer(const struct wms *w, const char *parameter, const char *name, struct layer *out);
/** How the layer is drawn in that style, its own or computed; *style (may be NULL) as layer_look gives it. */
bool wms_read_look(const struct wms *w, const struct layer *layer, const char *parameter, const char *id, struct look *out,
                   const struct style **style);
/** The number of 0xRRGGBB. False if it is none. */
bool wms_read_colour(const char *text, unsigned *out);
/** SLD_BODY, if there is one: *out is NULL otherwise. */
bool wms_read_sld(const struct wms *w, const struct sld **out);

int wms_capabilities(struct wms *w);
int wms_map(struct wms *w);
int wms_feature_info(struct wms *w);
int wms_legend(struct wms *w);

#endif
