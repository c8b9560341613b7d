/* offerings.c: /services/v1/services. Anyone reads; administrators and scientists publish; only its provider changes a service.
 */
#include <string.h>

#include "common/bus.h"
#include "common/id.h"
#include "common/idempotency.h"
#include "common/page.h"
#include "services/services.h"

#define STAMP "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"
#define SERVICE_COLUMNS                                                                                                        \
    "service, provider, title, description, url, kind, terms, price,"                                                          \
    " to_char(created_at AT TIME ZONE 'UTC', " STAMP "), to_char(updated_at AT TIME ZONE 'UTC', " STAMP ")"

static json_t *service_json(const struct db_rows *r, int row) {
    static const char *const names[] = {"service", "provider", "title", "description", "url",
                                        "kind",    "terms",    "price", "created_at",  "updated_at"};
    json_t *out = json_object();
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        json_object_set_new(out, names[i], json_string(db_text(r, row, i)));
    return out;
}

static int emit_published(struct db_tx *tx, const char *service, const struct offering *o, bool updated) {
    return bus_emit(tx, "service.published", service,
                    json_pack("{s:s, s:s, s:s, s:s, s:b}", "service", service, "title", o->title, "url", o->url, "kind",
                              o->kind, "updated", updated));
}

int services_list(struct request *rq, struct response *rs) {
    struct page page;
    const char *q = request_arg(rq, "q"), *kind = request_arg(rq, "kind"), *provider = request_arg(rq, "provider");
    if (q && strlen(q) > 200) return response_error(rs, 400, "invalid-argument", "q", "Search with at most 200 bytes.");
    if (kind && !offering_kind_ok(kind))
        return response_error(rs, 400, "invalid-argument", "kind", "kind is wms, wmts, stac, process or other.");
    if (provider && strcmp(provider, "me") == 0 && !(provider = rq->auth.subject)) return NADIR_EUNAUTH;
    if (page_read(rq, rs, &page)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, services_db(), &r,
                       "SELECT " SERVICE_COLUMNS " FROM service WHERE ($1::text IS NULL OR service < $1)"
                       " AND ($2::text IS NULL OR words @@ websearch_to_tsquery('simple', $2))"
                       " AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR provider = $4)"
                       " ORDER BY service DESC LIMIT $5",
                       "ssssl", page.after, q && *q ? q : NULL, kind, provider, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, service_json(r, i));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "services", list, "next", page_next(rq->scope, r, &page, 0)));
}

/* Reads the body, and the caller's right to publish. Returns false after answering. */
static bool publisher_said(struct request *rq, struct response *rs, struct offering *out) {
    json_t *body;
    if (!auth_has_role(&rq->auth, "admin") && !auth_has_role(&rq->auth, "scientist")) {
        response_error(rs, 403, "forbidden", NULL, "Only administrators and scientists publish services; ask for that role.");
        return false;
    }
    if (request_json(rq, rs, &body)) return false;
    struct fields f = fields_of(body);
    offering_read(&f, out);
    return !fields_fail(&f, rs);
}

int services_create(struct request *rq, struct response *rs) {
    struct offering o;
    struct db_tx *tx;
    struct db_rows *r;
    char id[ID_SIZE];
    bool keyed = request_header(rq, "idempotency-key") != NULL;
    if (!publisher_said(rq, rs, &o)) return 0;
    int known = keyed ? idempotency_begin(rq, rs, services_db(), &tx) : db_begin(rq->scope, services_db(), &tx);
    if (known) return known < 0 ? known : 0;
    id_new(id);
    int err = db_exec(tx, &r,
                      "INSERT INTO service (service, provider, title, description, url, kind, terms, price)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING " SERVICE_COLUMNS,
                      "ssssssss", id, rq->auth.subject, o.title, o.description, o.url, o.kind, o.terms, o.price);
    if (!err) err = emit_published(tx, id, &o, false);
    if (err) return err;
    response_header(rs, "Location", "%s/services/v1/services/%s", rq->base_url, id);
    if (keyed) return idempotency_commit(tx, rq, rs, 201, service_json(r, 0));
    if ((err = db_commit(tx)) != 0) return err;
    return response_json(rs, 201, service_json(r, 0));
}

int services_get(struct request *rq, struct response *rs) {
    struct db_rows *r;
    int err = db_query(rq->scope, services_db(), &r, "SELECT " SERVICE_COLUMNS " FROM service WHERE service = $1", "s",
                       request_param(rq, "service"));
    if (err) return err;
    return db_count(r) ? response_json(rs, 200, service_json(r, 0)) : NADIR_ENOTFOUND;
}

/* 404 for what is not there, 403 for what is another's. */
static int not_changed(struct request *rq, struct response *rs, struct db_tx *tx) {
    struct db_rows *r;
    int err = db_exec(tx, &r, "SELECT FROM service WHERE service = $1", "s", request_param(rq, "service"));
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND;
    return response_error(rs, 403, "not-yours", NULL, "Only the provider of a service may change it.");
}

int services_replace(struct request *rq, struct response *rs) {
    struct offering o;
    struct db_tx *tx;
    struct db_rows *r;
    if (!publisher_said(rq, rs, &o)) return 0;
    int err = db_begin(rq->scope, services_db(), &tx);
    if (!err)
        err = db_exec(tx, &r,
                      "UPDATE service SET title = $3, description = $4, url = $5, kind = $6, terms = $7, price = $8,"
                      " updated_at = now() WHERE service = $1 AND provider = $2 RETURNING " SERVICE_COLUMNS,
                      "ssssssss", request_param(rq, "service"), rq->auth.subject, o.title, o.description, o.url, o.kind,
                      o.terms, o.price);
    if (err) return err;
    if (db_count(r) == 0) return not_changed(rq, rs, tx);
    err = emit_published(tx, db_text(r, 0, 0), &o, true);
    if (!err) err = db_commit(tx);
    return err ? err : response_json(rs, 200, service_json(r, 0));
}

int services_delete(struct request *rq, struct response *rs) {
    struct db_tx *tx;
    struct db_rows *r;
    int err = db_begin(rq->scope, services_db(), &tx);
    if (!err)
        err = db_exec(tx, &r, "DELETE FROM service WHERE service = $1 AND provider = $2 RETURNING service", "ss",
                      request_param(rq, "service"), rq->auth.subject);
    if (err) return err;
    if (db_count(r) == 0) return not_changed(rq, rs, tx);
    err = bus_emit(tx, "service.removed", db_text(r, 0, 0), json_pack("{s:s}", "service", db_text(r, 0, 0)));
    if (!err) err = db_commit(tx);
    return err ? err : response_empty(rs, 204);
}
