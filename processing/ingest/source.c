/* source.c */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "source.h"

#define DEPTH_MOST 3

bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), n = strlen(end);
    return len >= n && strcasecmp(text + len - n, end) == 0;
}

static const char *joined(struct scope *s, const char *folder, const char *name) {
    return scope_printf(s, "%s/%s", folder, name);
}

const char *source_file(struct scope *s, const char *folder, const char *name) {
    const char *exact = joined(s, folder, name);
    struct stat st;
    if (strchr(name, '/')) return NULL;
    if (lstat(exact, &st) == 0) return S_ISREG(st.st_mode) ? exact : NULL;
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    const char *found = NULL;
    for (int i = 0; i < count; i++) {
        if (!found && strcasecmp(entries[i]->d_name, name) == 0) found = joined(s, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return found && lstat(found, &st) == 0 && S_ISREG(st.st_mode) ? found : NULL;
}

static bool raster_named(const char *name) {
    static const char *const ends[] = {".tif", ".tiff", ".jp2", ".jpg", ".jpeg", ".png", ".img", ".asc", ".hgt"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i])) return true;
    return false;
}

static int raster_entry(const struct dirent *entry) {
    return raster_named(entry->d_name);
}

int source_rasters(struct scope *s, const char *folder, const char **out) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, raster_entry, versionsort), kept = 0;
    for (int i = 0; i < count; i++) {
        if (kept < BANDS_MOST) out[kept++] = joined(s, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return kept;
}

static void found_add(struct found_list *list, enum product_kind kind, const char *folder, const char *metadata) {
    if (list->count < FOUND_MOST) list->list[list->count++] = (struct found){kind, folder, metadata};
}

/* 0: not an MTL file; otherwise how readily it is taken when one product has several forms of it. */
static int mtl_rank(const char *name) {
    if (ends_with(name, "_MTL.txt")) return 3;
    if (ends_with(name, "_MTL.xml")) return 2;
    return ends_with(name, "_MTL.json") ? 1 : 0;
}

/* Adds an MTL file, or puts it in the place of a less readily taken form. */
static void mtl_add(struct scope *s, struct found_list *list, const char *folder, const char *name) {
    size_t stem = (size_t)(strrchr(name, '.') - name);
    for (int i = 0; i < list->count; i++) {
        struct found *f = &list->list[i];
        const char *known = f->metadata + strlen(folder) + 1;
        if (f->kind != PRODUCT_LANDSAT || strcmp(f->folder, folder) != 0 || strncasecmp(known, name, stem) != 0 ||
            known[stem] != '.')
            continue;
        if (mtl_rank(name) > mtl_rank(known)) f->metadata = joined(s, folder, name);
        return;
    }
    found_add(list, PRODUCT_LANDSAT, folder, joined(s, folder, name));
}

static bool sentinel2_metadata(const char *name) {
    return strncmp(name, "MTD_MSIL", 8) == 0 && ends_with(name, ".xml");
}

/* A SAFE: its manifest, and for Sentinel-2 its product metadata (older packages come without the manifest). */
static bool safe_add(struct scope *s, struct found_list *list, const char *folder, struct dirent **entries, int count) {
    const char *manifest = NULL, *msi = NULL;
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, "manifest.safe") == 0) manifest = joined(s, folder, entries[i]->d_name);
        if (sentinel2_metadata(entries[i]->d_name)) msi = joined(s, folder, entries[i]->d_name);
    }
    if (msi)
        found_add(list, PRODUCT_SENTINEL2, folder, msi);
    else if (manifest)
        found_add(list, PRODUCT_SENTINEL1, folder, manifest);
    return manifest || msi;
}

static void folder_search(struct scope *s, const char *folder, int depth, struct found_list *list) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    bool is_safe = count > 0 && safe_add(s, list, folder, entries, count);
    int before = list->count;
    for (int i = 0; i < count && !is_safe; i++)
        if (mtl_rank(entries[i]->d_name)) mtl_add(s, list, folder, entries[i]->d_name);
    for (int i = 0; i < count; i++) {
        struct stat st;
        const char *path = joined(s, folder, entries[i]->d_name);
        bool below = !is_safe && list->count == before && depth < DEPTH_MOST && entries[i]->d_name[0] != '.';
        if (below && lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            folder_search(s, path, depth + 1, list);
            before = list->count;
        }
        free(entries[i]);
    }
    free(entries);
}

static void file_take(struct scope *s, const char *path, struct found_list *out) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *folder = slash ? scope_strndup(s, path, slash > path ? (size_t)(slash - path) : 1) : ".";
    if (mtl_rank(name))
        found_add(out, PRODUCT_LANDSAT, folder, joined(s, folder, name));
    else if (sentinel2_metadata(name))
        found_add(out, PRODUCT_SENTINEL2, folder, path);
    else if (strcmp(name, "manifest.safe") == 0)
        folder_search(s, folder, DEPTH_MOST, out);
    else
        found_add(out, PRODUCT_RASTER, folder, path);
}

int source_find(struct scope *s, const char *path, struct found_list *out, struct refusal *r) {
    struct stat st;
    const char *rasters[BANDS_MOST];
    out->count = 0;
    if (stat(path, &st)) return refuse(r, "it cannot be read: there is no such file or folder");
    if (S_ISREG(st.st_mode)) file_take(s, path, out);
    if (!S_ISDIR(st.st_mode)) return out->count > 0 ? 0 : refuse(r, "it is neither a file nor a folder");
    folder_search(s, path, 1, out);
    if (out->count == 0 && source_rasters(s, path, rasters) > 0) found_add(out, PRODUCT_RASTER, path, path);
    return out->count > 0 ? 0 : refuse(r, "no product was found in it");
}
