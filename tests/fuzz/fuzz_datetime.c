/* RFC 3339 times and STAC's intervals. What was read is normalised: it reads back as itself. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    char instant[INSTANT_SIZE], again[INSTANT_SIZE];
    const char *from, *to, *why = NULL;
    scope_init(&s, "fuzz", 0);
    if (instant_parse((const char *)data, size, instant) == 0) {
        must(strlen(instant) == INSTANT_SIZE - 1);
        must(instant_parse(instant, strlen(instant), again) == 0 && strcmp(instant, again) == 0);
    }
    if (interval_parse(&s, fuzz_text(&s, data, size), &from, &to, &why) == 0) {
        must(from || to);
        must(!from || !to || strcmp(from, to) <= 0);
    } else {
        must(why != NULL);
    }
    scope_end(&s);
    return 0;
}
