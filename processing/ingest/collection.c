/* collection.c */
#include <stddef.h>
#include <string.h>

#include "collection.h"

struct known {
    const char *id, *title, *description, *license, *licence_url, *provider, *provider_url, *since, *until;
    const char *keywords[6];
};

#define USGS "USGS", "https://www.usgs.gov/landsat-missions"
#define ESA "ESA", "https://sentinels.copernicus.eu/"
#define USGS_TERMS "PDDL-1.0", "https://www.usgs.gov/centers/eros/data-citation"
#define SENTINEL_TERMS "proprietary", "https://sentinel.esa.int/documents/247904/690755/Sentinel_Data_Legal_Notice"

static const struct known all[] = {
    {"landsat-5",
     "Landsat 5 TM",
     "Thematic Mapper scenes: seven bands from blue to thermal infrared, 30 m, every 16 days.",
     USGS_TERMS,
     USGS,
     "1984-03-01T00:00:00Z",
     "2013-06-05T00:00:00Z",
     {"landsat", "tm", "multispectral", "usgs"}},
    {"landsat-7",
     "Landsat 7 ETM+",
     "Enhanced Thematic Mapper Plus scenes: eight bands, 30 m, 15 m panchromatic.",
     USGS_TERMS,
     USGS,
     "1999-04-15T00:00:00Z",
     "2024-06-04T00:00:00Z",
     {"landsat", "etm", "multispectral", "usgs"}},
    {"landsat-8",
     "Landsat 8 OLI/TIRS",
     "Operational Land Imager and thermal scenes: eleven bands, 30 m, 15 m panchromatic.",
     USGS_TERMS,
     USGS,
     "2013-02-11T00:00:00Z",
     NULL,
     {"landsat", "oli", "tirs", "multispectral", "usgs"}},
    {"landsat-9",
     "Landsat 9 OLI-2/TIRS-2",
     "Operational Land Imager 2 and thermal scenes: eleven bands, 30 m, 15 m panchromatic.",
     USGS_TERMS,
     USGS,
     "2021-09-27T00:00:00Z",
     NULL,
     {"landsat", "oli", "tirs", "multispectral", "usgs"}},
    {"sentinel-2-l1c",
     "Sentinel-2 Level-1C",
     "Top-of-atmosphere reflectance in thirteen bands, 10 to 60 m.",
     SENTINEL_TERMS,
     ESA,
     "2015-06-23T00:00:00Z",
     NULL,
     {"sentinel-2", "msi", "multispectral", "copernicus"}},
    {"sentinel-2-l2a",
     "Sentinel-2 Level-2A",
     "Surface reflectance in twelve bands, 10 to 60 m, with scene classification.",
     SENTINEL_TERMS,
     ESA,
     "2015-06-23T00:00:00Z",
     NULL,
     {"sentinel-2", "msi", "multispectral", "copernicus"}},
    {"sentinel-1-grd",
     "Sentinel-1 GRD",
     "C-band radar, detected and multi-looked, warped to a map projection.",
     SENTINEL_TERMS,
     ESA,
     "2014-04-03T00:00:00Z",
     NULL,
     {"sentinel-1", "sar", "radar", "copernicus"}},
    {"blue-marble",
     "Blue Marble: Next Generation",
     "The whole Earth in natural colour, one mosaic a month of 2004.",
     "proprietary",
     "https://visibleearth.nasa.gov/image-use-policy",
     "NASA Earth Observatory",
     "https://visibleearth.nasa.gov/collection/1484/blue-marble",
     "2004-01-01T00:00:00Z",
     "2004-12-31T23:59:59Z",
     {"modis", "mosaic", "natural colour", "nasa"}},
    {"elevation",
     "Elevation",
     "Digital elevation models.",
     "various",
     NULL,
     NULL,
     NULL,
     "2000-02-11T00:00:00Z",
     NULL,
     {"dem", "elevation", "terrain"}},
};

json_t *collection_make(const char *id) {
    static const struct known other = {
        .title = NULL, .description = "Products taken in by nadir-ingest.", .license = "various"};
    const struct known *k = &other;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].id, id) == 0) k = &all[i];
    json_t *extent = json_pack("{s:{s:[[i, i, i, i]]}, s:{s:[[s?, s?]]}}", "spatial", "bbox", -180, -90, 180, 90, "temporal",
                               "interval", k->since, k->until);
    json_t *keywords = json_array(), *links = json_array();
    for (size_t i = 0; k->keywords[i]; i++) json_array_append_new(keywords, json_string(k->keywords[i]));
    if (k->licence_url)
        json_array_append_new(links, json_pack("{s:s, s:s, s:s}", "rel", "license", "href", k->licence_url, "title", "Terms"));
    json_t *collection = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "type", "Collection", "stac_version",
                                   "1.0.0", "id", id, "title", k->title ? k->title : id, "description", k->description,
                                   "license", k->license, "keywords", keywords, "extent", extent, "links", links);
    if (k->provider)
        json_object_set_new(
            collection, "providers",
            json_pack("[{s:s, s:s, s:[s, s]}]", "name", k->provider, "url", k->provider_url, "roles", "producer", "licensor"));
    return collection;
}
