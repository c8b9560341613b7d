/* source.h: which products lie at a path. */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include "product.h"

#define FOUND_MOST 256

enum product_kind { PRODUCT_LANDSAT, PRODUCT_SENTINEL1, PRODUCT_SENTINEL2, PRODUCT_RASTER };

struct found {
    enum product_kind kind;
    const char *folder;   /* what paths in the metadata are relative to */
    const char *metadata; /* MTL, manifest.safe or MTD file; a raster itself; or a folder of rasters */
};

struct found_list {
    struct found list[FOUND_MOST];
    int count;
};

/** Looks for products in a folder (three levels deep) or at a file. Refused when there is none. */
int source_find(struct scope *s, const char *path, struct found_list *out, struct refusal *r);
/** The file of that name in a folder, ignoring case (providers' lists and files differ in it), or NULL. In the scope. */
const char *source_file(struct scope *s, const char *folder, const char *name);
/** Names in a folder that end like a raster, sorted; at most BANDS_MOST. In the scope. */
int source_rasters(struct scope *s, const char *folder, const char **out);
bool ends_with(const char *text, const char *end);

#endif
