#include "view/expression/catalogue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The catalogue's files, linked in as they are; data/README.md tells where they come from. */
#define LINK_IN(name, file)                                                                                                    \
    __asm__(".section .rodata\n"                                                                                               \
            ".local " #name "_begin\n"                                                                                         \
            ".local " #name "_end\n" #name "_begin:\n"                                                                         \
            ".incbin \"" CATALOGUE_FOLDER "/" file "\"\n" #name "_end: .byte 0\n"                                              \
            ".previous\n");                                                                                                    \
    extern const char name##_begin[], name##_end[]

LINK_IN(indices_json, "indices.json");
LINK_IN(constants_json, "constants.json");
LINK_IN(bands_json, "bands.json");

static json_t *indices, *constants, *bands;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    json_t *all = json_loadb(indices_json_begin, (size_t)(indices_json_end - indices_json_begin), 0, NULL);
    indices = json_incref(json_object_get(all, "SpectralIndices"));
    constants = json_loadb(constants_json_begin, (size_t)(constants_json_end - constants_json_begin), 0, NULL);
    bands = json_loadb(bands_json_begin, (size_t)(bands_json_end - bands_json_begin), 0, NULL);
    json_decref(all);
    /* The files were read when this was built and tested: only memory can be missing. */
    if (!indices || !constants || !bands) abort();
}

static const char *text_of(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void describe(const char *name, const json_t *entry, struct spectral_index *out) {
    *out = (struct spectral_index){.name = name,
                                   .title = text_of(entry, "long_name"),
                                   .domain = text_of(entry, "application_domain"),
                                   .formula = text_of(entry, "formula"),
                                   .reference = text_of(entry, "reference"),
                                   .terms = json_object_get(entry, "bands")};
}

bool index_get(const char *name, struct spectral_index *out) {
    (void)pthread_once(&once, load);
    const json_t *entry = json_object_get(indices, name);
    if (entry) describe(text_of(entry, "short_name"), entry, out);
    return entry != NULL;
}

bool index_band(const char *letter, const char **common) {
    static const char *const polarisations[] = {"HH", "HV", "VH", "VV"};
    (void)pthread_once(&once, load);
    const json_t *entry = json_object_get(bands, letter);
    if (entry) *common = text_of(entry, "common_name");
    for (size_t i = 0; !entry && i < sizeof polarisations / sizeof polarisations[0]; i++) {
        if (strcmp(polarisations[i], letter) != 0) continue;
        *common = polarisations[i];
        return true;
    }
    return entry != NULL;
}

const char *index_band_of(const char *letter, const char *platform, double *wavelength) {
    (void)pthread_once(&once, load);
    const json_t *of = json_object_get(json_object_get(json_object_get(bands, letter), "platforms"), platform);
    if (!of) return NULL;
    *wavelength = json_number_value(json_object_get(of, "wavelength"));
    return text_of(of, "band");
}

bool index_constant(const char *name, bool *known, double *value) {
    (void)pthread_once(&once, load);
    const json_t *entry = json_object_get(constants, name);
    const json_t *usual = json_object_get(entry, "default");
    *known = json_is_number(usual);
    *value = json_number_value(usual);
    return entry != NULL;
}

const char *index_kernel(struct scope *s, const char *name) {
    static const char sides[] = "NRGBL";
    if (strlen(name) != 3 || name[0] != 'k' || !strchr(sides, name[1]) || !strchr(sides, name[2])) return NULL;
    return scope_printf(s, "exp(-(%c - %c) ^ 2 / (2 * sigma ^ 2))", name[1], name[2]);
}

/* Bands with their common names, constants with their usual values. Kernels stand for both. */
static void list_terms(const struct spectral_index *index, json_t *letters, json_t *values) {
    size_t i;
    const json_t *term;
    json_array_foreach(index->terms, i, term) {
        const char *name = json_string_value(term);
        const char *common;
        bool known;
        double value;
        if (!name) continue;
        if (index_band(name, &common)) {
            json_object_set_new(letters, name, json_string(common));
        } else if (index_constant(name, &known, &value)) {
            json_object_set_new(values, name, known ? json_real(value) : json_null());
        } else if (strlen(name) == 3) {
            for (const char *side = name + 1; *side; side++) {
                const char letter[] = {*side, '\0'};
                if (index_band(letter, &common)) json_object_set_new(letters, letter, json_string(common));
                if (index_constant(letter, &known, &value)) json_object_set_new(values, letter, json_real(value));
            }
            (void)index_constant("sigma", &known, &value);
            json_object_set_new(values, "sigma", json_real(value));
        }
    }
}

json_t *index_list(void) {
    (void)pthread_once(&once, load);
    json_t *list = json_array();
    const char *name;
    json_t *entry;
    json_object_foreach(indices, name, entry) {
        struct spectral_index index;
        describe(name, entry, &index);
        json_t *letters = json_object();
        json_t *values = json_object();
        list_terms(&index, letters, values);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s}", "name", index.name, "title", index.title,
                                              "domain", index.domain, "formula", index.formula, "bands", letters, "constants",
                                              values, "reference", index.reference));
    }
    return list;
}
