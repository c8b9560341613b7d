#include "common/db_rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"

struct db_rows {
    PGresult *pg;
};

static void rows_release(void *rows) {
    PQclear(((struct db_rows *)rows)->pg);
}

struct db_rows *db_rows_adopt(struct scope *s, PGresult *r) {
    struct db_rows *rows = scope_alloc(s, sizeof *rows);
    rows->pg = r;
    scope_defer(s, rows_release, rows);
    return rows;
}

int db_count(const struct db_rows *r) {
    return PQntuples(r->pg);
}

int db_affected(const struct db_rows *r) {
    return (int)strtol(PQcmdTuples(r->pg), NULL, 10);
}

bool db_is_null(const struct db_rows *r, int row, int column) {
    return PQgetisnull(r->pg, row, column);
}

const char *db_text(const struct db_rows *r, int row, int column) {
    return PQgetisnull(r->pg, row, column) ? NULL : PQgetvalue(r->pg, row, column);
}

size_t db_length(const struct db_rows *r, int row, int column) {
    return (size_t)PQgetlength(r->pg, row, column);
}

int64_t db_int(const struct db_rows *r, int row, int column) {
    return strtoll(PQgetvalue(r->pg, row, column), NULL, 10);
}

double db_double(const struct db_rows *r, int row, int column) {
    return strtod(PQgetvalue(r->pg, row, column), NULL);
}

bool db_bool(const struct db_rows *r, int row, int column) {
    return PQgetvalue(r->pg, row, column)[0] == 't';
}

json_t *db_json(struct scope *s, const struct db_rows *r, int row, int column) {
    if (PQgetisnull(r->pg, row, column)) return NULL;
    json_t *json =
        json_loadb(PQgetvalue(r->pg, row, column), db_length(r, row, column), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!json) log_error(s, "a stored JSON value cannot be read", NULL);
    return scope_json(s, json);
}

unsigned char *db_bytes(struct scope *s, const struct db_rows *r, int row, int column, size_t *len) {
    *len = 0;
    if (PQgetisnull(r->pg, row, column)) return NULL;
    unsigned char *raw = PQunescapeBytea((unsigned char *)PQgetvalue(r->pg, row, column), len);
    if (!raw) abort();
    unsigned char *copy = (unsigned char *)scope_strndup(s, (const char *)raw, *len);
    PQfreemem(raw);
    return copy;
}
