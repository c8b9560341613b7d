/* stream.c */
#include "discovery/catalogue/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"

struct stream {
    PGconn *pg;
};

static void quiet(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

static int fault(const struct stream *st) {
    fprintf(stderr, "nadir-catalogue: the database: %s", PQerrorMessage(st->pg));
    return 2;
}

struct stream *stream_open(void) {
    const char *conninfo = config_need("NADIR_DB_DISCOVERY");
    if (!conninfo) return NULL;
    struct stream *st = calloc(1, sizeof *st);
    if (!st) abort();
    st->pg = PQconnectdb(conninfo);
    if (PQstatus(st->pg) == CONNECTION_OK) {
        PQsetNoticeProcessor(st->pg, quiet, NULL);
        PGresult *r = PQexec(st->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        bool begun = PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
        if (begun) return st;
    }
    fault(st);
    stream_close(st);
    return NULL;
}

void stream_close(struct stream *st) {
    if (!st) return;
    PQfinish(st->pg);
    free(st);
}

int stream_rows(struct stream *st, const char *sql, int count, const char *const *values,
                int (*row)(void *arg, const PGresult *r, struct scope *s), void *arg) {
    if (!PQsendQueryParams(st->pg, sql, count, NULL, values, NULL, NULL, 0) || !PQsetSingleRowMode(st->pg)) return fault(st);
    PGresult *r;
    int err = 0;
    while ((r = PQgetResult(st->pg))) {
        ExecStatusType status = PQresultStatus(r);
        if (!err && status == PGRES_SINGLE_TUPLE) {
            struct scope s;
            scope_init(&s, "discovery", 0);
            err = row(arg, r, &s);
            scope_end(&s);
            if (err) {
                PGcancel *cancel = PQgetCancel(st->pg);
                char why[128];
                PQcancel(cancel, why, sizeof why);
                PQfreeCancel(cancel);
            }
        } else if (!err && status != PGRES_TUPLES_OK) {
            err = fault(st);
        }
        PQclear(r);
    }
    return err;
}

const char *stream_text(const PGresult *r, int column) {
    return PQgetisnull(r, 0, column) ? NULL : PQgetvalue(r, 0, column);
}

const char *stream_document(struct scope *s, const char *document, const char *storage, const char *owner, const char *base) {
    if ((storage && strcmp(storage, "{}") != 0) || owner) {
        json_t *item = scope_json(s, json_loads(document, 0, NULL)), *path;
        json_t *paths = scope_json(s, json_loads(storage ? storage : "{}", 0, NULL));
        const char *key;
        json_object_foreach(paths, key, path) {
            json_object_set(json_object_get(json_object_get(item, "assets"), key), "nadir:path", path);
        }
        if (item && owner) json_object_set_new(item, "nadir:owner", json_string(owner));
        if (item) document = json_line(s, item);
    }
    size_t len = strlen(document);
    struct text *t = text_new(s, len + 1024);
    text_add_document(t, document, len, base);
    return t->data;
}
