/* mtl.h: Landsat's MTL metadata in its three forms (ODL text, XML, JSON) as one list of group, name, value. */
#ifndef INGEST_MTL_H
#define INGEST_MTL_H

#include "product.h"

struct mtl_entry {
    const char *group, *name, *value;
};

struct mtl {
    struct mtl_entry *list;
    size_t count, room;
    struct scope *scope;
};

int mtl_open(struct scope *s, const char *path, struct mtl *out, struct refusal *r);
/** The first value of that name: the product's own, as a Level-2 file repeats its Level-1 source's after it. NULL if absent. */
const char *mtl_text(const struct mtl *m, const char *name);
/** As a number; false if absent or not a number. */
bool mtl_number(const struct mtl *m, const char *name, double *out);

#endif
