/* csw_test.h: constraints read and shown. */
#ifndef TEST_CSW_H
#define TEST_CSW_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "discovery/csw/csw.h"

static struct scope scope;

static inline int scope_begin(void **state) {
    (void)state;
    scope_init(&scope, "test", 0);
    return 0;
}

static inline int scope_finish(void **state) {
    (void)state;
    scope_end(&scope);
    return 0;
}

/* The condition inside an ogc:Filter, namespaces declared; NULL when it is refused, f tells why. */
static inline struct expr *filter_read(const char *condition, struct csw_fault *f) {
    const char *text =
        scope_printf(&scope,
                     "<ogc:Filter xmlns:ogc=\"http://www.opengis.net/ogc\" xmlns:gml=\"http://www.opengis.net/gml\">"
                     "%s</ogc:Filter>",
                     condition);
    xmlDoc *document = csw_xml_parse(&scope, text, strlen(text));
    struct expr *e = NULL;
    assert_non_null(document);
    int err = csw_filter_parse(&scope, xmlDocGetRootElement(document), &e, f);
    assert_true((err != 0) == (f->at.why != NULL));
    return err ? NULL : e;
}

static inline const char *shown(const struct expr *e) {
    return json_line(&scope, scope_json(&scope, cql2_json_write(e)));
}

#endif
