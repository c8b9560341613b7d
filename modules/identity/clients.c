#include "identity/clients.h"

#include <string.h>

#include "common/bus.h"
#include "common/fields.h"
#include "identity/audit.h"
#include "identity/identity.h"
#include "identity/rights.h"
#include "identity/words.h"

#define COLUMNS "id, name, secret, redirect_uris, logout_uris, grants, scope, first_party"

static void take(const struct db_rows *rows, int row, struct client *out) {
    *out = (struct client){.id = db_text(rows, row, 0),
                           .name = db_text(rows, row, 1),
                           .secret = db_text(rows, row, 2),
                           .redirect_uris = db_text(rows, row, 3),
                           .logout_uris = db_text(rows, row, 4),
                           .grants = db_text(rows, row, 5),
                           .scope = db_text(rows, row, 6),
                           .first_party = db_bool(rows, row, 7)};
}

int client_by_id(struct scope *s, struct db *db, const char *id, struct client *out) {
    struct db_rows *rows;
    int err = db_query(s, db, &rows, "SELECT " COLUMNS " FROM client WHERE id = $1", "s", id);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    take(rows, 0, out);
    return 0;
}

int client_store(struct db_tx *tx, const struct request *rq, const char *actor, const struct client *c) {
    struct db_rows *rows;
    const char *kind = c->secret ? "confidential" : "public";
    int err = db_exec(tx, &rows,
                      "INSERT INTO client (id, name, kind, secret, redirect_uris, logout_uris, grants, scope, first_party) "
                      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
                      "kind = excluded.kind, secret = excluded.secret, redirect_uris = excluded.redirect_uris, "
                      "logout_uris = excluded.logout_uris, grants = excluded.grants, scope = excluded.scope, "
                      "first_party = excluded.first_party RETURNING xmax = 0",
                      "ssssssssb", c->id, c->name, kind, c->secret, c->redirect_uris, c->logout_uris, c->grants, c->scope,
                      c->first_party);
    if (err) return err;
    bool added = db_bool(rows, 0, 0);
    err = audit_add(tx, rq, added ? "client.created" : "client.changed", actor, c->id,
                    json_pack("{s:s,s:s,s:b}", "kind", kind, "scope", c->scope, "first_party", c->first_party));
    if (err || !added) return err;
    return bus_emit(tx, "client.created", c->id, json_pack("{s:s,s:s,s:s}", "client", c->id, "name", c->name, "kind", kind));
}

/* https; http (this machine, RFC 8252 section 7.3, or a gateway without TLS in a closed network); or an app's own scheme, which
 * has a dot (section 7.1). Never a fragment, user information or a path that climbs. */
static bool uri_valid(const char *uri) {
    const char *colon = strchr(uri, ':');
    if (!colon || strlen(uri) > 500 || strchr(uri, '#') || strchr(uri, '\\') || strchr(uri, '@') || strstr(uri, "/../"))
        return false;
    for (const unsigned char *c = (const unsigned char *)uri; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || strchr("<>\"'`;,*", *c)) return false;
    if (strncmp(uri, "https://", 8) == 0 || strncmp(uri, "http://", 7) == 0) return colon[3] && !strchr("/?:", colon[3]);
    for (const char *c = uri; c < colon; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.+-", *c)) return false;
    return memchr(uri, '.', (size_t)(colon - uri)) != NULL;
}

static bool uris_valid(struct scope *s, const char *uris) {
    const char *uri;
    while ((uri = words_next(s, &uris)))
        if (!uri_valid(uri)) return false;
    return true;
}

const char *client_fault(struct scope *s, const struct client *c, const char **field) {
    static const char id_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    *field = "client";
    if (!*c->id || strlen(c->id) > 100 || strspn(c->id, id_letters) != strlen(c->id))
        return "An id has 1 to 100 letters, digits, hyphens, dots or underscores.";
    if (strcmp(c->id, "api-key") == 0) return "That id is taken by API keys.";
    *field = "redirect_uris";
    if (!uris_valid(s, c->redirect_uris)) return "Give https, http or app-scheme addresses without fragment.";
    *field = "logout_uris";
    if (!uris_valid(s, c->logout_uris)) return "Give https, http or app-scheme addresses without fragment.";
    *field = "grants";
    if (!*c->grants || !words_within(s, c->grants, GRANTS_ALL)) return "Grants are " GRANTS_ALL ".";
    if (words_have(c->grants, "client_credentials") && !c->secret) return "A public client has no credentials of its own.";
    *field = "redirect_uris";
    if (words_have(c->grants, "authorization_code") && !*c->redirect_uris) return "Signing people in needs a redirect address.";
    *field = "scope";
    if (!words_within(s, c->scope, rights_all(s))) return "There is no such scope.";
    return NULL;
}

bool client_may_redirect(const struct client *c, const char *uri) {
    return *uri && !strchr(uri, ' ') && words_have(c->redirect_uris, uri);
}

/* Scheme, host and port: up to the third slash. */
static size_t origin_length(const char *uri) {
    const char *host = strstr(uri, "://");
    return host ? (size_t)(host - uri) + 3 + strcspn(host + 3, "/?#") : 0;
}

bool client_may_log_out_to(struct scope *s, const struct client *c, const char *uri) {
    if (!uri_valid(uri)) return false;
    if (words_have(c->logout_uris, uri) || words_have(c->redirect_uris, uri)) return true;
    const char *known = c->redirect_uris, *one;
    size_t len = origin_length(uri);
    while (c->first_party && len && (one = words_next(s, &known)))
        if (origin_length(one) == len && strncmp(one, uri, len) == 0) return true;
    return false;
}

/* ---- /identity/v1/clients, for administrators ---- */

static json_t *client_json(struct scope *s, const struct client *c) {
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:b}", "client", c->id, "name", c->name, "kind",
                     c->secret ? "confidential" : "public", "redirect_uris", words_array(s, c->redirect_uris), "logout_uris",
                     words_array(s, c->logout_uris), "grants", words_array(s, c->grants), "scope", c->scope, "first_party",
                     c->first_party);
}

/* GET /identity/v1/clients */
int clients_list(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int64_t limit;
    const char *after = request_arg(rq, "cursor");
    if (request_arg_int(rq, rs, "limit", 1, 200, 100, &limit)) return 0;
    int err = db_query(rq->scope, identity_db(), &rows, "SELECT " COLUMNS " FROM client WHERE id > $1 ORDER BY id LIMIT $2",
                       "sl", after ? after : "", limit + 1);
    if (err) return err;
    json_t *list = json_array();
    int shown = db_count(rows) > limit ? (int)limit : db_count(rows);
    for (int i = 0; i < shown; i++) {
        struct client c;
        take(rows, i, &c);
        json_array_append_new(list, client_json(rq->scope, &c));
    }
    return response_json(
        rs, 200, json_pack("{s:o,s:s?}", "clients", list, "next", db_count(rows) > limit ? db_text(rows, shown - 1, 0) : NULL));
}

/* A member that is an array of strings without spaces, as words. */
static const char *field_words(struct fields *f, struct scope *s, const char *name, const char *otherwise) {
    const json_t *array = field_array_or_null(f, name, 20);
    if (!array) return otherwise;
    const char *words = words_from_array(s, array);
    if (!words) field_fault(f, name, "%s is a list of texts without spaces.", name);
    return words ? words : "";
}

/* POST /identity/v1/clients: the secret of a confidential client is made here and shown once. */
int clients_create(struct request *rq, struct response *rs) {
    static const char *const kinds[] = {"public", "confidential", NULL};
    struct scope *s = rq->scope;
    json_t *body;
    char secret[SECRET_SIZE];
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    struct client c = {.id = field_string(&f, "client", 1, 100), .name = field_string(&f, "name", 1, 100)};
    const char *kind = field_choice(&f, "kind", kinds);
    c.redirect_uris = field_words(&f, s, "redirect_uris", "");
    c.logout_uris = field_words(&f, s, "logout_uris", "");
    c.grants = field_words(&f, s, "grants", "authorization_code refresh_token");
    c.scope = words_either(s, field_string_or(&f, "scope", 0, 2000, ""), "");
    c.first_party = field_bool_or(&f, "first_party", false);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    secret_new(secret);
    if (strcmp(kind, "confidential") == 0) c.secret = secret_hash(s, secret);
    const char *field, *fault = client_fault(s, &c, &field);
    if (fault) field_fault(&f, field, "%s", fault);
    if (fields_fail(&f, rs)) return 0;

    struct db_tx *tx;
    struct db_rows *rows;
    int err = db_begin(s, identity_db(), &tx);
    if (err) return err;
    if ((err = db_exec(tx, NULL, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "s", c.id)) != 0) return err;
    if ((err = db_exec(tx, &rows, "SELECT 1 FROM client WHERE id = $1", "s", c.id)) != 0) return err;
    if (db_count(rows)) return response_error(rs, 409, "client-taken", "client", "There is a client with this id.");
    err = client_store(tx, rq, rq->auth.subject, &c);
    if (!err) err = db_commit(tx);
    if (err) return err;
    json_t *answer = client_json(s, &c);
    if (c.secret) json_object_set_new(answer, "client_secret", json_string(secret));
    response_header(rs, "cache-control", "no-store");
    return response_json(rs, 201, answer);
}
