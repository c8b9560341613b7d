/* nodes.c: the bytes of a product. The download module serves them and judges who may have them; here is only where they are:
 * $value leads to the provider's own file, or to the list of files where there are many; Nodes lists them. */
#include <string.h>

#include "discovery/odata/odata.h"

static const char *item_address(struct request *rq, const json_t *item) {
    struct scope *s = rq->scope;
    const char *collection = json_string_value(json_object_get(item, "collection"));
    const char *id = json_string_value(json_object_get(item, "id"));
    return scope_printf(s, "%s/download/v1/items/%s/%s", rq->base_url, http_encode(s, collection), http_encode(s, id));
}

/* An asset's address with the public URL; NULL if there is no such asset. */
static const char *asset_address(struct request *rq, const json_t *item, const char *key) {
    const char *href = json_string_value(json_object_get(json_object_get(json_object_get(item, "assets"), key), "href"));
    if (!href) return NULL;
    struct text *t = text_new(rq->scope, strlen(href) + 256);
    text_add_document(t, href, strlen(href), rq->base_url);
    return t->data;
}

int product_value_get(struct request *rq, struct response *rs) {
    json_t *item;
    int err = product_find(rq, rs, &item);
    if (err || !item) return err;
    const char *archive = asset_address(rq, item, "archive");
    if (archive) return response_redirect(rs, 307, archive);
    return response_redirect(rs, 303, item_address(rq, item));
}

static json_t *node(struct scope *s, const char *id, const char *path, const char *name, int64_t length, size_t children) {
    const char *uri = scope_printf(s, BASE_MARK "/odata/v1/Products(%s)/%sNodes(%s)/Nodes", id, path, http_encode(s, name));
    return json_pack("{s:s, s:s, s:I, s:I, s:{s:s}}", "Id", name, "Name", name, "ContentLength", (json_int_t)length,
                     "ChildrenNumber", (json_int_t)children, "Nodes", "uri", uri);
}

int product_nodes_get(struct request *rq, struct response *rs) {
    json_t *item;
    int err = product_find(rq, rs, &item);
    if (err || !item) return err;
    const char *name = json_string_value(json_object_get(item, "id"));
    json_t *root = node(rq->scope, request_param(rq, "id"), "", name, 0, json_object_size(json_object_get(item, "assets")));
    return odata_answer(rq, rs, json_pack("{s:[o]}", "result", root));
}

/* Finds the product of Products(Id)/Nodes(Name)…; *item is NULL when it has answered. */
static int node_find(struct request *rq, struct response *rs, json_t **item) {
    int err = product_find(rq, rs, item);
    if (err || !*item) return err;
    if (strcmp(json_string_value(json_object_get(*item, "id")), request_param(rq, "node")) == 0) return 0;
    *item = NULL;
    return response_error(rs, 404, "no-such-node", NULL, "The product has no node of that name.");
}

int product_node_get(struct request *rq, struct response *rs) {
    json_t *item, *asset, *list = NULL;
    const char *key;
    int err = node_find(rq, rs, &item);
    if (err || !item) return err;
    list = json_array();
    const char *path = scope_printf(rq->scope, "Nodes(%s)/", http_encode(rq->scope, request_param(rq, "node")));
    json_object_foreach(json_object_get(item, "assets"), key, asset) {
        int64_t size = asset_size(asset);
        json_array_append_new(list, node(rq->scope, request_param(rq, "id"), path, key, size > 0 ? size : 0, 0));
    }
    return odata_answer(rq, rs, json_pack("{s:o}", "result", list));
}

int product_node_value_get(struct request *rq, struct response *rs) {
    json_t *item;
    int err = node_find(rq, rs, &item);
    if (err || !item) return err;
    const char *address = asset_address(rq, item, request_param(rq, "file"));
    if (!address) return response_error(rs, 404, "no-such-node", NULL, "The product has no file of that name.");
    if (strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0) address = item_address(rq, item);
    return response_redirect(rs, 307, address);
}
