/* criteria.c: the parameters of OGC 13-026r9 (tables 3 to 6) and the properties of STAC that hold what they ask for. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/module.h"
#include "discovery/opensearch/opensearch.h"

const struct criterion criteria[] = {
    {"productType", "", CRITERION_TEXT, true, true, {"product:type", "sar:product_type", "s2:product_type"}, "Type of product"},
    {"platform", "platformShortName satellite mission", CRITERION_TEXT, true, true, {"platform", "constellation"}, "Satellite"},
    {"instrument", "instrumentShortName sensor", CRITERION_LIST, true, true, {"instruments"}, "Instrument"},
    {"sensorType", "", CRITERION_SENSOR, true, false, {NULL}, "OPTICAL or RADAR"},
    {"sensorMode", "sensorOperationalMode", CRITERION_TEXT, true, true, {"sar:instrument_mode"}, "Mode of a radar instrument"},
    {"processingLevel", "", CRITERION_TEXT, true, true, {"processing:level", "s2:processing_level"}, "Level of processing"},
    {"orbitNumber", "absoluteOrbit", CRITERION_NUMBER, true, false, {"sat:absolute_orbit"}, "Absolute orbit"},
    {"track", "relativeOrbitNumber relativeOrbit", CRITERION_NUMBER, true, false, {"sat:relative_orbit"}, "Relative orbit"},
    {"orbitDirection", "", CRITERION_TEXT, true, false, {"sat:orbit_state"}, "ASCENDING or DESCENDING"},
    {"cloudCover", "cloudCoverPercentage", CRITERION_NUMBER, true, false, {"eo:cloud_cover"}, "Clouds, in percent"},
    {"snowCover", "", CRITERION_NUMBER, true, false, {"eo:snow_cover"}, "Snow, in percent"},
    {"resolution", "", CRITERION_NUMBER, true, false, {"gsd"}, "Ground sampling distance in metres"},
    {"polarisationChannels",
     "polarizationChannels polarisation polarization",
     CRITERION_LIST,
     true,
     true,
     {"sar:polarizations"},
     "Polarisations of a radar image"},
    {"antennaLookDirection", "", CRITERION_TEXT, true, false, {"sar:observation_direction"}, "LEFT or RIGHT"},
    {"incidenceAngle",
     "minimumIncidenceAngle",
     CRITERION_NUMBER,
     true,
     false,
     {"view:incidence_angle"},
     "Degrees from the vertical"},
    {"illuminationAzimuthAngle", "", CRITERION_NUMBER, true, false, {"view:sun_azimuth"}, "Azimuth of the sun in degrees"},
    {"illuminationElevationAngle", "", CRITERION_NUMBER, true, false, {"view:sun_elevation"}, "Height of the sun in degrees"},
    {"tileIdentifier", "tileId", CRITERION_TEXT, true, false, {"s2:mgrs_tile", "grid:code"}, "Tile of a grid of products"},
    {"productVersion", "", CRITERION_TEXT, true, false, {"version", "processing:version"}, "Version of the product"},
    {"processingCenter", "", CRITERION_TEXT, true, false, {"processing:facility"}, "Where it was processed"},
    {"processingDate", "", CRITERION_TIME, true, false, {"processing:datetime"}, "When it was processed"},
    {"creationDate", "", CRITERION_TIME, true, false, {"created"}, "When the entry was made"},
    {"modificationDate", "updated modified", CRITERION_TIME, true, false, {"updated"}, "When the entry was last changed"},
    {"availabilityTime", "published publicationDate", CRITERION_TIME, true, false, {"published"}, "When it was published"},
    {"doi", "", CRITERION_TEXT, true, true, {"sci:doi"}, "Digital Object Identifier"},
    {"organisationName",
     "organization",
     CRITERION_LIST,
     false,
     true,
     {"record:organisations"},
     "Who made, hosts or licenses it"},
    {"keyword", "subject", CRITERION_LIST, true, true, {"keywords"}, "Keyword"},
};
const size_t criteria_count = ARRAY_SIZE(criteria);

static struct expr *property(struct scope *s, const char *name) {
    return expr_text(s, EXPR_PROPERTY, name);
}

/* ---- values ---- */

static struct expr *number_value(struct scope *s, const char *text, const char *field, struct fault *f) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (*end || end == text || isspace((unsigned char)*text) || !isfinite(value) || strpbrk(text, "xX")) {
        fault_set(f, field, "must hold numbers, such as 10, {1,2} or [0,20]");
        return NULL;
    }
    return expr_number(s, value);
}

/* A day stands for its first or its last instant. */
static struct expr *time_value(struct scope *s, const char *text, bool last, const char *field, struct fault *f) {
    char *instant = scope_alloc(s, INSTANT_SIZE);
    const char *whole = strlen(text) == 10 ? scope_printf(s, "%sT%sZ", text, last ? "23:59:59.999999" : "00:00:00") : text;
    if (instant_parse(whole, strlen(whole), instant)) {
        fault_set(f, field, "must hold times such as 2020-01-31 or 2020-01-31T10:20:30Z");
        return NULL;
    }
    return expr_text(s, EXPR_TIMESTAMP, instant);
}

static struct expr *value_of(struct scope *s, const struct criterion *c, const char *text, bool last, struct fault *f) {
    return c->kind == CRITERION_TIME ? time_value(s, text, last, c->name, f) : number_value(s, text, c->name, f);
}

/* ---- conditions ---- */

/* A property within an interval. */
static struct expr *within(struct scope *s, const struct criterion *c, const char *name, const struct range *r,
                           struct fault *f) {
    struct expr *low = NULL, *high = NULL, *value;
    if (r->least) {
        if (!(value = value_of(s, c, r->least, r->above, f))) return NULL;
        low = expr_new(s, r->above ? EXPR_GREATER : EXPR_GREATER_EQUAL, 2, property(s, name), value);
    }
    if (r->most) {
        if (!(value = value_of(s, c, r->most, !r->below, f))) return NULL;
        high = expr_new(s, r->below ? EXPR_LESS : EXPR_LESS_EQUAL, 2, property(s, name), value);
    }
    return expr_and(s, low, high);
}

/* A property that is one of a set. */
static struct expr *among(struct scope *s, const struct criterion *c, const char *name, const struct range *r,
                          struct fault *f) {
    struct expr *any[RANGE_MEMBERS_MOST], *value;
    for (size_t i = 0; i < r->count; i++) {
        struct range day = {.interval = true, .least = r->members[i], .most = r->members[i]};
        if (c->kind == CRITERION_TIME)
            any[i] = within(s, c, name, &day, f); /* a day holds all its instants */
        else if ((value = number_value(s, r->members[i], c->name, f)))
            any[i] = expr_new(s, EXPR_EQUAL, 2, property(s, name), value);
        else
            return NULL;
        if (!any[i]) return NULL;
    }
    return r->count == 1 ? any[0] : expr_list(s, EXPR_OR, r->count, any);
}

static struct expr *text_among(struct scope *s, const char *name, const struct range *r) {
    struct expr *any[RANGE_MEMBERS_MOST];
    for (size_t i = 0; i < r->count; i++)
        any[i] = expr_new(s, EXPR_EQUAL, 2, expr_new(s, EXPR_CASEI, 1, property(s, name)),
                          expr_new(s, EXPR_CASEI, 1, expr_text(s, EXPR_TEXT, r->members[i])));
    return r->count == 1 ? any[0] : expr_list(s, EXPR_OR, r->count, any);
}

static const char *cased(struct scope *s, const char *text, int (*change)(int)) {
    char *copy = scope_strdup(s, text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x80) *c = (char)change(*c);
    return copy;
}

/* A list that holds one of a set, as it was sent or in capitals or in small letters: CQL2 has no lists whatever the case. */
static struct expr *list_overlaps(struct scope *s, const char *name, const struct range *r) {
    struct expr *members[3 * RANGE_MEMBERS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        members[count++] = expr_text(s, EXPR_TEXT, r->members[i]);
        members[count++] = expr_text(s, EXPR_TEXT, cased(s, r->members[i], tolower));
        members[count++] = expr_text(s, EXPR_TEXT, cased(s, r->members[i], toupper));
    }
    return expr_new(s, EXPR_A_OVERLAPS, 2, property(s, name), expr_list(s, EXPR_ARRAY, count, members));
}

static struct expr *present(struct scope *s, const char *name) {
    return expr_new(s, EXPR_NOT, 1, expr_new(s, EXPR_IS_NULL, 1, property(s, name)));
}

/* STAC has no type of sensor: a radar's items have properties of the SAR extension, an optical one's those of EO or VIEW. */
static struct expr *sensor_among(struct scope *s, const struct range *r, const char *field, struct fault *f) {
    struct expr *radar = expr_new(s, EXPR_OR, 3, present(s, "sar:instrument_mode"), present(s, "sar:frequency_band"),
                                  present(s, "sar:polarizations"));
    struct expr *optical = expr_new(s, EXPR_AND, 2, expr_new(s, EXPR_NOT, 1, radar),
                                    expr_new(s, EXPR_OR, 2, present(s, "eo:cloud_cover"), present(s, "view:sun_elevation")));
    struct expr *any[RANGE_MEMBERS_MOST];
    for (size_t i = 0; i < r->count; i++) {
        if (strcasecmp(r->members[i], "RADAR") == 0)
            any[i] = radar;
        else if (strcasecmp(r->members[i], "OPTICAL") == 0)
            any[i] = optical;
        else {
            fault_set(f, field, "must be OPTICAL or RADAR");
            return NULL;
        }
    }
    return r->count == 1 ? any[0] : expr_list(s, EXPR_OR, r->count, any);
}

struct expr *criterion_expr(struct scope *s, const struct criterion *c, const char *value, bool of_collections,
                            struct fault *f) {
    struct expr *any[ARRAY_SIZE(c->properties)];
    size_t count = 0;
    struct range r;
    if (range_parse(s, value, c->name, &r, f)) return NULL;
    bool ordered = c->kind == CRITERION_NUMBER || c->kind == CRITERION_TIME;
    if (r.interval && !ordered) {
        fault_set(f, c->name, "must be a text or a set {a,b}");
        return NULL;
    }
    if (c->kind == CRITERION_SENSOR) return sensor_among(s, &r, c->name, f);
    for (size_t i = 0; i < ARRAY_SIZE(c->properties) && c->properties[i]; i++) {
        if (r.interval)
            any[count] = within(s, c, c->properties[i], &r, f);
        else if (ordered)
            any[count] = among(s, c, c->properties[i], &r, f);
        else if (of_collections || c->kind == CRITERION_LIST)
            any[count] = list_overlaps(s, c->properties[i], &r);
        else
            any[count] = text_among(s, c->properties[i], &r);
        if (!any[count++]) return NULL;
    }
    return count == 1 ? any[0] : expr_list(s, EXPR_OR, count, any);
}

const char *criterion_sort_property(struct scope *s, const char *name) {
    static const struct {
        const char *name, *property;
    } others[] = {
        {"date", "datetime"},    {"datetime", "datetime"},   {"start", "datetime"},        {"startDate", "datetime"},
        {"time", "datetime"},    {"timeStart", "datetime"},  {"identifier", "id"},         {"id", "id"},
        {"uid", "id"},           {"title", "title"},         {"created", "created"},       {"updated", "updated"},
        {"modified", "updated"}, {"published", "published"}, {"collection", "collection"},
    };
    const char *colon = strchr(name, ':');
    const char *local = colon ? colon + 1 : name;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (strcasecmp(others[i].name, local) == 0) return others[i].property;
    for (size_t i = 0; i < criteria_count; i++)
        if (strcasecmp(criteria[i].name, local) == 0 && criteria[i].kind != CRITERION_SENSOR) return criteria[i].properties[0];
    return colon ? scope_strdup(s, name) : NULL; /* a STAC property, such as eo:cloud_cover */
}
