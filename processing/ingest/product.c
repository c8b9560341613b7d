/* product.c */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "product.h"

int refuse(struct refusal *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
    return NADIR_EINVAL;
}

void product_init(struct product *p, struct scope *s) {
    memset(p, 0, sizeof *p);
    p->scope = s;
    p->properties = scope_json(s, json_object());
    p->extensions = scope_json(s, json_array());
}

struct band *product_find(struct product *p, const char *key) {
    for (int i = 0; i < p->nbands; i++)
        if (strcmp(p->bands[i].key, key) == 0) return &p->bands[i];
    return NULL;
}

/* Letters, digits, '-' and '_'; lower case. */
static void key_write(char key[KEY_SIZE], const char *text) {
    size_t len = 0;
    for (; *text && len < KEY_SIZE - 8; text++)
        key[len++] = isalnum((unsigned char)*text) || *text == '-' ? (char)tolower((unsigned char)*text) : '_';
    key[len] = '\0';
}

struct band *product_band(struct product *p, struct refusal *r, const char *name, const char *common, const char *file,
                          int index) {
    if (p->nbands == BANDS_MOST) {
        refuse(r, "it has more than %d bands", BANDS_MOST);
        return NULL;
    }
    char key[KEY_SIZE];
    key_write(key, common ? common : name);
    if (product_find(p, key)) key_write(key, name);
    for (int n = 2; product_find(p, key) && n < 100; n++) {
        key_write(key, name);
        snprintf(key + strlen(key), 8, "-%d", n);
    }
    struct band *b = &p->bands[p->nbands++];
    *b = (struct band){.name = scope_strdup(p->scope, name), .common = common, .file = file, .index = index, .scale = 1};
    memcpy(b->key, key, sizeof key);
    return b;
}

/* Letters, digits and "._-"; others, which addresses would have to escape, become '-'. */
static char plain(char c) {
    return isalnum((unsigned char)c) || strchr("._-", c) ? c : '-';
}

void product_extra(struct product *p, const char *key, const char *type, const char *role, const char *title,
                   const char *path) {
    if (p->nextras == FILES_MOST) return;
    const char *slash = strrchr(path, '/');
    char *name = scope_strdup(p->scope, slash ? slash + 1 : path);
    for (char *c = name; *c; c++) *c = plain(*c);
    p->extras[p->nextras++] = (struct extra){.key = key,
                                             .type = type,
                                             .role = role,
                                             .title = title,
                                             .path = path,
                                             .name = scope_printf(p->scope, ORIGINALS "/%s", name)};
}

void product_id(struct product *p, const char *id) {
    size_t len = 0;
    for (; *id && len < sizeof p->id - 1; id++) p->id[len++] = isalnum((unsigned char)*id) || strchr("._-", *id) ? *id : '-';
    p->id[len] = '\0';
}

void product_set(struct product *p, const char *name, json_t *value) {
    if (value) json_object_set_new(p->properties, name, value);
}

void product_extension(struct product *p, const char *url) {
    size_t at;
    json_t *known;
    json_array_foreach(p->extensions, at, known) {
        if (strcmp(json_string_value(known), url) == 0) return;
    }
    json_array_append_new(p->extensions, json_string(url));
}
