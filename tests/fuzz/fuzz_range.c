/* Range headers: what is said of an answer before nginx makes it. The first eight bytes are the file's size. */
#include "download/download.h"
#include "download/quota.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    int64_t whole = 0, most = 0;
    if (size < sizeof whole) return 0;
    memcpy(&whole, data, sizeof whole);
    whole &= (INT64_C(1) << 50) - 1;
    scope_init(&s, "fuzz", 0);
    const char *range = fuzz_text(&s, data + sizeof whole, size - sizeof whole);
    int64_t bytes = quota_bytes(range, whole);
    must(bytes >= 0 && bytes <= whole);
    must(quota_bytes(range, -1) == -1 && quota_bytes(NULL, whole) == whole);
    if (delivery_begins(range, whole, &most)) must(most >= 0 && most <= whole);
    must(!delivery_past_end(range, -1));
    scope_end(&s);
    return 0;
}
