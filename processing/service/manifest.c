/* process.json: what a package says of its process. */
#include <stdarg.h>
#include <string.h>

#include "common/fields.h"
#include "processing/service/processing.h"

#define SAFE_NUMBER 9007199254740991.0 /* integers beyond it are not exact in JSON's numbers */

int fault_set(struct scope *s, struct fault *f, const char *field, const char *format, ...) {
    char text[300];
    va_list ap;
    if (f->field) return NADIR_EINVAL;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    f->field = scope_strdup(s, field);
    f->why = scope_strdup(s, text);
    return NADIR_EINVAL;
}

/* Takes over what fields.h found below `prefix`. */
static int fault_take(struct scope *s, struct fault *f, const char *prefix, struct fields *fields) {
    if (!fields_faulty(fields)) return 0;
    return fault_set(s, f, scope_printf(s, "%s%s", prefix, fields->bad_name), "%s", fields->why);
}

static bool made_of(const char *text, const char *first, const char *rest, size_t most) {
    size_t len = strlen(text);
    return len >= 1 && len <= most && strspn(text, first) >= 1 && strspn(text, rest) == len;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

bool process_id_valid(const char *id) {
    return made_of(id, LOWER, LOWER DIGIT "-", 64);
}

bool version_valid(const char *version) {
    return made_of(version, DIGIT, LOWER UPPER DIGIT ".+-", 32) && !strstr(version, "..");
}

static bool name_valid(const char *name) {
    return made_of(name, LOWER, LOWER DIGIT "_", 32);
}

static bool band_valid(const char *name) {
    return made_of(name, LOWER UPPER DIGIT, LOWER UPPER DIGIT "_-", 32);
}

/* A program within the package. */
static bool entry_valid(const char *entry) {
    size_t len = strlen(entry);
    return made_of(entry, LOWER UPPER DIGIT "_", LOWER UPPER DIGIT "_-./", 200) && !strstr(entry, "..") &&
           !strstr(entry, "//") && len > 3 && strcmp(entry + len - 3, ".py") == 0;
}

/* ---- inputs ---- */

static const char *const kinds[] = {"scene", "number", "integer", "string", "boolean", "choice", NULL};

static int bands_check(struct scope *s, const json_t *bands, const char *prefix, struct fault *f) {
    const json_t *band;
    size_t i;
    json_array_foreach(bands, i, band) {
        if (!json_is_string(band) || !band_valid(json_string_value(band))) {
            return fault_set(s, f, scope_printf(s, "%sbands", prefix), "must name bands by their keys, such as \"red\"");
        }
        for (size_t k = 0; k < i; k++) {
            if (json_equal(json_array_get(bands, k), band)) {
                return fault_set(s, f, scope_printf(s, "%sbands", prefix), "names a band twice");
            }
        }
    }
    return 0;
}

static int choices_check(struct scope *s, const json_t *choices, const json_t *otherwise, const char *prefix, struct fault *f) {
    const json_t *choice;
    size_t i;
    bool among = !otherwise;
    json_array_foreach(choices, i, choice) {
        if (!json_is_string(choice) || json_string_length(choice) < 1 || json_string_length(choice) > 100) {
            return fault_set(s, f, scope_printf(s, "%schoices", prefix), "must be strings of 1 to 100 bytes");
        }
        if (otherwise && json_equal(choice, otherwise)) among = true;
    }
    return among ? 0 : fault_set(s, f, scope_printf(s, "%sdefault", prefix), "must be one of the choices");
}

static int bounds_check(struct scope *s, bool whole, double least, double most, const json_t *otherwise, const char *prefix,
                        struct fault *f) {
    if (least > most) return fault_set(s, f, scope_printf(s, "%sminimum", prefix), "must not be above the maximum");
    if (!otherwise) return 0;
    bool right = whole ? json_is_integer(otherwise) : json_is_number(otherwise);
    double value = json_number_value(otherwise);
    if (right && value >= least && value <= most) return 0;
    return fault_set(s, f, scope_printf(s, "%sdefault", prefix), "must be %s within the bounds",
                     whole ? "an integer" : "a number");
}

/* The part of an input that depends on its type. */
static int input_kind(struct scope *s, struct fields *in, const char *kind, const json_t *otherwise, const char *prefix,
                      json_t *out, struct fault *f) {
    if (strcmp(kind, "scene") == 0) {
        const json_t *bands = field_array_or_null(in, "bands", 24);
        if (otherwise) return fault_set(s, f, scope_printf(s, "%sdefault", prefix), "is not for scenes");
        if (bands) (void)json_object_set(out, "bands", (json_t *)bands);
        return bands_check(s, bands, prefix, f);
    }
    if (strcmp(kind, "number") == 0 || strcmp(kind, "integer") == 0) {
        double least = field_number_or(in, "minimum", -SAFE_NUMBER, SAFE_NUMBER, -SAFE_NUMBER);
        double most = field_number_or(in, "maximum", -SAFE_NUMBER, SAFE_NUMBER, SAFE_NUMBER);
        (void)json_object_set_new(out, "minimum", json_real(least));
        (void)json_object_set_new(out, "maximum", json_real(most));
        return bounds_check(s, *kind == 'i', least, most, otherwise, prefix, f);
    }
    if (strcmp(kind, "string") == 0) {
        int64_t most = field_int_or(in, "max_length", 1, 4096, 200);
        (void)json_object_set_new(out, "max_length", json_integer(most));
        if (!otherwise || (json_is_string(otherwise) && json_string_length(otherwise) <= (size_t)most)) return 0;
        return fault_set(s, f, scope_printf(s, "%sdefault", prefix), "must be a string of at most max_length bytes");
    }
    if (strcmp(kind, "choice") == 0) {
        const json_t *choices = field_array(in, "choices", 1, 50);
        if (!choices) return 0;
        (void)json_object_set(out, "choices", (json_t *)choices);
        return choices_check(s, choices, otherwise, prefix, f);
    }
    if (!otherwise || json_is_boolean(otherwise)) return 0;
    return fault_set(s, f, scope_printf(s, "%sdefault", prefix), "must be true or false");
}

static int input_check(struct scope *s, const char *name, const json_t *given, json_t *inputs, struct fault *f) {
    const char *prefix = scope_printf(s, "inputs.%.40s.", name);
    if (!name_valid(name)) {
        return fault_set(s, f, "inputs", "has a name that is not lower-case letters, digits and _, at most 32");
    }
    struct fields in = fields_of(given);
    fields_closed(&in);
    const char *kind = field_choice(&in, "type", kinds);
    const char *title = field_string_or(&in, "title", 1, 200, name);
    const char *description = field_string_or(&in, "description", 0, 2000, "");
    const json_t *otherwise = json_object_get(given, "default");
    in.seen[in.nseen++] = "default"; /* of any type: looked at below */
    if (in.bad_name) return fault_take(s, f, prefix, &in);
    json_t *out = json_pack("{s:s,s:s,s:s}", "type", kind, "title", title, "description", description);
    (void)json_object_set_new(inputs, name, out);
    if (otherwise) (void)json_object_set(out, "default", (json_t *)otherwise);
    int err = input_kind(s, &in, kind, otherwise, prefix, out, f);
    return err ? err : fault_take(s, f, prefix, &in);
}

static int inputs_of(struct scope *s, const json_t *given, json_t *out, struct fault *f) {
    const char *name;
    json_t *input, *inputs = json_object();
    int scenes = 0;
    (void)json_object_set_new(out, "inputs", inputs);
    if (json_object_size(given) > 20) return fault_set(s, f, "inputs", "has more than 20 members");
    json_object_foreach((json_t *)given, name, input) {
        int err = input_check(s, name, input, inputs, f);
        if (err) return err;
        const char *kind = json_string_value(json_object_get(json_object_get(inputs, name), "type"));
        scenes += strcmp(kind, "scene") == 0;
    }
    if (scenes < 1 || scenes > 4) return fault_set(s, f, "inputs", "must have one to four inputs of type scene");
    return 0;
}

/* ---- the rest ---- */

static int output_of(struct scope *s, const json_t *given, json_t *out, struct fault *f) {
    const char *key;
    json_t *output;
    if (json_object_size(given) != 1)
        return fault_set(s, f, "outputs", "must have exactly one member: the raster that is written");
    json_object_foreach((json_t *)given, key, output) {
        if (!name_valid(key) || strcmp(key, "visual") == 0 || strcmp(key, "thumbnail") == 0 || strcmp(key, "facts") == 0 ||
            strcmp(key, "canvas") == 0 || strcmp(key, "item") == 0) {
            return fault_set(s, f, "outputs",
                             "has a name that is reserved, or not lower-case letters, digits and _, at most 32");
        }
        struct fields in = fields_of(output);
        fields_closed(&in);
        const char *title = field_string_or(&in, "title", 1, 200, key);
        if (fields_faulty(&in)) return fault_take(s, f, scope_printf(s, "outputs.%s.", key), &in);
        (void)json_object_set_new(out, "output", json_pack("{s:s,s:s}", "key", key, "title", title));
    }
    return 0;
}

static int limits_of(struct scope *s, const json_t *given, json_t *out, struct fault *f) {
    json_t *none = scope_json(s, json_object());
    struct fields in = fields_of(given ? given : none);
    fields_closed(&in);
    int64_t memory = field_int_or(&in, "memory_mb", 64, 4096, 1024);
    int64_t seconds = field_int_or(&in, "seconds", 1, 3600, 300);
    int64_t disk = field_int_or(&in, "disk_mb", 1, 8192, 1024);
    (void)json_object_set_new(out, "limits",
                              json_pack("{s:I,s:I,s:I}", "memory_mb", (json_int_t)memory, "seconds", (json_int_t)seconds,
                                        "disk_mb", (json_int_t)disk));
    return fault_take(s, f, "limits.", &in);
}

static int price_check(struct scope *s, const json_t *given, json_t *out, struct fault *f) {
    const char *const currencies[] = {processing_currency(), NULL};
    json_t *none = scope_json(s, json_object());
    struct fields in = fields_of(given ? given : none);
    fields_closed(&in);
    int64_t base = field_int_or(&in, "base", 0, 100000000, 0);
    int64_t per_mpx = field_int_or(&in, "per_mpx", 0, 1000000, 0);
    const char *currency = field_choice_or(&in, "currency", currencies, currencies[0]);
    (void)json_object_set_new(
        out, "price",
        json_pack("{s:I,s:I,s:s}", "base", (json_int_t)base, "per_mpx", (json_int_t)per_mpx, "currency", currency));
    return fault_take(s, f, "price.", &in);
}

int manifest_check(struct scope *s, const json_t *given, json_t **result, struct fault *f) {
    static const char *const runtimes[] = {"python3", NULL};
    static const char *const visibilities[] = {"private", "public", NULL};
    struct fields in = fields_of(given);
    fields_closed(&in);
    const char *id = field_string(&in, "id", 1, 64), *version = field_string(&in, "version", 1, 32);
    const char *title = field_string(&in, "title", 1, 200), *description = field_string_or(&in, "description", 0, 5000, "");
    const char *runtime = field_choice(&in, "runtime", runtimes), *entry = field_string_or(&in, "entry", 1, 200, "main.py");
    const char *visibility = field_choice_or(&in, "visibility", visibilities, "private");
    const json_t *inputs = field_object(&in, "inputs"), *outputs = field_object(&in, "outputs");
    const json_t *limits = field_object_or_null(&in, "limits"), *price = field_object_or_null(&in, "price");
    if (id && !process_id_valid(id))
        field_fault(&in, "id", "must be lower-case letters, digits and -, beginning with a letter");
    if (version && !version_valid(version)) field_fault(&in, "version", "must be like 1.0.0");
    if (entry && !entry_valid(entry)) field_fault(&in, "entry", "must be the path of a .py file within the package");
    if (fields_faulty(&in)) return fault_take(s, f, "", &in);
    json_t *out =
        scope_json(s, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", id, "version", version, "title", title, "description",
                                description, "runtime", runtime, "entry", entry, "visibility", visibility));
    *result = out;
    int err = inputs_of(s, inputs, out, f);
    if (!err) err = output_of(s, outputs, out, f);
    if (!err) err = limits_of(s, limits, out, f);
    return err ? err : price_check(s, price, out, f);
}
