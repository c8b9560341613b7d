#include "view/tile_matrix.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "view/numbers.h"

#define METRES_A_DEGREE 111319.49079327358 /* of the equator of WGS 84 */
#define PIXEL_M 0.00028
#define REGISTER "http://www.opengis.net/def/tilematrixset/OGC/1.0/"

static const struct tile_set sets[TILE_SETS] = {
    {"WebMercatorQuad",
     "Google Maps compatible, for the world",
     {.epsg = 3857},
     "http://www.opengis.net/def/crs/EPSG/0/3857",
     "urn:ogc:def:crs:EPSG::3857",
     "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible",
     REGISTER "WebMercatorQuad",
     -MERCATOR_HALF,
     MERCATOR_HALF,
     2 * MERCATOR_HALF / TILE_SIDE,
     1,
     1,
     0,
     24},
    {"WorldCRS84Quad",
     "Longitude and latitude, for the world",
     {.epsg = 4326, .geographic = true},
     "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
     "urn:ogc:def:crs:OGC:1.3:CRS84",
     "urn:ogc:def:wkss:OGC:1.0:GoogleCRS84Quad",
     REGISTER "WorldCRS84Quad",
     -180,
     90,
     180.0 / TILE_SIDE,
     2,
     1,
     0,
     23},
    {"EPSG:4326",
     "Latitude and longitude, for the world",
     {.epsg = 4326, .geographic = true, .lat_first = true},
     "http://www.opengis.net/def/crs/EPSG/0/4326",
     "urn:ogc:def:crs:EPSG::4326",
     NULL,
     NULL,
     -180,
     90,
     180.0 / TILE_SIDE,
     2,
     1,
     0,
     23},
};

/* All zones have one grid: 256 pixels are the 20003931.4586255 m from the equator to a pole, and its middle is the central
 * meridian. */
static void utm(int zone, struct tile_set *out) {
    const double quarter = 20003931.4586255;
    *out = (struct tile_set){.title = "Universal Transverse Mercator on WGS 84",
                             .crs = {.epsg = 32600 + zone},
                             .left = 500000 - quarter / 2,
                             .top = quarter,
                             .cell = quarter / TILE_SIDE,
                             .columns = 1,
                             .rows = 2,
                             .first = 1,
                             .last = 23};
    (void)snprintf(out->id, sizeof out->id, "UTM%02dWGS84Quad", zone);
    (void)snprintf(out->crs_uri, sizeof out->crs_uri, "http://www.opengis.net/def/crs/EPSG/0/%d", out->crs.epsg);
    (void)snprintf(out->crs_urn, sizeof out->crs_urn, "urn:ogc:def:crs:EPSG::%d", out->crs.epsg);
}

bool tile_set_find(const char *id, struct tile_set *out) {
    int zone;
    char digits[3] = "";
    for (int i = 0; i < TILE_SETS; i++) {
        if (strcmp(id, sets[i].id) != 0) continue;
        *out = sets[i];
        return true;
    }
    if (strlen(id) != 14 || strncmp(id, "UTM", 3) != 0 || strcmp(id + 5, "WGS84Quad") != 0) return false;
    memcpy(digits, id + 3, 2);
    if (!integer_parse(digits, 1, 60, &zone)) return false;
    utm(zone, out);
    return true;
}

void tile_set_at(int i, struct tile_set *out) {
    *out = sets[i];
}

bool tile_set_utm(const double box[4], struct tile_set *out) {
    if (box[2] < box[0] || box[2] - box[0] > 12 || box[1] < -80 || box[3] > 84) return false;
    utm((int)fmin(fmax(floor(((box[0] + box[2]) / 2 + 180) / 6) + 1, 1), 60), out);
    return true;
}

double tile_set_cell(const struct tile_set *set, int level) {
    return ldexp(set->cell, set->first - level);
}

double tile_set_scale(const struct tile_set *set, int level) {
    return tile_set_cell(set, level) * (set->crs.geographic ? METRES_A_DEGREE : 1) / PIXEL_M;
}

int tile_set_columns(const struct tile_set *set, int level) {
    return set->columns << (level - set->first);
}

int tile_set_rows(const struct tile_set *set, int level) {
    return set->rows << (level - set->first);
}

void tile_set_map(const struct tile_set *set, int level, int row, int column, struct map *out) {
    double side = tile_set_cell(set, level) * TILE_SIDE;
    double west = set->left + column * side;
    double north = set->top - row * side;
    *out = (struct map){set->crs, {west, north - side, west + side, north}, TILE_SIDE, TILE_SIDE};
}

json_t *tile_set_json(const struct tile_set *set) {
    json_t *levels = json_array();
    bool turned = set->crs.lat_first;
    for (int z = set->first; z <= set->last; z++)
        json_array_append_new(levels,
                              json_pack("{s:o, s:f, s:f, s:s, s:[ff], s:i, s:i, s:i, s:i}", "id", json_sprintf("%d", z),
                                        "scaleDenominator", tile_set_scale(set, z), "cellSize", tile_set_cell(set, z),
                                        "cornerOfOrigin", "topLeft", "pointOfOrigin", turned ? set->top : set->left,
                                        turned ? set->left : set->top, "tileWidth", TILE_SIDE, "tileHeight", TILE_SIDE,
                                        "matrixWidth", tile_set_columns(set, z), "matrixHeight", tile_set_rows(set, z)));
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o}", "id", set->id, "title", set->title, "crs", set->crs_uri, "tileMatrices", levels);
    if (set->registered) json_object_set_new(json, "uri", json_string(set->registered));
    if (set->crs.epsg > 32600) json_object_set_new(json, "uri", json_sprintf("%s%s", REGISTER, set->id));
    if (!set->crs.geographic || turned)
        json_object_set_new(json, "orderedAxes", turned ? json_pack("[ss]", "Lat", "Lon") : json_pack("[ss]", "E", "N"));
    else
        json_object_set_new(json, "orderedAxes", json_pack("[ss]", "Lon", "Lat"));
    return json;
}
