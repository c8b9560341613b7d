/* expr.c: nodes of a filter, and which of them go together. */
#include "discovery/query/expr.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "discovery/query/cql2.h"

struct expr *expr_list(struct scope *s, enum expr_op op, size_t count, struct expr *const *args) {
    struct expr *e = scope_alloc(s, sizeof *e);
    e->op = op;
    e->count = count;
    e->args = scope_alloc(s, (count + 1) * sizeof *e->args);
    if (count > 0) memcpy(e->args, args, count * sizeof *args);
    return e;
}

struct expr *expr_new(struct scope *s, enum expr_op op, size_t count, ...) {
    struct expr *e = scope_alloc(s, sizeof *e);
    e->op = op;
    e->count = count;
    e->args = scope_alloc(s, (count + 1) * sizeof *e->args);
    va_list args;
    va_start(args, count);
    for (size_t i = 0; i < count; i++) e->args[i] = va_arg(args, struct expr *);
    va_end(args);
    return e;
}

struct expr *expr_text(struct scope *s, enum expr_op op, const char *text) {
    struct expr *e = scope_alloc(s, sizeof *e);
    e->op = op;
    e->text = scope_strdup(s, text);
    return e;
}

struct expr *expr_number(struct scope *s, double number) {
    struct expr *e = scope_alloc(s, sizeof *e);
    e->op = EXPR_NUMBER;
    e->number = number;
    return e;
}

struct expr *expr_boolean(struct scope *s, bool value) {
    struct expr *e = scope_alloc(s, sizeof *e);
    e->op = EXPR_BOOLEAN;
    e->boolean = value;
    return e;
}

struct expr *expr_geometry(struct scope *s, const json_t *geojson) {
    struct expr *e = scope_alloc(s, sizeof *e);
    e->op = EXPR_GEOMETRY;
    e->json = geojson;
    return e;
}

struct expr *expr_and(struct scope *s, struct expr *a, struct expr *b) {
    if (!a || !b) return a ? a : b;
    return expr_new(s, EXPR_AND, 2, a, b);
}

const char *expr_property_name(const char *name) {
    while (strncmp(name, "properties.", 11) == 0 && name[11]) name += 11;
    return name;
}

size_t expr_depth(const struct expr *e) {
    size_t deepest = 0;
    for (size_t i = 0; i < e->count; i++) {
        size_t depth = e->args[i] ? expr_depth(e->args[i]) : 0;
        if (depth > deepest) deepest = depth;
    }
    return deepest + 1;
}

static bool date_valid(const char *text) {
    char instant[INSTANT_SIZE], time[] = "0000-00-00T00:00:00Z";
    memcpy(time, text, 10);
    return instant_parse(time, sizeof time - 1, instant) == 0;
}

struct expr *expr_instant(struct scope *s, const char *text, size_t len) {
    char instant[INSTANT_SIZE];
    if (len == 10 && date_valid(text)) return expr_text(s, EXPR_DATE, scope_strndup(s, text, len));
    if (instant_parse(text, len, instant)) return NULL;
    return expr_text(s, EXPR_TIMESTAMP, instant);
}

const char *instant_short(struct scope *s, const char *normalised) {
    size_t len = strlen(normalised) - 1; /* without Z */
    while (len > 20 && normalised[len - 1] == '0') len--;
    if (normalised[len - 1] == '.') len--;
    return scope_printf(s, "%.*sZ", (int)len, normalised);
}

bool expr_is_condition(const struct expr *e) {
    return e->op >= EXPR_AND;
}

bool expr_is_numeric(const struct expr *e) {
    return e->op == EXPR_NUMBER || e->op == EXPR_PROPERTY || (e->op >= EXPR_ADD && e->op <= EXPR_POWER);
}

static bool textual(const struct expr *e) {
    return e->op == EXPR_TEXT || e->op == EXPR_PROPERTY || e->op == EXPR_CASEI || e->op == EXPR_ACCENTI;
}

bool expr_is_scalar(const struct expr *e) {
    return expr_is_numeric(e) || textual(e) || e->op == EXPR_BOOLEAN || e->op == EXPR_TIMESTAMP || e->op == EXPR_DATE;
}

static bool instant(const struct expr *e) {
    return e->op == EXPR_PROPERTY || e->op == EXPR_TIMESTAMP || e->op == EXPR_DATE;
}

static bool pattern(const struct expr *e) {
    while (e->op == EXPR_CASEI || e->op == EXPR_ACCENTI) e = e->args[0];
    return e->op == EXPR_TEXT;
}

bool expr_pattern_bad(const char *p) {
    if (strlen(p) > EXPR_PATTERN_MOST) return true;
    for (; *p; p++)
        if (*p == '\\' && !*++p) return true;
    return false;
}

static const char *like_misfit(const struct expr *e) {
    if (!textual(e->args[0])) return "LIKE needs a text or a property before it";
    if (!pattern(e->args[1])) return "LIKE needs a text as its pattern";
    const struct expr *p = e->args[1];
    while (p->op != EXPR_TEXT) p = p->args[0];
    return expr_pattern_bad(p->text) ? "the pattern of LIKE is over 1000 bytes, or ends with a backslash that escapes nothing"
                                     : NULL;
}

static const char *interval_misfit(const struct expr *e) {
    const char *ends[2] = {NULL, NULL};
    char from[INSTANT_SIZE], to[INSTANT_SIZE];
    for (size_t i = 0; i < 2; i++) {
        if (!e->args[i]) continue;
        if (!instant(e->args[i])) return "an interval has two ends: dates, timestamps, properties or '..'";
        if (e->args[i]->op != EXPR_PROPERTY) ends[i] = e->args[i]->text;
    }
    if (!ends[0] || !ends[1]) return NULL;
    /* Both begin with the date; a date alone sorts before all times of its day. */
    snprintf(from, sizeof from, "%s%s", ends[0], strlen(ends[0]) == 10 ? "T00:00:00.000000Z" : "");
    snprintf(to, sizeof to, "%s%s", ends[1], strlen(ends[1]) == 10 ? "T00:00:00.000000Z" : "");
    return strcmp(from, to) > 0 ? "the interval ends before it begins" : NULL;
}

static const char *temporal_misfit(const struct expr *e) {
    bool any = e->op == EXPR_T_AFTER || e->op == EXPR_T_BEFORE || e->op == EXPR_T_DISJOINT || e->op == EXPR_T_EQUALS ||
               e->op == EXPR_T_INTERSECTS;
    for (size_t i = 0; i < 2; i++) {
        if (e->args[i]->op == EXPR_INTERVAL || e->args[i]->op == EXPR_PROPERTY) continue;
        if (!instant(e->args[i])) return "a temporal function compares properties, timestamps, dates and intervals";
        if (!any) return "this temporal function compares intervals, and was given an instant";
    }
    return NULL;
}

static const char *all(const struct expr *e, bool (*fits)(const struct expr *), const char *why) {
    for (size_t i = 0; i < e->count; i++)
        if (!fits(e->args[i])) return why;
    return NULL;
}

static bool truth(const struct expr *e) {
    return expr_is_condition(e) || e->op == EXPR_BOOLEAN;
}

static bool spatial(const struct expr *e) {
    return e->op == EXPR_GEOMETRY || e->op == EXPR_PROPERTY;
}

static bool array(const struct expr *e) {
    return e->op == EXPR_ARRAY || e->op == EXPR_PROPERTY;
}

static bool element(const struct expr *e) {
    return e->op == EXPR_ARRAY || e->op == EXPR_TEXT || e->op == EXPR_NUMBER || e->op == EXPR_BOOLEAN || instant(e);
}

const char *expr_misfit(const struct expr *e) {
    if (e->op >= EXPR_S_INTERSECTS && e->op <= EXPR_S_WITHIN)
        return all(e, spatial, "a spatial function compares geometries and the property geometry");
    if (e->op >= EXPR_T_AFTER && e->op <= EXPR_T_STARTS) return temporal_misfit(e);
    if (e->op == EXPR_A_LIKE)
        return e->args[0]->op == EXPR_PROPERTY && e->args[1]->op == EXPR_TEXT && !expr_pattern_bad(e->args[1]->text)
                   ? NULL
                   : "A_LIKE needs a property and a pattern of at most 1000 bytes";
    if (e->op >= EXPR_A_EQUALS) return all(e, array, "an array function compares arrays and properties");
    if (e->op >= EXPR_ADD && e->op <= EXPR_POWER) return all(e, expr_is_numeric, "arithmetic needs numbers and properties");
    if (e->op >= EXPR_EQUAL && e->op <= EXPR_BETWEEN)
        return all(e, expr_is_scalar, "a comparison needs properties, texts, numbers, times or booleans on both sides");
    switch (e->op) {
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_NOT:
        return all(e, truth, "AND, OR and NOT join conditions, and this is a value");
    case EXPR_IN:
        return all(e, expr_is_scalar, "IN needs a property and a list of texts, numbers, times or booleans");
    case EXPR_CASEI:
    case EXPR_ACCENTI:
        return all(e, textual, "CASEI and ACCENTI need a text or a property");
    case EXPR_ARRAY:
        return all(e, element, "an array holds texts, numbers, booleans, times, properties and arrays");
    case EXPR_LIKE:
        return like_misfit(e);
    case EXPR_INTERVAL:
        return interval_misfit(e);
    default:
        return NULL;
    }
}
