/* nodes.c: the bytes of a product, and its files as a tree of nodes: Products(Id)/Nodes(S2A_….SAFE)/Nodes(GRANULE)/Nodes, as
 * CDSE has it (https://documentation.dataspace.copernicus.eu/APIs/OData.html, "Listing product nodes").
 *
 * The tree is that of the files' own folders (common/nodes.h), so a provider's structure is found again. The download module
 * serves the bytes and judges who may have them; here is only where they are: $value of a product leads to the provider's own
 * file, or to a ZIP of all files where there are many; $value of a node to that file.
 */
#include <string.h>

#include "common/nodes.h"
#include "discovery/odata/odata.h"
#include "discovery/query/lookup.h"

#define NODE_DEPTH 32

struct tree {
    const char *root;
    size_t count;
    const char **keys, **names; /* of assets; paths below the root */
};

/* An asset's address with the public URL; NULL if there is no such asset. */
static const char *asset_address(struct request *rq, const json_t *item, const char *key) {
    const char *href = json_string_value(json_object_get(json_object_get(json_object_get(item, "assets"), key), "href"));
    if (!href) return NULL;
    struct text *t = text_new(rq->scope, strlen(href) + 256);
    text_add_document(t, href, strlen(href), rq->base_url);
    return t->data;
}

/* The item's address at the download module, and what follows it. */
static const char *download_address(struct request *rq, const json_t *item, const char *tail) {
    const char *collection = json_string_value(json_object_get(item, "collection"));
    const char *id = json_string_value(json_object_get(item, "id"));
    return scope_printf(rq->scope, "%s/download/v1/items/%s/%s%s", rq->base_url, http_encode(rq->scope, collection),
                        http_encode(rq->scope, id), tail);
}

static int product_value(struct request *rq, struct response *rs, const json_t *item) {
    const char *archive = asset_address(rq, item, "archive");
    return response_redirect(rs, 307, archive ? archive : download_address(rq, item, "/zip"));
}

int product_value_get(struct request *rq, struct response *rs) {
    json_t *item;
    int err = product_find(rq, rs, &item);
    return err || !item ? err : product_value(rq, rs, item);
}

/* ---- the tree ---- */

/* The files of an item that the caller may know of. Where a file lies is not in the document. */
static int tree_read(struct request *rq, const json_t *item, struct tree *out) {
    struct scope *s = rq->scope;
    json_t *assets = json_object_get(item, "assets"), *asset;
    const char *id = json_string_value(json_object_get(item, "id")), *key;
    struct db_rows *r;
    int err = db_query(s, lookup_db(), &r, "SELECT storage FROM item WHERE collection = $1 AND id = $2", "ss",
                       json_string_value(json_object_get(item, "collection")), id);
    if (err) return err;
    const json_t *storage = db_count(r) ? db_json(s, r, 0, 0) : NULL;
    size_t room = json_object_size(assets) + 1;
    const char **paths = scope_alloc(s, room * sizeof *paths);
    *out = (struct tree){.keys = scope_alloc(s, room * sizeof *out->keys), .names = scope_alloc(s, room * sizeof *out->names)};
    json_object_foreach(assets, key, asset) {
        const char *path = json_string_value(json_object_get(storage, key));
        if (!path) path = json_string_value(json_object_get(asset, "href"));
        if (!path) continue;
        out->keys[out->count] = key;
        paths[out->count++] = path;
    }
    out->root = nodes_root(s, id, paths, out->count);
    nodes_name(s, paths, out->count, out->names);
    return 0;
}

/* What stands at a place of the tree: the length of the next part of a name below `prefix`; 0 if it is not below. */
static size_t part_below(const char *name, const char *prefix) {
    size_t len = strlen(prefix);
    return strncmp(name, prefix, len) == 0 ? strcspn(name + len, "/") : 0;
}

/* True if an earlier name has the same part there: a folder is told once. */
static bool told_before(const struct tree *t, size_t at, const char *prefix, size_t part) {
    size_t len = strlen(prefix);
    for (size_t i = 0; i < at; i++)
        if (part_below(t->names[i], prefix) == part && memcmp(t->names[i] + len, t->names[at] + len, part) == 0) return true;
    return false;
}

static size_t children_count(const struct tree *t, const char *prefix) {
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t part = part_below(t->names[i], prefix);
        n += part > 0 && !told_before(t, i, prefix, part);
    }
    return n;
}

/* `uri` is the node's own. */
static json_t *node_json(struct scope *s, const char *name, const char *uri, int64_t length, size_t children) {
    return json_pack("{s:s, s:s, s:I, s:I, s:{s:s}}", "Id", name, "Name", name, "ContentLength", (json_int_t)length,
                     "ChildrenNumber", (json_int_t)children, "Nodes", "uri", scope_printf(s, "%s/Nodes", uri));
}

/* The nodes right below `prefix` ("" or "GRANULE/L2A/"), whose own address is `uri`. */
static json_t *children(struct scope *s, const struct tree *t, const json_t *item, const char *prefix, const char *uri) {
    json_t *list = json_array();
    for (size_t i = 0; i < t->count; i++) {
        size_t part = part_below(t->names[i], prefix);
        if (part == 0 || told_before(t, i, prefix, part)) continue;
        const char *rest = t->names[i] + strlen(prefix), *name = scope_strndup(s, rest, part);
        bool folder = rest[part] == '/';
        int64_t size = folder ? 0 : asset_size(json_object_get(json_object_get(item, "assets"), t->keys[i]));
        size_t below = folder ? children_count(t, scope_printf(s, "%s%s/", prefix, name)) : 0;
        json_array_append_new(
            list, node_json(s, name, scope_printf(s, "%s/Nodes(%s)", uri, http_encode(s, name)), size > 0 ? size : 0, below));
    }
    return list;
}

/* ---- addresses ---- */

/* What follows Products(Id)/ in an address. */
struct place {
    const char *names[NODE_DEPTH]; /* of Nodes(…), outermost first */
    size_t depth;
    bool value, list; /* ends in $value; in Nodes */
};

/* False where it is no path of nodes. */
static bool place_read(struct scope *s, const char *path, struct place *out) {
    char *rest = scope_strdup(s, path), *part;
    *out = (struct place){0};
    while ((part = strsep(&rest, "/")) != NULL) {
        size_t len = strlen(part);
        if (out->value || out->list) return false;
        if (strcmp(part, "$value") == 0) {
            out->value = true;
        } else if (strcmp(part, "Nodes") == 0) {
            out->list = true;
        } else if (len > 7 && strncmp(part, "Nodes(", 6) == 0 && part[len - 1] == ')' && out->depth < NODE_DEPTH) {
            bool quoted = len > 9 && part[6] == '\'' && part[len - 2] == '\'';
            out->names[out->depth++] = scope_strndup(s, part + 6 + quoted, len - 7 - 2 * (size_t)quoted);
        } else {
            return false;
        }
    }
    return out->list || out->depth > 0;
}

/* The file at a place: by its name, or (in the root) by its asset's key. NULL if there is none. */
static const char *file_at(const struct tree *t, const char *name) {
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->names[i], name) == 0) return t->keys[i];
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->keys[i], name) == 0) return t->keys[i];
    return NULL;
}

static int no_node(struct response *rs) {
    return response_error(rs, 404, "no-such-node", NULL, "The product has no node of that name.");
}

/* An address that only its own program understands (s3://…) is found in the list of files. */
static int file_redirect(struct request *rq, struct response *rs, const json_t *item, const char *file) {
    const char *address = asset_address(rq, item, file);
    if (!address || (strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0))
        address = download_address(rq, item, "");
    return response_redirect(rs, 307, address);
}

static int node_answer(struct request *rq, struct response *rs, const json_t *item, const struct tree *t,
                       const struct place *at) {
    struct scope *s = rq->scope;
    const char *name = "", *uri = scope_printf(s, BASE_MARK "/odata/v1/Products(%s)", request_param(rq, "id"));
    for (size_t i = 0; i < at->depth; i++) {
        uri = scope_printf(s, "%s/Nodes(%s)", uri, http_encode(s, at->names[i]));
        if (i > 0) name = scope_printf(s, "%s%s%s", name, *name ? "/" : "", at->names[i]);
    }
    if (at->depth == 0)
        return odata_answer(rq, rs,
                            json_pack("{s:[o]}", "result",
                                      node_json(s, t->root, scope_printf(s, "%s/Nodes(%s)", uri, http_encode(s, t->root)), 0,
                                                children_count(t, ""))));
    const char *id = json_string_value(json_object_get(item, "id"));
    if (strcmp(at->names[0], t->root) != 0 && strcmp(at->names[0], id) != 0) return no_node(rs);
    const char *prefix = *name ? scope_printf(s, "%s/", name) : "", *file = *name ? file_at(t, name) : NULL;
    size_t below = children_count(t, prefix);
    if (!file && below == 0 && *name) return no_node(rs);
    if (at->value && !*name) return product_value(rq, rs, item);
    if (at->value && !file) return response_error(rs, 404, "is-a-folder", NULL, "This node is a folder: fetch its files.");
    if (at->value) return file_redirect(rq, rs, item, file);
    if (at->list) return odata_answer(rq, rs, json_pack("{s:o}", "result", children(s, t, item, prefix, uri)));
    int64_t size = file ? asset_size(json_object_get(json_object_get(item, "assets"), file)) : 0;
    return odata_answer(
        rq, rs, json_pack("{s:[o]}", "result", node_json(s, at->names[at->depth - 1], uri, size > 0 ? size : 0, below)));
}

int product_nodes_get(struct request *rq, struct response *rs) {
    struct place at;
    struct tree tree;
    json_t *item;
    if (!place_read(rq->scope, request_param(rq, "nodes"), &at))
        return response_error(rs, 404, "no-such-address", NULL,
                              "After a product's Id: Nodes, Nodes(…)/Nodes, Nodes(…)/$value.");
    int err = product_find(rq, rs, &item);
    if (!err && item) err = tree_read(rq, item, &tree);
    return err || !item ? err : node_answer(rq, rs, item, &tree, &at);
}
