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

/* Room for so many bytes more and their end. */
static void sql_room(struct sql *q, size_t more) {
    if (q->room - q->len > more) return;
    size_t room = (q->room + more) * 2;
    char *text = scope_alloc(q->scope, room);
    memcpy(text, q->text, q->len);
    q->text = text;
    q->room = room;
}

/* Most of a statement is plain text: printf takes its time for that. */
static void sql_text(struct sql *q, const char *text) {
    size_t len = strlen(text);
    sql_room(q, len);
    memcpy(q->text + q->len, text, len + 1);
    q->len += len;
}

void sql_add(struct sql *q, const char *format, ...) {
    va_list args, again;
    if (!strchr(format, '%')) {
        sql_text(q, format);
        return;
    }
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(q->text + q->len, q->room - q->len, format, args);
    if (len > 0 && (size_t)len >= q->room - q->len) {
        sql_room(q, (size_t)len);
        vsnprintf(q->text + q->len, q->room - q->len, format, again);
    }
    if (len > 0) q->len += (size_t)len;
    va_end(again);
    va_end(args);
}

size_t sql_keep(struct sql *q, const char *value) {
    if (q->count == q->values_room) {
        const char **values = scope_alloc(q->scope, q->values_room * 2 * sizeof *values);
        memcpy(values, q->values, q->count * sizeof *values);
        q->values = values;
        q->values_room *= 2;
    }
    q->values[q->count++] = scope_strdup(q->scope, value);
    return q->count;
}

void sql_value(struct sql *q, const char *value, const char *type) {
    sql_add(q, "$%zu", sql_keep(q, value));
    sql_text(q, type);
}

int sql_run(struct sql *q, struct db *db, struct db_rows **rows) {
    if (q->count > SQL_VALUES_MOST) return NADIR_EINVAL;
    return db_query_list(q->scope, db, rows, q->text, q->count, q->values);
}
