/* db_rows.h: for db.c only: hands a libpq result to a scope. */
#ifndef NADIR_DB_ROWS_H
#define NADIR_DB_ROWS_H

#include <libpq-fe.h>

#include "common/db.h"

/** Takes the result over; it is cleared at the scope's end. */
struct db_rows *db_rows_adopt(struct scope *s, PGresult *r);

#endif
