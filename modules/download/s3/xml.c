/* xml.c: documents of the S3 API, read and written by libxml2. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlwriter.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "download/s3/s3.h"

#define DELETES_MOST 1000

/* ---- writing ---- */

struct s3_xml {
    struct s3_call *call;
    xmlBuffer *buffer;
    xmlTextWriter *writer;
};

static void buffer_free(void *buffer) {
    xmlBufferFree(buffer);
}

static void writer_free(void *x) {
    struct s3_xml *xml = x;
    if (xml->writer) xmlFreeTextWriter(xml->writer);
}

struct s3_xml *s3_xml_begin(struct s3_call *c, const char *root) {
    struct s3_xml *x = scope_alloc(c->rq->scope, sizeof *x);
    x->call = c;
    x->buffer = xmlBufferCreate();
    x->writer = x->buffer ? xmlNewTextWriterMemory(x->buffer, 0) : NULL;
    if (!x->writer) abort(); /* as the scope's memory: never NULL */
    scope_defer(c->rq->scope, buffer_free, x->buffer);
    scope_defer(c->rq->scope, writer_free, x);
    (void)xmlTextWriterStartDocument(x->writer, "1.0", "UTF-8", NULL);
    s3_xml_open(x, root);
    (void)xmlTextWriterWriteAttribute(x->writer, BAD_CAST "xmlns", BAD_CAST S3_XMLNS);
    return x;
}

void s3_xml_open(struct s3_xml *x, const char *name) {
    (void)xmlTextWriterStartElement(x->writer, BAD_CAST name);
}

void s3_xml_close(struct s3_xml *x) {
    (void)xmlTextWriterEndElement(x->writer);
}

void s3_xml_text(struct s3_xml *x, const char *name, const char *text) {
    (void)xmlTextWriterWriteElement(x->writer, BAD_CAST name, BAD_CAST text);
}

void s3_xml_number(struct s3_xml *x, const char *name, int64_t number) {
    (void)xmlTextWriterWriteFormatElement(x->writer, BAD_CAST name, "%lld", (long long)number);
}

int s3_xml_answer(struct s3_xml *x) {
    (void)xmlTextWriterEndDocument(x->writer);
    xmlFreeTextWriter(x->writer); /* writes what it held back */
    x->writer = NULL;
    response_header(x->call->rs, "Cache-Control", "no-store");
    return response_data(x->call->rs, 200, "application/xml", xmlBufferContent(x->buffer), (size_t)xmlBufferLength(x->buffer));
}

/* ---- reading ---- */

static void document_free(void *document) {
    xmlFreeDoc(document);
}

/* The root element of that name. No DTD, no entities, no network. */
static xmlNode *root_read(struct scope *s, const char *text, size_t len, const char *name) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, xmlInitParser);
    if (len == 0 || len > S3_XML_MOST) return NULL;
    xmlDoc *document = xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!document) return NULL;
    scope_defer(s, document_free, document);
    xmlNode *root = xmlDocGetRootElement(document);
    if (!root || document->intSubset || document->extSubset || strcmp((const char *)root->name, name) != 0) return NULL;
    return root;
}

static bool is_element(const xmlNode *n, const char *name) {
    return n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0;
}

/* The text of a child element, in the scope; NULL if there is none. */
static char *child_text(struct scope *s, const xmlNode *parent, const char *name) {
    for (const xmlNode *n = parent->children; n; n = n->next) {
        if (!is_element(n, name)) continue;
        xmlChar *text = xmlNodeGetContent(n);
        char *out = scope_strdup(s, text ? (const char *)text : "");
        xmlFree(text);
        return out;
    }
    return NULL;
}

static size_t children(const xmlNode *parent, const char *name) {
    size_t count = 0;
    for (const xmlNode *n = parent->children; n; n = n->next) count += is_element(n, name);
    return count;
}

static int malformed(struct s3_fault *f) {
    return s3_fault_set(f, 400, "MalformedXML",
                        "The XML you provided was not well-formed or did not validate against our published schema");
}

static const char *unquoted(char *etag) {
    size_t len = strlen(etag);
    if (len < 2 || etag[0] != '"' || etag[len - 1] != '"') return etag;
    etag[len - 1] = '\0';
    return etag + 1;
}

int s3_xml_parts(struct scope *s, const char *text, size_t len, struct s3_xml_part **out, size_t *count, struct s3_fault *f) {
    xmlNode *root = root_read(s, text, len, "CompleteMultipartUpload");
    size_t most = root ? children(root, "Part") : 0;
    if (most == 0 || most > S3_PART_MOST) return malformed(f);
    *out = scope_alloc(s, most * sizeof **out);
    *count = 0;
    for (xmlNode *n = root->children; n; n = n->next) {
        if (!is_element(n, "Part")) continue;
        char *number = child_text(s, n, "PartNumber"), *etag = child_text(s, n, "ETag");
        if (!number || !etag || !*number || strlen(number) > 5 || strspn(number, "0123456789") != strlen(number))
            return malformed(f);
        (*out)[(*count)++] = (struct s3_xml_part){strtoll(number, NULL, 10), unquoted(etag)};
    }
    return 0;
}

int s3_xml_deletes(struct scope *s, const char *text, size_t len, const char ***out, size_t *count, bool *quiet,
                   struct s3_fault *f) {
    xmlNode *root = root_read(s, text, len, "Delete");
    size_t most = root ? children(root, "Object") : 0;
    if (most == 0 || most > DELETES_MOST) return malformed(f);
    const char *flag = child_text(s, root, "Quiet");
    *quiet = flag && strcmp(flag, "true") == 0;
    *out = scope_alloc(s, most * sizeof **out);
    *count = 0;
    for (xmlNode *n = root->children; n; n = n->next) {
        if (!is_element(n, "Object")) continue;
        const char *key = child_text(s, n, "Key");
        if (!key || !*key || strlen(key) > S3_KEY_MOST) return malformed(f);
        (*out)[(*count)++] = key;
    }
    return 0;
}
