/* wmts.h: the Web Map Tile Service 1.0.0 (OGC 07-057r7), by parameters and by addresses. */
#ifndef NADIR_VIEW_WMTS_H
#define NADIR_VIEW_WMTS_H

#include "view/layer.h"
#include "view/tile_matrix.h"
#include "view/view.h"

struct wmts {
    struct request *rq;
    struct response *rs;
};

/* GetTile's and GetFeatureInfo's parameters as text, however they came. */
struct wmts_tile {
    const char *layer, *style, *time, *format, *set, *level, *row, *column;
    const char *i, *j; /* GetFeatureInfo only */
};

/** Answers an OWS exception. Returns 0. */
int wmts_exception(const struct wmts *w, int status, const char *code, const char *locator, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** What the rest of an address after /view/wmts/1.0.0/ names (clause 10): layer/style[/time=…]/set/level/row/column.png, and
 * for GetFeatureInfo …/column/j/i.json. Texts are the scope's. False when it is no such address. */
bool wmts_address_parse(struct scope *s, const char *rest, struct wmts_tile *out);

int wmts_capabilities(const struct wmts *w);
int wmts_get_tile(const struct wmts *w, const struct wmts_tile *t);
int wmts_feature_info(const struct wmts *w, const struct wmts_tile *t);

#endif
