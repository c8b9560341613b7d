/* prepared.h: an item that was checked and waits to be written with many others.
 *
 * item_row_make builds trees, and on items of 10 KiB and more that costs several times what PostgreSQL takes to store one. So
 * prepared_from_line reads the usual item in one pass of yajl's over its text, and joins its parts, as they were sent, into the
 * document, the event and the properties. Whatever is not usual (a fault, nadir:path, escapes that need thought, huge numbers,
 * members twice) is left to item_row_make: the same rules, the same words.
 */
#ifndef DISCOVERY_PREPARED_H
#define DISCOVERY_PREPARED_H

#include "discovery/stac.h"

/* Part of a text, not ended by NUL. */
struct span {
    const char *data;
    size_t len;
};

struct prepared {
    const char *collection, *id, *owner; /* owner NULL: public */
    const char *datetime, *starts, *ends;
    const char *area;     /* EWKB in hex as footprint_of would make it; NULL: none, or PostGIS must be asked */
    const char *geometry; /* GeoJSON, where PostGIS must be asked; otherwise NULL */
    bool crosses;
    const char *cloud_cover; /* a number, or NULL */
    const char *document, *properties, *storage;
    const char *event;    /* data of item.published and item.updated: JSON text */
    const char *checksum; /* of its content: the least file:checksum of its data assets; NULL: it tells none */
    size_t line;          /* where it stood in its file, from 1; 0: in none */
};

/** Checks an item. collection: where it goes, whatever it says itself; NULL: where it says. owner may be NULL.
 *  NADIR_EINVAL with a fault; out->id is set where it could be read. All belongs to the scope; the line is no longer needed. */
int prepared_from_line(struct scope *s, const char *line, size_t len, const char *collection, const char *owner,
                       struct prepared *out, struct fault *f);
/** The same of a tree, which is changed. */
int prepared_from_json(struct scope *s, json_t *item, const char *collection, const char *owner, struct prepared *out,
                       struct fault *f);

/* ---- item_scan.c: parts of an item's text ---- */

#define SCAN_MEMBERS_MOST 48
#define SCAN_ASSETS_MOST 200
#define SCAN_LINKS_MOST 200

struct scan_asset {
    struct span key, size, checksum; /* data NULL: not there */
    size_t end;                      /* offset of its closing brace */
    bool empty, data_role, has_href;
};

struct scan_link {
    struct span whole, rel;
    bool has_href;
};

struct scan {
    struct scope *scope;
    const char *text;
    size_t nmembers, nassets, nlinks;
    struct {
        struct span key, value;
    } members[SCAN_MEMBERS_MOST];
    struct span times[3]; /* raw values of datetime, start_datetime, end_datetime in properties */
    struct span cloud_cover;
    struct scan_asset assets[SCAN_ASSETS_MOST];
    struct scan_link links[SCAN_LINKS_MOST];
    bool spaced; /* there is white space between its tokens */
};

/** Reads the text; false: it is not usual, or not JSON. Spans point into the text. */
bool item_scan(struct scan *out, struct scope *s, const char *text, size_t len);
/** The value of a top-level member; data NULL: not there. */
struct span scan_member(const struct scan *scan, const char *name);
/** True if the span holds exactly this text. */
bool span_is(struct span span, const char *text);

/* ---- area.c ---- */

/** EWKB in hex of a checked geometry, if it is one that footprint_of leaves as it is; NULL: ask PostGIS. */
const char *area_plain(struct scope *s, const json_t *geometry, const double box[4]);

#endif
