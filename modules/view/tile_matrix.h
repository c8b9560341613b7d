/* tile_matrix.h: the tile matrix sets (OGC 17-083r4, Two Dimensional Tile Matrix Set 2.0) that maps are cut into.
 *
 *   WebMercatorQuad, WorldCRS84Quad   as registered (annex D)
 *   UTM01WGS84Quad … UTM60WGS84Quad   as registered: northern zones that reach to the south pole
 *   EPSG:4326                         WorldCRS84Quad in the system's own name and order of axes, for clients that know only
 * EPSG codes
 */
#ifndef NADIR_VIEW_TILE_MATRIX_H
#define NADIR_VIEW_TILE_MATRIX_H

#include <jansson.h>

#include "view/grid.h"

#define TILE_SIDE 256
#define TILE_SETS 3 /* those that every layer has */

struct tile_set {
    char id[24];
    const char *title;
    struct crs crs;
    char crs_uri[56], crs_urn[40];
    const char *scale_set;  /* the well-known one's URN, or NULL */
    const char *registered; /* URI, or NULL */
    double left, top;       /* upper left corner of the first column and row */
    double cell;            /* side of a pixel at level `first` */
    int columns, rows;      /* tiles at level `first`; twice as many at each further one */
    int first, last;        /* levels; their names are their numbers */
};

/** The set of that id. False if there is none. */
bool tile_set_find(const char *id, struct tile_set *out);

/** The i-th (from 0) of those that every layer has. */
void tile_set_at(int i, struct tile_set *out);

/** The UTM zone's set that fits a box in longitude and latitude; false where none does (polar, or too wide). */
bool tile_set_utm(const double box[4], struct tile_set *out);

/** Side of a pixel at a level, in units of the system. */
double tile_set_cell(const struct tile_set *set, int level);
/** Scale denominator for pixels of 0.28 mm (clause 6.1.1). */
double tile_set_scale(const struct tile_set *set, int level);
int tile_set_columns(const struct tile_set *set, int level);
int tile_set_rows(const struct tile_set *set, int level);

/** The map that a tile is. The level, row and column must be within the set. */
void tile_set_map(const struct tile_set *set, int level, int row, int column, struct map *out);

/** The definition as JSON (annex C of 17-083r4). */
json_t *tile_set_json(const struct tile_set *set);

#endif
