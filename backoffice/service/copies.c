/* copies.c: users, orders and jobs as identity, billing and processing tell of them. */
#include <string.h>

#include "backoffice.h"

static const char *member(const struct event *e, const char *name) {
    return json_string_value(json_object_get(e->data, name));
}

static const char *member_or(const struct event *e, const char *name, const char *otherwise) {
    const char *value = member(e, name);
    return value ? value : otherwise;
}

int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e) {
    const char *user = member(e, "user");
    if (!user) return NADIR_EINVAL;
    if (strcmp(e->type, "user.disabled") == 0)
        return db_exec(tx, NULL, "UPDATE known_user SET disabled_at = $2::timestamptz WHERE subject = $1", "ss", user, e->time);
    if (strcmp(e->type, "user.registered") != 0 && strcmp(e->type, "user.updated") != 0) return 0;
    const json_t *roles = json_object_get(e->data, "roles");
    if (!json_is_array(roles)) roles = scope_json(s, json_array());
    return db_exec(
        tx, NULL,
        "INSERT INTO known_user (subject, email, name, roles, registered_at) VALUES ($1, $2, $3, $4, $5::timestamptz)"
        " ON CONFLICT (subject) DO UPDATE SET email = excluded.email, name = excluded.name, roles = excluded.roles",
        "sssjs", user, member_or(e, "email", ""), member_or(e, "name", ""), roles, e->time);
}

int copies_on_order(struct scope *s, struct db_tx *tx, const struct event *e) {
    const char *order = member(e, "order"), *buyer = member(e, "buyer"), *currency = member(e, "currency");
    const json_t *total = json_object_get(e->data, "total"), *lines = json_object_get(e->data, "lines");
    if (!order || !buyer || !currency || !json_is_integer(total)) return NADIR_EINVAL;
    if (!json_is_array(lines)) lines = scope_json(s, json_array());
    return db_exec(tx, NULL,
                   "INSERT INTO known_order (order_id, buyer, total, currency, paid_at, lines)"
                   " VALUES ($1, $2, $3, $4, $5::timestamptz, $6) ON CONFLICT (order_id) DO NOTHING",
                   "sslssj", order, buyer, json_integer_value(total), currency, e->time, lines);
}

static int job_created(struct db_tx *tx, const struct event *e) {
    return db_exec(tx, NULL,
                   "INSERT INTO known_job (job, process, version, owner, state, amount, currency, created_at, updated_at)"
                   " VALUES ($1, $2, $3, $4, 'created', $5, $6, $7::timestamptz, $7::timestamptz) ON CONFLICT (job) DO NOTHING",
                   "sssslss", member(e, "job"), member_or(e, "process", ""), member_or(e, "version", ""),
                   member_or(e, "user", ""), json_integer_value(json_object_get(e->data, "estimate")),
                   member_or(e, "currency", ""), e->time);
}

/* What ended stays ended: a job that ran twice because its runner died may be said to start again before it ends. */
int copies_on_job(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    if (!member(e, "job")) return NADIR_EINVAL;
    const char *to = e->type + strlen("job.");
    if (strcmp(to, "created") == 0) return job_created(tx, e);
    if (strcmp(to, "started") == 0)
        return db_exec(tx, NULL,
                       "UPDATE known_job SET state = 'running', updated_at = $2::timestamptz"
                       " WHERE job = $1 AND state IN ('created', 'running')",
                       "ss", member(e, "job"), e->time);
    if (strcmp(to, "succeeded") == 0)
        return db_exec(tx, NULL,
                       "UPDATE known_job SET state = 'succeeded', updated_at = $2::timestamptz, amount = $3, seconds = $4"
                       " WHERE job = $1",
                       "ssld", member(e, "job"), e->time, json_integer_value(json_object_get(e->data, "cost")),
                       json_number_value(json_object_get(e->data, "seconds")));
    if (strcmp(to, "failed") == 0 || strcmp(to, "dismissed") == 0)
        return db_exec(tx, NULL,
                       "UPDATE known_job SET state = $3, updated_at = $2::timestamptz, amount = 0, reason = $4 WHERE job = $1",
                       "ssss", member(e, "job"), e->time, to, member(e, "reason"));
    return 0;
}
