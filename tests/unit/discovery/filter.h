/* filter.h: for the tests of filters: reads one, and shows it as CQL2 JSON. */
#ifndef TEST_FILTER_H
#define TEST_FILTER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "discovery/query/expr.h"

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

/* The filter as CQL2 JSON, or NULL; f->why tells why. */
static inline json_t *from_text(const char *text, struct fault *f) {
    struct expr *e = NULL;
    int err = cql2_text_parse(&scope, text, &e, f);
    assert_true((err != 0) == (f->why != NULL));
    return err ? NULL : scope_json(&scope, cql2_json_write(e));
}

static inline json_t *from_json(const char *text, struct fault *f) {
    struct expr *e = NULL;
    json_error_t error;
    json_t *json = scope_json(&scope, json_loads(text, JSON_DECODE_ANY, &error));
    if (!json) fail_msg("%s: %s", text, error.text);
    int err = cql2_json_parse(&scope, json, &e, f);
    assert_true((err != 0) == (f->why != NULL));
    return err ? NULL : scope_json(&scope, cql2_json_write(e));
}

static inline const char *line(const json_t *json) {
    return json_line(&scope, json);
}

#endif
