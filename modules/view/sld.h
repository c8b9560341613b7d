/* sld.h: styles that come with the request: SLD 1.0.0 (OGC 02-070), and 1.1.0 with Symbology Encoding 1.1 (05-078r4, 05-077r4).
 *
 * Served: NamedLayer with NamedStyle, or with UserStyle and one RasterSymbolizer: Opacity, ChannelSelection (red, green and
 * blue, or gray), ContrastEnhancement (Normalize, with the vendor options minValue and maxValue, and GammaValue), ColorMap
 * (ramp, intervals, values). What else there is, is refused with its name, but for what only describes. Nothing is ever
 * fetched.
 */
#ifndef NADIR_VIEW_SLD_H
#define NADIR_VIEW_SLD_H

#include "common/scope.h"
#include "view/symbolizer.h"

#define SLD_LAYERS 16
#define SLD_BODY_MOST 65536

struct sld_layer {
    const char *name;
    const char *style;             /* NamedStyle's name, or NULL */
    const struct symbolizer *made; /* UserStyle, or NULL */
};

struct sld {
    int count;
    struct sld_layer layers[SLD_LAYERS];
};

/** Reads a document. Memory is the scope's. NADIR_EINVAL with *why a sentence (in the scope) that says what is wrong. */
int sld_parse(struct scope *s, const char *text, struct sld *out, const char **why);

/** What the document says of a layer, or NULL. */
const struct sld_layer *sld_find(const struct sld *sld, const char *layer);

#endif
