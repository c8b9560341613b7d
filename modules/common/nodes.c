/* nodes.c */
#include "common/nodes.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool is_local(const char *path) {
    return path[0] != '/' && strncmp(path, "http://", 7) != 0 && strncmp(path, "https://", 8) != 0;
}

/* Bytes of the folders that all local paths begin with, with their last '/'. Of the paths' own last part nothing. */
static size_t common_folders(const char *const *paths, size_t count) {
    const char *first = NULL;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_local(paths[i])) continue;
        const char *slash = strrchr(paths[i], '/');
        size_t folders = slash ? (size_t)(slash - paths[i]) + 1 : 0, same = 0;
        if (!first) {
            first = paths[i];
            len = folders;
            continue;
        }
        size_t at = 0;
        for (; at < len && at < folders && first[at] == paths[i][at]; at++)
            if (first[at] == '/') same = at + 1;
        len = same;
    }
    return len;
}

/* Where the name of a SAFE folder begins in the first `len` bytes of a path; NULL if there is none. */
static const char *safe_folder(const char *path, size_t len, size_t *name_len) {
    const char *begin = path;
    for (const char *slash; (slash = memchr(begin, '/', len - (size_t)(begin - path))) != NULL; begin = slash + 1) {
        *name_len = (size_t)(slash - begin);
        if (*name_len > 5 && strncmp(slash - 5, ".SAFE", 5) == 0) return begin;
    }
    return NULL;
}

/* The first path that lies here, and how much of it is above the product's node. */
static const char *first_local(const char *const *paths, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_local(paths[i])) return paths[i];
    return NULL;
}

const char *nodes_root(struct scope *s, const char *item, const char *const *paths, size_t count) {
    const char *first = first_local(paths, count);
    size_t len;
    const char *safe = first ? safe_folder(first, common_folders(paths, count), &len) : NULL;
    char *name = safe ? scope_strndup(s, safe, len) : scope_strdup(s, item);
    for (char *c = name; *c; c++)
        if (!isascii((unsigned char)*c) || (!isalnum((unsigned char)*c) && !strchr("._-", *c))) *c = '_';
    if (*name == '.') *name = '_';
    return name;
}

/* A query or fragment is no part of a name. */
static const char *remote_name(struct scope *s, const char *address) {
    size_t len = strcspn(address, "?#");
    const char *begin = address + len;
    while (begin > address && begin[-1] != '/') begin--;
    const char *name = scope_strndup(s, begin, (size_t)(address + len - begin));
    return !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? "file" : name;
}

void nodes_name(struct scope *s, const char *const *paths, size_t count, const char **names) {
    size_t above = common_folders(paths, count), len;
    const char *first = first_local(paths, count), *safe = first ? safe_folder(first, above, &len) : NULL;
    if (safe) above = (size_t)(safe - first) + len + 1;
    for (size_t i = 0; i < count; i++) names[i] = is_local(paths[i]) ? paths[i] + above : remote_name(s, paths[i]);
}
