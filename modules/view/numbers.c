#include "view/numbers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool number_at(const char *text, const char **end, double *out) {
    if (!*text || strspn(text, "0123456789+-.eE") == 0) return false; /* no spaces, "inf", "nan" or hexadecimal */
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) return false;
    char *stop;
    *out = strtod(text, &stop);
    *end = stop;
    return stop != text && stop - text < 64 && isfinite(*out);
}

bool number_parse(const char *text, double *out) {
    const char *end;
    return number_at(text, &end, out) && *end == '\0';
}

bool integer_parse(const char *text, int least, int most, int *out) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits]) return false;
    *out = (int)strtol(text, NULL, 10);
    return *out >= least && *out <= most;
}

static bool list_parse(const char *text, int count, double *list) {
    for (int i = 0; i < count; i++) {
        const char *end;
        if (!number_at(text, &end, &list[i]) || *end != (i < count - 1 ? ',' : '\0')) return false;
        text = end + 1;
    }
    return true;
}

bool pair_parse(const char *text, double pair[2]) {
    return list_parse(text, 2, pair);
}

bool box_parse(const char *text, double box[4]) {
    return list_parse(text, 4, box);
}
