/* item_scan.c: finds the parts of a STAC Item in its text, by yajl's events, without building a tree. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "discovery/catalogue/prepared.h"

#define DEPTH_MOST 48

/* Which of the members that matter is being read at each depth. */
enum place { OTHER, TOP, PROPERTIES, ASSETS, ASSET, ASSET_ROLES, LINKS, LINK };

struct reading {
    struct scan *scan;
    yajl_handle yajl;
    size_t len;
    int depth;
    enum place places[DEPTH_MOST + 1]; /* what the object or array open at a depth is */
    bool empty[DEPTH_MOST + 1];        /* nothing was seen in it yet */
    struct span key;                   /* the last key, raw, without quotes */
    size_t value_at;                   /* where the value after it begins */
    struct {
        struct span key;
        size_t at;
    } opened[DEPTH_MOST + 1]; /* key and beginning of the container that is open below a depth */
};

static size_t consumed(const struct reading *r) {
    return yajl_get_bytes_consumed(r->yajl);
}

/* Notes white space after the token that was just read, or after the comma or colon that follows it. */
static void space_note(struct reading *r) {
    size_t at = consumed(r);
    if (at < r->len && (r->scan->text[at] == ',' || r->scan->text[at] == ':')) at++;
    if (at < r->len && isspace((unsigned char)r->scan->text[at])) r->scan->spaced = true;
}

bool span_is(struct span span, const char *text) {
    return span.data && strlen(text) == span.len && memcmp(span.data, text, span.len) == 0;
}

struct span scan_member(const struct scan *scan, const char *name) {
    for (size_t i = 0; i < scan->nmembers; i++)
        if (span_is(scan->members[i].key, name)) return scan->members[i].value;
    return (struct span){0};
}

/* A value ended at the consumed offset: notes it where it is one that matters. is_string: its span is without the quotes. */
static int value_note(struct reading *r, bool is_string, bool is_number) {
    struct scan *scan = r->scan;
    enum place in = r->places[r->depth];
    space_note(r);
    r->empty[r->depth] = false;
    struct span value = {scan->text + r->value_at, consumed(r) - r->value_at};
    struct span inner = is_string ? (struct span){value.data + 1, value.len - 2} : value;
    if (in == TOP) {
        scan->members[scan->nmembers - 1].value = value;
    } else if (in == PROPERTIES) {
        static const char *const names[] = {"datetime", "start_datetime", "end_datetime"};
        for (size_t i = 0; i < 3; i++)
            if (span_is(r->key, names[i])) scan->times[i] = value;
        if (span_is(r->key, "eo:cloud_cover")) scan->cloud_cover = is_number ? value : (struct span){0};
    } else if (in == ASSET) {
        struct scan_asset *asset = &scan->assets[scan->nassets - 1];
        if (span_is(r->key, "href")) asset->has_href = is_string && inner.len > 0 && inner.len <= 4096;
        if (span_is(r->key, "file:size")) asset->size = is_number ? inner : (struct span){0};
        if (span_is(r->key, "file:checksum")) asset->checksum = is_string ? inner : (struct span){0};
    } else if (in == LINK) {
        struct scan_link *link = &scan->links[scan->nlinks - 1];
        if (span_is(r->key, "rel")) link->rel = is_string ? inner : (struct span){0};
        if (span_is(r->key, "href")) link->has_href = is_string;
    }
    return in != ASSETS && in != LINKS; /* those hold objects only */
}

static int on_null(void *arg) {
    return value_note(arg, false, false);
}

static int on_boolean(void *arg, int value) {
    (void)value;
    return value_note(arg, false, false);
}

/* jansson, which reads the stored documents later, takes 64-bit integers and finite doubles. */
static int on_number(void *arg, const char *digits, size_t len) {
    char text[64];
    bool exponent = memchr(digits, 'e', len) || memchr(digits, 'E', len), whole = !exponent && !memchr(digits, '.', len);
    if (len >= sizeof text || (whole && len > 18)) return 0;
    if (exponent) {
        memcpy(text, digits, len);
        text[len] = '\0';
        if (!isfinite(strtod(text, NULL))) return 0;
    }
    return value_note(arg, false, true);
}

static int on_string(void *arg, const unsigned char *text, size_t len) {
    struct reading *r = arg;
    space_note(r);
    if (r->places[r->depth] == ASSET_ROLES && len == 4 && memcmp(text, "data", 4) == 0)
        r->scan->assets[r->scan->nassets - 1].data_role = true;
    if (r->places[r->depth] == ASSET_ROLES || r->places[r->depth] == OTHER) return 1;
    return value_note(r, true, false);
}

static int on_key(void *arg, const unsigned char *decoded, size_t decoded_len) {
    struct reading *r = arg;
    struct scan *scan = r->scan;
    size_t end = consumed(r), at = end;
    (void)decoded;
    space_note(r);
    r->empty[r->depth] = false;
    if (r->places[r->depth] == OTHER) return 1;
    r->key = (struct span){scan->text + end - 1 - decoded_len, decoded_len};
    if (end < decoded_len + 2 || scan->text[end - 2 - decoded_len] != '"' || memchr(r->key.data, '\\', decoded_len))
        return 0; /* a key with escapes is not usual */
    while (at < r->len && (isspace((unsigned char)scan->text[at]) || scan->text[at] == ':')) at++;
    r->value_at = at;
    if (r->places[r->depth] == TOP) {
        if (scan->nmembers == SCAN_MEMBERS_MOST) return 0;
        for (size_t i = 0; i < scan->nmembers; i++)
            if (scan->members[i].key.len == decoded_len && memcmp(scan->members[i].key.data, r->key.data, decoded_len) == 0)
                return 0;
        scan->members[scan->nmembers++].key = r->key;
    } else if (r->places[r->depth] == ASSETS) {
        if (scan->nassets == SCAN_ASSETS_MOST || decoded_len < 1 || decoded_len > 256) return 0;
        scan->assets[scan->nassets++] = (struct scan_asset){.key = r->key};
    }
    return 1;
}

static enum place place_below(struct reading *r, bool object) {
    if (r->depth == 0) return object ? TOP : OTHER;
    switch (r->places[r->depth]) {
    case TOP:
        if (object && span_is(r->key, "properties")) return PROPERTIES;
        if (object && span_is(r->key, "assets")) return ASSETS;
        return !object && span_is(r->key, "links") ? LINKS : OTHER;
    case ASSETS:
        return object ? ASSET : OTHER;
    case ASSET:
        return !object && span_is(r->key, "roles") ? ASSET_ROLES : OTHER;
    case LINKS:
        return object ? LINK : OTHER;
    default:
        return OTHER;
    }
}

static int open_container(struct reading *r, bool object) {
    if (r->depth == DEPTH_MOST) return 0;
    space_note(r);
    enum place below = place_below(r, object);
    if (r->depth == 0 && below != TOP) return 0;
    if (r->places[r->depth] == ASSETS && below != ASSET) return 0;
    if (r->places[r->depth] == LINKS) {
        if (below != LINK || r->scan->nlinks == SCAN_LINKS_MOST) return 0;
        r->value_at = consumed(r) - 1;
        r->scan->links[r->scan->nlinks++] = (struct scan_link){0};
    }
    r->empty[r->depth] = false;
    r->opened[r->depth].key = r->key;
    r->opened[r->depth].at = r->value_at;
    r->depth++;
    r->places[r->depth] = below;
    r->empty[r->depth] = true;
    return 1;
}

static int close_container(struct reading *r) {
    struct scan *scan = r->scan;
    enum place closed = r->places[r->depth];
    bool empty = r->empty[r->depth];
    space_note(r);
    r->depth--;
    r->key = r->opened[r->depth].key;
    r->value_at = r->opened[r->depth].at;
    if (closed == ASSET) {
        scan->assets[scan->nassets - 1].end = consumed(r) - 1;
        scan->assets[scan->nassets - 1].empty = empty;
        return 1;
    }
    if (closed == LINK) {
        scan->links[scan->nlinks - 1].whole = (struct span){scan->text + r->value_at, consumed(r) - r->value_at};
        return 1;
    }
    return r->depth == 0 ? 1 : value_note(r, false, false);
}

static int on_start_map(void *arg) {
    return open_container(arg, true);
}

static int on_start_array(void *arg) {
    return open_container(arg, false);
}

static int on_end(void *arg) {
    return close_container(arg);
}

/* Escapes that jansson refuses or that name half a character, our own marks, and paths that must be checked. */
static bool is_unusual(const char *text, size_t len) {
    static const char *const escapes[] = {"\\u0000", "\\ud", "\\uD"};
    if (memchr(text, '\0', len) || memmem(text, len, "nadir:", 6)) return true;
    if (!memchr(text, '\\', len)) return false;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
        if (memmem(text, len, escapes[i], strlen(escapes[i]))) return true;
    return false;
}

bool item_scan(struct scan *out, struct scope *s, const char *text, size_t len) {
    static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                             .yajl_boolean = on_boolean,
                                             .yajl_number = on_number,
                                             .yajl_string = on_string,
                                             .yajl_start_map = on_start_map,
                                             .yajl_map_key = on_key,
                                             .yajl_end_map = on_end,
                                             .yajl_start_array = on_start_array,
                                             .yajl_end_array = on_end};
    struct reading r = {.scan = out, .len = len};
    out->scope = s;
    out->text = text;
    out->nmembers = out->nassets = out->nlinks = 0;
    memset(out->times, 0, sizeof out->times);
    out->cloud_cover = (struct span){0};
    if (len > DOCUMENT_MOST || is_unusual(text, len)) return false;
    out->spaced = len > 0 && (isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1]));
    r.yajl = yajl_alloc(&callbacks, NULL, &r);
    if (!r.yajl) return false;
    bool ok = yajl_parse(r.yajl, (const unsigned char *)text, len) == yajl_status_ok &&
              yajl_complete_parse(r.yajl) == yajl_status_ok && r.depth == 0 && out->nmembers > 0;
    yajl_free(r.yajl);
    return ok;
}
