/* Boxes, as text and as JSON, and the geometries that are made of them. */
#include <math.h>

#include "common/geo.h"
#include "discovery/query/geometry.h"
#include "fuzz.h"

static void box_holds(struct scope *s, const double b[4]) {
    const char *why;
    must(fabs(b[0]) <= 180 && fabs(b[2]) <= 180 && fabs(b[1]) <= 90 && fabs(b[3]) <= 90 && b[1] <= b[3]);
    must(geo_geometry_check(geometry_from_box(s, b), POSITIONS_MOST, &why) == 0);
    must(query_area_box(s, b) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    double box[4];
    const char *why = NULL;
    scope_init(&s, "fuzz", 0);
    if (geo_bbox_parse(fuzz_text(&s, data, size), box, &why) == 0)
        box_holds(&s, box);
    else
        must(why != NULL);
    json_t *json = scope_json(&s, json_loadb((const char *)data, size, 0, NULL));
    if (json && geo_bbox_from_json(json, box, &why) == 0) box_holds(&s, box);
    scope_end(&s);
    return 0;
}
