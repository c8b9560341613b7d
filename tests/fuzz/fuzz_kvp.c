/* What the map services read of a request: boxes, systems, times, addresses of tiles, tile matrix sets and SLD. What is read
 * holds what its header promises. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "view/crs.h"
#include "view/numbers.h"
#include "view/sld.h"
#include "view/values.h"
#include "view/wmts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds) abort();
}

static void read_value(struct scope *s, const char *text) {
    double box[4];
    struct crs crs;
    struct times times;
    struct tile_set set;
    struct wmts_tile tile;
    enum values_format format;
    int number;
    if (box_parse(text, box))
        for (int i = 0; i < 4; i++) must(isfinite(box[i]));
    if (integer_parse(text, 0, 4096, &number)) must(number >= 0 && number <= 4096);
    if (crs_parse(text, &crs) == 0) must(crs.epsg > 3000 && crs.epsg < 33000);
    if (times_parse(text, &times)) {
        must(times.count >= 0 && times.count <= TIMES_MOST);
        for (int i = 0; i < times.count; i++) must(times.ranges[i].from < times.ranges[i].to);
        const char *sql = times_sql(s, &times);
        must(!sql || strspn(sql, "{}[)\",0123456789-:.TZ") == strlen(sql));
    }
    if (tile_set_find(text, &set)) must(tile_set_columns(&set, set.last) > 0 && tile_set_rows(&set, set.last) > 0);
    if (wmts_address_parse(s, text, &tile))
        must(tile.layer && tile.style && tile.set && tile.level && tile.row && tile.column && tile.format &&
             !tile.i == !tile.j);
    (void)values_format(text, &format);
}

static void read_style(struct scope *s, const char *text) {
    struct sld sld;
    const char *why;
    int err = sld_parse(s, text, &sld, &why);
    must((err != 0) == (why != NULL));
    for (int i = 0; !err && i < sld.count; i++) {
        const struct symbolizer *made = sld.layers[i].made;
        unsigned char rgba[4];
        must(sld.layers[i].name && *sld.layers[i].name);
        if (!made) continue;
        must((made->nchannels == 1 || made->nchannels == 3) && made->opacity >= 0 && made->opacity <= 1);
        if (made->map != MAP_NONE) symbolizer_colour(made, 1.5, rgba);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const headers[] = {NULL};
    struct scope s;
    scope_init(&s, "fuzz", 0);
    const char *text = scope_strndup(&s, (const char *)data, size);
    struct request *rq = scope_alloc(&s, sizeof *rq);
    read_value(&s, text);
    read_style(&s, text);
    if (request_build(rq, &s, HTTP_GET, "/view/wms", text, headers, NULL, 0) == 0)
        for (size_t i = 0; i < rq->args.count; i++) read_value(&s, rq->args.list[i].value);
    scope_end(&s);
    return 0;
}
