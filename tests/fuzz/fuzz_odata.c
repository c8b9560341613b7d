/* OData's $filter and $orderby. Names and ids are looked up in a catalogue that knows all of them. */
#include "fuzz.h"

#include "discovery/odata/odata.h"

static int collections(struct scope *s, const char *name, struct names *out) {
    const char **list = scope_alloc(s, sizeof *list);
    list[0] = scope_strdup(s, name);
    *out = (struct names){1, list};
    return 0;
}

static int product(struct scope *s, const char *uuid, const char **collection, const char **item) {
    *collection = "c";
    *item = scope_strdup(s, uuid);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct odata_lookup lookup = {collections, product};
    struct scope s;
    struct expr *e = NULL;
    struct fault f = {0}, order = {0};
    struct query sorted = {0};
    scope_init(&s, "fuzz", 0);
    const char *text = fuzz_text(&s, data, size);
    int err = odata_filter_parse(&s, &lookup, text, &e, &f);
    fuzz_filter(&s, err, e, &f);
    err = odata_orderby(&s, text, &sorted, &order);
    must((err != 0) == (order.why != NULL));
    scope_end(&s);
    return 0;
}
