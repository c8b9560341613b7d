/* cuts.c: assets that were bought for an area. The bytes that leave are a file of their own, cut to the area by nadir-cutter
 * (cutter.c); whoever asks before it is there gets 202 and when to come again. */
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "download/cuts.h"
#include "download/download.h"

#define CUT_TYPE "image/tiff; application=geotiff; profile=cloud-optimized"

enum column { KEY, STATE, PATH, SIZE, SHA256, REASON, BEFORE, STALE };

/* The parts (k.key) of an item ($2, $3) that a subject ($1) bought areas of: of one asset ($4), or (NULL) of all its data. */
#define PARTS                                                                                                                  \
    " FROM right_item i, jsonb_each(i.data -> 'assets') AS a,"                                                                 \
    "  (SELECT jsonb_agg(aoi ORDER BY aoi::text) AS areas FROM right_entitlement WHERE subject = $1 AND collection = $2"       \
    "   AND item = $3 AND aoi IS NOT NULL AND (expires_at IS NULL OR expires_at > now())) AS held,"                            \
    "  cut_key(i.collection, i.item, a.key, i.version, held.areas) AS k (key)"
#define PARTS_WHERE                                                                                                            \
    " WHERE i.collection = $2 AND i.item = $3 AND held.areas IS NOT NULL AND a.value ? 'path'"                                 \
    " AND (a.key = $4 OR $4 IS NULL AND a.value -> 'roles' ? 'data'"                                                           \
    "      AND (a.value ->> 'type' LIKE 'image/tiff%' OR a.value ->> 'type' LIKE 'image/jp2%'))"
#define PARTS_INSERT                                                                                                           \
    "INSERT INTO cut (key, source, areas, path)"                                                                               \
    " SELECT k.key, a.value ->> 'path', held.areas, cut_path(k.key, a.key)" PARTS PARTS_WHERE " ON CONFLICT DO NOTHING"

/* The part's row, made if there is none (STATE is NULL then). The cutter holds a row that it works at, so one that waits is
 * only looked at. A failure is tried again an hour later. */
static int cut_ask(struct scope *s, const struct right_asset *a, const char *subject, struct db_rows **rows) {
    int err = db_query(s, download_db(), rows,
                       "SELECT k.key, c.state, c.path, c.size, c.sha256, c.reason,"
                       " (SELECT count(*) FROM cut b WHERE b.state = 'waiting' AND b.asked_at < c.asked_at),"
                       " c.state <> 'waiting' AND greatest(c.used_at, c.ended_at) < now() - interval '1 hour'" PARTS
                       " LEFT JOIN cut c USING (key)" PARTS_WHERE,
                       "ssss", subject, a->collection, a->item, a->asset);
    if (err || db_count(*rows) == 0) return err ? err : NADIR_ECONFLICT; /* the right ended meanwhile */
    if (db_is_null(*rows, 0, STATE))
        return db_query(s, download_db(), NULL, PARTS_INSERT, "ssss", subject, a->collection, a->item, a->asset);
    if (!db_bool(*rows, 0, STALE)) return 0;
    return db_query(s, download_db(), NULL,
                    "UPDATE cut SET used_at = now(), state = CASE state WHEN 'failed' THEN 'waiting' ELSE state END "
                    "WHERE key = $1 AND state <> 'waiting'",
                    "s", db_text(*rows, 0, KEY));
}

static int cut_later(struct request *rq, struct response *rs, int64_t before) {
    response_header(rs, "Retry-After", "2");
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 202,
                         json_pack("{s:s, s:I, s:s, s:s}", "state", "preparing", "before", (json_int_t)before, "detail",
                                   "The file is being cut to the area that you bought; ask again in 2 seconds.", "href",
                                   scope_printf(rq->scope, "%s%s", rq->base_url, rq->path)));
}

int cut_find(struct scope *s, const struct right_asset *a, const char *subject, struct right_asset *part, struct cut *cut) {
    struct db_rows *rows;
    int err = cut_ask(s, a, subject, &rows);
    if (err) return err;
    const char *state = db_text(rows, 0, STATE);
    *part = *a;
    *cut = (struct cut){CUT_WAITING, db_int(rows, 0, BEFORE), db_text(rows, 0, REASON)};
    if (!state || strcmp(state, "waiting") == 0) return 0;
    cut->state = strcmp(state, "failed") == 0 ? CUT_IMPOSSIBLE : CUT_READY;
    part->path = db_text(rows, 0, PATH);
    part->type = CUT_TYPE;
    part->size = db_int(rows, 0, SIZE);
    part->sha256 = db_text(rows, 0, SHA256);
    part->version = db_text(rows, 0, KEY);
    return 0;
}

static int cut_send(struct request *rq, struct response *rs, const struct right_asset *a, const char *subject) {
    struct right_asset part;
    struct cut cut;
    int err = cut_find(rq->scope, a, subject, &part, &cut);
    if (err) return err;
    if (cut.state == CUT_READY) return delivery_send(rq, rs, &part, subject);
    if (cut.state == CUT_WAITING) return cut_later(rq, rs, cut.before);
    return response_error(rs, 409, "cannot-cut", NULL, "This file cannot be cut to the area that you bought: %s.", cut.reason);
}

int asset_send(struct request *rq, struct response *rs, int access, const struct right_asset *a, const char *subject) {
    if (access == ACCESS_AREA) return cut_send(rq, rs, a, subject);
    if (access == ACCESS_GRANTED) return delivery_send(rq, rs, a, subject);
    return rights_refuse(rq, rs, access, a->collection, a->item);
}

/* What was just bought for an area is cut before it is asked for. rights_on_entitlement ran before, in the same transaction. */
int cuts_on_entitlement(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *subject = json_string_value(json_object_get(e->data, "subject"));
    const char *collection = json_string_value(json_object_get(e->data, "collection"));
    const char *item = json_string_value(json_object_get(e->data, "item"));
    if (!json_object_get(e->data, "aoi")) return 0;
    return db_exec(tx, NULL, PARTS_INSERT, "sssn", subject, collection, item);
}
