/* generate_items: seeded STAC items like Sentinel-2's, one a line, oldest first.
 *
 *     generate_items [--template FILE] [--collection NAME] [--first N] COUNT SEED [OF]
 *
 * Items lie on 22,432 tiles of 110 km, half of them on 950 European ones, evenly over 2017 to 2024; 35 % are cut by the edge of
 * the swath; those that cross the antimeridian are MultiPolygons. The same seed, OF (the number that the whole has; COUNT
 * unless given) and N give the same item whatever COUNT is, so that a catalogue can be made in parts.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TILES 22432
#define EUROPEAN 950
#define GRID_MOST 60000
#define SIDE 0.988      /* degrees of latitude: 109.8 km */
#define FIRST_DAY 17167 /* 2017-01-01 since 1970-01-01 */
#define DAYS 2922       /* to 2024-12-31 */
#define PARTS_MOST 512
#define LINE_MOST 65536
#define PI 3.14159265358979323846

struct tile {
    uint64_t rank;
    double lon, lat; /* of the centre */
    char name[16];   /* 31TCJ */
    bool european;
};

static struct tile tiles[GRID_MOST];

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state) {
    return (double)(next(state) >> 11) / 9007199254740992.0;
}

/* ---- tiles ---- */

static int by_rank(const void *a, const void *b) {
    const struct tile *x = a, *y = b;
    if (x->european != y->european) return x->european ? -1 : 1;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static void name_tile(struct tile *t, int row) {
    static const char bands[] = "CDEFGHJKLMNPQRSTUVWX", letters[] = "ABCDEFGHJKLMNPQRSTUV";
    int zone = (int)((t->lon + 180) / 6) % 60, band = (int)((t->lat + 80) / 8);
    int column = (int)((t->lon + 180 - zone * 6) / 0.9);
    snprintf(t->name, sizeof t->name, "%02d%c%c%c", (zone + 1) % 100, bands[band > 19 ? 19 : band], letters[column % 20],
             letters[row % 20]);
}

/* A grid of the size of the MGRS's, of which as many tiles are taken as Sentinel-2 uses, European ones first. */
static void tiles_make(void) {
    size_t count = 0, european = 0;
    uint64_t state = 7;
    for (int row = 0; row < 155; row++) {
        double lat = -56 + 0.9 * row;
        int columns = (int)(400 * cos(lat * PI / 180));
        for (int column = 0; column < columns && count < GRID_MOST; column++) {
            struct tile *t = &tiles[count++];
            *t = (struct tile){.rank = next(&state), .lat = lat, .lon = -180 + 360.0 * (column + 0.5) / columns};
            t->european = lat > 36 && lat < 65 && t->lon > -10 && t->lon < 35 && european < EUROPEAN;
            european += t->european;
            name_tile(t, row);
        }
    }
    qsort(tiles, count, sizeof *tiles, by_rank);
}

/* ---- one item ---- */

struct item {
    uint64_t random; /* state */
    const struct tile *tile;
    time_t at;
    struct tm utc;
    char id[80];
    double cloud;
    double corners[5][2]; /* a ring of 3 or 4 corners */
    int ncorners;
    bool crosses;
};

/* The footprint: the tile, or what an oblique edge leaves of it. */
static void place_item(struct item *it) {
    const struct tile *t = it->tile;
    double half = SIDE / 2, wide = half / cos(t->lat * PI / 180);
    double w = t->lon - wide, e = t->lon + wide, s = t->lat - half, n = t->lat + half;
    if (n > 84) n = 84;
    bool cut = uniform(&it->random) < 0.35;
    double a = cut ? w + (e - w) * (0.05 + 0.9 * uniform(&it->random)) : e, b = cut ? a + (e - w) * 0.2 : e;
    if (b > e) b = e;
    const double ring[4][2] = {{w, s}, {a, s}, {b, n}, {w, n}};
    memcpy(it->corners, ring, sizeof ring);
    it->ncorners = 4;
    it->crosses = w < -180 || fmax(a, b) > 180;
}

/* Clear, broken and overcast skies. */
static double cloud_cover(uint64_t *random) {
    double kind = uniform(random), value = uniform(random);
    if (kind < 0.3) return 5 * value * value;
    return kind < 0.6 ? 100 - 10 * value * value : 100 * value;
}

static void item_make(struct item *it, uint64_t n, uint64_t of, uint64_t seed) {
    *it = (struct item){.random = seed * 0x100000001b3u + n};
    next(&it->random);
    bool european = uniform(&it->random) < 0.5;
    uint64_t choice = next(&it->random);
    it->tile = &tiles[european ? choice % EUROPEAN : EUROPEAN + choice % (TILES - EUROPEAN)];
    uint64_t day = n * DAYS / of, within = n - (day * of + DAYS - 1) / DAYS;
    double local = 10.5 * 3600 - it->tile->lon / 15 * 3600; /* passes at 10:30 local time */
    it->at = (time_t)((FIRST_DAY + day) * 86400) + (time_t)local + (time_t)(within % 5400) - 2700;
    gmtime_r(&it->at, &it->utc);
    char stamp[32];
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &it->utc);
    char letter = next(&it->random) & 1 ? 'A' : 'B';
    if (within < 5400)
        snprintf(it->id, sizeof it->id, "S2%c_T%s_%s_L2A", letter, it->tile->name, stamp);
    else
        snprintf(it->id, sizeof it->id, "S2%c_T%s_%s_%llu_L2A", letter, it->tile->name, stamp,
                 (unsigned long long)within / 5400);
    it->cloud = cloud_cover(&it->random);
    place_item(it);
}

/* ---- writing ---- */

struct writer {
    char line[LINE_MOST];
    size_t len;
    const char *collection;
};

static void put(struct writer *w, const char *text, size_t len) {
    if (len > LINE_MOST - w->len) {
        fprintf(stderr, "generate_items: an item is over 64 KiB\n");
        exit(1);
    }
    memcpy(w->line + w->len, text, len);
    w->len += len;
}

/* A number with so many decimals; much faster than printf. */
static void put_number(struct writer *w, double value, int decimals) {
    char digits[32], *p = digits + sizeof digits;
    double scale = 1;
    for (int i = 0; i < decimals; i++) scale *= 10;
    long long whole = llround(fabs(value) * scale);
    bool negative = value < 0 && whole > 0;
    for (int i = 0; i < decimals || whole > 0 || i == decimals; i++, whole /= 10) {
        if (i == decimals && i > 0) *--p = '.';
        *--p = (char)('0' + whole % 10);
    }
    if (negative) *--p = '-';
    put(w, p, (size_t)(digits + sizeof digits - p));
}

static void put_position(struct writer *w, double lon, double lat) {
    put(w, "[", 1);
    put_number(w, lon, 6);
    put(w, ",", 1);
    put_number(w, lat, 6);
    put(w, "]", 1);
}

/* The part of the ring on one side of the antimeridian: all edges that cross it are cut there (Sutherland, Hodgman 1974). */
static void put_ring(struct writer *w, const struct item *it, int side, double edge) {
    double first[2] = {0};
    bool begun = false;
    put(w, "[[", 2);
    for (int i = 0; i < it->ncorners; i++) {
        const double *a = it->corners[i], *b = it->corners[(i + 1) % it->ncorners];
        bool in = side == 0 || (a[0] - edge) * side >= 0, other_in = side == 0 || (b[0] - edge) * side >= 0;
        double points[2][2];
        int count = 0;
        if (in) memcpy(points[count++], a, sizeof points[0]);
        if (in != other_in) {
            points[count][0] = edge;
            points[count++][1] = a[1] + (b[1] - a[1]) * (edge - a[0]) / (b[0] - a[0]);
        }
        for (int k = 0; k < count; k++) {
            double lon = points[k][0];
            if (side > 0 && edge > 0) lon -= 360; /* beyond 180 */
            if (side < 0 && edge < 0) lon += 360; /* beyond -180 */
            if (begun) put(w, ",", 1);
            if (!begun) memcpy(first, (double[]){lon, points[k][1]}, sizeof first);
            begun = true;
            put_position(w, lon, points[k][1]);
        }
    }
    put(w, ",", 1);
    put_position(w, first[0], first[1]);
    put(w, "]]", 2);
}

static void put_geometry(struct writer *w, const struct item *it) {
    static const char polygon[] = "{\"type\":\"Polygon\",\"coordinates\":",
                      many[] = "{\"type\":\"MultiPolygon\",\"coordinates\":[";
    if (!it->crosses) {
        put(w, polygon, sizeof polygon - 1);
        put_ring(w, it, 0, 0);
        put(w, "}", 1);
        return;
    }
    double edge = it->tile->lon > 0 ? 180 : -180;
    put(w, many, sizeof many - 1);
    put_ring(w, it, edge > 0 ? -1 : 1, edge);
    put(w, ",", 1);
    put_ring(w, it, edge > 0 ? 1 : -1, edge);
    put(w, "]}", 2);
}

static double wrapped(double lon) {
    return lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon;
}

static void put_bbox(struct writer *w, const struct item *it) {
    double box[4] = {1e9, 1e9, -1e9, -1e9};
    for (int i = 0; i < it->ncorners; i++) {
        box[0] = fmin(box[0], it->corners[i][0]);
        box[1] = fmin(box[1], it->corners[i][1]);
        box[2] = fmax(box[2], it->corners[i][0]);
        box[3] = fmax(box[3], it->corners[i][1]);
    }
    for (int i = 0; i < 4; i++) {
        put(w, i ? "," : "[", 1);
        put_number(w, i % 2 == 0 ? wrapped(box[i]) : box[i], 6);
    }
    put(w, "]", 1);
}

static void put_hex(struct writer *w, uint64_t *random, int words) {
    static const char digits[] = "0123456789abcdef";
    char hex[16];
    while (words-- > 0) {
        uint64_t value = next(random);
        for (int i = 0; i < 16; i++, value >>= 4) hex[i] = digits[value & 15];
        put(w, hex, sizeof hex);
    }
}

static void put_time(struct writer *w, time_t at, int ms) {
    struct tm utc;
    char stamp[64];
    gmtime_r(&at, &utc);
    size_t len = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(stamp + len, sizeof stamp - len, ".%03dZ", ms);
    put(w, stamp, len);
}

/* ---- the template: text, and fields @NAME@ between ---- */

enum field {
    ID,
    COLLECTION,
    LETTER,
    TILE,
    ZONE,
    BAND,
    SQUARE,
    PLACE,
    MONTH,
    DAY,
    DATETIME,
    CREATED,
    CLOUD,
    EPSG,
    GEOMETRY,
    BBOX,
    ANGLE,
    SMALL,
    PERCENT,
    SUM,
    SIZE,
    EAST,
    NORTH,
    FIELDS
};
static const char *const field_names[] = {"ID",    "COLLECTION", "LETTER",   "TILE",    "ZONE",  "BAND", "SQUARE",   "PLACE",
                                          "MONTH", "DAY",        "DATETIME", "CREATED", "CLOUD", "EPSG", "GEOMETRY", "BBOX",
                                          "ANGLE", "SMALL",      "PERCENT",  "SUM",     "SIZE",  "EAST", "NORTH"};

struct part {
    const char *text; /* before the field */
    size_t len;
    enum field field; /* FIELDS: none, this is the last */
};

static struct part parts[PARTS_MOST];

static int template_fault(const char *what) {
    fprintf(stderr, "generate_items: the template %s\n", what);
    return -1;
}

static int template_read(const char *path) {
    static char text[LINE_MOST];
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, sizeof text - 1, file) : 0, count = 0;
    if (file) fclose(file);
    if (len == 0) return template_fault("cannot be read");
    for (char *p = text;; count++) {
        if (count == PARTS_MOST) return template_fault("has too many fields");
        char *mark = strchr(p, '@'), *end = mark ? strchr(mark + 1, '@') : NULL;
        parts[count] = (struct part){p, mark ? (size_t)(mark - p) : strlen(p), FIELDS};
        if (!mark) return 0;
        if (!end) return template_fault("has a field that does not end");
        *end = '\0';
        for (size_t i = 0; i < FIELDS; i++)
            if (strcmp(field_names[i], mark + 1) == 0) parts[count].field = (enum field)i;
        if (parts[count].field == FIELDS) return template_fault("has an unknown field");
        p = end + 1;
    }
}

static void put_text(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void put_field(struct writer *w, struct item *it, enum field field) {
    const struct tile *t = it->tile;
    int zone = atoi((char[]){t->name[0], t->name[1], 0});
    char text[64];
    switch (field) {
    case ID:
        return put_text(w, it->id);
    case COLLECTION:
        return put_text(w, w->collection);
    case LETTER:
        return put(w, it->id[2] == 'A' ? "a" : "b", 1);
    case TILE:
        return put(w, t->name, 5);
    case ZONE:
        return put_number(w, zone, 0);
    case BAND:
        return put(w, t->name + 2, 1);
    case SQUARE:
        return put(w, t->name + 3, 2);
    case PLACE:
        snprintf(text, sizeof text, "%d/%c/%.2s", zone, t->name[2], t->name + 3);
        return put_text(w, text);
    case MONTH:
        snprintf(text, sizeof text, "%d/%d", it->utc.tm_year + 1900, it->utc.tm_mon + 1);
        return put_text(w, text);
    case DAY:
        snprintf(text, sizeof text, "%d/%d/%d", it->utc.tm_year + 1900, it->utc.tm_mon + 1, it->utc.tm_mday);
        return put_text(w, text);
    case DATETIME:
        return put_time(w, it->at, (int)(next(&it->random) % 1000));
    case CREATED:
        return put_time(w, it->at + 6 * 3600, 0);
    case CLOUD:
        return put_number(w, it->cloud, 5);
    case EPSG:
        return put_number(w, (t->lat < 0 ? 32700 : 32600) + zone, 0);
    case GEOMETRY:
        return put_geometry(w, it);
    case BBOX:
        return put_bbox(w, it);
    case ANGLE:
        return put_number(w, 180 * uniform(&it->random), 12);
    case SMALL:
        return put_number(w, 11 * uniform(&it->random), 12);
    case PERCENT:
        return put_number(w, 100 * uniform(&it->random), 6);
    case SUM:
        return put_hex(w, &it->random, 4);
    case SIZE:
        return put_number(w, (double)(next(&it->random) % 250000000), 0);
    case EAST:
        return put_number(w, 300000 + 60.0 * (double)(next(&it->random) % 5000), 0);
    case NORTH:
        return put_number(w, 10000000 - 60.0 * (double)(next(&it->random) % 150000), 0);
    case FIELDS:
        break;
    }
}

static void item_write(struct writer *w, struct item *it) {
    w->len = 0;
    for (const struct part *p = parts;; p++) {
        put(w, p->text, p->len);
        if (p->field == FIELDS) break;
        put_field(w, it, p->field);
    }
}

int main(int argc, char **argv) {
    static struct writer w = {.collection = "sentinel-2-c1-l2a"};
    const char *template = BENCH_FOLDER "/sentinel2_item.json.in";
    uint64_t first = 0;
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--template") == 0)
            template = argv[at + 1];
        else if (strcmp(argv[at], "--collection") == 0)
            w.collection = argv[at + 1];
        else if (strcmp(argv[at], "--first") == 0)
            first = strtoull(argv[at + 1], NULL, 10);
        else
            at = argc;
    }
    if (argc - at != 2 && argc - at != 3) {
        fprintf(stderr, "usage: generate_items [--template FILE] [--collection NAME] [--first N] COUNT SEED [OF]\n");
        return 2;
    }
    uint64_t count = strtoull(argv[at], NULL, 10), seed = strtoull(argv[at + 1], NULL, 10);
    uint64_t of = argc - at == 3 ? strtoull(argv[at + 2], NULL, 10) : count;
    if (template_read(template)) return 1;
    tiles_make();
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    for (uint64_t n = first; n < first + count; n++) {
        struct item it;
        item_make(&it, n, of, seed);
        item_write(&w, &it);
        if (fwrite(w.line, 1, w.len, stdout) != w.len) return 1;
    }
    return fflush(stdout) ? 1 : 0;
}
