/* gml.c: geometries of a filter: GML 3.1.1 (OGC 03-105r1), and the boxes and coordinates of GML 2.1.2 that old clients send.
 *
 * The order of axes follows the name of the reference system: a URN (urn:ogc:def:crs:EPSG::4326) or an OGC address
 * (http://www.opengis.net/def/crs/EPSG/0/4326) says latitude first, as EPSG has it; EPSG:4326, the old address
 * (http://www.opengis.net/gml/srs/epsg.xml#4326), CRS84 and no name at all say longitude first, as clients write them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/geo.h"
#include "discovery/csw/csw.h"
#include "discovery/query/geometry.h"

struct gml {
    struct scope *scope;
    struct csw_fault *fault;
    bool latitude_first;
    int dimension;
    size_t positions;
};

static int refuse(struct gml *g, const char *why) {
    return csw_fault_set(g->fault, NULL, "Filter", why);
}

static bool is_gml(const xmlNode *node, const char *name) {
    return csw_xml_is(node, GML_NS, name);
}

/* The nearest srsName and srsDimension, of the geometry or what it stands in. */
static int reference_read(struct gml *g, const xmlNode *node) {
    static const char *const latitude[] = {"urn:ogc:def:crs:EPSG:", "urn:x-ogc:def:crs:EPSG:",
                                           "http://www.opengis.net/def/crs/EPSG/", "https://www.opengis.net/def/crs/EPSG/"};
    const char *name = NULL, *dimension = NULL;
    for (const xmlNode *at = node; at && at->type == XML_ELEMENT_NODE; at = at->parent) {
        if (!name) name = csw_xml_attribute(g->scope, at, "srsName");
        if (!dimension) dimension = csw_xml_attribute(g->scope, at, "srsDimension");
    }
    g->dimension = dimension && strcmp(dimension, "3") == 0 ? 3 : 2;
    g->latitude_first = false;
    if (!name || !*name || strstr(name, "CRS84")) return 0;
    size_t len = strlen(name);
    if (len < 4 || strcmp(name + len - 4, "4326") != 0 || (len > 4 && !strchr(":/#", name[len - 5])))
        return refuse(g, "has a geometry in a reference system other than EPSG:4326 and CRS84");
    for (size_t i = 0; i < sizeof latitude / sizeof *latitude; i++)
        if (strncasecmp(name, latitude[i], strlen(latitude[i])) == 0) g->latitude_first = true;
    return 0;
}

/* Adds the positions of a text: numbers parted by blanks, or (GML 2) numbers by commas and positions by blanks. */
static int positions_add(struct gml *g, const xmlNode *node, json_t *list) {
    const char *dimension = csw_xml_attribute(g->scope, node, "srsDimension");
    const bool commas = is_gml(node, "coordinates");
    int width = !dimension ? g->dimension : strcmp(dimension, "3") == 0 ? 3 : strcmp(dimension, "2") == 0 ? 2 : 0;
    if (width != 2 && width != 3) return refuse(g, "has coordinates of a dimension other than 2 and 3");
    const char *p = csw_xml_text(g->scope, node);
    while (*p) {
        double value[3] = {0};
        int got = 0;
        for (char *end; got < (commas ? 3 : width); p = end) {
            p += strspn(p, " \t\r\n");
            value[got] = strtod(p, &end);
            if (end == p || !isfinite(value[got])) return refuse(g, "has coordinates that are not numbers");
            got++;
            if (commas && *end != ',') {
                p = end;
                break;
            }
            if (commas) end++;
        }
        if (got < 2) return refuse(g, "has a position without a second coordinate");
        if (++g->positions > POSITIONS_MOST) return refuse(g, "has a geometry of too many positions");
        bool turned = g->latitude_first;
        json_array_append_new(list, json_pack("[f, f]", value[turned ? 1 : 0], value[turned ? 0 : 1]));
        p += strspn(p, " \t\r\n");
    }
    return 0;
}

/* All positions below a curve, ring or box: gml:pos, gml:posList, gml:coordinates, gml:pointProperty or gml:coord. */
static int line_read(struct gml *g, const xmlNode *node, json_t *list) {
    for (xmlNode *at = csw_xml_first(node); at; at = csw_xml_next(at)) {
        int err;
        if (is_gml(at, "pos") || is_gml(at, "posList") || is_gml(at, "coordinates") || is_gml(at, "lowerCorner") ||
            is_gml(at, "upperCorner")) {
            err = positions_add(g, at, list);
        } else if (is_gml(at, "coord")) {
            const xmlNode *x = csw_xml_first(at), *y = csw_xml_next(x);
            if (!y) return refuse(g, "has a gml:coord without X and Y");
            double first = strtod(csw_xml_text(g->scope, x), NULL), second = strtod(csw_xml_text(g->scope, y), NULL);
            err = ++g->positions > POSITIONS_MOST ? refuse(g, "has a geometry of too many positions") : 0;
            bool turned = g->latitude_first;
            json_array_append_new(list, json_pack("[f, f]", turned ? second : first, turned ? first : second));
        } else if (is_gml(at, "name") || is_gml(at, "description")) {
            err = 0;
        } else { /* pointProperty, pointRep, Point, segments, LineStringSegment */
            err = line_read(g, at, list);
        }
        if (err) return err;
    }
    return 0;
}

/* Appends a list of positions to `to`. */
static int line_append(struct gml *g, const xmlNode *node, json_t *to) {
    json_t *list = json_array();
    json_array_append_new(to, list);
    return line_read(g, node, list);
}

static int polygon_read(struct gml *g, const xmlNode *node, json_t *rings) {
    for (xmlNode *at = csw_xml_first(node); at; at = csw_xml_next(at)) {
        int err = 0;
        if (is_gml(at, "exterior") || is_gml(at, "outerBoundaryIs") || is_gml(at, "interior") || is_gml(at, "innerBoundaryIs"))
            err = line_append(g, at, rings);
        else if (is_gml(at, "patches") || is_gml(at, "PolygonPatch"))
            err = polygon_read(g, at, rings);
        if (err) return err;
    }
    return 0;
}

/* Members stand one by one (xMember) or together (xMembers). */
static int members_read(struct gml *g, const xmlNode *node, int (*read)(struct gml *, const xmlNode *, json_t *), bool flat,
                        json_t *list) {
    for (xmlNode *holder = csw_xml_first(node); holder; holder = csw_xml_next(holder))
        for (xmlNode *at = csw_xml_first(holder); at; at = csw_xml_next(at)) {
            json_t *one = flat ? list : json_array();
            if (!flat) json_array_append_new(list, one);
            if (read(g, at, one)) return NADIR_EINVAL;
        }
    return 0;
}

static int box_read(struct gml *g, const xmlNode *node, const json_t **out) {
    json_t *corners = scope_json(g->scope, json_array());
    double box[4];
    if (line_read(g, node, corners)) return NADIR_EINVAL;
    if (json_array_size(corners) != 2) return refuse(g, "has an Envelope without two corners");
    for (size_t i = 0; i < 4; i++) box[i] = json_number_value(json_array_get(json_array_get(corners, i / 2), i % 2));
    const char *why;
    if (geo_bbox_from_json(scope_json(g->scope, json_pack("[f, f, f, f]", box[0], box[1], box[2], box[3])), box, &why))
        return refuse(g, "has an Envelope that is outside the world or upside down; mind the order of axes of its srsName");
    *out = geometry_from_box(g->scope, box);
    return 0;
}

static const struct {
    const char *gml, *geojson;
    int (*read)(struct gml *, const xmlNode *, json_t *);
    bool members, flat;
} kinds[] = {
    {"Point", "Point", line_read, false, true},
    {"LineString", "LineString", line_read, false, true},
    {"Curve", "LineString", line_read, false, true},
    {"Polygon", "Polygon", polygon_read, false, true},
    {"Surface", "Polygon", polygon_read, false, true},
    {"MultiPoint", "MultiPoint", line_read, true, true},
    {"MultiLineString", "MultiLineString", line_read, true, false},
    {"MultiCurve", "MultiLineString", line_read, true, false},
    {"MultiPolygon", "MultiPolygon", polygon_read, true, false},
    {"MultiSurface", "MultiPolygon", polygon_read, true, false},
};
#define KINDS (sizeof kinds / sizeof *kinds)

bool csw_gml_is_geometry(const xmlNode *node) {
    if (is_gml(node, "Envelope") || is_gml(node, "Box")) return true;
    for (size_t i = 0; i < KINDS; i++)
        if (is_gml(node, kinds[i].gml)) return true;
    return false;
}

int csw_gml_parse(struct scope *s, const xmlNode *node, const json_t **out, struct csw_fault *f) {
    struct gml g = {.scope = s, .fault = f};
    if (reference_read(&g, node)) return NADIR_EINVAL;
    if (is_gml(node, "Envelope") || is_gml(node, "Box")) return box_read(&g, node, out);
    size_t kind = 0;
    while (kind < KINDS && !is_gml(node, kinds[kind].gml)) kind++;
    if (kind == KINDS) return refuse(&g, "has something other than a GML geometry where one belongs");

    json_t *positions = json_array();
    const json_t *geometry = scope_json(s, json_pack("{s:s, s:o}", "type", kinds[kind].geojson, "coordinates", positions));
    int err = kinds[kind].members ? members_read(&g, node, kinds[kind].read, kinds[kind].flat, positions)
                                  : kinds[kind].read(&g, node, positions);
    if (err) return err;
    if (strcmp(kinds[kind].geojson, "Point") == 0) {
        json_t *only = json_incref(json_array_get(positions, 0));
        json_object_set_new((json_t *)geometry, "coordinates", only ? only : json_array());
    }
    const char *why;
    if (geo_geometry_check(geometry, POSITIONS_MOST, &why))
        return csw_fault_set(f, NULL, "Filter", scope_printf(s, "has a wrong geometry: %s", why));
    *out = geometry;
    return 0;
}
