/* stats.c: nadir-catalogue stats. */
#include <stdio.h>

#include "discovery/catalogue/options.h"
#include "discovery/catalogue/stream.h"

struct stats {
    json_t *collections, *parts;
    bool json;
};

static int collection_row(void *arg, const PGresult *r, struct scope *s) {
    struct stats *st = arg;
    (void)s;
    if (st->json)
        json_array_append_new(st->collections,
                              json_pack("{s:s, s:I, s:I, s:s?, s:s?, s:I}", "collection", stream_text(r, 0), "public",
                                        (json_int_t)strtoll(stream_text(r, 1), NULL, 10), "private",
                                        (json_int_t)strtoll(stream_text(r, 2), NULL, 10), "first", stream_text(r, 3), "last",
                                        stream_text(r, 4), "counted", (json_int_t)strtoll(stream_text(r, 5), NULL, 10)));
    else
        printf("%-48.48s %12s %12s  %-20s  %-20s\n", stream_text(r, 0), stream_text(r, 1), stream_text(r, 2),
               stream_text(r, 3) ? stream_text(r, 3) : "-", stream_text(r, 4) ? stream_text(r, 4) : "-");
    return 0;
}

static int part_row(void *arg, const PGresult *r, struct scope *s) {
    struct stats *st = arg;
    (void)s;
    if (st->json)
        json_array_append_new(st->parts, json_pack("{s:s, s:I, s:I}", "table", stream_text(r, 0), "rows",
                                                   (json_int_t)strtoll(stream_text(r, 1), NULL, 10), "bytes",
                                                   (json_int_t)strtoll(stream_text(r, 2), NULL, 10)));
    else
        printf("%-48.48s %12s %12s\n", stream_text(r, 0), stream_text(r, 1), stream_text(r, 3));
    return 0;
}

int stats_command(const struct options *o) {
    struct stream *st = stream_open();
    if (!st) return 2;
    struct stats stats = {json_array(), json_array(), o->json};
    if (!o->json) printf("%-48s %12s %12s  %-20s  %-20s\n", "collection", "public", "private", "first", "last");
    int err = stream_rows(st,
                          "SELECT c.id, count(f.id) FILTER (WHERE f.owner IS NULL), count(f.owner),"
                          " to_char(min(f.datetime) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                          " to_char(max(f.datetime) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                          " COALESCE((SELECT sum(items) FROM collection_count n WHERE n.collection = c.id), 0)"
                          " FROM collection c LEFT JOIN footprint f ON f.collection = c.id GROUP BY c.id ORDER BY c.id",
                          0, NULL, collection_row, &stats);
    if (!o->json) printf("\n%-48s %12s %12s\n", "table", "rows (about)", "size");
    if (!err)
        err = stream_rows(st,
                          "SELECT oid::regclass::text, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid),"
                          " pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE oid IN ('item'::regclass,"
                          " 'collection'::regclass, 'outbox'::regclass)"
                          " OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'footprint'::regclass) ORDER BY 1",
                          0, NULL, part_row, &stats);
    stream_close(st);
    if (!err && o->json) {
        json_t *all = json_pack("{s:O, s:O}", "collections", stats.collections, "tables", stats.parts);
        json_dumpf(all, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(all);
    }
    json_decref(stats.collections);
    json_decref(stats.parts);
    return err;
}
