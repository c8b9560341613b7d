/* xml_read.c: reading XML that strangers send. */
#include <libxml/parser.h>
#include <pthread.h>
#include <string.h>

#include "discovery/csw/csw.h"

#define DEPTH_MOST 100

static void document_free(void *document) {
    xmlFreeDoc(document);
}

/* Walks without recursion: the depth is what is to be found out. */
static bool deeper_than(const xmlNode *root, int most) {
    int depth = 1;
    const xmlNode *at = root;
    while (at) {
        if (at->type == XML_ELEMENT_NODE && at->children) {
            at = at->children;
            if (++depth > most) return true;
            continue;
        }
        while (at && at != root && !at->next) {
            at = at->parent;
            depth--;
        }
        if (!at || at == root) return false;
        at = at->next;
    }
    return false;
}

xmlDoc *csw_xml_parse(struct scope *s, const char *text, size_t len) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, xmlInitParser);
    if (len == 0 || len > CSW_BODY_MOST) return NULL;
    /* Entities are not replaced (no XML_PARSE_NOENT) and no DTD is loaded; a document that declares one is refused anyway. */
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_NOBLANKS;
    xmlDoc *document = xmlReadMemory(text, (int)len, NULL, NULL, options);
    if (!document) return NULL;
    scope_defer(s, document_free, document);
    xmlNode *root = xmlDocGetRootElement(document);
    if (!root || document->intSubset || document->extSubset || deeper_than(root, DEPTH_MOST)) return NULL;
    return document;
}

bool csw_xml_is(const xmlNode *node, const char *ns, const char *name) {
    if (!node || node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0) return false;
    return !ns || (node->ns && strcmp((const char *)node->ns->href, ns) == 0);
}

static xmlNode *element_from(xmlNode *node) {
    while (node && node->type != XML_ELEMENT_NODE) node = node->next;
    return node;
}

xmlNode *csw_xml_first(const xmlNode *node) {
    return node ? element_from(node->children) : NULL;
}

xmlNode *csw_xml_next(const xmlNode *node) {
    return node ? element_from(node->next) : NULL;
}

/* A copy without blanks at the ends; frees what libxml2 allocated. */
static const char *taken(struct scope *s, xmlChar *text, bool trimmed) {
    static const char blanks[] = " \t\r\n";
    if (!text) return NULL;
    const char *from = (const char *)text;
    if (trimmed) from += strspn(from, blanks);
    size_t len = strlen(from);
    while (trimmed && len && strchr(blanks, from[len - 1])) len--;
    const char *copy = scope_strndup(s, from, len);
    xmlFree(text);
    return copy;
}

const char *csw_xml_text(struct scope *s, const xmlNode *node) {
    const char *text = taken(s, xmlNodeGetContent(node), true);
    return text ? text : "";
}

const char *csw_xml_attribute(struct scope *s, const xmlNode *node, const char *name) {
    return taken(s, xmlGetNoNsProp(node, (const xmlChar *)name), false);
}
