/* request_xml.c: a request sent as XML (OGC 07-006r1, CSW-discovery.xsd), bare or in a SOAP 1.1 or 1.2 envelope's body. */
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"

/* The texts of all children of that name, joined by commas. */
static const char *texts_joined(struct scope *s, const xmlNode *parent, const char *name) {
    const char *joined = NULL;
    size_t count = 0;
    for (xmlNode *at = csw_xml_first(parent); at && count < CSW_NAMES_MOST; at = csw_xml_next(at)) {
        if (!csw_xml_is(at, NULL, name)) continue;
        const char *text = csw_xml_text(s, at);
        joined = joined ? scope_printf(s, "%s,%s", joined, text) : text;
        count++;
    }
    return joined;
}

static const xmlNode *child(const xmlNode *parent, const char *name) {
    xmlNode *at = csw_xml_first(parent);
    while (at && !csw_xml_is(at, NULL, name)) at = csw_xml_next(at);
    return at;
}

static int sort_read(struct scope *s, const xmlNode *by, struct csw *out, struct csw_fault *f) {
    for (xmlNode *at = csw_xml_first(by); at; at = csw_xml_next(at)) {
        const xmlNode *name = child(at, "PropertyName"), *order = child(at, "SortOrder");
        if (!name) return csw_fault_set(f, "MissingParameterValue", "SortBy", "has a SortProperty without a PropertyName");
        if (out->nsorts == SORTS_MOST) return csw_fault_set(f, NULL, "SortBy", "names more than 8 properties");
        const char *direction = order ? csw_xml_text(s, order) : "ASC";
        if (strcasecmp(direction, "ASC") != 0 && strcasecmp(direction, "DESC") != 0)
            return csw_fault_set(f, NULL, "SortOrder", "must be ASC or DESC");
        out->sorts[out->nsorts++] =
            (struct sort){.property = csw_xml_text(s, name), .descending = strcasecmp(direction, "DESC") == 0};
    }
    return 0;
}

static int constraint_read(struct scope *s, const xmlNode *constraint, struct csw *out, struct csw_fault *f) {
    const char *version = csw_xml_attribute(s, constraint, "version");
    if (version && strcmp(version, "1.1.0") != 0 && strcmp(version, "1.0.0") != 0)
        return csw_fault_set(f, NULL, "Constraint", "has a version other than 1.1.0");
    const xmlNode *cql = child(constraint, "CqlText");
    if (cql) out->constraint = csw_xml_text(s, cql);
    out->filter = (xmlNode *)child(constraint, "Filter");
    if (!cql == !out->filter) return csw_fault_set(f, NULL, "Constraint", "must hold one ogc:Filter or csw:CqlText");
    return 0;
}

static int query_read(struct scope *s, const xmlNode *query, struct csw *out, struct csw_fault *f) {
    out->type_names = csw_xml_attribute(s, query, "typeNames");
    for (xmlNode *at = csw_xml_first(query); at; at = csw_xml_next(at)) {
        int err = 0;
        if (csw_xml_is(at, NULL, "ElementSetName")) {
            out->element_set = csw_xml_text(s, at);
        } else if (csw_xml_is(at, NULL, "ElementName")) {
            if (out->nelement_names == CSW_NAMES_MOST)
                return csw_fault_set(f, NULL, "ElementName", "is a list that is too long");
            out->element_names[out->nelement_names++] = csw_xml_text(s, at);
        } else if (csw_xml_is(at, NULL, "Constraint")) {
            err = constraint_read(s, at, out, f);
        } else if (csw_xml_is(at, NULL, "SortBy")) {
            err = sort_read(s, at, out, f);
        } else {
            err = csw_fault_set(f, NULL, "Query", "holds an element that it cannot have");
        }
        if (err) return err;
    }
    return 0;
}

/* Children of the operations other than GetRecords' Query. */
static int children_read(struct scope *s, const xmlNode *root, struct csw *out, struct csw_fault *f) {
    const xmlNode *node;
    if ((node = child(root, "AcceptVersions"))) out->accept_versions = texts_joined(s, node, "Version");
    if ((node = child(root, "Sections"))) out->sections = texts_joined(s, node, "Section");
    if ((node = child(root, "AcceptFormats"))) out->accept_formats = texts_joined(s, node, "OutputFormat");
    if ((node = child(root, "ElementSetName"))) out->element_set = csw_xml_text(s, node);
    if (!out->type_names) out->type_names = texts_joined(s, root, "TypeName");
    out->parameter_name = texts_joined(s, root, "ParameterName");
    out->property_name = texts_joined(s, root, "PropertyName");
    for (xmlNode *at = csw_xml_first(root); at; at = csw_xml_next(at)) {
        if (!csw_xml_is(at, NULL, "Id")) continue;
        if (out->nids == CSW_IDS_MOST) return csw_fault_set(f, NULL, "Id", "is a list that is too long");
        out->ids[out->nids++] = csw_xml_text(s, at);
    }
    return 0;
}

/* What stands in a SOAP envelope's body, or the root itself. */
static xmlNode *request_element(xmlNode *root) {
    if (!csw_xml_is(root, NULL, "Envelope")) return root;
    const xmlNode *body = child(root, "Body");
    return body ? csw_xml_first(body) : root;
}

int csw_read_xml(struct scope *s, const char *body, size_t len, struct csw *out, struct csw_fault *f) {
    out->document = csw_xml_parse(s, body, len);
    if (!out->document)
        return csw_fault_set(f, "NoApplicableCode", "body", "must be well-formed XML without a DTD, of at most 256 KiB");
    xmlNode *root = request_element(xmlDocGetRootElement(out->document));
    if (!root->ns || strcmp((const char *)root->ns->href, CSW_NS) != 0)
        return csw_fault_set(f, NULL, "body", "must be a request in the namespace " CSW_NS);
    out->operation = (const char *)root->name;
    out->service = csw_xml_attribute(s, root, "service");
    out->version = csw_xml_attribute(s, root, "version");
    out->output_format = csw_xml_attribute(s, root, "outputFormat");
    out->output_schema = csw_xml_attribute(s, root, "outputSchema");
    out->schema_language = csw_xml_attribute(s, root, "schemaLanguage");
    out->result_type = csw_xml_attribute(s, root, "resultType");
    out->start_position = csw_xml_attribute(s, root, "startPosition");
    out->max_records = csw_xml_attribute(s, root, "maxRecords");
    out->request_id = csw_xml_attribute(s, root, "requestId");
    const xmlNode *query = child(root, "Query");
    if (query && query_read(s, query, out, f)) return NADIR_EINVAL;
    return children_read(s, root, out, f);
}
