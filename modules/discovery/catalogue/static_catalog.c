/* static_catalog.c */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "discovery/catalogue/static_catalog.h"
#include "discovery/catalogue/stream.h"

#define NAME_MOST 200 /* bytes of a file's name that is an id; longer ones end in their digest instead */

struct export {
    const char *folder, *base;
    struct scope s;
    json_t *children;      /* links of catalog.json */
    json_t *collections;   /* id -> document, links taken out */
    FILE *collection_file; /* collection.json that items are being linked from */
    const char *collection;
    char month[8];
    long long items;
    bool any_link;
};

static int fault(const char *path) {
    fprintf(stderr, "nadir-catalogue: %s: %s\n", path, strerror(errno));
    return 2;
}

static const char *file_name(struct scope *s, const char *id) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (strlen(id) <= NAME_MOST) return id;
    EVP_Digest(id, strlen(id), digest, &len, EVP_sha256(), NULL);
    return scope_printf(s, "%.*s-%.16s", NAME_MOST - 20, id, hex_encode(s, digest, len));
}

static json_t *link_of(const char *rel, const char *type, const char *href) {
    return json_pack("{s:s, s:s, s:s}", "rel", rel, "type", type, "href", href);
}

static int file_write(struct scope *s, const char *path, const json_t *json) {
    const char *text = json_line(s, json);
    FILE *file = fopen(path, "we");
    if (!file) return fault(path);
    bool written = fputs(text, file) >= 0 && fputc('\n', file) != EOF;
    if (fclose(file) != 0 || !written) return fault(path);
    return 0;
}

/* The provider's links of a document, as they are; ours are written anew. */
static json_t *foreign_links(json_t *document) {
    json_t *links = links_kept(json_object_get(document, "links")), *kept = json_array(), *link;
    size_t at;
    json_array_foreach(links, at, link) {
        const char *href = json_string_value(json_object_get(link, "href"));
        if (strstr(href, "://")) json_array_append(kept, link);
    }
    json_decref(links);
    return kept;
}

static int collection_row(void *arg, const PGresult *r, struct scope *s) {
    struct export *e = arg;
    const char *id = stream_text(r, 0), *name = file_name(s, id);
    json_t *document = json_loads(stream_document(s, stream_text(r, 1), NULL, NULL, e->base), 0, NULL);
    if (!document) return 2;
    json_t *link = link_of("child", "application/json", scope_printf(s, "./%s/collection.json", name));
    const json_t *title = json_object_get(document, "title");
    if (json_is_string(title)) json_object_set(link, "title", (json_t *)title);
    json_array_append_new(e->children, link);
    json_object_set_new(document, "links", foreign_links(document));
    json_object_set_new(e->collections, id, document);
    return 0;
}

/* collection.json without its closing; its links to items are added as they come. */
static int collection_begin(struct export *e, struct scope *s, const char *id) {
    json_t *document = json_object_get(e->collections, id);
    const char *folder = scope_printf(s, "%s/%s", e->folder, file_name(s, id));
    const char *path = scope_printf(s, "%s/collection.json", folder);
    if (mkdir(folder, 0755) && errno != EEXIST) return fault(folder);
    e->collection_file = fopen(path, "we");
    if (!e->collection_file) return fault(path);
    e->collection = scope_strdup(&e->s, id);
    e->month[0] = '\0';
    json_t *links = json_incref(json_object_get(document, "links"));
    json_object_del(document, "links");
    json_array_append_new(links, link_of("root", "application/json", "../catalog.json"));
    json_array_append_new(links, link_of("parent", "application/json", "../catalog.json"));
    const char *head = json_line(s, document), *list = json_line(s, links);
    fprintf(e->collection_file, "%.*s,\"links\":%.*s", (int)strlen(head) - 1, head, (int)strlen(list) - 1, list);
    json_decref(links);
    json_object_del(e->collections, id);
    return 0;
}

static int collection_end(struct export *e) {
    if (!e->collection_file) return 0;
    fputs("]}\n", e->collection_file);
    bool written = !ferror(e->collection_file);
    written = fclose(e->collection_file) == 0 && written;
    e->collection_file = NULL;
    return written ? 0 : fault(e->collection);
}

static int item_row(void *arg, const PGresult *r, struct scope *s) {
    struct export *e = arg;
    const char *collection = stream_text(r, 0), *id = stream_text(r, 1), *month = stream_text(r, 2);
    int err = 0;
    if (!e->collection_file || strcmp(e->collection, collection) != 0) {
        err = collection_end(e);
        if (!err) err = collection_begin(e, s, collection);
        if (err) return err;
    }
    const char *folder = scope_printf(s, "%s/%s/%s", e->folder, file_name(s, collection), month);
    if (strcmp(e->month, month) != 0 && mkdir(folder, 0755) && errno != EEXIST) return fault(folder);
    snprintf(e->month, sizeof e->month, "%s", month);
    json_t *item = scope_json(s, json_loads(stream_document(s, stream_text(r, 3), NULL, NULL, e->base), 0, NULL));
    json_t *links = foreign_links(item);
    json_array_append_new(links, link_of("root", "application/json", "../../catalog.json"));
    json_array_append_new(links, link_of("parent", "application/json", "../collection.json"));
    json_array_append_new(links, link_of("collection", "application/json", "../collection.json"));
    json_object_set_new(item, "links", links);
    const char *name = file_name(s, id);
    const json_t *link = scope_json(s, link_of("item", GEOJSON, scope_printf(s, "./%s/%s.json", month, name)));
    fprintf(e->collection_file, ",%s", json_line(s, link));
    e->items++;
    return file_write(s, scope_printf(s, "%s/%s.json", folder, name), item);
}

/* Collections without public items. */
static int rest_write(struct export *e) {
    int err = 0;
    while (!err && json_object_size(e->collections) > 0) {
        const char *id = json_object_iter_key(json_object_iter(e->collections));
        err = collection_begin(e, &e->s, scope_strdup(&e->s, id));
        if (!err) err = collection_end(e);
    }
    return err;
}

static int catalog_write(struct export *e) {
    json_t *links = json_array();
    json_array_append_new(links, link_of("root", "application/json", "./catalog.json"));
    json_array_extend(links, e->children);
    json_t *catalog =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "type", "Catalog", "stac_version", STAC_VERSION, "id", "nadir", "title",
                  "Nadir", "description", "The public catalogue of a Nadir, as files.", "links", links);
    return file_write(&e->s, scope_printf(&e->s, "%s/catalog.json", e->folder), scope_json(&e->s, catalog));
}

static int all_write(struct export *e, struct stream *st, const char *collection) {
    int err = stream_rows(st,
                          "SELECT id, document FROM collection WHERE owner IS NULL AND ($1::text IS NULL OR id = ANY "
                          "(string_to_array($1, ' '))) ORDER BY id",
                          1, &collection, collection_row, e);
    if (!err)
        err =
            stream_rows(st,
                        "SELECT i.collection, i.id, to_char(i.datetime AT TIME ZONE 'UTC', 'YYYY-MM'), i.document FROM item i"
                        " JOIN collection c ON c.id = i.collection WHERE i.owner IS NULL AND c.owner IS NULL"
                        " AND ($1::text IS NULL OR i.collection = ANY (string_to_array($1, ' '))) ORDER BY i.collection, i.id",
                        1, &collection, item_row, e);
    if (collection_end(e) || err) return 2;
    err = rest_write(e);
    return err ? err : catalog_write(e);
}

int static_catalog_write(const char *folder, const char *collection, const char *base_url, bool quiet) {
    struct export e = {.base = base_url};
    scope_init(&e.s, "discovery", 0);
    e.folder = scope_printf(&e.s, "%s.partial-%d", folder, (int)getpid());
    e.children = scope_json(&e.s, json_array());
    e.collections = scope_json(&e.s, json_object());
    struct stream *st = NULL;
    /* An empty folder gives way; one with anything in it is not touched, before the work and not after it. */
    int err = rmdir(folder) && errno != ENOENT ? fault(folder) : 0;
    if (!err && mkdir(e.folder, 0755)) err = fault(e.folder);
    if (!err && !(st = stream_open())) err = 2;
    if (!err) err = all_write(&e, st, collection);
    stream_close(st);
    if (!err && rename(e.folder, folder)) {
        err = fault(folder); /* it is there and not empty, or may not be written */
        fprintf(stderr, "nadir-catalogue: what was written lies in %s\n", e.folder);
    }
    if (!err && !quiet)
        fprintf(stderr, "export: %lld items, %zu collections in %s\n", e.items, json_array_size(e.children), folder);
    scope_end(&e.s);
    return err;
}
