/* describe.c: DescribeRecord (OGC 07-006r1 clause 10.6): the schemas of what records are written in. */
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"

#define SCHEMA "http://www.w3.org/XML/Schema"

static const struct {
    const char *name, *namespace, *prefix, *location;
} types[] = {
    {"Record", CSW_NS, "csw", "http://schemas.opengis.net/csw/2.0.2/record.xsd"},
    {"MD_Metadata", GMD_NS, "gmd", "http://www.isotc211.org/2005/gmd/gmd.xsd"},
};
#define TYPES (sizeof types / sizeof *types)

/* A type that is not known has no schema here; in XML a name must have its prefix. */
static int types_read(struct scope *s, const struct csw *c, bool wanted[TYPES], struct csw_fault *f) {
    char *rest = scope_strdup(s, c->type_names), *name;
    while ((name = strsep(&rest, ", "))) {
        const char *colon = strrchr(name, ':'), *own = colon ? colon + 1 : name;
        size_t i = 0;
        if (!*own) continue;
        while (i < TYPES && strcasecmp(types[i].name, own) != 0) i++;
        if (!colon && (c->document || i == TYPES))
            return csw_fault_set(f, NULL, "typeName", "must be csw:Record or gmd:MD_Metadata, with the prefix");
        if (i < TYPES) wanted[i] = true;
    }
    return 0;
}

int csw_describe(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f) {
    bool wanted[TYPES] = {!c->type_names, !c->type_names};
    if (c->output_format && strcasecmp(c->output_format, CSW_TYPE) != 0 && strcasecmp(c->output_format, "text/xml") != 0)
        return csw_fault_set(f, NULL, "outputFormat", "must be application/xml");
    if (c->schema_language && !strstr(c->schema_language, "XML/Schema") && !strstr(c->schema_language, "xmlschema") &&
        strcasecmp(c->schema_language, "XMLSCHEMA") != 0)
        return csw_fault_set(f, NULL, "schemaLanguage", "must be " SCHEMA);
    if (c->type_names && types_read(rq->scope, c, wanted, f)) return NADIR_EINVAL;
    struct text *t = text_new(rq->scope, 4096);
    xml_raw(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<csw:DescribeRecordResponse xmlns:csw=\"" CSW_NS "\""
               " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"" CSW_NS
               " http://schemas.opengis.net/csw/2.0.2/CSW-discovery.xsd\">\n");
    for (size_t i = 0; i < TYPES; i++) {
        if (!wanted[i]) continue;
        xml_raw(
            t,
            "<csw:SchemaComponent schemaLanguage=\"" SCHEMA "\" targetNamespace=\"%s\">\n"
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:%s=\"%s\" targetNamespace=\"%s\""
            " elementFormDefault=\"qualified\">\n<xs:include schemaLocation=\"%s\"/>\n</xs:schema>\n</csw:SchemaComponent>\n",
            types[i].namespace, types[i].prefix, types[i].namespace, types[i].namespace, types[i].location);
    }
    xml_raw(t, "</csw:DescribeRecordResponse>\n");
    return response_data(rs, 200, CSW_TYPE "; charset=utf-8", t->data, t->len);
}
