/* ranges.c: sets and intervals of values, as OGC 13-026r9 (8.4.2, table 8) writes them. */
#include <string.h>

#include "discovery/opensearch/opensearch.h"

static const char WHY[] = "must be a value, a set {a,b} or an interval such as [a,b], ]a,b[, [a or b]";

/* A member without the blanks around it; NULL if nothing is left. */
static const char *member(struct scope *s, const char *text, size_t len) {
    while (len && *text == ' ') text++, len--;
    while (len && text[len - 1] == ' ') len--;
    return len ? scope_strndup(s, text, len) : NULL;
}

static int set_parse(struct scope *s, const char *text, size_t len, struct range *out) {
    out->members = scope_alloc(s, RANGE_MEMBERS_MOST * sizeof *out->members);
    for (const char *end = text + len;; text++) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        if (!comma) comma = end;
        const char *value = member(s, text, (size_t)(comma - text));
        if (!value || out->count == RANGE_MEMBERS_MOST) return NADIR_EINVAL;
        out->members[out->count++] = value;
        if (comma == end) return 0;
        text = comma;
    }
}

static bool is_bracket(char c) {
    return c == '[' || c == ']';
}

/* "[a,b]" and its half-open kin; also "[a" and "b]". */
static int interval_of(struct scope *s, const char *text, size_t len, struct range *out) {
    bool opened = is_bracket(*text), closed = is_bracket(text[len - 1]) && len > 1;
    const char *from = text + opened, *to = text + len - closed;
    const char *comma = memchr(from, ',', (size_t)(to - from));
    out->interval = true;
    out->above = opened && *text == ']';
    out->below = closed && text[len - 1] == '[';
    if (comma && memchr(comma + 1, ',', (size_t)(to - comma - 1))) return NADIR_EINVAL;
    if (comma) {
        out->least = member(s, from, (size_t)(comma - from));
        out->most = member(s, comma + 1, (size_t)(to - comma - 1));
    } else if (opened != closed) {
        const char *value = member(s, from, (size_t)(to - from));
        *(opened ? &out->least : &out->most) = value;
    }
    return out->least || out->most ? 0 : NADIR_EINVAL;
}

int range_parse(struct scope *s, const char *text, const char *field, struct range *out, struct fault *f) {
    size_t len = strlen(text);
    int err;
    *out = (struct range){0};
    if (len == 0) return fault_set(f, field, WHY);
    if (*text == '{')
        err = len > 2 && text[len - 1] == '}' ? set_parse(s, text + 1, len - 2, out) : NADIR_EINVAL;
    else if (is_bracket(*text) || is_bracket(text[len - 1]))
        err = interval_of(s, text, len, out);
    else {
        out->members = scope_alloc(s, sizeof *out->members);
        out->members[0] = member(s, text, len);
        out->count = 1;
        err = out->members[0] ? 0 : NADIR_EINVAL;
    }
    return err ? fault_set(f, field, WHY) : 0;
}
