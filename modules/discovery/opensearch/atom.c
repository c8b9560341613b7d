/* atom.c: answers as Atom (RFC 4287) with OpenSearch's response elements, Dublin Core, GeoRSS and the EO parameters' values. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "discovery/opensearch/opensearch.h"

#define NAMESPACES                                                                                                             \
    " xmlns=\"http://www.w3.org/2005/Atom\" xmlns:os=\"http://a9.com/-/spec/opensearch/1.1/\""                                 \
    " xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:georss=\"http://www.georss.org/georss\""                             \
    " xmlns:gml=\"http://www.opengis.net/gml\" xmlns:geo=\"http://a9.com/-/opensearch/extensions/geo/1.0/\""                   \
    " xmlns:time=\"http://a9.com/-/opensearch/extensions/time/1.0/\" "                                                         \
    "xmlns:eo=\"http://a9.com/-/opensearch/extensions/eo/1.0/\""                                                               \
    " xmlns:DIAS=\"http://tas/DIAS\""

struct xml {
    struct scope *scope;
    struct text *text;
};

static void markup(struct xml *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds text as it is: what is not ours in it was escaped. */
static void markup(struct xml *x, const char *format, ...) {
    char small[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len < 0) return;
    char *all = small;
    if ((size_t)len >= sizeof small) {
        all = scope_alloc(x->scope, (size_t)len + 1);
        va_start(args, format);
        vsnprintf(all, (size_t)len + 1, format, args);
        va_end(args);
    }
    text_add(x->text, all, (size_t)len);
}

static void element(struct xml *x, const char *name, const char *value) {
    if (value && *value) markup(x, "<%s>%s</%s>\n", name, http_escape(x->scope, value), name);
}

static void links(struct xml *x, const struct feed_link *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        markup(x, "<link rel=\"%s\" type=\"%s\" href=\"%s\"", http_escape(x->scope, list[i].rel),
               http_escape(x->scope, list[i].type), http_escape(x->scope, list[i].href));
        if (list[i].title) markup(x, " title=\"%s\"", http_escape(x->scope, list[i].title));
        if (list[i].length > 0) markup(x, " length=\"%lld\"", (long long)list[i].length);
        markup(x, "/>\n");
    }
}

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* ---- where: GeoRSS has latitude before longitude ---- */

static void position(struct xml *x, const json_t *p, bool first) {
    markup(x, "%s%.12g %.12g", first ? "" : " ", json_number_value(json_array_get(p, 1)),
           json_number_value(json_array_get(p, 0)));
}

static void positions(struct xml *x, const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) position(x, json_array_get(list, i), i == 0);
}

static void gml_polygon(struct xml *x, const json_t *rings) {
    markup(x, "<gml:Polygon>");
    for (size_t i = 0; i < json_array_size(rings); i++) {
        const char *role = i ? "interior" : "exterior";
        markup(x, "<gml:%s><gml:LinearRing><gml:posList>", role);
        positions(x, json_array_get(rings, i));
        markup(x, "</gml:posList></gml:LinearRing></gml:%s>", role);
    }
    markup(x, "</gml:Polygon>");
}

static void gml_where(struct xml *x, const json_t *polygons) {
    markup(x, "<georss:where><gml:MultiSurface srsName=\"urn:ogc:def:crs:EPSG::4326\">");
    for (size_t i = 0; i < json_array_size(polygons); i++) {
        markup(x, "<gml:surfaceMember>");
        gml_polygon(x, json_array_get(polygons, i));
        markup(x, "</gml:surfaceMember>");
    }
    markup(x, "</gml:MultiSurface></georss:where>\n");
}

static void simple(struct xml *x, const char *name, const json_t *list) {
    markup(x, "<georss:%s>", name);
    positions(x, list);
    markup(x, "</georss:%s>\n", name);
}

/* Returns false for a geometry that GeoRSS cannot hold. */
static bool place(struct xml *x, const json_t *geometry) {
    const char *type = text_of(geometry, "type");
    const json_t *coordinates = json_object_get(geometry, "coordinates");
    if (!type) return false;
    if (strcmp(type, "Polygon") == 0 && json_array_size(coordinates) == 1) {
        simple(x, "polygon", json_array_get(coordinates, 0));
    } else if (strcmp(type, "Polygon") == 0) {
        markup(x, "<georss:where>");
        gml_polygon(x, coordinates);
        markup(x, "</georss:where>\n");
    } else if (strcmp(type, "MultiPolygon") == 0) {
        gml_where(x, coordinates);
    } else if (strcmp(type, "LineString") == 0) {
        simple(x, "line", coordinates);
    } else if (strcmp(type, "Point") == 0) {
        markup(x, "<georss:point>");
        position(x, coordinates, true);
        markup(x, "</georss:point>\n");
    } else {
        return false;
    }
    return true;
}

/* west, south, east, north, with heights between when there are six. */
static void box(struct xml *x, const json_t *bbox) {
    size_t n = json_array_size(bbox);
    if (n != 4 && n != 6) return;
    markup(x, "<georss:box>%.12g %.12g %.12g %.12g</georss:box>\n", json_number_value(json_array_get(bbox, 1)),
           json_number_value(json_array_get(bbox, 0)), json_number_value(json_array_get(bbox, n / 2 + 1)),
           json_number_value(json_array_get(bbox, n / 2)));
}

/* ---- what ---- */

/* A value as text: numbers as they are, the members of a list separated by blanks. NULL when there is none. */
static const char *value_text(struct scope *s, const json_t *value) {
    const char *list = NULL;
    if (json_is_string(value)) return json_string_value(value);
    if (json_is_number(value)) return json_line(s, value);
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *member = value_text(s, json_array_get(value, i));
        if (member) list = list ? scope_printf(s, "%s %s", list, member) : member;
    }
    return list;
}

static const char *criterion_value(struct scope *s, const struct criterion *c, const json_t *properties) {
    for (size_t i = 0; i < sizeof c->properties / sizeof *c->properties && c->properties[i]; i++) {
        const char *value = value_text(s, json_object_get(properties, c->properties[i]));
        if (value) return value;
    }
    return NULL;
}

/* The item's own description, or satellite, instrument and time. */
static const char *summary_text(struct scope *s, const json_t *properties) {
    const char *own = text_of(properties, "description"), *platform = text_of(properties, "platform");
    const char *instruments = value_text(s, json_object_get(properties, "instruments")), *at = text_of(properties, "datetime");
    if (own) return own;
    return scope_printf(s, "%s%s%s%s%s", platform ? platform : "", platform && instruments ? ", " : "",
                        instruments ? instruments : "", at && (platform || instruments) ? ", " : "", at ? at : "");
}

/* The EO values, and a table of them for people (OGC 10-032r8 asks for content that any reader of Atom shows). */
static void item_content(struct xml *x, const json_t *item) {
    const json_t *properties = json_object_get(item, "properties");
    struct text *rows = text_new(x->scope, 1024);
    const char *date = entry_date(x->scope, item), *row;
    if (date) {
        row = scope_printf(x->scope, "<tr><td>Date</td><td>%s</td></tr>", http_escape(x->scope, date));
        text_add(rows, row, strlen(row));
        const char *slash = strchr(date, '/');
        element(x, "DIAS:sensingStartDate", scope_strndup(x->scope, date, (size_t)(slash - date)));
        element(x, "DIAS:sensingStopDate", slash + 1);
    }
    for (size_t i = 0; i < criteria_count; i++) {
        const char *value = criterion_value(x->scope, &criteria[i], properties);
        if (!value) continue;
        element(x, scope_printf(x->scope, "eo:%s", criteria[i].name), value);
        row = scope_printf(x->scope, "<tr><td>%s</td><td>%s</td></tr>", criteria[i].title, http_escape(x->scope, value));
        text_add(rows, row, strlen(row));
    }
    element(x, "eo:parentIdentifier", text_of(item, "collection"));
    element(x, "summary", summary_text(x->scope, properties));
    markup(x, "<content type=\"html\">%s</content>\n",
           http_escape(x->scope, scope_printf(x->scope, "<table>%s</table>", rows->data)));
}

static void entry_write(struct xml *x, const struct feed *feed, const json_t *entry, const char *namespaces) {
    struct feed_link list[FEED_LINKS_MOST];
    const json_t *properties = json_object_get(entry, "properties");
    const char *id = text_of(entry, "id"), *title = text_of(properties ? properties : entry, "title");
    const char *published = text_of(properties, "published");
    markup(x, "<entry%s>\n", namespaces);
    element(x, "id", entry_address(feed, entry));
    element(x, "title", title ? title : id);
    element(x, "dc:identifier", id);
    element(x, "dc:date", entry_date(x->scope, entry));
    element(x, "published", published ? published : text_of(properties, "created"));
    element(x, "updated", entry_updated(entry));
    if (*namespaces) markup(x, "<author><name>Nadir</name></author>\n");
    if (feed->collections) {
        const json_t *extent = json_object_get(json_object_get(entry, "extent"), "spatial");
        box(x, json_array_get(json_object_get(extent, "bbox"), 0));
        element(x, "dc:rights", text_of(entry, "license"));
        element(x, "summary", text_of(entry, "description"));
        markup(x, "<content type=\"text\">%s</content>\n", http_escape(x->scope, text_of(entry, "description")));
    } else {
        if (!place(x, json_object_get(entry, "geometry")))
            box(x, json_object_get(entry, "bbox")); /* one of them: 10-032r8, annex */
        item_content(x, entry);
    }
    links(x, list, entry_links(feed, entry, list));
    markup(x, "</entry>\n");
}

/* ---- the page ---- */

/* What was asked for, as OpenSearch's Query element repeats it. */
static void query_write(struct xml *x, const struct feed *feed) {
    static const struct {
        const char *attribute, *names;
    } echoed[] = {
        {"searchTerms", "q searchTerms query"},
        {"geo:box", "bbox box geo:box"},
        {"geo:geometry", "geometry geo:geometry geom"},
        {"geo:relation", "relation geo:relation rel"},
        {"geo:lat", "lat geo:lat"},
        {"geo:lon", "lon geo:lon"},
        {"geo:radius", "radius geo:radius"},
        {"geo:uid", "uid geo:uid identifier id"},
        {"time:start", "timeStart start startDate dtstart time:start"},
        {"time:end", "timeEnd end completionDate endDate stop dtend time:end"},
        {"time:relation", "timeRelation time:relation trel"},
    };
    markup(x, "<os:Query role=\"request\" startIndex=\"%lld\" count=\"%d\"", (long long)feed->search->start,
           feed->search->query.limit);
    for (size_t i = 0; i < sizeof echoed / sizeof *echoed; i++) {
        const char *value = argument_any(feed->rq, echoed[i].names);
        if (value) markup(x, " %s=\"%s\"", echoed[i].attribute, http_escape(x->scope, value));
    }
    for (size_t i = 0; i < criteria_count; i++) {
        const char *value = argument_any(feed->rq, criteria[i].name);
        if (value) markup(x, " eo:%s=\"%s\"", criteria[i].name, http_escape(x->scope, value));
    }
    markup(x, "/>\n");
}

static int answer(struct response *rs, const struct xml *x) {
    return response_data(rs, 200, ATOM_TYPE, x->text->data, x->text->len);
}

int atom_answer(struct response *rs, const struct feed *feed) {
    struct scope *s = feed->rq->scope;
    struct xml x = {s, text_new(s, 64 * 1024)};
    struct feed_link list[FEED_LINKS_MOST];
    const char *updated = "1970-01-01T00:00:00Z";
    for (size_t i = 0; i < feed->count; i++)
        if (strcmp(entry_updated(feed->entries[i]), updated) > 0) updated = entry_updated(feed->entries[i]);
    size_t count = feed_links(feed, list);
    markup(&x, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed" NAMESPACES ">\n");
    element(&x, "id", list[0].href);
    element(&x, "title", feed->title);
    if (feed->estimated)
        markup(&x, "<subtitle>About %lld match; that many were not counted one by one.</subtitle>\n", (long long)feed->total);
    element(&x, "updated", updated);
    markup(&x, "<author><name>Nadir</name></author>\n<generator uri=\"%s\">Nadir</generator>\n",
           http_escape(s, feed->rq->base_url));
    if (feed->total >= 0) markup(&x, "<os:totalResults>%lld</os:totalResults>\n", (long long)feed->total);
    markup(&x, "<os:startIndex>%lld</os:startIndex>\n<os:itemsPerPage>%d</os:itemsPerPage>\n", (long long)feed->search->start,
           feed->search->query.limit);
    query_write(&x, feed);
    links(&x, list, count);
    for (size_t i = 0; i < feed->count; i++) entry_write(&x, feed, feed->entries[i], "");
    markup(&x, "</feed>\n");
    return answer(rs, &x);
}

int atom_entry_answer(struct response *rs, const struct feed *feed) {
    struct xml x = {feed->rq->scope, text_new(feed->rq->scope, 16 * 1024)};
    markup(&x, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    entry_write(&x, feed, feed->entries[0], NAMESPACES);
    return answer(rs, &x);
}
