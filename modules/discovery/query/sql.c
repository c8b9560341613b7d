/* sql.c: statements that are put together at run time. */
#include "discovery/query/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROOM_FIRST 2048
#define VALUES_FIRST 32

void sql_init(struct sql *q, struct scope *s) {
    *q = (struct sql){.scope = s, .room = ROOM_FIRST, .values_room = VALUES_FIRST};
    q->text = scope_alloc(s, q->room);
    q->values = scope_alloc(s, q->values_room * sizeof *q->values);
}

void sql_add(struct sql *q, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(q->text + q->len, q->room - q->len, format, args);
    if (len > 0 && (size_t)len >= q->room - q->len) {
        size_t room = (q->room + (size_t)len) * 2;
        char *text = scope_alloc(q->scope, room);
        memcpy(text, q->text, q->len);
        q->text = text;
        q->room = room;
        vsnprintf(q->text + q->len, q->room - q->len, format, again);
    }
    if (len > 0) q->len += (size_t)len;
    va_end(again);
    va_end(args);
}

void sql_value(struct sql *q, const char *value, const char *type) {
    if (q->count == q->values_room) {
        const char **values = scope_alloc(q->scope, q->values_room * 2 * sizeof *values);
        memcpy(values, q->values, q->count * sizeof *values);
        q->values = values;
        q->values_room *= 2;
    }
    q->values[q->count++] = scope_strdup(q->scope, value);
    sql_add(q, "$%zu%s", q->count, type);
}

int sql_run(struct sql *q, struct db *db, struct db_rows **rows) {
    if (q->count > SQL_VALUES_MOST) return NADIR_EINVAL;
    return db_query_list(q->scope, db, rows, q->text, q->count, q->values);
}
