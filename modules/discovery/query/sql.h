/* sql.h: a statement that grows together with its parameters. Text added with sql_add is the program's own, never a caller's:
 * whatever a caller sent goes through sql_value, which writes "$n". */
#ifndef DISCOVERY_SQL_H
#define DISCOVERY_SQL_H

#include <stddef.h>

#include "common/db.h"

#define SQL_VALUES_MOST 4000
#define SQL_FILTER_MOST (512 * 1024) /* bytes of a statement that filters are written into */

struct sql {
    struct scope *scope;
    char *text;
    size_t len, room;
    const char **values;
    size_t count, values_room;
};

void sql_init(struct sql *q, struct scope *s);
void sql_add(struct sql *q, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Keeps a value as a parameter; its number, for "$n". The value is copied into the scope. */
size_t sql_keep(struct sql *q, const char *value);
/** Writes "$n" for a value (NULL: SQL NULL). The value is copied into the scope. type: "::float8" or "". */
void sql_value(struct sql *q, const char *value, const char *type);
int sql_run(struct sql *q, struct db *db, struct db_rows **rows);

#endif
