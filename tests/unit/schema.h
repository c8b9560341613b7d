/* schema.h: a database for one test program: a schema of its own in NADIR_TEST_PG, filled by the real migrations.
 *
 *     if (schema_open(&db, "test_rights", (const char *[]){"common", "rights", NULL})) …   db stays NULL without NADIR_TEST_PG
 */
#ifndef NADIR_TEST_SCHEMA_H
#define NADIR_TEST_SCHEMA_H

#include <glob.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/db.h"

static inline int schema_run(PGconn *conn, const char *sql) {
    PGresult *r = PQexec(conn, sql);
    int ok = PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!ok) fprintf(stderr, "%s\n", PQresultErrorMessage(r));
    PQclear(r);
    return ok ? 0 : -1;
}

static inline int schema_apply(PGconn *conn, const char *file) {
    static char text[256 * 1024];
    FILE *f = fopen(file, "r");
    if (!f) return -1;
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[len] = '\0';
    return schema_run(conn, text);
}

static inline int schema_open(struct db **db, const char *name, const char *const *folders) {
    const char *pg = getenv("NADIR_TEST_PG");
    if (!pg) return 0;
    char text[1024];
    PGconn *conn = PQconnectdb(pg);
    snprintf(
        text, sizeof text,
        "SET client_min_messages = warning; DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s; SET search_path = %s, public",
        name, name, name);
    int err = PQstatus(conn) == CONNECTION_OK ? schema_run(conn, text) : -1;
    for (; !err && *folders; folders++) {
        glob_t found;
        snprintf(text, sizeof text, "%s/migrations/%s/*.sql", NADIR_SOURCE, *folders);
        err = glob(text, 0, NULL, &found);
        for (size_t i = 0; !err && i < found.gl_pathc; i++) err = schema_apply(conn, found.gl_pathv[i]);
        globfree(&found);
    }
    PQfinish(conn);
    snprintf(text, sizeof text, "%s options='-c search_path=%s,public'", pg, name);
    return err ? err : db_open(db, text, 4);
}

#endif
