/* mtl.c */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtl.h"
#include "source.h"
#include "xml.h"

#define ENTRIES_MOST 5000

static void entry_add(struct mtl *m, const char *group, const char *name, const char *value) {
    if (m->count == ENTRIES_MOST) return;
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 256;
        struct mtl_entry *list = scope_alloc(m->scope, room * sizeof *list);
        if (m->count) memcpy(list, m->list, m->count * sizeof *list);
        m->list = list;
        m->room = room;
    }
    m->list[m->count++] = (struct mtl_entry){group, name, value};
}

/* Trims blanks, then quotes. */
static char *trimmed(char *text) {
    while (isspace((unsigned char)*text)) text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) len--;
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text++;
        len -= 2;
    }
    text[len] = '\0';
    return text;
}

static int text_read(FILE *file, struct mtl *m, struct refusal *r) {
    char line[2048];
    const char *group = "";
    while (fgets(line, sizeof line, file)) {
        char *equals = strchr(line, '=');
        if (!equals) continue;
        *equals = '\0';
        const char *name = scope_strdup(m->scope, trimmed(line)), *value = scope_strdup(m->scope, trimmed(equals + 1));
        if (strcmp(name, "GROUP") == 0)
            group = value;
        else if (strcmp(name, "END_GROUP") != 0)
            entry_add(m, group, name, value);
    }
    return m->count > 0 ? 0 : refuse(r, "the MTL file holds no metadata");
}

static int xml_read(const char *path, struct mtl *m, struct refusal *r) {
    xmlDoc *doc;
    int err = xml_open(m->scope, path, &doc, r);
    if (err) return err;
    for (xmlNode *group = xmlDocGetRootElement(doc)->children; group; group = group->next) {
        if (group->type != XML_ELEMENT_NODE) continue;
        for (xmlNode *node = group->children; node; node = node->next) {
            const char *value = node->type == XML_ELEMENT_NODE ? xml_text(m->scope, node) : NULL;
            if (value)
                entry_add(m, scope_strdup(m->scope, (const char *)group->name),
                          scope_strdup(m->scope, (const char *)node->name), value);
        }
    }
    return m->count > 0 ? 0 : refuse(r, "the MTL file holds no metadata");
}

static int json_read(const char *path, struct mtl *m, struct refusal *r) {
    json_t *json = scope_json(m->scope, json_load_file(path, JSON_REJECT_DUPLICATES, NULL)), *group, *value;
    void *top = json_object_iter(json);
    const char *group_name, *name;
    if (!top) return refuse(r, "the MTL file is not well-formed JSON");
    json_object_foreach(json_object_iter_value(top), group_name, group) {
        json_object_foreach(group, name, value) {
            if (json_is_string(value))
                entry_add(m, group_name, name, json_string_value(value));
            else if (json_is_number(value))
                entry_add(m, group_name, name, scope_printf(m->scope, "%.15g", json_number_value(value)));
        }
    }
    return m->count > 0 ? 0 : refuse(r, "the MTL file holds no metadata");
}

int mtl_open(struct scope *s, const char *path, struct mtl *out, struct refusal *r) {
    *out = (struct mtl){.scope = s};
    if (ends_with(path, ".xml")) return xml_read(path, out, r);
    if (ends_with(path, ".json")) return json_read(path, out, r);
    FILE *file = fopen(path, "re");
    if (!file) return refuse(r, "the MTL file cannot be read");
    int err = text_read(file, out, r);
    fclose(file);
    return err;
}

const char *mtl_text(const struct mtl *m, const char *name) {
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->list[i].name, name) == 0) return *m->list[i].value ? m->list[i].value : NULL;
    return NULL;
}

bool mtl_number(const struct mtl *m, const char *name, double *out) {
    const char *text = mtl_text(m, name);
    char *end;
    if (!text) return false;
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out);
}
