/* db.h: PostgreSQL through libpq.
 *
 * One bounded pool a database. Connections are opened on demand, closed after a minute's idleness, and a broken one is
 * closed and replaced, never handed out again. Every statement is prepared once a connection (named by its text's hash) and
 * runs under the scope's deadline: past it the server is asked to cancel and the connection is dropped.
 * A connection that breaks while idle costs nothing: a statement outside a transaction that fails before the server can have
 * run it is tried once more on a new connection.
 *
 * Parameters follow the SQL text: `types` has a letter for each.
 *     s const char * (NULL: SQL NULL)   i int   l int64_t   d double   b int (boolean)
 *     j const json_t * (NULL: SQL NULL; sent as text)   x const void *, size_t (bytea)   n nothing: SQL NULL
 *     db_query(s, db, &rows, "SELECT id FROM orders WHERE buyer = $1 AND total > $2", "sl", buyer, least);
 */
#ifndef NADIR_DB_H
#define NADIR_DB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/scope.h"

struct db;
struct db_tx;
struct db_rows;

/** Opens a pool. No connection is made yet. conninfo as libpq takes it. `most` connections at the most.
 *  Free with db_close, after its users are gone. */
int db_open(struct db **out, const char *conninfo, int most);
void db_close(struct db *db);

/** One statement in a transaction of its own. *rows belongs to the scope; rows may be NULL.
 *  NADIR_ECONFLICT on a unique, exclusion or serialisation failure, NADIR_EINVAL on data the server refuses (class 22, and 23
 *  other than unique), NADIR_EDENIED on 42501, NADIR_EUNAVAILABLE when the server cannot be reached, NADIR_ETIMEOUT,
 *  NADIR_EBUSY when no connection came free in time, otherwise NADIR_EINTERNAL (logged with the SQLSTATE, never with values).
 */
int db_query(struct scope *s, struct db *db, struct db_rows **rows, const char *sql, const char *types, ...);

/** db_query for statements that are written at run time: `count` (at most 65,535) parameters as text, NULL for SQL NULL. */
int db_query_list(struct scope *s, struct db *db, struct db_rows **rows, const char *sql, size_t count,
                  const char *const *values);

/** Begins a transaction (READ COMMITTED). It is rolled back at the end of the scope unless committed. */
int db_begin(struct scope *s, struct db *db, struct db_tx **out);
/** One statement in the transaction; errors as db_query. After an error only db_rollback is useful. */
int db_exec(struct db_tx *tx, struct db_rows **rows, const char *sql, const char *types, ...);
/** Feeds a "COPY … FROM STDIN" of the transaction with `len` bytes in the format that sql names; *rows (may be NULL) is how
 * many rows were taken. Errors as db_exec. */
int db_copy(struct db_tx *tx, const char *sql, const char *data, size_t len, int64_t *rows);
/** A point that the transaction can return to, even after a statement failed: db_savepoint_undo takes back what came after it,
 * db_savepoint_keep lets it stand; both end it. One at a time. */
int db_savepoint(struct db_tx *tx);
int db_savepoint_keep(struct db_tx *tx);
int db_savepoint_undo(struct db_tx *tx);
/** Commits. On NADIR_EUNAVAILABLE or NADIR_ETIMEOUT it is not known whether the server committed. tx is gone afterwards. */
int db_commit(struct db_tx *tx);
/** Rolls back; NULL and an ended transaction are no fault. */
void db_rollback(struct db_tx *tx);
/** The scope that the transaction was begun in. */
struct scope *db_tx_scope(struct db_tx *tx);

/** For the bus: the transaction holds events; and what to call after such a transaction was committed. */
void db_tx_mark_events(struct db_tx *tx);
void db_on_events(struct db *db, void (*wake)(void *), void *arg);

/** SQLSTATE and constraint name of the last failed statement of this thread, "" if none. */
const char *db_last_state(void);
const char *db_last_constraint(void);

/* Results. Rows and columns count from 0. Text is borrowed from the result. */
int db_count(const struct db_rows *r);
/** Rows that an INSERT, UPDATE or DELETE touched. */
int db_affected(const struct db_rows *r);
bool db_is_null(const struct db_rows *r, int row, int column);
const char *db_text(const struct db_rows *r, int row, int column); /* NULL for SQL NULL */
size_t db_length(const struct db_rows *r, int row, int column);
int64_t db_int(const struct db_rows *r, int row, int column); /* 0 for SQL NULL */
double db_double(const struct db_rows *r, int row, int column);
bool db_bool(const struct db_rows *r, int row, int column);
/** Parses a json/jsonb column; the tree belongs to the scope. NULL for SQL NULL. */
json_t *db_json(struct scope *s, const struct db_rows *r, int row, int column);
/** Decodes a bytea column into the scope. */
unsigned char *db_bytes(struct scope *s, const struct db_rows *r, int row, int column, size_t *len);

/** True if the server answers within timeout_ms (for readiness). */
bool db_alive(struct db *db, int timeout_ms);
/** Connections in use, and open, for metrics. */
void db_stats(struct db *db, int *busy, int *open);
/** How the pool connects; borrowed. */
const char *db_conninfo(const struct db *db);

#endif
