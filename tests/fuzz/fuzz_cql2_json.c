/* CQL2 JSON; an object that is none is tried as STAC's query as well. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    struct expr *e = NULL;
    struct fault f = {0}, g = {0};
    scope_init(&s, "fuzz", 0);
    json_t *json = scope_json(&s, json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL));
    if (json) {
        int err = cql2_json_parse(&s, json, &e, &f);
        fuzz_filter(&s, err, e, &f);
        err = stac_query_parse(&s, json, &e, &g);
        fuzz_filter(&s, err, e, &g);
    }
    scope_end(&s);
    return 0;
}
