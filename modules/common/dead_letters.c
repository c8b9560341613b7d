#include "common/dead_letters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/bus_internal.h"
#include "common/log.h"
#include "common/module.h"
#include "common/page.h"

#define SCOPE "platform:status.read"
#define ROLE "admin"

int bus_replay(struct scope *s, struct bus *bus, int64_t dead_letter) {
    struct db_tx *tx;
    struct db_rows *r;
    int err = db_begin(s, bus->db, &tx);
    if (err) return err;
    err = db_exec(tx, &r, "SELECT stream, event FROM bus_dead_letter WHERE id = $1 AND replayed_at IS NULL FOR UPDATE", "l",
                  dead_letter);
    if (!err && db_count(r) == 0) err = NADIR_ENOTFOUND;
    if (err) goto out;
    struct event e = bus_event(scope_json(s, json_loads(db_text(r, 0, 1), 0, NULL)));
    err = json_is_object(e.data) ? bus_call_handlers(s, bus, db_text(r, 0, 0), tx, &e) : NADIR_EINVAL;
    if (!err) err = db_exec(tx, NULL, "UPDATE bus_dead_letter SET replayed_at = now() WHERE id = $1", "l", dead_letter);
    if (!err) return db_commit(tx);
out:
    db_rollback(tx);
    return err;
}

/* Answers, and returns false, unless an administrator asks. */
static bool administrator(struct request *rq, struct response *rs, const char *module) {
    const char *header = request_header(rq, "authorization"), *why = "";
    int err = NADIR_EUNAUTH;
    if (header && strncasecmp(header, "bearer ", 7) == 0)
        err = auth_verify(rq->scope, module_db(module), header + 7, &rq->auth, &why);
    if (!err && (!auth_has_scope(&rq->auth, SCOPE) || !auth_has_role(&rq->auth, ROLE))) err = NADIR_EDENIED;
    if (err) response_fail(rs, err);
    return err == 0;
}

static int list(struct request *rq, struct response *rs, const char *module) {
    struct page page;
    int64_t before;
    if (page_read_number(rq, rs, &page, &before)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, module_db(module), &r,
                       "SELECT id, stream, entry_id, event, error,"
                       " to_char(failed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM bus_dead_letter"
                       " WHERE replayed_at IS NULL AND ($1::bigint = 0 OR id < $1) ORDER BY id DESC LIMIT $2",
                       "ll", before, page.limit + 1);
    if (err) return err;
    json_t *letters = json_array();
    for (int i = 0; i < page_count(r, &page); i++)
        json_array_append_new(letters,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "module", module, "id", db_text(r, i, 0),
                                        "stream", db_text(r, i, 1), "entry", db_text(r, i, 2), "event", db_text(r, i, 3),
                                        "error", db_text(r, i, 4), "failed_at", db_text(r, i, 5)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "dead_letters", letters, "next", page_next(rq->scope, r, &page, 0)));
}

static int replay(struct request *rq, struct response *rs, const char *module, const char *rest) {
    char *end;
    errno = 0;
    long long id = strtoll(rest, &end, 10);
    if (errno || end == rest || strcmp(end, "/replay") != 0) return NADIR_ENOTFOUND;
    int err = bus_replay(rq->scope, module_bus(module), id);
    if (!err) {
        log_info(rq->scope, "dead letter replayed", "of", module, "by", rq->auth.subject, NULL);
        return response_empty(rs, 204);
    }
    if (err == NADIR_ENOTFOUND || err == NADIR_EUNAVAILABLE || err == NADIR_ETIMEOUT || err == NADIR_EBUSY) return err;
    return response_error(rs, 422, "failed-again", NULL, "The event could not be handled this time either (%s).",
                          nadir_strerror(err));
}

bool dead_letters_serve(struct request *rq, struct response *rs) {
    static const char prefix[] = "/internal/", noun[] = "/dead-letters";
    if (strncmp(rq->path, prefix, strlen(prefix)) != 0) return false;
    const char *name = rq->path + strlen(prefix), *rest = strchr(name, '/');
    if (!rest || strncmp(rest, noun, strlen(noun)) != 0) return false;
    const char *module = scope_strndup(rq->scope, name, (size_t)(rest - name));
    rest += strlen(noun);
    bool listing = *rest == '\0' && rq->method == HTTP_GET;
    if (!listing && (*rest != '/' || rq->method != HTTP_POST)) return false;
    if (!module_bus(module)) return false;
    if (!administrator(rq, rs, module)) return true;
    int err = listing ? list(rq, rs, module) : replay(rq, rs, module, rest + 1);
    if (err) response_fail(rs, err);
    return true;
}
