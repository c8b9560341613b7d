/* search_parts.c: what a search by query string and a search by JSON body read alike. */
#include <string.h>

#include "discovery/search.h"

#define CRS84 "http://www.opengis.net/def/crs/OGC/1.3/CRS84"

static const char NAMES_WHY[] = "must be at most 1000 names of at most 256 bytes";

int search_limit(long long limit, struct query *q, struct fault *f) {
    if (limit < 1) return fault_set(f, "limit", "must be a whole number from 1 on (more than 10000 is taken as 10000)");
    q->limit = limit > LIMIT_MOST ? LIMIT_MOST : (int)limit;
    return 0;
}

int search_sort_add(struct scope *s, const char *field, size_t len, bool descending, struct query *q, struct fault *f) {
    static const char prefix[] = "properties.";
    if (len > sizeof prefix - 1 && strncmp(field, prefix, sizeof prefix - 1) == 0) {
        field += sizeof prefix - 1;
        len -= sizeof prefix - 1;
    }
    if (len < 1 || len > 256) return fault_set(f, "sortby", "has a property's name that is empty or over 256 bytes");
    if (q->nsorts == SORTS_MOST) return fault_set(f, "sortby", "can have 8 keys at the most");
    q->sorts[q->nsorts++] = (struct sort){scope_strndup(s, field, len), descending};
    return 0;
}

int search_sort_text(struct scope *s, const char *text, struct query *q, struct fault *f) {
    for (const char *p = text;;) {
        size_t len = strcspn(p, ",");
        bool sign = *p == '-' || *p == '+' || *p == ' '; /* '+' in a query arrives as a blank */
        if (search_sort_add(s, p + sign, len - sign, *p == '-', q, f)) return NADIR_EINVAL;
        if (!p[len]) return 0;
        p += len + 1;
    }
}

int search_names(struct scope *s, const char *text, const char *field, struct names *out, struct fault *f) {
    const char **list = scope_alloc(s, NAMES_MOST * sizeof *list);
    char *rest = scope_strdup(s, text), *name;
    size_t count = 0;
    while ((name = strsep(&rest, ","))) {
        if (count == NAMES_MOST || strlen(name) > 256) return fault_set(f, field, NAMES_WHY);
        list[count++] = name;
    }
    *out = (struct names){count, list};
    return 0;
}

int search_names_json(const json_t *array, struct scope *s, const char *field, struct names *out, struct fault *f) {
    size_t at;
    json_t *name;
    if (!array || json_is_null(array)) return 0;
    if (!json_is_array(array) || json_array_size(array) > NAMES_MOST) return fault_set(f, field, NAMES_WHY);
    /* An empty list names nothing special: it is taken as absent, as other catalogues do. */
    if (json_array_size(array) == 0) return 0;
    const char **list = scope_alloc(s, json_array_size(array) * sizeof *list);
    json_array_foreach((json_t *)array, at, name) {
        if (!json_is_string(name) || json_string_length(name) > 256) return fault_set(f, field, NAMES_WHY);
        list[at] = json_string_value(name);
    }
    *out = (struct names){json_array_size(array), list};
    return 0;
}

int search_filter(struct scope *s, const json_t *filter, const char *lang, const char *crs, struct expr **out,
                  struct fault *f) {
    if (crs && strcmp(crs, CRS84) != 0) return fault_set(f, "filter-crs", "must be " CRS84);
    bool text = json_is_string(filter);
    if (lang && strcmp(lang, "cql2-text") != 0 && strcmp(lang, "cql2-json") != 0)
        return fault_set(f, "filter-lang", "must be cql2-text or cql2-json");
    if (text) {
        const char *written = json_string_value(filter);
        if (strlen(written) > EXPR_TEXT_MOST) return fault_set(f, "filter", "is over 64 KiB");
        bool json = lang ? strcmp(lang, "cql2-json") == 0 : written[strspn(written, " \t\r\n")] == '{';
        if (!json) return cql2_text_parse(s, written, out, f);
        filter = scope_json(s, json_loads(written, 0, NULL));
        if (!filter) return fault_set(f, "filter", "is not JSON");
    } else if (lang && strcmp(lang, "cql2-text") == 0) {
        return fault_set(f, "filter", "must be a text, as filter-lang says");
    }
    return cql2_json_parse(s, filter, out, f);
}
