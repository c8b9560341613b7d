/* csw.h: Catalogue Service for the Web 2.0.2 (OGC 07-006r1) with the ISO metadata profile's output (OGC 07-045).
 *
 * A request, by address (KVP) or as XML, is read into `struct csw`. Its constraint, OGC Filter 1.1.0 or CQL text, is read into
 * a tree over the record's own names (dc:title, apiso:TempExtent_begin, …) and then bound, once to collections and once to
 * items, to the properties that hold them. Records are collections (type series) and items (type dataset); collections come
 * first. The identifier of an item's record is "<collection>/<item>": neither part can hold a slash.
 */
#ifndef DISCOVERY_CSW_H
#define DISCOVERY_CSW_H

#include <libxml/tree.h>

#include "discovery/query/expr.h"
#include "discovery/query/query.h"

#define CSW_VERSION "2.0.2"
#define CSW_TYPE "application/xml"
#define CSW_NS "http://www.opengis.net/cat/csw/2.0.2"
#define GMD_NS "http://www.isotc211.org/2005/gmd"
#define GML_NS "http://www.opengis.net/gml"
#define OGC_NS "http://www.opengis.net/ogc"
#define CSW_BODY_MOST (256 * 1024)
#define CSW_RECORDS_DEFAULT 10
#define CSW_RECORDS_MOST 1000 /* a page */
#define CSW_IDS_MOST 100      /* of GetRecordById */
#define CSW_NAMES_MOST 64     /* ElementName, TypeName */

/* A fault's code says what is wrong (OWS Common 1.0.0, table 20), its field is the locator. */
struct csw_fault {
    struct fault at;
    const char *code; /* NULL: InvalidParameterValue */
};

/** Records a fault unless there is one already; returns NADIR_EINVAL. */
static inline int csw_fault_set(struct csw_fault *f, const char *code, const char *locator, const char *why) {
    if (!f->at.why) *f = (struct csw_fault){{locator, why}, code};
    return NADIR_EINVAL;
}

enum csw_result { CSW_RESULTS, CSW_HITS, CSW_VALIDATE };
enum csw_set { CSW_BRIEF, CSW_SUMMARY, CSW_FULL };
enum csw_kind { CSW_SERIES, CSW_DATASET }; /* what a record is: a collection, an item */

struct csw {
    const char *operation; /* "GetRecords", … or NULL */
    const char *service, *version;
    const char *accept_versions, *sections, *accept_formats; /* lists by commas, or NULL */
    const char *output_format, *output_schema, *schema_language;
    const char *type_names;
    const char *parameter_name, *property_name; /* GetDomain: lists by commas */
    const char *element_set;
    const char *element_names[CSW_NAMES_MOST];
    size_t nelement_names;
    const char *ids[CSW_IDS_MOST];
    size_t nids;
    const char *result_type, *start_position, *max_records, *request_id;
    const char *constraint_language; /* KVP: CQL_TEXT or FILTER */
    const char *constraint;          /* KVP, or the text of csw:CqlText */
    xmlNode *filter;                 /* ogc:Filter, or NULL */
    struct sort sorts[SORTS_MOST];   /* by names of the record */
    size_t nsorts;
    xmlDoc *document; /* of a POST, or NULL */
};

/* ---- kvp.c, request_xml.c, xml_read.c ---- */
int csw_read_kvp(const struct request *rq, struct csw *out, struct csw_fault *f);
int csw_read_xml(struct scope *s, const char *body, size_t len, struct csw *out, struct csw_fault *f);

/** Parses XML without DTD, entities or network; the document belongs to the scope. NULL if it is not well-formed, has a DTD or
 * is deeper than 100 elements. */
xmlDoc *csw_xml_parse(struct scope *s, const char *text, size_t len);
/** True if the node is an element of that local name (and namespace, unless it is NULL). */
bool csw_xml_is(const xmlNode *node, const char *ns, const char *name);
/** The first element child, or the next element sibling. NULL: none. */
xmlNode *csw_xml_first(const xmlNode *node);
xmlNode *csw_xml_next(const xmlNode *node);
/** Text within a node without blanks around it; an attribute (of no namespace) or NULL. In the scope. */
const char *csw_xml_text(struct scope *s, const xmlNode *node);
const char *csw_xml_attribute(struct scope *s, const xmlNode *node, const char *name);

/* ---- filter_xml.c, gml.c, cql.c: constraints as trees over the record's names ---- */
int csw_filter_parse(struct scope *s, const xmlNode *filter, struct expr **out, struct csw_fault *f);
/** A GML 3.1.1 (or 2.1.2) geometry as GeoJSON in longitude and latitude. */
int csw_gml_parse(struct scope *s, const xmlNode *node, const json_t **out, struct csw_fault *f);
bool csw_gml_is_geometry(const xmlNode *node);
/** Classic CQL as catalogues speak it: CQL2 text, and BBOX(), INTERSECTS() …, BEFORE, AFTER, DURING, ILIKE, EXISTS. */
int csw_cql_parse(struct scope *s, const char *text, struct expr **out, struct csw_fault *f);
/** The same as CQL2 text. */
int csw_cql_rewrite(struct scope *s, const char *text, const char **out, struct csw_fault *f);

/* ---- names.c: what a record's names stand for ---- */
enum csw_type { CSW_TEXT, CSW_NUMBER, CSW_TIME, CSW_PLACE, CSW_LIST, CSW_IDENTIFIER, CSW_ANYTEXT, CSW_CONSTANT };

struct csw_name {
    const char *name;     /* local name, "Title" */
    const char *prefixes; /* blank-separated prefixes that it is known under */
    enum csw_type type;
    const char *property, *otherwise;      /* of items; `otherwise` where an item has no `property` */
    const char *series, *series_otherwise; /* of collections; NULL: they have none */
};
extern const struct csw_name csw_names[];
extern const size_t csw_names_count;

/** Finds a record's name ("dc:title", "/csw:Record/dc:title", "Title"). False if it is a wrong one; *out is NULL for a STAC
 *  property by its own name ("eo:cloud_cover"), which *property then holds. */
bool csw_name_find(struct scope *s, const char *name, const struct csw_name **out, const char **property);

/* ---- bind.c ---- */
/* A condition for one kind of record: always, never, or where `expr` holds. */
struct csw_bound {
    enum { CSW_ALWAYS, CSW_NEVER, CSW_WHERE } when;
    struct expr *expr;
};
int csw_bind(struct scope *s, const struct expr *e, enum csw_kind kind, struct csw_bound *out, struct csw_fault *f);
/** The property to sort by. */
int csw_bind_sort(struct scope *s, const char *name, enum csw_kind kind, const char **out, struct csw_fault *f);

/* ---- find.c ---- */
struct csw_found {
    int64_t matched;
    size_t count;
    const char **documents; /* with the public URL */
    enum csw_kind *kinds;
};
/** The records from `start` (from 1) on, at most `limit`. */
int csw_find(struct request *rq, const struct csw *c, int64_t start, int limit, struct csw_found *out, struct csw_fault *f);
/** The record of that identifier; NADIR_ENOTFOUND. */
int csw_find_one(struct request *rq, const char *identifier, const char **document, enum csw_kind *kind);

/* ---- record.c: what either schema tells of a collection or an item ---- */
struct csw_record {
    struct scope *scope;
    const char *base_url;
    enum csw_kind kind;
    json_t *document, *properties; /* properties: of an item; of a collection the document */
    const char *identifier, *title, *abstract, *parent;
    const char *modified;    /* may be NULL */
    const char *begin, *end; /* may be NULL */
    bool placed;
    double box[4];                 /* west > east crosses the antimeridian */
    json_t *keywords;              /* list of texts */
    const char *licence, *address; /* of its STAC document */
};
int csw_record_read(struct scope *s, const char *base_url, enum csw_kind kind, const char *document, struct csw_record *out);
/** A link of a record: where its data or services are. */
struct csw_link {
    const char *href, *type, *title, *protocol;
    const char *function; /* of CI_OnLineFunctionCode: information, download */
};
#define CSW_LINKS_MOST 64
size_t csw_record_links(const struct csw_record *r, struct csw_link *out);

/* ---- xml_write.c: text that becomes XML ---- */
void xml_raw(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** <name>value</name>, escaped; nothing when value is NULL. */
void xml_element(struct scope *s, struct text *t, const char *name, const char *value);

/* ---- dublin_core.c, iso19139.c ---- */
void csw_dublin_core_write(struct text *t, const struct csw_record *r, enum csw_set set, const struct csw *names);
void csw_iso19139_write(struct text *t, const struct csw_record *r, enum csw_set set);

/** The values of a parameter ("GetRecords.resultType"), NULL at their end; NULL: there is no such parameter. */
const char *const *csw_parameter_values(const char *name);

/* ---- capabilities.c, describe.c, domain.c, records.c ---- */
int csw_capabilities(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f);
int csw_describe(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f);
int csw_domain(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f);
int csw_records(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f);
int csw_record_by_id(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f);

/* ---- csw.c ---- */
int csw_get(struct request *rq, struct response *rs);
int csw_post(struct request *rq, struct response *rs);

#endif
