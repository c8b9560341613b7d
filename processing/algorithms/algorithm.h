/* algorithm.h: the built-in algorithms. Each is a subcommand of nadir-algorithm and runs in the same sandbox as a scientist's
 * own: it reads /in/job.json and the bands that this names, writes /out/result.tif and tells its progress on stdout.
 * Functions return the process's exit status: 0, or 2 after a line on stderr that says what is wrong. */
#ifndef NADIR_ALGORITHM_H
#define NADIR_ALGORITHM_H

#include <gdal.h>
#include <jansson.h>
#include <stdbool.h>

#define FAILED 2

/** One band of an input scene, with what turns its numbers into physical values: value = number * scale + offset. */
struct band {
    GDALDatasetH dataset;
    GDALRasterBandH raster;
    GDALRasterBandH mask; /* 0: not valid */
    int width, height;
    double scale, offset;
    double nodata; /* NaN: none */
};

/** Reads a job file. NULL after a message. The caller's reference. */
json_t *job_read(const char *path);
/** Opens the asset of a scene input; scale, offset and nodata are raster:bands' where given, otherwise the file's own.
 *  Returns 0 or FAILED after a message. Close with band_close. */
int band_open(const json_t *job, const char *input, const char *asset, struct band *out);
void band_close(struct band *b);
/** Reads a window as physical values; invalid pixels become NaN. buffer holds width*height. Returns 0 or FAILED. */
int band_read(const struct band *b, int x, int y, int width, int height, double *buffer);

/** Writes "progress <percent> <message>" when the percentage has changed. */
void progress_say(int percent, const char *message);
/** Writes a line on stderr and returns FAILED. */
int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Normalised difference vegetation index (nir - red) / (nir + red), Rouse et al. 1974, of scene input "scene", as float32. */
int ndvi_run(const char *job, const char *result);

/** Turns an untrusted result into a product: <key>.tif (COG), visual.tif, thumbnail.png and facts.json in `folder`. */
int product_run(const char *result, const char *folder, const char *key);

/** Makes visual.tif (8-bit RGB JPEG COG with a mask) and thumbnail.png (at most 512 px) of a raster. low and high are each
 *  shown band's stretch. */
struct stretch {
    int band;
    double low, high;
};
int picture_make(GDALDatasetH raster, const struct stretch *stretch, int bands, const char *key, const char *folder);

/** What a STAC item says of a raster: size, CRS, footprint, statistics. NULL after a message. `stretch` gets 1 or 3 entries and
 *  *shown their count. The caller's reference. */
json_t *facts_of(GDALDatasetH raster, struct stretch stretch[3], int *shown);

#endif
