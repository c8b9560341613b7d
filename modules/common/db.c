#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/db_pool.h"
#include "common/db_rows.h"
#include "common/log.h"

#define PARAMS_MOST 40
#define STATEMENT_MOST_MS 30000
#define COPY_PART (256 * 1024)

static _Thread_local char last_state[6];
static _Thread_local char last_constraint[64];

const char *db_last_state(void) {
    return last_state;
}

const char *db_last_constraint(void) {
    return last_constraint;
}

struct params {
    int count;
    const char *const *values;
    const int *lengths, *formats; /* NULL: all text */
};

/* Those of the calls that take them one by one. */
struct collected {
    struct params params;
    const char *values[PARAMS_MOST];
    int lengths[PARAMS_MOST], formats[PARAMS_MOST];
};

static char *json_param(struct scope *s, const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) abort();
    char *copy = scope_strdup(s, text);
    free(text);
    return copy;
}

static const struct params *collect(struct scope *s, struct collected *p, const char *types, va_list args) {
    memset(p, 0, sizeof *p);
    p->params = (struct params){.values = p->values, .lengths = p->lengths, .formats = p->formats};
    for (const char *t = types; *t; t++) {
        if (p->params.count == PARAMS_MOST) abort(); /* a fault of the program text */
        int i = p->params.count++;
        switch (*t) {
        case 's':
            p->values[i] = va_arg(args, const char *);
            break;
        case 'i':
            p->values[i] = scope_printf(s, "%d", va_arg(args, int));
            break;
        case 'l':
            p->values[i] = scope_printf(s, "%" PRId64, va_arg(args, int64_t));
            break;
        case 'd':
            p->values[i] = scope_printf(s, "%.17g", va_arg(args, double));
            break;
        case 'b':
            p->values[i] = va_arg(args, int) ? "t" : "f";
            break;
        case 'n':
            break;
        case 'j': {
            const json_t *json = va_arg(args, const json_t *);
            p->values[i] = json ? json_param(s, json) : NULL;
            break;
        }
        case 'x':
            p->values[i] = va_arg(args, const void *);
            p->lengths[i] = (int)va_arg(args, size_t);
            p->formats[i] = 1;
            break;
        default:
            abort();
        }
    }
    return &p->params;
}

/* Waits for one result. NULL when the deadline passed or the connection broke; the connection is then unusable. */
static PGresult *await(struct scope *s, struct db_conn *c, int64_t until_us, bool *timed_out) {
    PGresult *last = NULL;
    *timed_out = false;
    for (;;) {
        while (PQisBusy(c->pg)) {
            int64_t left = (until_us - clock_us()) / 1000;
            struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN};
            if (left <= 0 || poll(&p, 1, (int)left) == 0) {
                *timed_out = true;
                PQclear(last);
                return NULL;
            }
            if (!PQconsumeInput(c->pg)) break;
        }
        PGresult *r = PQgetResult(c->pg);
        if (!r) return last;
        if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
            PQclear(r); /* the first error tells why; what follows only says that the connection is gone */
            continue;
        }
        PQclear(last);
        last = r;
        if (PQresultStatus(r) == PGRES_COPY_IN || PQresultStatus(r) == PGRES_COPY_OUT) {
            log_error(s, "COPY is not for this call", NULL);
            PQclear(r);
            return NULL;
        }
    }
}

/* Waits until what was queued for the server is on its way. */
static bool flushed(struct db_conn *c, int64_t until_us, bool *timed_out) {
    for (;;) {
        int waiting = PQflush(c->pg);
        if (waiting <= 0) return waiting == 0;
        int64_t left = (until_us - clock_us()) / 1000;
        struct pollfd p = {.fd = PQsocket(c->pg), .events = POLLIN | POLLOUT};
        *timed_out = left <= 0 || poll(&p, 1, (int)left) == 0;
        if (*timed_out || (p.revents & POLLIN && !PQconsumeInput(c->pg))) return false;
    }
}

static void cancel(struct db_conn *c) {
    char why[64];
    PGcancel *handle = PQgetCancel(c->pg);
    if (handle) PQcancel(handle, why, sizeof why);
    PQfreeCancel(handle);
}

static int classify(const char *state) {
    if (strcmp(state, "23505") == 0 || strcmp(state, "23P01") == 0 || strncmp(state, "40", 2) == 0) return NADIR_ECONFLICT;
    if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0) return NADIR_EINVAL;
    if (strcmp(state, "42501") == 0) return NADIR_EDENIED;
    if (strcmp(state, "57014") == 0) return NADIR_ETIMEOUT;
    if (strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 || strncmp(state, "53", 2) == 0)
        return NADIR_EUNAVAILABLE;
    return NADIR_EINTERNAL;
}

/* Turns a finished result into an error value; remembers and logs what a caller may want to know. */
static int check(struct scope *s, struct db_conn *c, PGresult *r, bool timed_out, const char *sql) {
    last_state[0] = last_constraint[0] = '\0';
    if (timed_out) {
        cancel(c);
        log_warn(s, "statement passed its deadline", "sql", sql, NULL);
        snprintf(last_state, sizeof last_state, "57014");
        return NADIR_ETIMEOUT;
    }
    if (!r) return NADIR_EUNAVAILABLE;
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) return 0;
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE), *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
    snprintf(last_state, sizeof last_state, "%s", state ? state : "");
    snprintf(last_constraint, sizeof last_constraint, "%s", constraint ? constraint : "");
    int err = !state || PQstatus(c->pg) != CONNECTION_OK ? NADIR_EUNAVAILABLE : classify(state);
    if (err == NADIR_EINTERNAL) {
        const char *primary = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
        log_error(s, "statement failed", "state", last_state, "why", primary ? primary : "", "sql", sql, NULL);
    }
    return err;
}

static uint64_t text_hash(const char *text) {
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (const char *c = text; *c; c++) h = (h ^ (unsigned char)*c) * 1099511628211u;
    return h;
}

static bool is_prepared(const struct db_conn *c, uint64_t hash) {
    for (int i = 0; i < c->nprepared; i++)
        if (c->prepared[i] == hash) return true;
    return false;
}

/* Runs one statement. *sent tells whether the server may have begun to run it. */
static int run(struct scope *s, struct db_conn *c, const char *sql, const struct params *p, struct db_rows **rows, bool *sent) {
    int64_t until = clock_us() + (int64_t)scope_left_ms(s, STATEMENT_MOST_MS) * 1000;
    bool timed_out;
    char name[20];
    uint64_t hash = text_hash(sql);
    *sent = false;
    if (rows) *rows = NULL;
    snprintf(name, sizeof name, "q%016" PRIx64, hash);
    if (!is_prepared(c, hash)) {
        if (!PQsendPrepare(c->pg, name, sql, p->count, NULL)) return NADIR_EUNAVAILABLE;
        PGresult *r = await(s, c, until, &timed_out);
        int err = check(s, c, r, timed_out, sql);
        PQclear(r);
        if (err) return err;
        if (c->nprepared < PREPARED_MOST) c->prepared[c->nprepared++] = hash;
    }
    if (!PQsendQueryPrepared(c->pg, name, p->count, p->values, p->lengths, p->formats, 0)) return NADIR_EUNAVAILABLE;
    *sent = true;
    PGresult *r = await(s, c, until, &timed_out);
    int err = check(s, c, r, timed_out, sql);
    if (err || !rows) {
        PQclear(r);
        return err;
    }
    *rows = db_rows_adopt(s, r);
    return 0;
}

/* May a failed statement in a transaction of its own be tried again without doing it twice? Yes if it was never sent, if the
 * administrator's termination rolled it back (57P01), or if only its cached plan had gone stale. */
static bool may_retry(int err, bool sent) {
    if (err == NADIR_EUNAVAILABLE) return !sent || strcmp(last_state, "57P01") == 0;
    return strcmp(last_state, "0A000") == 0 || strcmp(last_state, "26000") == 0;
}

static int query(struct scope *s, struct db *db, struct db_rows **rows, const char *sql, const struct params *p) {
    int err = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        struct db_conn *c;
        bool sent;
        err = db_conn_take(s, db, &c);
        if (err) return err;
        err = run(s, c, sql, p, rows, &sent);
        bool retry = err && may_retry(err, sent);
        if (err == NADIR_ETIMEOUT || retry) c->nprepared = PREPARED_MOST; /* close it */
        db_conn_give(db, c);
        if (!retry) break;
    }
    return err;
}

int db_query(struct scope *s, struct db *db, struct db_rows **rows, const char *sql, const char *types, ...) {
    struct collected p;
    va_list args;
    va_start(args, types);
    const struct params *params = collect(s, &p, types, args);
    va_end(args);
    return query(s, db, rows, sql, params);
}

int db_query_list(struct scope *s, struct db *db, struct db_rows **rows, const char *sql, size_t count,
                  const char *const *values) {
    const struct params p = {.count = (int)count, .values = values};
    return query(s, db, rows, sql, &p);
}

struct db_tx {
    struct db *db;
    struct db_conn *conn; /* NULL once ended */
    struct scope *scope;
    bool failed, events;
};

static void tx_end(struct db_tx *tx) {
    db_conn_give(tx->db, tx->conn);
    tx->conn = NULL;
}

static void tx_release(void *tx) {
    db_rollback(tx);
}

int db_begin(struct scope *s, struct db *db, struct db_tx **out) {
    static const struct params none;
    struct db_tx *tx = scope_alloc(s, sizeof *tx);
    tx->db = db;
    tx->scope = s;
    for (int attempt = 0;; attempt++) {
        bool sent;
        int err = db_conn_take(s, db, &tx->conn);
        if (err) return err;
        err = run(s, tx->conn, "BEGIN", &none, NULL, &sent);
        if (!err) break;
        tx_end(tx);
        if (err != NADIR_EUNAVAILABLE || attempt) return err;
    }
    scope_defer(s, tx_release, tx);
    *out = tx;
    return 0;
}

int db_exec(struct db_tx *tx, struct db_rows **rows, const char *sql, const char *types, ...) {
    if (!tx->conn || tx->failed) return NADIR_EINTERNAL;
    struct collected p;
    va_list args;
    bool sent;
    va_start(args, types);
    const struct params *params = collect(tx->scope, &p, types, args);
    va_end(args);
    int err = run(tx->scope, tx->conn, sql, params, rows, &sent);
    if (err) {
        tx->failed = true;
        if (err == NADIR_ETIMEOUT || strcmp(last_state, "0A000") == 0) tx->conn->nprepared = PREPARED_MOST;
    }
    return err;
}

/* The bytes of a COPY, in pieces, so that neither side holds more of them than a socket does. */
static bool copy_send(struct db_conn *c, const char *data, size_t len, int64_t until_us, bool *timed_out) {
    while (len > 0) {
        size_t part = len < COPY_PART ? len : COPY_PART;
        if (PQputCopyData(c->pg, data, (int)part) != 1 || !flushed(c, until_us, timed_out)) return false;
        data += part;
        len -= part;
    }
    return PQputCopyEnd(c->pg, NULL) == 1 && flushed(c, until_us, timed_out);
}

int db_copy(struct db_tx *tx, const char *sql, const char *data, size_t len, int64_t *rows) {
    if (!tx->conn || tx->failed) return NADIR_EINTERNAL;
    struct db_conn *c = tx->conn;
    int64_t until = clock_us() + (int64_t)scope_left_ms(tx->scope, STATEMENT_MOST_MS) * 1000;
    bool timed_out = false;
    PGresult *r = PQexec(c->pg, sql);
    if (PQresultStatus(r) == PGRES_COPY_IN) {
        PQclear(r);
        PQsetnonblocking(c->pg, 1);
        bool sent = copy_send(c, data, len, until, &timed_out);
        PQsetnonblocking(c->pg, 0);
        r = sent ? await(tx->scope, c, until, &timed_out) : NULL;
    }
    int err = check(tx->scope, c, r, timed_out, sql);
    if (!err && rows) *rows = strtoll(PQcmdTuples(r), NULL, 10);
    PQclear(r);
    if (err) tx->failed = true;
    if (err == NADIR_ETIMEOUT || err == NADIR_EUNAVAILABLE) c->nprepared = PREPARED_MOST;
    return err;
}

int db_savepoint(struct db_tx *tx) {
    return db_exec(tx, NULL, "SAVEPOINT point", "");
}

int db_savepoint_keep(struct db_tx *tx) {
    return db_exec(tx, NULL, "RELEASE SAVEPOINT point", "");
}

int db_savepoint_undo(struct db_tx *tx) {
    tx->failed = false; /* the server refuses all but the return; should that fail, the transaction has failed again */
    int err = db_exec(tx, NULL, "ROLLBACK TO SAVEPOINT point", "");
    return err ? err : db_savepoint_keep(tx);
}

int db_commit(struct db_tx *tx) {
    static const struct params none;
    bool sent;
    if (!tx->conn) return NADIR_EINTERNAL;
    if (tx->failed) {
        db_rollback(tx);
        return NADIR_EINTERNAL;
    }
    int err = run(tx->scope, tx->conn, "COMMIT", &none, NULL, &sent);
    if (err == NADIR_ETIMEOUT) tx->conn->nprepared = PREPARED_MOST;
    tx_end(tx);
    if (!err && tx->events && tx->db->wake) tx->db->wake(tx->db->wake_arg);
    return err;
}

void db_rollback(struct db_tx *tx) {
    if (!tx || !tx->conn) return;
    if (PQstatus(tx->conn->pg) == CONNECTION_OK && PQtransactionStatus(tx->conn->pg) != PQTRANS_ACTIVE) {
        /* The scope may be past its deadline; the rollback is sent all the same. */
        PGresult *r = PQexec(tx->conn->pg, "ROLLBACK");
        PQclear(r);
    }
    tx_end(tx);
}

struct scope *db_tx_scope(struct db_tx *tx) {
    return tx->scope;
}

void db_tx_mark_events(struct db_tx *tx) {
    tx->events = true;
}

void db_on_events(struct db *db, void (*wake)(void *), void *arg) {
    db->wake_arg = arg;
    db->wake = wake;
}
