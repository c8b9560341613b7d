/* xml.c */
#include <ctype.h>
#include <libxml/parser.h>
#include <string.h>

#include "xml.h"

#define XML_MOST (64L * 1024 * 1024)

static void document_release(void *document) {
    xmlFreeDoc(document);
}

/* The whole file, NUL-ended, in the scope. */
static char *file_read(struct scope *s, const char *path, size_t *len) {
    FILE *file = fopen(path, "rbe");
    if (!file) return NULL;
    char *text = NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        rewind(file);
        if (size >= 0 && size <= XML_MOST) {
            text = scope_alloc(s, (size_t)size + 1);
            *len = fread(text, 1, (size_t)size, file);
        }
    }
    fclose(file);
    return text;
}

int xml_open(struct scope *s, const char *path, xmlDoc **out, struct refusal *r) {
    size_t len = 0;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *text = file_read(s, path, &len);
    if (!text) return refuse(r, "%s cannot be read, or is over %ld bytes", name, XML_MOST);
    /* UTF-16 would hide the declaration from this search; no provider writes it. */
    if (memmem(text, len, "<!", 2) && (memmem(text, len, "<!DOCTYPE", 9) || memmem(text, len, "<!ENTITY", 8)))
        return refuse(r, "%s declares a document type, which products do not", name);
    if (len >= 2 && ((unsigned char)text[0] >= 0xfe || text[1] == '\0')) return refuse(r, "%s is not UTF-8", name);
    *out = xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!*out) return refuse(r, "%s is not well-formed XML", name);
    scope_defer(s, document_release, *out);
    return xmlDocGetRootElement(*out) ? 0 : refuse(r, "%s is empty", name);
}

static bool named(const xmlNode *node, const char *name) {
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* The node after this one in document order, without leaving top. */
static xmlNode *node_after(xmlNode *node, const xmlNode *top) {
    if (node->type == XML_ELEMENT_NODE && node->children) return node->children;
    while (node && node != top && !node->next) node = node->parent;
    return node && node != top ? node->next : NULL;
}

xmlNode *xml_next(xmlNode *after, xmlNode *top, const char *name) {
    for (xmlNode *node = node_after(after, top); node; node = node_after(node, top))
        if (named(node, name)) return node;
    return NULL;
}

xmlNode *xml_first(xmlNode *below, const char *name) {
    if (!below) return NULL;
    return named(below, name) ? below : xml_next(below, below, name);
}

const char *xml_text(struct scope *s, xmlNode *node) {
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    if (!content) return NULL;
    const char *begin = (const char *)content, *end = begin + strlen(begin);
    while (isspace((unsigned char)*begin)) begin++;
    while (end > begin && isspace((unsigned char)end[-1])) end--;
    char *text = end > begin ? scope_strndup(s, begin, (size_t)(end - begin)) : NULL;
    xmlFree(content);
    return text;
}

const char *xml_find(struct scope *s, xmlNode *below, const char *name) {
    return xml_text(s, xml_first(below, name));
}

const char *xml_attribute(struct scope *s, xmlNode *node, const char *name) {
    xmlChar *value = xmlGetNoNsProp(node, (const xmlChar *)name);
    if (!value) return NULL;
    char *text = scope_strdup(s, (const char *)value);
    xmlFree(value);
    return text;
}
