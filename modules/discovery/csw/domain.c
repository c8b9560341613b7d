/* domain.c: GetDomain (OGC 07-006r1 clause 10.7): the values that a parameter or a property can have. */
#include <string.h>

#include "discovery/collections.h"
#include "discovery/csw/csw.h"

static void value(struct scope *s, struct text *t, const char *text) {
    xml_element(s, t, "csw:Value", text);
}

static int parameter(struct request *rq, struct text *t, const char *name, struct csw_fault *f) {
    const char *const *values = csw_parameter_values(name);
    if (!values) return csw_fault_set(f, NULL, "ParameterName", scope_printf(rq->scope, "names no parameter: %s", name));
    xml_raw(t, "<csw:DomainValues type=\"csw:Record\">\n");
    xml_element(rq->scope, t, "csw:ParameterName", name);
    xml_raw(t, "<csw:ListOfValues>\n");
    for (; *values; values++) value(rq->scope, t, *values);
    xml_raw(t, "</csw:ListOfValues>\n</csw:DomainValues>\n");
    return 0;
}

/* The collections that the caller may see. */
static int collections(struct request *rq, struct text *t) {
    struct collection_page page;
    struct fault inner = {0};
    struct query q = {.limit = COLLECTIONS_MOST};
    int err = collections_run(rq->scope, &rq->auth, &q, &page, &inner);
    for (size_t i = 0; !err && i < page.count; i++) {
        const json_t *document = scope_json(rq->scope, json_loadb(page.documents[i], page.lengths[i], 0, NULL));
        value(rq->scope, t, json_string_value(json_object_get(document, "id")));
    }
    return err;
}

/* Properties of many values are answered without a list, as the standard has it. */
static int property(struct request *rq, struct text *t, const char *name, struct csw_fault *f) {
    const struct csw_name *known;
    const char *stac;
    int err = 0;
    if (!csw_name_find(rq->scope, name, &known, &stac))
        return csw_fault_set(f, NULL, "PropertyName", scope_printf(rq->scope, "names no property: %s", name));
    bool type = known && known->type == CSW_CONSTANT;
    bool parent = known && known->property && strcmp(known->property, "collection") == 0;
    xml_raw(t, "<csw:DomainValues type=\"csw:Record\">\n");
    xml_element(rq->scope, t, "csw:PropertyName", name);
    if (type || parent) xml_raw(t, "<csw:ListOfValues>\n");
    if (type) {
        value(rq->scope, t, "series");
        value(rq->scope, t, "dataset");
    }
    if (parent) err = collections(rq, t);
    if (type || parent) xml_raw(t, "</csw:ListOfValues>\n");
    xml_raw(t, "</csw:DomainValues>\n");
    return err;
}

int csw_domain(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f) {
    struct text *t = text_new(rq->scope, 4096);
    if (!c->parameter_name == !c->property_name)
        return csw_fault_set(f, c->parameter_name ? NULL : "MissingParameterValue", "ParameterName",
                             "or PropertyName must be sent, and not both");
    xml_raw(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<csw:GetDomainResponse xmlns:csw=\"" CSW_NS "\">\n");
    char *rest = scope_strdup(rq->scope, c->parameter_name ? c->parameter_name : c->property_name), *name;
    int names = 0;
    while ((name = strsep(&rest, ","))) {
        if (++names > CSW_NAMES_MOST) return csw_fault_set(f, NULL, "PropertyName", "is a list that is too long");
        int err = c->parameter_name ? parameter(rq, t, name, f) : property(rq, t, name, f);
        if (err) return err;
    }
    xml_raw(t, "</csw:GetDomainResponse>\n");
    return response_data(rs, 200, CSW_TYPE "; charset=utf-8", t->data, t->len);
}
