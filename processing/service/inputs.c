/* The inputs of an execution, against what the process wants. */
#include <string.h>

#include "processing/service/processing.h"

/* A value may stand plainly or qualified: {"value": …} (OGC 18-062r2, 7.11.2.1). */
static const json_t *unqualified(const json_t *given) {
    const json_t *value = json_is_object(given) ? json_object_get(given, "value") : NULL;
    return value ? value : given;
}

static bool id_fits(const json_t *id) {
    size_t len = json_string_length(id);
    return json_is_string(id) && len >= 1 && len <= 200 && strlen(json_string_value(id)) == len;
}

/* {"href": "<this gateway>/stac/collections/<collection>/items/<item>"} */
static json_t *scene_by_link(struct scope *s, const char *href, const char *base_url) {
    const char *prefix = scope_printf(s, "%s/stac/collections/", base_url);
    if (!href || strncmp(href, prefix, strlen(prefix)) != 0) return NULL;
    const char *collection = href + strlen(prefix), *middle = strstr(collection, "/items/");
    if (!middle || strpbrk(middle + 7, "/?#")) return NULL;
    char *c = http_decode(s, collection, (size_t)(middle - collection), false);
    char *i = http_decode(s, middle + 7, strlen(middle + 7), false);
    return c && i ? json_pack("{s:s,s:s}", "collection", c, "item", i) : NULL;
}

static int scene_check(struct scope *s, const char *name, const json_t *given, const char *base_url, struct order *out,
                       struct fault *f) {
    const json_t *href = json_object_get(given, "href");
    json_t *scene = href ? scene_by_link(s, json_string_value(href), base_url)
                         : json_pack("{s:O*,s:O*}", "collection", json_object_get(given, "collection"), "item",
                                     json_object_get(given, "item"));
    if (!id_fits(json_object_get(scene, "collection")) || !id_fits(json_object_get(scene, "item"))) {
        json_decref(scene);
        return fault_set(
            s, f, scope_printf(s, "inputs.%s", name),
            "must be {\"collection\": \"…\", \"item\": \"…\"}, or {\"href\": \"…\"} with a STAC item's address here");
    }
    (void)json_object_set(out->inputs, name, scene);
    (void)json_object_set_new(out->scenes, name, scene);
    return 0;
}

static bool value_fits(const json_t *input, const char *kind, const json_t *value) {
    if (strcmp(kind, "boolean") == 0) return json_is_boolean(value);
    if (strcmp(kind, "number") == 0 || strcmp(kind, "integer") == 0) {
        double number = json_number_value(value);
        bool type = *kind == 'i' ? json_is_integer(value) : json_is_number(value);
        return type && number >= json_number_value(json_object_get(input, "minimum")) &&
               number <= json_number_value(json_object_get(input, "maximum"));
    }
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)) return false;
    if (strcmp(kind, "string") == 0) {
        return json_string_length(value) <= (size_t)json_integer_value(json_object_get(input, "max_length"));
    }
    const json_t *choice;
    size_t i;
    json_array_foreach(json_object_get(input, "choices"), i, choice) {
        if (json_equal(choice, value)) return true;
    }
    return false;
}

/* What a value must be, for the error's sentence. */
static const char *wanted(struct scope *s, const json_t *input, const char *kind) {
    if (strcmp(kind, "boolean") == 0) return "must be true or false";
    if (strcmp(kind, "string") == 0) {
        return scope_printf(s, "must be a string of at most %d bytes",
                            (int)json_integer_value(json_object_get(input, "max_length")));
    }
    if (strcmp(kind, "choice") == 0) return "must be one of the choices that the process's description lists";
    return scope_printf(s, "must be %s from %.15g to %.15g", *kind == 'i' ? "an integer" : "a number",
                        json_number_value(json_object_get(input, "minimum")),
                        json_number_value(json_object_get(input, "maximum")));
}

static int input_check(struct scope *s, const char *name, const json_t *input, const json_t *given, const char *base_url,
                       struct order *out, struct fault *f) {
    const char *kind = json_string_value(json_object_get(input, "type")), *field = scope_printf(s, "inputs.%s", name);
    const json_t *value = given ? unqualified(given) : json_object_get(input, "default");
    if (!value || json_is_null(value)) return fault_set(s, f, field, "is required");
    if (strcmp(kind, "scene") == 0) return scene_check(s, name, value, base_url, out, f);
    if (!value_fits(input, kind, value)) return fault_set(s, f, field, "%s", wanted(s, input, kind));
    (void)json_object_set(out->inputs, name, (json_t *)value);
    (void)json_object_set(out->parameters, name, (json_t *)value);
    return 0;
}

int inputs_check(struct scope *s, const struct process *process, const json_t *given, const char *base_url, struct order *out,
                 struct fault *f) {
    const char *name;
    json_t *input, *inputs = json_object_get(process->manifest, "inputs");
    *out = (struct order){.process = *process,
                          .inputs = scope_json(s, json_object()),
                          .parameters = scope_json(s, json_object()),
                          .scenes = scope_json(s, json_object())};
    if (given && !json_is_object(given)) return fault_set(s, f, "inputs", "must be an object");
    json_object_foreach((json_t *)given, name, input) {
        if (!json_object_get(inputs, name)) {
            return fault_set(s, f, scope_printf(s, "inputs.%.60s", name), "is not an input of this process");
        }
    }
    json_object_foreach(inputs, name, input) {
        int err = input_check(s, name, input, json_object_get(given, name), base_url, out, f);
        if (err) return err;
    }
    return 0;
}

int64_t price_of(const json_t *manifest, int64_t pixels) {
    const json_t *price = json_object_get(manifest, "price");
    int64_t base = json_integer_value(json_object_get(price, "base"));
    int64_t per_mpx = json_integer_value(json_object_get(price, "per_mpx"));
    /* At most 1e6 a Mpx and 1e12 pixels: far from overflow. */
    return base + (per_mpx * pixels + 999999) / 1000000;
}
