/* Geometries as WKT and as GeoJSON: what is read passes the checks, and is EWKB or refused. */
#include "common/geo.h"
#include "discovery/query/geometry.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    const json_t *read = NULL;
    const char *why = NULL;
    scope_init(&s, "fuzz", 0);
    int err = geometry_from_wkt(&s, (const char *)data, size, &read, &why);
    if (err) {
        must(why != NULL);
        json_t *json = scope_json(&s, json_loadb((const char *)data, size, 0, NULL));
        err = json ? geometry_flat(&s, json, &read, &why) : err;
    }
    if (!err) {
        must(geo_geometry_check(read, POSITIONS_MOST, &why) == 0);
        const char *ewkb = geometry_ewkb(&s, read);
        must(!ewkb || strlen(ewkb) >= 42);
    }
    scope_end(&s);
    return 0;
}
