/* aggregate.h: numbers about the items of a search (STAC API aggregation extension 0.3.0; the names are stac-server's). */
#ifndef DISCOVERY_AGGREGATE_H
#define DISCOVERY_AGGREGATE_H

#include "discovery/query/query.h"

#define BUCKETS_MOST 10000
#define AGGREGATIONS_MOST 24
#define CELLS_MOST 5000000 /* pairs of an item and a cell that it meets, in one geometry_… aggregation */

enum aggregation_kind {
    AGGREGATE_COUNT,
    AGGREGATE_EARLIEST,
    AGGREGATE_LATEST,
    AGGREGATE_TIMES,     /* buckets of a calendar interval */
    AGGREGATE_TERMS,     /* a bucket for each value */
    AGGREGATE_RANGES,    /* cloud cover: under 5, 15, 40, and over */
    AGGREGATE_HISTOGRAM, /* a number's buckets, 5 wide */
    AGGREGATE_GEOHASH,   /* the rest: by place; `whole` tells whether by centre or by all that a footprint meets */
    AGGREGATE_GEOTILE,   /* Web Mercator tile z/x/y */
    AGGREGATE_DEGREES,   /* cells of a longitude and latitude grid, named by their south-west corner "lon,lat" */
};

struct aggregation {
    const char *name;
    const char *of; /* SQL of the value over `footprint f`; NULL for places */
    enum aggregation_kind kind;
    bool whole;
};

/* How finely the aggregations of a request are cut. */
struct aggregation_cut {
    const char *interval; /* year, month, week, day, hour, or NULL: by the span of what is found */
    int geohash, tile;    /* characters; zoom level; 0: not asked */
    double degrees;       /* width of a cell */
};

extern const struct aggregation aggregations[];
extern const size_t naggregations;

/** Computes one aggregation over what the query finds for the caller; *out is a new reference. NADIR_EINVAL with a fault. */
int aggregation_compute(struct scope *s, const struct auth *who, const struct query *q, const struct aggregation *a,
                        const struct aggregation_cut *cut, json_t **out, struct fault *f);

/* ---- aggregate_place.c ---- */

/** The cut that is used for an aggregation by place where none was asked for. */
void aggregation_cut_default(const struct aggregation *a, struct aggregation_cut *cut);
/** SQL of the centre of `footprint f`, a point. */
extern const char place_centre[];
/** SQL of the key of the cell that the centre `c.p` lies in. */
const char *place_key(struct scope *s, const struct aggregation *a, const struct aggregation_cut *cut);
/** SQL of a table of the keys of the cells that the geometry `found.geom` meets, each once. */
const char *place_cells(struct scope *s, const struct aggregation *a, const struct aggregation_cut *cut);
/** A bucket of a degree grid, whose key is "column,row" in SQL: gives it its real key and its bbox. */
void place_bucket(json_t *bucket, const struct aggregation_cut *cut);
/** The width if cells of a degree grid may have it (degrees), 0 otherwise. */
double place_degrees(double width);

/* ---- handlers ---- */
int aggregate_get(struct request *rq, struct response *rs);
int aggregate_post(struct request *rq, struct response *rs);
int aggregations_get(struct request *rq, struct response *rs);

#endif
