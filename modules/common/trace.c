#include "common/trace.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"

static void random_hex(char *out, size_t bytes) {
    static const char digits[] = "0123456789abcdef";
    unsigned char raw[16];
    random_bytes(raw, bytes);
    for (size_t i = 0; i < bytes; i++) {
        out[2 * i] = digits[raw[i] >> 4];
        out[2 * i + 1] = digits[raw[i] & 15];
    }
    out[2 * bytes] = '\0';
}

void trace_begin(struct trace *t) {
    random_hex(t->trace_id, 16);
    random_hex(t->span_id, 8);
    t->parent_id[0] = '\0';
}

/* Lower-case hex of exactly that length, not all zero (the all-zero identifiers are invalid). */
static bool hex_field(const char *text, size_t len) {
    return strspn(text, "0123456789abcdef") >= len && strspn(text, "0") < len;
}

void trace_continue(struct trace *t, const char *traceparent) {
    trace_begin(t);
    if (!traceparent || strlen(traceparent) < TRACEPARENT_SIZE - 1 || strncmp(traceparent, "00-", 3) != 0) return;
    if (!hex_field(traceparent + 3, 32) || traceparent[35] != '-' || !hex_field(traceparent + 36, 16)) return;
    memcpy(t->trace_id, traceparent + 3, 32);
    memcpy(t->parent_id, traceparent + 36, 16);
    t->parent_id[16] = '\0';
}

void trace_format(const struct trace *t, char out[TRACEPARENT_SIZE]) {
    snprintf(out, TRACEPARENT_SIZE, "00-%s-%s-01", t->trace_id, t->span_id);
}
