/* names.c: names and collections for what sources call otherwise. */
#include <string.h>

#include "discovery/harvest/harvest.h"

const char *identifier_of(struct scope *s, const char *text) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:@+=,()-";
    char *name = scope_strndup(s, text, strnlen(text, 256));
    for (char *c = name; *c; c++)
        if (!strchr(allowed, *c)) *c = '-';
    return identifier_valid(name) ? name : NULL;
}

json_t *collection_of_name(const char *name, const char *title, const char *from) {
    json_t *extent =
        json_pack("{s:{s:[[i, i, i, i]]}, s:{s:[[n, n]]}}", "spatial", "bbox", -180, -90, 180, 90, "temporal", "interval");
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:[]}", "type", "Collection", "stac_version", STAC_VERSION, "id",
                     name, "title", title, "description", from, "license", "various", "extent", extent, "links");
}
