/* counters.c: from events to daily counters. The bus commits each addition together with its cursor, so each event counts once.
 *
 *     users               user.registered
 *     items               item.published of an item not known, less item.removed
 *     orders              order.paid            revenue.<currency>   its total, minor units
 *     topups.<currency>   wallet.topped_up, minor units
 *     jobs.created … jobs.dismissed             compute_ms, pixels: of succeeded jobs
 *     tiles, downloads    usage.recorded        bytes                of both
 *     shares, services    created less revoked or removed
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "statistics/statistics.h"

#define VALUE_MOST 1000000000000000LL /* a single event cannot bring the sum near the end of 64 bits */

static int count(struct db_tx *tx, const struct event *e, const char *metric, int64_t value) {
    if (value == 0) return 0;
    return db_exec(tx, NULL,
                   "INSERT INTO daily_counter (metric, day, value) VALUES ($1, ($2::timestamptz AT TIME ZONE 'UTC')::date, $3)"
                   " ON CONFLICT (metric, day) DO UPDATE SET value = daily_counter.value + excluded.value",
                   "ssl", metric, e->time, value);
}

/* A member's value, rounded down; absent, negative or beyond all measure counts nothing. */
static int64_t scaled(const struct event *e, const char *name, double by) {
    double value = json_number_value(json_object_get(e->data, name)) * by;
    return value > 0 && value < (double)VALUE_MOST ? (int64_t)value : 0;
}

static int64_t amount(const struct event *e, const char *name) {
    return scaled(e, name, 1);
}

static int count_money(struct scope *s, struct db_tx *tx, const struct event *e, const char *metric, const char *member) {
    const char *currency = json_string_value(json_object_get(e->data, "currency"));
    if (!currency || strlen(currency) != 3) return NADIR_EINVAL;
    for (const char *c = currency; *c; c++)
        if (!isupper((unsigned char)*c)) return NADIR_EINVAL;
    return count(tx, e, scope_printf(s, "%s.%s", metric, currency), amount(e, member));
}

static int on_order(struct scope *s, struct db_tx *tx, const struct event *e) {
    int err = count(tx, e, "orders", 1);
    return err ? err : count_money(s, tx, e, "revenue", "total");
}

static int on_topup(struct scope *s, struct db_tx *tx, const struct event *e) {
    return count_money(s, tx, e, "topups", "amount");
}

static int on_item(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *collection = json_string_value(json_object_get(e->data, "collection"));
    const char *item = json_string_value(json_object_get(e->data, "item"));
    bool removed = strcmp(e->type, "item.removed") == 0;
    struct db_rows *r;
    if (!collection || !item) return NADIR_EINVAL;
    int err = db_exec(tx, &r,
                      removed ? "DELETE FROM counted_item WHERE collection = $1 AND item = $2"
                              : "INSERT INTO counted_item (collection, item) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                      "ss", collection, item);
    return err ? err : count(tx, e, "items", removed ? -db_affected(r) : db_affected(r));
}

static int on_job(struct scope *s, struct db_tx *tx, const struct event *e) {
    int err = count(tx, e, scope_printf(s, "jobs.%s", e->type + strlen("job.")), 1);
    if (err || strcmp(e->type, "job.succeeded") != 0) return err;
    err = count(tx, e, "compute_ms", scaled(e, "seconds", 1000));
    return err ? err : count(tx, e, "pixels", amount(e, "pixels"));
}

static int on_usage(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *kind = json_string_value(json_object_get(e->data, "kind"));
    if (!kind) return NADIR_EINVAL;
    const char *metric = strcmp(kind, "tiles") == 0 ? "tiles" : strcmp(kind, "download") == 0 ? "downloads" : NULL;
    if (!metric) return 0; /* compute is counted from job.succeeded */
    int err = count(tx, e, metric, amount(e, "count"));
    return err ? err : count(tx, e, "bytes", amount(e, "bytes"));
}

static int on_user(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    return count(tx, e, "users", 1);
}

static int on_share(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    return count(tx, e, "shares", strcmp(e->type, "share.created") == 0 ? 1 : -1);
}

static int on_service_removed(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    return count(tx, e, "services", -1);
}

/* An edited service is published again: only its first event says that it is new. */
static int on_service(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    return count(tx, e, "services", json_is_true(json_object_get(e->data, "updated")) ? 0 : 1);
}

static const struct {
    const char *type;
    bus_handler handler;
} counted[] = {
    {"user.registered", on_user},      {"order.paid", on_order},
    {"wallet.topped_up", on_topup},    {"item.published", on_item},
    {"item.updated", on_item},         {"item.removed", on_item},
    {"job.created", on_job},           {"job.started", on_job},
    {"job.succeeded", on_job},         {"job.failed", on_job},
    {"job.dismissed", on_job},         {"usage.recorded", on_usage},
    {"share.created", on_share},       {"share.revoked", on_share},
    {"service.published", on_service}, {"service.removed", on_service_removed},
};

int counters_on_event(struct scope *s, struct db_tx *tx, const struct event *e) {
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        if (strcmp(e->type, counted[i].type) == 0) return counted[i].handler(s, tx, e);
    return 0;
}
