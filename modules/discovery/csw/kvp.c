/* kvp.c: a request by address (OGC 07-006r1, tables 27, 44, 52, 60, 65). */
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"

/* "dc:title:A,dct:modified:D": a name may hold a colon itself, so the direction is what stands after the last one. */
static int sorts_read(struct scope *s, const char *text, struct csw *out, struct csw_fault *f) {
    char *rest = scope_strdup(s, text), *name;
    while ((name = strsep(&rest, ","))) {
        if (out->nsorts == SORTS_MOST) return csw_fault_set(f, NULL, "SortBy", "names more than 8 properties");
        char *colon = strrchr(name, ':');
        bool descending = colon && strcasecmp(colon, ":D") == 0;
        if (colon && (descending || strcasecmp(colon, ":A") == 0)) *colon = '\0';
        out->sorts[out->nsorts++] = (struct sort){.property = name, .descending = descending};
    }
    return 0;
}

static int names_split(struct scope *s, const char *text, const char *locator, const char **list, size_t most, size_t *count,
                       struct csw_fault *f) {
    char *rest = scope_strdup(s, text), *name;
    while ((name = strsep(&rest, ","))) {
        if (*count == most) return csw_fault_set(f, NULL, locator, "is a list that is too long");
        if (*name) list[(*count)++] = name;
    }
    return 0;
}

int csw_read_kvp(const struct request *rq, struct csw *out, struct csw_fault *f) {
    const struct {
        const char *name;
        const char **to;
    } plain[] = {
        {"request", &out->operation},
        {"service", &out->service},
        {"version", &out->version},
        {"acceptVersions", &out->accept_versions},
        {"sections", &out->sections},
        {"acceptFormats", &out->accept_formats},
        {"outputFormat", &out->output_format},
        {"outputSchema", &out->output_schema},
        {"schemaLanguage", &out->schema_language},
        {"typeNames", &out->type_names},
        {"parameterName", &out->parameter_name},
        {"propertyName", &out->property_name},
        {"elementSetName", &out->element_set},
        {"resultType", &out->result_type},
        {"startPosition", &out->start_position},
        {"maxRecords", &out->max_records},
        {"requestId", &out->request_id},
        {"constraintLanguage", &out->constraint_language},
        {"constraint", &out->constraint},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        const char *value = request_kvp(rq, plain[i].name);
        /* No section at all is asked for by an empty list. */
        if (value && (*value || plain[i].to == &out->sections)) *plain[i].to = value;
    }
    const char *text;
    if (!out->type_names && (text = request_kvp(rq, "typeName")) && *text) out->type_names = text;
    if ((text = request_kvp(rq, "sortBy")) && *text && sorts_read(rq->scope, text, out, f)) return NADIR_EINVAL;
    if ((text = request_kvp(rq, "elementName")) &&
        names_split(rq->scope, text, "ElementName", out->element_names, CSW_NAMES_MOST, &out->nelement_names, f))
        return NADIR_EINVAL;
    if ((text = request_kvp(rq, "id")) && names_split(rq->scope, text, "Id", out->ids, CSW_IDS_MOST, &out->nids, f))
        return NADIR_EINVAL;
    return 0;
}
