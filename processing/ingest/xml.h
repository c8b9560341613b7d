/* xml.h: providers' XML, read without trust: no entities, no network, bounded size. */
#ifndef INGEST_XML_H
#define INGEST_XML_H

#include <libxml/tree.h>

#include "product.h"

/** Parses a file. The document belongs to the scope. A file with a document type declaration is refused: no product has one,
 *  and entities are what attacks are made of. */
int xml_open(struct scope *s, const char *path, xmlDoc **out, struct refusal *r);
/** The first element below a node (the node itself included) with that local name, or NULL. */
xmlNode *xml_first(xmlNode *below, const char *name);
/** The next one after it in document order, below the same top, or NULL. */
xmlNode *xml_next(xmlNode *after, xmlNode *top, const char *name);
/** Text of an element, trimmed; NULL for NULL or no text. In the scope. */
const char *xml_text(struct scope *s, xmlNode *node);
/** Text of the first element of that name below a node. */
const char *xml_find(struct scope *s, xmlNode *below, const char *name);
/** An attribute by its local name, or NULL. In the scope. */
const char *xml_attribute(struct scope *s, xmlNode *node, const char *name);

#endif
