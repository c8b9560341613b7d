#include "identity/throttle.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "identity/identity.h"

#define FREE_OF_ACCOUNT 5 /* tries without a wait; each further one doubles it, to 15 minutes */
#define FREE_OF_ADDRESS 200

/* The client's address; of IPv6 the /64, which one customer holds whole. */
static const char *address_of(const struct request *rq) {
    unsigned char bytes[16];
    if (inet_pton(AF_INET6, rq->remote, bytes) != 1) return rq->remote;
    return hex_encode(rq->scope, bytes, 8);
}

static const char *account_key(const struct request *rq, const char *email) {
    char *lower = scope_strdup(rq->scope, email);
    for (char *c = lower; *c; c++) *c = (char)tolower((unsigned char)*c);
    return scope_printf(rq->scope, "account:%s",
                        secret_hash(rq->scope, scope_printf(rq->scope, "%s %s", address_of(rq), lower)));
}

/* One statement counts and decides, so that tries sent at once cannot slip through together. */
static int count_try(const struct request *rq, struct db *db, const char *key, int free_tries, int *wait_s) {
    struct db_rows *rows;
    int err =
        db_query(rq->scope, db, &rows,
                 "INSERT INTO throttle AS t (key, tries, until) VALUES ($1, 1, now()) ON CONFLICT (key) DO UPDATE SET "
                 "tries = CASE WHEN t.updated_at < now() - interval '1 hour' THEN 1 ELSE t.tries + 1 END, "
                 "until = CASE WHEN t.updated_at < now() - interval '1 hour' OR t.tries + 1 < $2 THEN now() ELSE "
                 "now() + least(power(2, least(t.tries + 1 - $2, 20)), 900) * interval '1 second' END, updated_at = now() "
                 "WHERE t.until <= now() RETURNING 1",
                 "si", key, free_tries);
    if (err || db_count(rows)) return err;
    err = db_query(rq->scope, db, &rows,
                   "SELECT greatest(1, ceil(extract(epoch FROM until - now())))::int FROM throttle WHERE key = $1", "s", key);
    if (err) return err;
    *wait_s = db_count(rows) ? (int)db_int(rows, 0, 0) : 1;
    return NADIR_EBUSY;
}

int throttle_try(const struct request *rq, struct db *db, const char *email, int *wait_s) {
    int err = count_try(rq, db, scope_printf(rq->scope, "address:%s", address_of(rq)), FREE_OF_ADDRESS, wait_s);
    return err ? err : count_try(rq, db, account_key(rq, email), FREE_OF_ACCOUNT, wait_s);
}

int throttle_forget(const struct request *rq, struct db *db, const char *email) {
    int err = db_query(rq->scope, db, NULL, "DELETE FROM throttle WHERE key = $1", "s", account_key(rq, email));
    if (err) return err;
    return db_query(rq->scope, db, NULL, "UPDATE throttle SET tries = greatest(tries - 1, 0), until = now() WHERE key = $1",
                    "s", scope_printf(rq->scope, "address:%s", address_of(rq)));
}
