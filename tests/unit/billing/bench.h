/* bench.h: billing without a server: its module started on a schema of its own, its handlers called as the router would. */
#ifndef NADIR_BILLING_BENCH_H
#define NADIR_BILLING_BENCH_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "billing/billing.h"
#include "billing/ledger.h"
#include "common/id.h"
#include "common/module.h"
#include "schema.h"

int billing_module_load(int action);

static bool bench_up;

static inline int bench_open(const char *schema) {
    struct db *db = NULL;
    int err = schema_open(&db, schema, (const char *[]){"common", "billing", NULL});
    if (err || !db) return err;
    setenv("NADIR_DB_BILLING", db_conninfo(db), 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "http://localhost", 0);
    db_close(db);
    bench_up = billing_module_load(1) == 1;
    return bench_up ? 0 : -1;
}

static inline int bench_close(void **state) {
    (void)state;
    if (bench_up) module_stop_all();
    return 0;
}

static inline void need_bench(void) {
    if (bench_up) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

struct reply {
    int status;
    json_t *body; /* the caller's; NULL if it is no JSON */
    char text[8192];
    bool replayed;
};

/* Calls a handler as `who` (NULL: nobody). param is "name=value" of the path, or NULL. body is stolen; NULL: none. */
static inline struct reply call(int (*handler)(struct request *, struct response *), enum http_method method, const char *who,
                                const char *param, const char *query, const char *key, json_t *body) {
    struct scope s;
    struct request rq;
    struct response rs = {.scope = &s};
    scope_init(&s, "test", 30000);
    char *text = body ? json_dumps(body, JSON_COMPACT) : strdup("");
    json_decref(body);
    const char *headers[] = {"content-type", "application/json", "idempotency-key", key, NULL};
    if (!key) headers[2] = NULL;
    /* The path takes part in the idempotency hash only. */
    if (request_build(&rq, &s, method, "/billing/v1/test", query ? query : "", headers, text, strlen(text))) abort();
    if (who) rq.auth = (struct auth){.subject = who, .client_id = "test", .scope = "", .roles = "", .is_user = true};
    rq.base_url = "http://localhost";
    rq.remote = "192.0.2.1";
    struct pair pair = {NULL, NULL};
    if (param) {
        const char *equals = strchr(param, '=');
        pair = (struct pair){scope_strndup(&s, param, (size_t)(equals - param)), equals + 1};
        rq.params = (struct pairs){&pair, 1};
    }
    int err = handler(&rq, &rs);
    if (err) response_fail(&rs, err);
    struct reply r = {.status = rs.status, .body = json_loadb(rs.body ? rs.body : "", rs.body_len, 0, NULL)};
    snprintf(r.text, sizeof(r.text), "%.*s", (int)rs.body_len, rs.body ? rs.body : "");
    for (size_t i = 0; i < rs.headers.count; i++)
        if (strcasecmp(rs.headers.list[i].name, "Idempotent-Replayed") == 0) r.replayed = true;
    free(text);
    scope_end(&s);
    return r;
}

static inline json_int_t reply_int(const struct reply *r, const char *name) {
    return json_integer_value(json_object_get(r->body, name));
}

static inline const char *reply_text(const struct reply *r, const char *name) {
    const char *text = json_string_value(json_object_get(r->body, name));
    return text ? text : "";
}

/* A problem's type without its prefix, "" if the reply is none. */
static inline const char *problem(const struct reply *r) {
    const char *type = strrchr(reply_text(r, "type"), ':');
    return type ? type + 1 : "";
}

static inline int deliver(bus_handler handler, const char *type, json_t *data) {
    struct scope s;
    struct db_tx *tx;
    char id[ID_SIZE];
    id_new(id);
    scope_init(&s, "test", 30000);
    struct event e = {.id = id, .source = "/nadir/x", .type = type, .subject = "", .time = "", .data = scope_json(&s, data)};
    int err = db_begin(&s, billing_db(), &tx);
    if (!err) err = handler(&s, tx, &e);
    if (!err) err = db_commit(tx);
    scope_end(&s);
    return err;
}

static inline void publish_item(const char *collection, const char *item, const char *owner, double west, double south,
                                double east, double north) {
    json_t *geometry = json_pack("{s:s,s:[[[ff][ff][ff][ff][ff]]]}", "type", "Polygon", "coordinates", west, south, east, south,
                                 east, north, west, north, west, south);
    assert_int_equal(
        deliver(copies_on_item, "item.published",
                json_pack("{s:s,s:s,s:s?,s:o}", "collection", collection, "item", item, "owner", owner, "geometry", geometry)),
        0);
}

/* Makes an offer and gives its id. */
static inline void publish_offer(const char *collection, const char *item, const char *model, json_int_t price, double least,
                                 char id[ID_SIZE]) {
    struct reply r = call(offers_create, HTTP_POST, "admin", NULL, NULL, NULL,
                          json_pack("{s:s,s:s?,s:s,s:I,s:f,s:{s:s,s:s,s:s,s:s}}", "collection", collection, "item", item,
                                    "model", model, "price", price, "min_area_km2", least, "licence", "id", "lic-1", "title",
                                    "Licence", "url", "https://licence.example/1", "text", "Use it well."));
    if (r.status != 201) fail_msg("offer: %d %s", r.status, r.text);
    snprintf(id, ID_SIZE, "%s", reply_text(&r, "offer"));
    json_decref(r.body);
}

static inline void give_credit(const char *user, json_int_t amount) {
    char key[ID_SIZE];
    id_new(key);
    struct reply r = call(admin_credits_create, HTTP_POST, "admin", NULL, NULL, key,
                          json_pack("{s:s,s:I,s:s}", "user", user, "amount", amount, "reason", "test"));
    if (r.status != 201) fail_msg("credit: %d %s", r.status, r.text);
    json_decref(r.body);
}

static inline struct reply quote(const char *user, json_t *items, json_t *aoi) {
    return call(quotes_create, HTTP_POST, user, NULL, NULL, NULL, json_pack("{s:o,s:o?}", "items", items, "aoi", aoi));
}

static inline struct reply order(const char *user, const char *quote_id, const char *key) {
    return call(orders_create, HTTP_POST, user, NULL, NULL, key,
                json_pack("{s:s,s:[s]}", "quote", quote_id, "accept_licences", "lic-1"));
}

static inline void wallet(const char *user, json_int_t *available, json_int_t *held) {
    struct reply r = call(wallet_get, HTTP_GET, user, NULL, NULL, NULL, NULL);
    assert_int_equal(r.status, 200);
    *available = reply_int(&r, "available");
    if (held) *held = reply_int(&r, "held");
    json_decref(r.body);
}

static inline json_int_t available(const char *user) {
    json_int_t amount;
    wallet(user, &amount, NULL);
    return amount;
}

/* The books are right. */
static inline void assert_books(void) {
    struct reply r = call(admin_ledger_check, HTTP_GET, "admin", NULL, NULL, NULL, NULL);
    if (r.status != 200 || !json_is_true(json_object_get(r.body, "ok"))) fail_msg("books: %d %s", r.status, r.text);
    json_decref(r.body);
}

/* One number from the database. */
static inline int64_t number(const char *sql, const char *arg) {
    struct scope s;
    struct db_rows *rows;
    scope_init(&s, "test", 30000);
    int err = db_query(&s, billing_db(), &rows, sql, "s", arg);
    int64_t n = err ? err : db_int(rows, 0, 0);
    scope_end(&s);
    return n;
}

#endif
