/* fields.c: the fields extension: which members of an item or a collection are answered.
 *
 * A member is excluded unless the same member, or one inside it, is included. What names a document (type, stac_version, id,
 * collection) comes along with any inclusion, so that the answer can be told apart; an exclusion that names it removes it.
 */
#include <string.h>

#include "discovery/search.h"

#define FIELD_WHY "must be at most 100 names of members of at most 256 bytes"

static int name_add(struct scope *s, const char *name, size_t len, const char **list, size_t *count, struct fault *f) {
    if (len < 1 || len > 256 || *count == SELECTION_MOST) return fault_set(f, "fields", FIELD_WHY);
    list[(*count)++] = scope_strndup(s, name, len);
    return 0;
}

int selection_from_text(struct scope *s, const char *text, struct selection *out, struct fault *f) {
    out->asked = true;
    out->narrowed = *text == '\0';
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ",");
        bool minus = *p == '-', sign = minus || *p == '+' || *p == ' '; /* '+' in a query arrives as a blank */
        int err = minus ? name_add(s, p + 1, len - 1, out->excluded, &out->nexcluded, f)
                        : name_add(s, p + sign, len - sign, out->included, &out->nincluded, f);
        if (err) return err;
        p += len;
        if (*p == ',' && !*++p) return fault_set(f, "fields", "ends with a comma");
    }
    if (out->nincluded > 0) out->narrowed = true;
    return 0;
}

static int names_from_json(struct scope *s, const json_t *array, const char **list, size_t *count, struct fault *f) {
    size_t at;
    json_t *name;
    if (!array || json_is_null(array)) return 0;
    if (!json_is_array(array)) return fault_set(f, "fields", "must be {include: [names], exclude: [names]}");
    json_array_foreach((json_t *)array, at, name) {
        if (!json_is_string(name)) return fault_set(f, "fields", FIELD_WHY);
        if (name_add(s, json_string_value(name), json_string_length(name), list, count, f)) return NADIR_EINVAL;
    }
    return 0;
}

int selection_from_json(struct scope *s, const json_t *fields, struct selection *out, struct fault *f) {
    const json_t *include = json_object_get(fields, "include"), *exclude = json_object_get(fields, "exclude");
    if (!json_is_object(fields)) return fault_set(f, "fields", "must be {include: [names], exclude: [names]}");
    out->asked = true;
    /* An exclusion alone takes away from everything; beside an empty inclusion it takes away from the default set. */
    out->narrowed = include || !exclude;
    if (names_from_json(s, include, out->included, &out->nincluded, f)) return NADIR_EINVAL;
    return names_from_json(s, exclude, out->excluded, &out->nexcluded, f);
}

static bool member_copy(struct scope *s, const json_t *from, json_t *to, const char *path);

/* Copies path of every object in a list into a list of as many objects. */
static bool members_copy(struct scope *s, const json_t *from, json_t *to, const char *name, const char *path) {
    json_t *list = json_object_get(to, name), *element;
    size_t at;
    bool found = false;
    if (!list) {
        json_object_set_new(to, name, list = json_array());
        json_array_foreach((json_t *)from, at, element) json_array_append_new(list, json_object());
    }
    json_array_foreach((json_t *)from, at, element) {
        if (json_is_object(element)) found = member_copy(s, element, json_array_get(list, at), path) || found;
    }
    if (!found && json_array_size(list) > 0 && json_object_size(json_array_get(list, 0)) == 0) json_object_del(to, name);
    return found;
}

/* Copies what a path names. A dot divides names, or is part of one (an asset's key "B04.tif"): the longer name wins. */
static bool member_copy(struct scope *s, const json_t *from, json_t *to, const char *path) {
    json_t *value = json_object_get(from, path);
    if (value) return json_object_set(to, path, value) == 0;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        const char *name = scope_strndup(s, path, (size_t)(dot - path));
        const json_t *inner = json_object_get(from, name);
        if (json_is_array(inner)) {
            if (members_copy(s, inner, to, name, dot + 1)) return true;
        } else if (json_is_object(inner)) {
            json_t *own = json_object_get(to, name), *fresh = own ? NULL : scope_json(s, json_object());
            if (!member_copy(s, inner, own ? own : fresh, dot + 1)) continue;
            if (fresh) json_object_set(to, name, fresh);
            return true;
        }
    }
    return false;
}

static bool member_delete(struct scope *s, json_t *from, const char *path) {
    if (json_object_del(from, path) == 0) return true;
    for (const char *dot = strchr(path, '.'); dot; dot = strchr(dot + 1, '.')) {
        json_t *inner = json_object_get(from, scope_strndup(s, path, (size_t)(dot - path))), *element;
        size_t at;
        bool found = json_is_object(inner) && member_delete(s, inner, dot + 1);
        json_array_foreach(inner, at, element) found = member_delete(s, element, dot + 1) || found;
        if (found) return true;
    }
    return false;
}

/* True if a path is included as it is or has an included one inside. */
static bool kept_by_inclusion(const struct selection *selection, const char *path) {
    size_t len = strlen(path);
    for (size_t i = 0; i < selection->nincluded; i++) {
        const char *included = selection->included[i];
        if (strncmp(included, path, len) == 0 && (!included[len] || included[len] == '.')) return true;
    }
    return false;
}

json_t *selection_apply(struct scope *s, const struct selection *selection, json_t *document, const char *const *defaults) {
    static const char *const names[] = {"type", "stac_version", "id", "collection", NULL};
    scope_json(s, document);
    json_t *wanted = document;
    if (selection->narrowed) {
        wanted = scope_json(s, json_object());
        const char *const *always = selection->nincluded ? names : defaults;
        for (size_t i = 0; always[i]; i++) member_copy(s, document, wanted, always[i]);
        for (size_t i = 0; i < selection->nincluded; i++) {
            const char *path = selection->included[i];
            if (!member_copy(s, document, wanted, path)) /* a property's name alone is understood */
                member_copy(s, document, wanted, scope_printf(s, "properties.%s", path));
        }
    }
    for (size_t i = 0; i < selection->nexcluded; i++) {
        const char *path = selection->excluded[i];
        if (selection->nincluded && kept_by_inclusion(selection, path)) continue;
        if (!member_delete(s, wanted, path)) member_delete(s, wanted, scope_printf(s, "properties.%s", path));
    }
    return wanted;
}
