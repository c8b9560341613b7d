#include "common/fields.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/http.h"
#include "common/id.h"

struct fields fields_of(const json_t *object) {
    struct fields f = {.object = object};
    if (!json_is_object(object)) {
        f.bad_name = "body";
        snprintf(f.why, sizeof f.why, "must be a JSON object");
        f.object = NULL;
    }
    return f;
}

void fields_closed(struct fields *f) {
    f->closed = true;
}

void field_fault(struct fields *f, const char *name, const char *format, ...) {
    if (f->bad_name) return;
    va_list args;
    va_start(args, format);
    vsnprintf(f->why, sizeof f->why, format, args);
    va_end(args);
    f->bad_name = name;
}

/* The member, or NULL when absent or null; remembers that it was read. */
static const json_t *get(struct fields *f, const char *name) {
    if (f->nseen < (int)(sizeof f->seen / sizeof f->seen[0])) f->seen[f->nseen++] = name;
    const json_t *value = json_object_get(f->object, name);
    return json_is_null(value) ? NULL : value;
}

static const json_t *need(struct fields *f, const char *name) {
    const json_t *value = get(f, name);
    if (!value) field_fault(f, name, "is required");
    return value;
}

static const char *as_string(struct fields *f, const char *name, const json_t *value, size_t least, size_t most,
                             const char *otherwise) {
    if (!value) return otherwise;
    if (!json_is_string(value)) {
        field_fault(f, name, "must be a string");
        return otherwise;
    }
    size_t len = json_string_length(value);
    if (len < least || len > most || strlen(json_string_value(value)) != len) {
        field_fault(f, name, "must have %zu to %zu bytes and no NUL", least, most);
        return otherwise;
    }
    return json_string_value(value);
}

static int64_t as_int(struct fields *f, const char *name, const json_t *value, int64_t least, int64_t most, int64_t otherwise) {
    if (!value) return otherwise;
    if (!json_is_integer(value) || json_integer_value(value) < least || json_integer_value(value) > most) {
        field_fault(f, name, "must be an integer from %lld to %lld", (long long)least, (long long)most);
        return otherwise;
    }
    return json_integer_value(value);
}

static double as_number(struct fields *f, const char *name, const json_t *value, double least, double most, double otherwise) {
    if (!value) return otherwise;
    double number = json_number_value(value);
    if (!json_is_number(value) || !isfinite(number) || number < least || number > most) {
        field_fault(f, name, "must be a number from %g to %g", least, most);
        return otherwise;
    }
    return number;
}

static const char *as_choice(struct fields *f, const char *name, const char *text, const char *const *choices,
                             const char *otherwise) {
    if (!text) return otherwise;
    char list[120] = "";
    for (size_t i = 0, at = 0; choices[i]; i++) {
        if (strcmp(text, choices[i]) == 0) return choices[i];
        int n = snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", choices[i]);
        if (n > 0 && at + (size_t)n < sizeof list) at += (size_t)n;
    }
    field_fault(f, name, "must be one of: %s", list);
    return otherwise;
}

const char *field_string(struct fields *f, const char *name, size_t least, size_t most) {
    return as_string(f, name, need(f, name), least, most, "");
}

int64_t field_int(struct fields *f, const char *name, int64_t least, int64_t most) {
    return as_int(f, name, need(f, name), least, most, least);
}

double field_number(struct fields *f, const char *name, double least, double most) {
    return as_number(f, name, need(f, name), least, most, least);
}

bool field_bool(struct fields *f, const char *name) {
    need(f, name);
    return field_bool_or(f, name, false);
}

const json_t *field_object(struct fields *f, const char *name) {
    need(f, name);
    return field_object_or_null(f, name);
}

const json_t *field_array(struct fields *f, const char *name, size_t least, size_t most) {
    need(f, name);
    const json_t *value = field_array_or_null(f, name, most);
    if (value && json_array_size(value) < least) field_fault(f, name, "must have at least %zu elements", least);
    return value;
}

const char *field_choice(struct fields *f, const char *name, const char *const *choices) {
    return as_choice(f, name, as_string(f, name, need(f, name), 0, 200, NULL), choices, choices[0]);
}

const char *field_uuid(struct fields *f, const char *name) {
    const char *text = field_string(f, name, 36, 36);
    if (*text && !id_valid(text)) field_fault(f, name, "must be a UUID");
    return text;
}

const char *field_string_or(struct fields *f, const char *name, size_t least, size_t most, const char *otherwise) {
    return as_string(f, name, get(f, name), least, most, otherwise);
}

int64_t field_int_or(struct fields *f, const char *name, int64_t least, int64_t most, int64_t otherwise) {
    return as_int(f, name, get(f, name), least, most, otherwise);
}

double field_number_or(struct fields *f, const char *name, double least, double most, double otherwise) {
    return as_number(f, name, get(f, name), least, most, otherwise);
}

bool field_bool_or(struct fields *f, const char *name, bool otherwise) {
    const json_t *value = get(f, name);
    if (!value) return otherwise;
    if (!json_is_boolean(value)) field_fault(f, name, "must be true or false");
    return json_is_true(value);
}

const json_t *field_object_or_null(struct fields *f, const char *name) {
    const json_t *value = get(f, name);
    if (value && !json_is_object(value)) {
        field_fault(f, name, "must be an object");
        return NULL;
    }
    return value;
}

const json_t *field_array_or_null(struct fields *f, const char *name, size_t most) {
    const json_t *value = get(f, name);
    if (value && (!json_is_array(value) || json_array_size(value) > most)) {
        field_fault(f, name, "must be an array of at most %zu elements", most);
        return NULL;
    }
    return value;
}

const char *field_choice_or(struct fields *f, const char *name, const char *const *choices, const char *otherwise) {
    return as_choice(f, name, as_string(f, name, get(f, name), 0, 200, NULL), choices, otherwise);
}

static void find_unread(struct fields *f) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)f->object, key, value) {
        bool read = false;
        for (int i = 0; i < f->nseen && !read; i++) read = strcmp(f->seen[i], key) == 0;
        if (!read) {
            field_fault(f, key, "is not known here");
            return;
        }
    }
}

bool fields_faulty(struct fields *f) {
    if (!f->bad_name && f->closed && f->object) find_unread(f);
    return f->bad_name != NULL;
}

bool fields_fail(struct fields *f, struct response *rs) {
    if (!fields_faulty(f)) return false;
    response_error(rs, 422, "invalid-field", f->bad_name, "\"%s\" %s.", f->bad_name, f->why);
    return true;
}
