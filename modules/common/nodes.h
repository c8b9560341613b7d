/* nodes.h: the files of a product as a tree of nodes, named alike in ZIPs, manifests and the OData door. */
#ifndef NADIR_NODES_H
#define NADIR_NODES_H

#include <stddef.h>

#include "common/scope.h"

/** The name of the product's own node: its SAFE folder ("S2A_….SAFE") where the files lie in one, otherwise its item id, in
 * letters, digits, '.', '_' and '-' only. */
const char *nodes_root(struct scope *s, const char *item, const char *const *paths, size_t count);

/** names[i] is the path of file i below that node, with '/' between folders: paths without the folders that all have in common,
 * so a provider's own structure (GRANULE/…/IMG_DATA/…) stays as it is. Addresses of other stores are named by their last part.
 * Names are distinct as far as paths are. Everything belongs to the scope or is borrowed from paths. */
void nodes_name(struct scope *s, const char *const *paths, size_t count, const char **names);

#endif
