/* records.c: GetRecords and GetRecordById (OGC 07-006r1 clauses 10.8 and 10.9). */
#include <libxml/xmlmemory.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "discovery/csw/csw.h"

#define NAMESPACES                                                                                                             \
    " xmlns:csw=\"" CSW_NS "\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:dct=\"http://purl.org/dc/terms/\""          \
    " xmlns:ows=\"http://www.opengis.net/ows\" xmlns:gmd=\"" GMD_NS "\" xmlns:gco=\"http://www.isotc211.org/2005/gco\""        \
    " xmlns:gml=\"" GML_NS "\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""                                                   \
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""                                                                 \
    " xsi:schemaLocation=\"" CSW_NS " http://schemas.opengis.net/csw/2.0.2/CSW-discovery.xsd\""

/* How records are wanted. */
struct wanted {
    enum csw_result result;
    enum csw_set set;
    bool iso;
    int64_t start, limit;
};

static int choice(const char *value, const char *const *names, int otherwise) {
    if (!value) return otherwise;
    for (int i = 0; names[i]; i++)
        if (strcasecmp(value, names[i]) == 0) return i;
    return -1;
}

static int number_read(const char *text, const char *locator, int64_t least, int64_t *out, struct csw_fault *f) {
    if (!text) return 0;
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < least || value > 1000000000)
        return csw_fault_set(f, NULL, locator, least ? "must be a whole number from 1 on" : "must be a whole number from 0 on");
    *out = value;
    return 0;
}

/* What both operations can ask for. */
static int form_read(const struct csw *c, struct wanted *w, enum csw_set otherwise, struct csw_fault *f) {
    static const char *const sets[] = {"brief", "summary", "full", NULL};
    static const char *const schemas[] = {CSW_NS, GMD_NS, NULL};
    if (c->output_format && strncasecmp(c->output_format, CSW_TYPE, 15) != 0 &&
        strncasecmp(c->output_format, "text/xml", 8) != 0)
        return csw_fault_set(f, NULL, "outputFormat", "must be application/xml");
    int set = choice(c->element_set, sets, (int)otherwise), schema = choice(c->output_schema, schemas, 0);
    if (set < 0) return csw_fault_set(f, NULL, "ElementSetName", "must be brief, summary or full");
    if (schema < 0) return csw_fault_set(f, NULL, "outputSchema", "must be " CSW_NS " or " GMD_NS);
    if (c->element_set && c->nelement_names) return csw_fault_set(f, NULL, "ElementName", "cannot be sent with ElementSetName");
    w->set = (enum csw_set)set;
    w->iso = schema == 1;
    return 0;
}

static int types_check(struct scope *s, const char *types, struct csw_fault *f) {
    char *rest = scope_strdup(s, types), *name;
    while ((name = strsep(&rest, " ,"))) {
        const char *colon = strrchr(name, ':'), *own = colon ? colon + 1 : name;
        if (*name && strcasecmp(own, "Record") != 0 && strcasecmp(own, "MD_Metadata") != 0)
            return csw_fault_set(f, NULL, "typeNames", "must be csw:Record or gmd:MD_Metadata");
    }
    return 0;
}

static int wanted_read(struct scope *s, const struct csw *c, struct wanted *w, struct csw_fault *f) {
    static const char *const results[] = {"results", "hits", "validate", NULL}, *const languages[] = {"FILTER", "CQL_TEXT",
                                                                                                      NULL};
    *w = (struct wanted){.start = 1, .limit = CSW_RECORDS_DEFAULT};
    if (!c->type_names) return csw_fault_set(f, "MissingParameterValue", "typeNames", "is missing: send csw:Record");
    if (types_check(s, c->type_names, f) || form_read(c, w, CSW_SUMMARY, f)) return NADIR_EINVAL;
    int result = choice(c->result_type, results, CSW_HITS); /* the standard's default */
    if (result < 0) return csw_fault_set(f, NULL, "resultType", "must be results, hits or validate");
    w->result = (enum csw_result)result;
    if (c->constraint && !c->document && choice(c->constraint_language, languages, -1) < 0)
        return csw_fault_set(f, c->constraint_language ? NULL : "MissingParameterValue", "constraintLanguage",
                             "must be CQL_TEXT or FILTER where there is a constraint");
    if (number_read(c->start_position, "startPosition", 1, &w->start, f) ||
        number_read(c->max_records, "maxRecords", 0, &w->limit, f))
        return NADIR_EINVAL;
    if (w->limit > CSW_RECORDS_MOST) w->limit = CSW_RECORDS_MOST;
    if (w->limit == 0 && w->result == CSW_RESULTS) w->result = CSW_HITS;
    return 0;
}

/* A KVP request's constraint that is a filter. */
static int filter_load(struct scope *s, struct csw *c, struct csw_fault *f) {
    if (!c->constraint || c->document || strcasecmp(c->constraint_language, "FILTER") != 0) return 0;
    xmlDoc *document = csw_xml_parse(s, c->constraint, strlen(c->constraint));
    if (!document) return csw_fault_set(f, NULL, "Constraint", "must be well-formed XML without a DTD");
    c->filter = xmlDocGetRootElement(document);
    return 0;
}

static int record_write(struct request *rq, struct text *t, const struct wanted *w, const struct csw *c, const char *document,
                        enum csw_kind kind) {
    struct csw_record record;
    int err = csw_record_read(rq->scope, rq->base_url, kind, document, &record);
    if (err) return err;
    if (w->iso)
        csw_iso19139_write(t, &record, w->set);
    else
        csw_dublin_core_write(t, &record, w->set, c);
    return 0;
}

static const char *now_text(struct scope *s) {
    char text[40];
    struct tm tm;
    time_t now = time(NULL);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    return scope_strdup(s, text);
}

/* resultType=validate: the request is good, and comes back. */
static int acknowledge(struct request *rq, struct response *rs, const struct csw *c) {
    struct text *t = text_new(rq->scope, 1024);
    xml_raw(t,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<csw:Acknowledgement" NAMESPACES
            " timeStamp=\"%s\">\n<csw:EchoedRequest>\n",
            now_text(rq->scope));
    if (c->document) {
        xmlBuffer *buffer = xmlBufferCreate();
        if (buffer && xmlNodeDump(buffer, c->document, xmlDocGetRootElement(c->document), 0, 0) > 0)
            text_add(t, (const char *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
        xmlBufferFree(buffer);
    } else {
        const char *address = http_escape(rq->scope, scope_printf(rq->scope, "%s%s?%s", rq->base_url, rq->path, rq->query));
        static const char head[] = "<ows:Get xlink:type=\"simple\" xlink:href=\"";
        text_add(t, head, sizeof head - 1);
        text_add(t, address, strlen(address));
        text_add(t, "\"/>", 3);
    }
    xml_raw(t, "\n</csw:EchoedRequest>\n");
    xml_element(rq->scope, t, "csw:RequestId", c->request_id);
    xml_raw(t, "</csw:Acknowledgement>\n");
    return response_data(rs, 200, CSW_TYPE "; charset=utf-8", t->data, t->len);
}

int csw_records(struct request *rq, struct response *rs, const struct csw *given, struct csw_fault *f) {
    static const char *const sets[] = {"brief", "summary", "full"};
    struct csw c = *given;
    struct wanted w;
    struct csw_found found;
    if (wanted_read(rq->scope, &c, &w, f) || filter_load(rq->scope, &c, f)) return NADIR_EINVAL;
    if (w.result == CSW_VALIDATE && !c.filter && !c.constraint) return acknowledge(rq, rs, &c);
    int err = csw_find(rq, &c, w.start, w.result == CSW_RESULTS ? (int)w.limit : 0, &found, f);
    if (err) return err;
    if (w.result == CSW_VALIDATE) return acknowledge(rq, rs, &c);

    int64_t next = w.start + (int64_t)found.count;
    if (w.result == CSW_HITS) next = found.matched > 0 ? 1 : 0;
    struct text *t = text_new(rq->scope, 64 * 1024);
    xml_raw(t,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<csw:GetRecordsResponse" NAMESPACES " version=\"" CSW_VERSION "\">\n");
    xml_element(rq->scope, t, "csw:RequestId", c.request_id);
    xml_raw(t, "<csw:SearchStatus timestamp=\"%s\"/>\n", now_text(rq->scope));
    xml_raw(t,
            "<csw:SearchResults numberOfRecordsMatched=\"%lld\" numberOfRecordsReturned=\"%zu\" nextRecord=\"%lld\""
            " recordSchema=\"%s\" elementSet=\"%s\">\n",
            (long long)found.matched, found.count, (long long)(next > found.matched ? 0 : next), w.iso ? GMD_NS : CSW_NS,
            sets[w.set]);
    for (size_t i = 0; i < found.count; i++)
        if ((err = record_write(rq, t, &w, &c, found.documents[i], found.kinds[i]))) return err;
    xml_raw(t, "</csw:SearchResults>\n</csw:GetRecordsResponse>\n");
    return response_data(rs, 200, CSW_TYPE "; charset=utf-8", t->data, t->len);
}

/* Records that are not there, or not the caller's to see, are left out. */
int csw_record_by_id(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f) {
    struct wanted w = {0};
    if (c->nids == 0) return csw_fault_set(f, "MissingParameterValue", "Id", "is missing");
    if (form_read(c, &w, CSW_SUMMARY, f)) return NADIR_EINVAL;
    struct text *t = text_new(rq->scope, 16 * 1024);
    xml_raw(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<csw:GetRecordByIdResponse" NAMESPACES ">\n");
    for (size_t i = 0; i < c->nids; i++) {
        const char *document;
        enum csw_kind kind;
        int err = csw_find_one(rq, c->ids[i], &document, &kind);
        if (!err) err = record_write(rq, t, &w, c, document, kind);
        if (err && err != NADIR_ENOTFOUND) return err;
    }
    xml_raw(t, "</csw:GetRecordByIdResponse>\n");
    return response_data(rs, 200, CSW_TYPE "; charset=utf-8", t->data, t->len);
}
