/* capabilities.c: GetCapabilities (OGC 07-006r1 clause 10.4, OWS Common 1.0.0). */
#include <string.h>
#include <strings.h>

#include "common/config.h"
#include "discovery/csw/csw.h"

struct writer {
    struct scope *scope;
    struct text *text;
    const struct csw *asked;
    const char *address; /* of this service, escaped */
};

/* All sections, or those that were asked for. */
static bool section(const struct writer *w, const char *name) {
    if (!w->asked->sections) return true;
    char *rest = scope_strdup(w->scope, w->asked->sections), *one;
    while ((one = strsep(&rest, ",")))
        if (strcasecmp(one, name) == 0 || strcasecmp(one, "All") == 0) return true;
    return false;
}

static void put(const struct writer *w, const char *text) {
    text_add(w->text, text, strlen(text));
}

static void values(const struct writer *w, const char *element, const char *name, const char *const *list) {
    xml_raw(w->text, "<ows:%s name=\"%s\">", element, name);
    for (; *list; list++) xml_raw(w->text, "<ows:Value>%s</ows:Value>", *list);
    xml_raw(w->text, "</ows:%s>\n", element);
}

static const char *const formats[] = {"application/xml", NULL};
static const char *const schemas[] = {CSW_NS, GMD_NS, NULL};
static const char *const types[] = {"csw:Record", "gmd:MD_Metadata", NULL};
static const char *const results[] = {"hits", "results", "validate", NULL};
static const char *const sets[] = {"brief", "summary", "full", NULL};
static const char *const languages[] = {"FILTER", "CQL_TEXT", NULL};
static const char *const sections[] = {"ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Filter_Capabilities",
                                       NULL};
static const char *const schema_languages[] = {"http://www.w3.org/XML/Schema", "http://www.w3.org/TR/xmlschema-1/", NULL};
static const char *const domain_parameters[] = {
    "GetRecords.resultType",     "GetRecords.outputSchema",    "GetRecords.typeNames",         "GetRecords.CONSTRAINTLANGUAGE",
    "GetRecords.ElementSetName", "GetRecordById.outputSchema", "GetRecordById.ElementSetName", NULL};

struct csw_parameter {
    const char *operation, *name;
    const char *const *values;
};
static const struct csw_parameter parameters[] = {
    {"GetCapabilities", "sections", sections},
    {"DescribeRecord", "typeName", types},
    {"DescribeRecord", "outputFormat", formats},
    {"DescribeRecord", "schemaLanguage", schema_languages},
    {"GetDomain", "ParameterName", domain_parameters},
    {"GetRecords", "resultType", results},
    {"GetRecords", "outputFormat", formats},
    {"GetRecords", "outputSchema", schemas},
    {"GetRecords", "typeNames", types},
    {"GetRecords", "CONSTRAINTLANGUAGE", languages},
    {"GetRecords", "ElementSetName", sets},
    {"GetRecordById", "outputFormat", formats},
    {"GetRecordById", "outputSchema", schemas},
    {"GetRecordById", "ElementSetName", sets},
};

const char *const *csw_parameter_values(const char *name) {
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        size_t len = strlen(parameters[i].operation);
        if (strncasecmp(name, parameters[i].operation, len) == 0 && name[len] == '.' &&
            strcasecmp(name + len + 1, parameters[i].name) == 0)
            return parameters[i].values;
    }
    return NULL;
}

static void identification(const struct writer *w) {
    put(w, "<ows:ServiceIdentification>\n<ows:Title>Nadir catalogue</ows:Title>\n"
           "<ows:Abstract>Satellite scenes and products computed from them: collections (series) and their items (dataset)."
           "</ows:Abstract>\n<ows:Keywords><ows:Keyword>Earth observation</ows:Keyword><ows:Keyword>satellite "
           "imagery</ows:Keyword>"
           "<ows:Keyword>catalogue</ows:Keyword><ows:Type>theme</ows:Type></ows:Keywords>\n<ows:ServiceType>CSW</"
           "ows:ServiceType>\n"
           "<ows:ServiceTypeVersion>" CSW_VERSION "</ows:ServiceTypeVersion>\n<ows:Fees>NONE</ows:Fees>\n"
           "<ows:AccessConstraints>NONE</ows:AccessConstraints>\n</ows:ServiceIdentification>\n");
}

static void provider(const struct writer *w, const char *site) {
    put(w, "<ows:ServiceProvider>\n");
    xml_element(w->scope, w->text, "ows:ProviderName", config_text("NADIR_SELLER", "Nadir"));
    put(w, "<ows:ProviderSite xlink:type=\"simple\" xlink:href=\"");
    put(w, http_escape(w->scope, site));
    put(w, "\"/>\n<ows:ServiceContact><ows:Role>pointOfContact</ows:Role></ows:ServiceContact>\n</ows:ServiceProvider>\n");
}

static void queryables(const struct writer *w, const char *constraint, const char *prefix) {
    xml_raw(w->text, "<ows:Constraint name=\"%s\">", constraint);
    for (size_t i = 0; i < csw_names_count; i++) {
        const char *list = csw_names[i].prefixes;
        const char *at = strstr(list, prefix);
        size_t len = strlen(prefix);
        if (at && (at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            xml_raw(w->text, "<ows:Value>%s:%s</ows:Value>", prefix, csw_names[i].name);
    }
    put(w, "</ows:Constraint>\n");
}

static void additional(const struct writer *w) {
    static const char *const stac[] = {
        "eo:cloud_cover",   "platform", "constellation", "gsd", "sat:orbit_state", "sat:relative_orbit", "sar:instrument_mode",
        "processing:level", NULL};
    values(w, "Constraint", "AdditionalQueryables", stac);
}

static void operation(const struct writer *w, const char *name) {
    xml_raw(w->text, "<ows:Operation name=\"%s\">\n<ows:DCP><ows:HTTP>", name);
    xml_raw(w->text, "<ows:Get xlink:type=\"simple\" xlink:href=\"%s\"/>", w->address);
    xml_raw(w->text, "<ows:Post xlink:type=\"simple\" xlink:href=\"%s\">", w->address);
    put(w, "<ows:Constraint "
           "name=\"PostEncoding\"><ows:Value>XML</ows:Value><ows:Value>SOAP</ows:Value></ows:Constraint></ows:Post>"
           "</ows:HTTP></ows:DCP>\n");
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (strcmp(parameters[i].operation, name) == 0) values(w, "Parameter", parameters[i].name, parameters[i].values);
    if (strcmp(name, "GetRecords") == 0) {
        queryables(w, "SupportedDublinCoreQueryables", "dc");
        queryables(w, "SupportedISOQueryables", "apiso");
        additional(w);
    }
    put(w, "</ows:Operation>\n");
}

static void operations(const struct writer *w) {
    static const char *const service[] = {"CSW", NULL}, *const version[] = {CSW_VERSION, NULL},
                             *const profile[] = {"http://www.opengis.net/cat/csw/2.0.2/profiles/apiso/1.0", NULL};
    put(w, "<ows:OperationsMetadata>\n");
    operation(w, "GetCapabilities");
    operation(w, "DescribeRecord");
    operation(w, "GetDomain");
    operation(w, "GetRecords");
    operation(w, "GetRecordById");
    values(w, "Parameter", "service", service);
    values(w, "Parameter", "version", version);
    values(w, "Constraint", "IsoProfiles", profile);
    put(w, "</ows:OperationsMetadata>\n");
}

static void filters(const struct writer *w) {
    /* Multipoints, curves and surfaces are taken too; the schema has no names for them here. */
    static const char *const geometries[] = {"Envelope", "Point", "LineString", "Polygon"};
    static const char *const spatial[] = {"BBOX",    "Equals", "Disjoint", "Intersects", "Touches",
                                          "Crosses", "Within", "Contains", "Overlaps"};
    static const char *const comparisons[] = {"LessThan",   "GreaterThan", "LessThanEqualTo", "GreaterThanEqualTo", "EqualTo",
                                              "NotEqualTo", "Like",        "Between",         "NullCheck"};
    put(w, "<ogc:Filter_Capabilities>\n<ogc:Spatial_Capabilities>\n<ogc:GeometryOperands>");
    for (size_t i = 0; i < sizeof geometries / sizeof *geometries; i++)
        xml_raw(w->text, "<ogc:GeometryOperand>gml:%s</ogc:GeometryOperand>", geometries[i]);
    put(w, "</ogc:GeometryOperands>\n<ogc:SpatialOperators>");
    for (size_t i = 0; i < sizeof spatial / sizeof *spatial; i++)
        xml_raw(w->text, "<ogc:SpatialOperator name=\"%s\"/>", spatial[i]);
    put(w, "</ogc:SpatialOperators>\n</ogc:Spatial_Capabilities>\n<ogc:Scalar_Capabilities>\n<ogc:LogicalOperators/>\n"
           "<ogc:ComparisonOperators>");
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++)
        xml_raw(w->text, "<ogc:ComparisonOperator>%s</ogc:ComparisonOperator>", comparisons[i]);
    put(w, "</ogc:ComparisonOperators>\n</ogc:Scalar_Capabilities>\n"
           "<ogc:Id_Capabilities><ogc:EID/><ogc:FID/></ogc:Id_Capabilities>\n</ogc:Filter_Capabilities>\n");
}

/* The first that we write of the formats asked for; application/xml where there is none (OGC 05-008c1 clause 7.3.5). */
static const char *format_chosen(struct scope *s, const char *accepted) {
    static const char *const known[] = {CSW_TYPE, "text/xml", NULL};
    char *rest = accepted ? scope_strdup(s, accepted) : NULL, *one;
    while ((one = strsep(&rest, ", ")))
        for (size_t i = 0; known[i]; i++)
            if (strcasecmp(one, known[i]) == 0) return known[i];
    return CSW_TYPE;
}

int csw_capabilities(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f) {
    (void)f;
    struct writer w = {rq->scope, text_new(rq->scope, 32 * 1024), c,
                       http_escape(rq->scope, scope_printf(rq->scope, "%s/csw", rq->base_url))};
    put(&w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<csw:Capabilities xmlns:csw=\"" CSW_NS
            "\" xmlns:ows=\"http://www.opengis.net/ows\""
            " xmlns:ogc=\"" OGC_NS "\" xmlns:gml=\"" GML_NS "\" xmlns:gmd=\"" GMD_NS
            "\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
            " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"" CSW_NS
            " http://schemas.opengis.net/csw/2.0.2/CSW-discovery.xsd\" version=\"" CSW_VERSION "\">\n");
    if (section(&w, "ServiceIdentification")) identification(&w);
    if (section(&w, "ServiceProvider")) provider(&w, rq->base_url);
    if (section(&w, "OperationsMetadata")) operations(&w);
    filters(&w); /* the schema wants it always */
    put(&w, "</csw:Capabilities>\n");
    const char *type = scope_printf(rq->scope, "%s; charset=utf-8", format_chosen(rq->scope, c->accept_formats));
    return response_data(rs, 200, type, w.text->data, w.text->len);
}
