/* fuzz.h: what the targets share. A target reads its bytes as a caller's text, and aborts when something that always holds does
 * not. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds) {
    if (!holds) abort();
}

/* The bytes as a text that ends. */
static inline char *fuzz_text(struct scope *s, const uint8_t *data, size_t size) {
    return scope_strndup(s, (const char *)data, size);
}

/* A refusal has its reason; what was read can be written as SQL or is refused with a reason, and reads back as the same. */
static inline void fuzz_filter(struct scope *s, int err, const struct expr *e, const struct fault *f) {
    must((err != 0) == (f->why != NULL));
    if (err) return;
    json_t *json = scope_json(s, cql2_json_write(e));
    struct expr *again = NULL;
    struct fault refused = {0};
    must(json && cql2_json_parse(s, json, &again, &refused) == 0);
    json_t *twice = scope_json(s, cql2_json_write(again));
    must(json_equal(json, twice));
    struct sql q;
    sql_init(&q, s);
    err = expr_sql(&q, e, &refused);
    must((err != 0) == (refused.why != NULL));
    must(strpbrk(q.text, ";\\") == NULL);
}

#endif
