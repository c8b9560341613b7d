/* product.h: the files of a result, from the attempt's folder to NADIR_DATA/results/<job>/. */
#ifndef NADIR_RUNNER_PRODUCT_H
#define NADIR_RUNNER_PRODUCT_H

#include <jansson.h>
#include <stdint.h>

#include "processing/runner/stage.h"

#define PRODUCT_FILES 3

struct product_file {
    const char *asset, *name; /* "ndvi", "ndvi.tif" */
    int64_t size;
    char sha256[65];
};

struct product {
    const char *job, *key, *folder, *data;
    struct product_file files[PRODUCT_FILES]; /* the data, visual, thumbnail */
    const json_t *facts;                      /* checked */
    const char *title;                        /* from the program's own result.json; NULL: none */
    json_t *properties;                       /* likewise; NULL: none */
};

/** Gathers what the product step made: moves the files to folder/product, takes their sizes and digests, reads the facts and
 * the program's own result.json. Returns 0, or negative with *why for the job's record. */
int product_collect(struct scope *s, struct product *p, stage_beat beat, void *context, const char **why);

/** Puts folder/product in its final place, over what an earlier attempt may have left there. May be called again. For
 *  queue_succeed. context is a struct product. */
int product_publish(void *context);

#endif
