/* names.c: the names by which records are searched (OGC 07-006r1 table 53, OGC 07-045 tables 9 to 14). */
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"

#define DC "dc dcmes"
#define DCT "dct dcterms"
#define ANY "dc dcmes dct dcterms apiso csw ows gmd"

const struct csw_name csw_names[] = {
    {"identifier", DC " apiso", CSW_IDENTIFIER, "id", NULL, NULL, NULL},
    {"title", ANY, CSW_TEXT, "title", "id", NULL, NULL},
    {"abstract", ANY, CSW_TEXT, "description", NULL, NULL, NULL},
    {"description", DC, CSW_TEXT, "description", NULL, NULL, NULL},
    {"subject", ANY, CSW_LIST, "keywords", NULL, NULL, NULL},
    {"type", ANY, CSW_CONSTANT, NULL, NULL, NULL, NULL},
    {"AnyText", ANY, CSW_ANYTEXT, NULL, NULL, NULL, NULL},
    {"BoundingBox", ANY, CSW_PLACE, "geometry", NULL, NULL, NULL},
    {"coverage", DC, CSW_PLACE, "geometry", NULL, NULL, NULL},
    {"spatial", DCT, CSW_PLACE, "geometry", NULL, NULL, NULL},
    {"Envelope", "iso ows apiso", CSW_PLACE, "geometry", NULL, NULL, NULL},
    {"modified", ANY, CSW_TIME, "updated", NULL, NULL, NULL},
    {"created", DCT, CSW_TIME, "created", NULL, NULL, NULL},
    {"CreationDate", "apiso", CSW_TIME, "created", NULL, NULL, NULL},
    {"date", DC, CSW_TIME, "datetime", NULL, NULL, NULL},
    {"TempExtent_begin", "apiso", CSW_TIME, "start_datetime", "datetime", "datetime", NULL},
    {"TempExtent_end", "apiso", CSW_TIME, "end_datetime", "datetime", "end_datetime", NULL},
    {"ParentIdentifier", "apiso", CSW_TEXT, "collection", NULL, "parent", NULL},
    {"relation", DC, CSW_TEXT, "collection", NULL, "parent", NULL},
    {"isPartOf", DCT, CSW_TEXT, "collection", NULL, "parent", NULL},
    {"rights", DC, CSW_TEXT, "license", NULL, NULL, NULL},
    {"license", DCT, CSW_TEXT, "license", NULL, NULL, NULL},
    {"Platform", "apiso", CSW_TEXT, "platform", NULL, NULL, NULL},
    {"Instrument", "apiso", CSW_LIST, "instruments", NULL, NULL, NULL},
    {"CloudCover", "apiso", CSW_NUMBER, "eo:cloud_cover", NULL, NULL, NULL},
    {"DistanceValue", "apiso", CSW_NUMBER, "gsd", NULL, NULL, NULL},
};
const size_t csw_names_count = sizeof csw_names / sizeof *csw_names;

/* True if the word stands in a list parted by blanks. */
static bool listed(const char *list, const char *word, size_t len) {
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, " ");
        if (n == len && strncasecmp(p, word, len) == 0) return true;
        p += n + strspn(p + n, " ");
    }
    return false;
}

static bool reserved_prefix(const char *prefix, size_t len) {
    return listed(ANY " gco gml iso", prefix, len);
}

bool csw_name_find(struct scope *s, const char *name, const struct csw_name **out, const char **property) {
    *out = NULL;
    *property = NULL;
    const char *slash = strrchr(name, '/'); /* a path from the record: /csw:Record/dc:title */
    if (slash) name = slash + 1;
    const char *colon = strchr(name, ':');
    const char *local = colon ? colon + 1 : name;
    size_t prefix = colon ? (size_t)(colon - name) : 0;
    for (size_t i = 0; i < csw_names_count; i++) {
        if (strcasecmp(csw_names[i].name, local) != 0) continue;
        if (colon && !listed(csw_names[i].prefixes, name, prefix)) continue;
        *out = &csw_names[i];
        return true;
    }
    if (colon && reserved_prefix(name, prefix)) return false;
    if (!*local || strlen(name) > 256) return false;
    *property = scope_strdup(s, name);
    return true;
}
