/* description.c: description documents (OpenSearch 1.1): where to search and with which parameters, their values included
 * (OpenSearch parameter extension). /opensearch/description.xml describes the search for collections, each collection's own
 * that for items. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/opensearch/opensearch.h"
#include "discovery/queryables.h"

static const char HEAD[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\""
    " xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:param=\"http://a9.com/-/spec/opensearch/extensions/parameters/1.0/\""
    " xmlns:geo=\"http://a9.com/-/opensearch/extensions/geo/1.0/\" "
    "xmlns:time=\"http://a9.com/-/opensearch/extensions/time/1.0/\""
    " xmlns:eo=\"http://a9.com/-/opensearch/extensions/eo/1.0/\" "
    "xmlns:sru=\"http://a9.com/-/opensearch/extensions/sru/2.0/\">\n";

#define TIME_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[\\+\\-][0-9]{2}:[0-9]{2})?)?$"
#define NUMBER "-?[0-9]+(\\.[0-9]+)?"
#define RANGE_PATTERN "^(" NUMBER "|\\{[^}]+\\}|[\\[\\]]" NUMBER "(,.+[\\[\\]])?|" NUMBER "[\\[\\]])$"

/* A parameter that is not of the EO extension. */
struct parameter {
    const char *name, *meaning; /* in the query; as a template has it */
    const char *facets;         /* attributes of param:Parameter besides, ready to write */
    const char *options;        /* values separated by blanks, or NULL */
    bool of_items, of_collections;
};

static const struct parameter parameters[] = {
    {"q", "searchTerms", " title=\"Words of title, description and keywords\"", NULL, true, true},
    {"maxRecords", "count", " title=\"Results a page\" minInclusive=\"0\" maxInclusive=\"1000\"", NULL, true, true},
    {"startIndex", "startIndex", " title=\"Index of the first result\" minInclusive=\"1\"", NULL, true, true},
    {"startPage", "startPage", " title=\"Number of the page\" minInclusive=\"1\"", NULL, true, true},
    {"uid", "geo:uid", " title=\"Identifier\"", NULL, true, true},
    {"bbox", "geo:box", " title=\"West, south, east, north in degrees\" pattern=\"^" NUMBER "(," NUMBER "){3}$\"", NULL, true,
     true},
    {"geometry", "geo:geometry", " title=\"A place in Well-Known Text, longitude before latitude\"", NULL, true, true},
    {"relation", "geo:relation", " title=\"How a result lies to the place; intersects unless told otherwise\"",
     "intersects contains within disjoint", true, true},
    {"lat", "geo:lat", " title=\"Latitude of a point in degrees\" minInclusive=\"-90\" maxInclusive=\"90\"", NULL, true, true},
    {"lon", "geo:lon", " title=\"Longitude of a point in degrees\" minInclusive=\"-180\" maxInclusive=\"180\"", NULL, true,
     true},
    {"radius", "geo:radius", " title=\"Metres around the point\" minExclusive=\"0\"", NULL, true, true},
    {"timeStart", "time:start", " title=\"Begin of the time, RFC 3339\" pattern=\"" TIME_PATTERN "\"", NULL, true, true},
    {"timeEnd", "time:end", " title=\"End of the time, RFC 3339\" pattern=\"" TIME_PATTERN "\"", NULL, true, true},
    {"timeRelation", "time:relation", " title=\"How a result's time lies to it; intersects unless told otherwise\"",
     "intersects contains during disjoint equals", true, false},
    {"sortKeys", "sru:sortKeys", " title=\"Order: name,,1 ascending or name,,0 descending, separated by blanks\"", NULL, true,
     true},
};

struct description {
    struct scope *scope;
    struct text *text;
    const char *base;
    const json_t *collection; /* or NULL */
    const json_t *schema;     /* what the items the caller may see hold, by property */
};

static void write(struct description *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds text as it is: what is not ours in it was escaped. */
static void write(struct description *d, const char *format, ...) {
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len < 0) return;
    if ((size_t)len < sizeof line) {
        text_add(d->text, line, (size_t)len);
        return;
    }
    char *all = scope_alloc(d->scope, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(all, (size_t)len + 1, format, args);
    va_end(args);
    text_add(d->text, all, (size_t)len);
}

/* A text cut to as many characters as OpenSearch allows, escaped. */
static const char *at_most(struct description *d, const char *text, size_t most) {
    size_t bytes = 0, characters = 0;
    while (text[bytes]) {
        if (((unsigned char)text[bytes] & 0xc0) != 0x80 && characters++ == most) break;
        bytes++;
    }
    return http_escape(d->scope, scope_strndup(d->scope, text, bytes));
}

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* ---- parameters ---- */

static bool criterion_offered(const struct criterion *c, bool of_collections) {
    return of_collections ? c->of_collections : c->of_items;
}

/* What of a criterion's values there is: as the items have it, else as the collection's summaries say. */
static const json_t *values_of(const struct description *d, const struct criterion *c, const json_t **bounds) {
    const json_t *summaries = json_object_get(d->collection, "summaries"), *values = NULL;
    *bounds = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(c->properties) && c->properties[i]; i++) {
        const json_t *schema = json_object_get(d->schema, c->properties[i]), *items = json_object_get(schema, "items");
        const json_t *listed = json_object_get(items ? items : schema, "enum");
        const json_t *summary = json_object_get(summaries, c->properties[i]);
        if (!values && listed) values = listed;
        if (!values && json_is_array(summary)) values = summary;
        if (!*bounds && json_object_get(schema, "minimum")) *bounds = schema;
        if (!*bounds && json_object_get(summary, "minimum")) *bounds = summary;
    }
    return values;
}

static void option(struct description *d, const char *value) {
    const char *escaped = http_escape(d->scope, value);
    write(d, "<param:Option value=\"%s\" label=\"%s\"/>", escaped, escaped);
}

static void options(struct description *d, const struct criterion *c, const json_t *values) {
    json_t *value;
    size_t at;
    if (c->kind == CRITERION_SENSOR) {
        option(d, "OPTICAL");
        option(d, "RADAR");
    }
    json_array_foreach((json_t *)values, at, value) {
        if (json_is_string(value)) option(d, json_string_value(value));
        if (json_is_number(value)) option(d, json_line(d->scope, value));
    }
}

static void criterion_write(struct description *d, const struct criterion *c) {
    const json_t *bounds, *values = values_of(d, c, &bounds);
    json_t *least = json_object_get(bounds, "minimum"), *most = json_object_get(bounds, "maximum");
    write(d, "  <param:Parameter name=\"%s\" value=\"{eo:%s}\" minimum=\"0\" maximum=\"1\" title=\"%s\"", c->name, c->name,
          c->title);
    if (c->kind == CRITERION_NUMBER && json_is_number(least) && json_is_number(most))
        write(d, " minInclusive=\"%s\" maxInclusive=\"%s\"", json_line(d->scope, least), json_line(d->scope, most));
    if (c->kind == CRITERION_NUMBER) write(d, " pattern=\"%s\"", http_escape(d->scope, RANGE_PATTERN));
    write(d, ">");
    options(d, c, values);
    write(d, "</param:Parameter>\n");
}

/* The collection's time as bounds of time:start and time:end. */
static void time_bounds(struct description *d) {
    const json_t *temporal = json_object_get(json_object_get(d->collection, "extent"), "temporal");
    const json_t *interval = json_array_get(json_object_get(temporal, "interval"), 0);
    const char *from = json_string_value(json_array_get(interval, 0)), *to = json_string_value(json_array_get(interval, 1));
    if (from) write(d, " minInclusive=\"%s\"", http_escape(d->scope, from));
    if (to) write(d, " maxInclusive=\"%s\"", http_escape(d->scope, to));
}

/* CEOS-BP-002C. */
static void geometry_profiles(struct description *d) {
    static const char *const types[] = {"POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        write(d, "<atom:link rel=\"profile\" href=\"http://www.opengis.net/wkt/%s\" title=\"WKT %s\"/>", types[i], types[i]);
}

static void parameter_write(struct description *d, const struct parameter *p) {
    write(d, "  <param:Parameter name=\"%s\" value=\"{%s}\" minimum=\"0\" maximum=\"1\"%s", p->name, p->meaning, p->facets);
    if (strncmp(p->meaning, "time:", 5) == 0 && !p->options) time_bounds(d);
    write(d, ">");
    char *rest = NULL, *list = scope_strdup(d->scope, p->options);
    for (char *value = list ? strtok_r(list, " ", &rest) : NULL; value; value = strtok_r(NULL, " ", &rest)) option(d, value);
    if (strcmp(p->meaning, "geo:geometry") == 0) geometry_profiles(d);
    if (strcmp(p->meaning, "searchTerms") == 0)
        write(
            d,
            "<atom:link rel=\"profile\" href=\"https://www.postgresql.org/docs/15/textsearch-controls.html\" title=\"Words by "
            "blanks: all of them; &quot;in quotes&quot;: a phrase; or; -not (websearch_to_tsquery)\"/>");
    write(d, "</param:Parameter>\n");
}

/* One Url: the template, then each parameter. */
static void url_write(struct description *d, const char *rel, const char *path, const char *format, const char *type,
                      bool of_collections) {
    write(d, "<Url type=\"%s\" rel=\"%s\" indexOffset=\"1\" pageOffset=\"1\" template=\"%s%s?format=%s", type, rel,
          http_escape(d->scope, d->base), path, format);
    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
        if (of_collections ? parameters[i].of_collections : parameters[i].of_items)
            write(d, "&amp;%s={%s?}", parameters[i].name, parameters[i].meaning);
    for (size_t i = 0; i < criteria_count; i++)
        if (criterion_offered(&criteria[i], of_collections)) write(d, "&amp;%s={eo:%s?}", criteria[i].name, criteria[i].name);
    if (!d->collection && !of_collections) write(d, "&amp;collection={eo:parentIdentifier?}");
    write(d, "\">\n");
    for (size_t i = 0; i < ARRAY_SIZE(parameters); i++)
        if (of_collections ? parameters[i].of_collections : parameters[i].of_items) parameter_write(d, &parameters[i]);
    for (size_t i = 0; i < criteria_count; i++)
        if (criterion_offered(&criteria[i], of_collections)) criterion_write(d, &criteria[i]);
    write(d, "</Url>\n");
}

static void urls_write(struct description *d, const char *rel, const char *path, bool of_collections) {
    url_write(d, rel, path, "atom", ATOM_TYPE, of_collections);
    url_write(d, rel, path, "json", GEOJSON, of_collections);
}

/* ---- the whole ---- */

/* OpenSearch allows 16 characters to a short name, 48 to a long one, 1024 to a description. */
static void head_write(struct description *d, const char *name, const char *about, const char *self) {
    write(d, "%s<ShortName>%s</ShortName>\n<Description>%s</Description>\n", HEAD, at_most(d, name, 16),
          at_most(d, about, 1024));
    write(d, "<Tags>CEOS-OS-BP-V1.3/L1 earth observation satellite</Tags>\n");
    write(d, "<Url type=\"" DESCRIPTION_TYPE "\" rel=\"self\" template=\"%s%s\"/>\n", http_escape(d->scope, d->base), self);
}

static int tail_write(struct description *d, struct response *rs, const char *long_name) {
    write(d, "<LongName>%s</LongName>\n", at_most(d, long_name, 48));
    write(d, "<Query role=\"example\" title=\"The newest\" startIndex=\"1\" count=\"10\"/>\n");
    write(d, "<Developer>Nadir</Developer>\n<SyndicationRight>open</SyndicationRight>\n<AdultContent>false</AdultContent>\n"
             "<Language>en</Language>\n<OutputEncoding>UTF-8</OutputEncoding>\n<InputEncoding>UTF-8</InputEncoding>\n"
             "</OpenSearchDescription>\n");
    return response_data(rs, 200, DESCRIPTION_TYPE, d->text->data, d->text->len);
}

static int collection_description(struct request *rq, struct response *rs, const char *name) {
    struct scope *s = rq->scope;
    json_t *collection, *schema;
    int err = opensearch_collection_read(rq, name, &collection);
    if (!err) err = queryables_read(rq, name, &schema);
    if (err == NADIR_ENOTFOUND) return opensearch_no_collection(rs, name);
    if (err) return err;
    const char *id = text_of(collection, "id"), *title = text_of(collection, "title");
    const char *place = scope_printf(s, "/opensearch/collections/%s", http_encode(s, id));
    struct description d = {s, text_new(s, 64 * 1024), rq->base_url, collection, schema};
    head_write(&d, id, text_of(collection, "description"), scope_printf(s, "%s/description.xml", place));
    urls_write(&d, "results", scope_printf(s, "%s/items", place), false);
    return tail_write(&d, rs, title ? title : id);
}

int opensearch_description(struct request *rq, struct response *rs) {
    const char *name = argument_any(rq, "parentIdentifier collection"); /* as FedEO's clients ask */
    if (name) return collection_description(rq, rs, name);
    json_t *schema;
    int err = queryables_read(rq, NULL, &schema);
    if (err) return err;
    struct description d = {rq->scope, text_new(rq->scope, 64 * 1024), rq->base_url, NULL, schema};
    head_write(
        &d, "Nadir",
        "Satellite scenes and products computed from them. First find a collection (rel=collection); its own description "
        "document (rel=search of its entry) tells how to search it. Items of all collections can be searched too.",
        "/opensearch/description.xml");
    urls_write(&d, "collection", "/opensearch/collections", true);
    urls_write(&d, "results", "/opensearch/search", false);
    return tail_write(&d, rs, "Nadir: satellite scenes and products");
}

int opensearch_collection_description(struct request *rq, struct response *rs) {
    return collection_description(rq, rs, request_param(rq, "collection"));
}
