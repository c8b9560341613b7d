/* CQL2 text, and STAC's sort keys along the way. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    struct expr *e = NULL;
    struct fault f = {0};
    scope_init(&s, "fuzz", 0);
    int err = cql2_text_parse(&s, fuzz_text(&s, data, size), &e, &f);
    fuzz_filter(&s, err, e, &f);
    scope_end(&s);
    return 0;
}
