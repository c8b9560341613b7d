/* Writers are killed (SIGKILL) and their connections cut while a reader pages: nothing is half-written afterwards, counts are
 * exact, and the pager has seen each item that was there all the time exactly once. The program starts itself as the writers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/module.h"
#include "discovery/query/query.h"
#include "schema.h"

#define WRITERS 4
#define KEPT 1000 /* items that are there from the first to the last page */

static const struct module discovery = {.name = "discovery"};
static const struct auth anyone = {0};
static bool up;
static struct scope s;

/* ---- a writer ---- */

static void row_make(struct scope *w, const char *id, int n, struct item_row *row) {
    struct fault f = {0};
    json_t *item =
        json_pack("{s:s, s:s, s:s, s:{s:s, s:[f, f]}, s:{s:s, s:i}, s:{}, s:[]}", "type", "Feature", "stac_version", "1.0.0",
                  "id", id, "geometry", "type", "Point", "coordinates", n % 360 - 180.0, n % 170 - 85.0, "properties",
                  "datetime", scope_printf(w, "20%02d-0%d-11T0%d:00:00Z", 14 + n % 12, 1 + n % 9, n % 10), "eo:cloud_cover",
                  n % 100, "assets", "links");
    if (item_row_make(w, "c", NULL, scope_json(w, item), row, &f)) abort();
}

static int write_once(struct scope *w, struct db *db, const char *name, int turn) {
    struct db_tx *tx;
    struct item_row row;
    const char *version;
    int err = db_begin(w, db, &tx);
    for (int i = 0; i < 5 && !err; i++) {
        row_make(w, scope_printf(w, "%s-%d-%d", name, turn, i), turn * 5 + i, &row);
        err = item_insert(tx, &row, i == 4 ? "ana" : NULL, NULL);
    }
    if (turn > 0 && !err) { /* the turn before: one item moves to another time, one goes */
        struct db_rows *rows;
        const char *moved = scope_printf(w, "%s-%d-0", name, turn - 1), *gone = scope_printf(w, "%s-%d-1", name, turn - 1);
        err = db_exec(tx, &rows,
                      "SELECT id, version, owner, datetime FROM item WHERE collection = 'c' AND id IN ($1, $2) ORDER BY id",
                      "ss", moved, gone);
        if (!err && db_count(rows) == 2) {
            struct item_held held[2];
            for (int i = 0; i < 2; i++)
                held[i] = (struct item_held){db_text(rows, i, 1), db_text(rows, i, 2), db_text(rows, i, 3)};
            row_make(w, moved, turn * 7 + 3, &row);
            err = item_update(tx, &row, &held[0], &version);
            if (!err) err = item_delete(tx, "c", gone, &held[1]);
        }
    }
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

/* Writes until it is killed. */
static int writer(const char *conninfo, const char *name) {
    struct db *db;
    if (db_open(&db, conninfo, 1)) return 1;
    for (int turn = 0;; turn++) {
        struct scope w;
        scope_init(&w, "writer", 10000);
        write_once(&w, db, name, turn);
        scope_end(&w);
    }
}

static pid_t writer_start(int number) {
    char name[16];
    snprintf(name, sizeof name, "w%d", number);
    const char *conninfo = db_conninfo(module_db("discovery"));
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "test_query_crash", "--writer", conninfo, name, NULL);
        _exit(127);
    }
    return pid;
}

/* ---- the test ---- */

static void run_sql(const char *sql) {
    assert_int_equal(db_query(&s, module_db("discovery"), NULL, sql, ""), 0);
}

static int64_t number(const char *sql) {
    struct db_rows *rows;
    assert_int_equal(db_query(&s, module_db("discovery"), &rows, sql, ""), 0);
    return db_int(rows, 0, 0);
}

static void check_store(void) {
    assert_int_equal(
        number("SELECT count(*) FROM item i FULL JOIN footprint f USING (collection, id) WHERE i.id IS NULL OR f.id IS NULL"
               " OR i.datetime <> f.datetime OR i.owner IS DISTINCT FROM f.owner"),
        0);
    assert_int_equal(number("SELECT COALESCE(sum(items), 0) FROM collection_count"),
                     number("SELECT count(*) FROM footprint WHERE owner IS NULL"));
    assert_int_equal(
        number("SELECT count(*) FROM (SELECT day, sum(items) AS kept FROM item_count GROUP BY day) AS k FULL JOIN"
               " (SELECT (datetime AT TIME ZONE 'UTC')::date AS day, count(*) AS real FROM footprint WHERE owner IS NULL"
               " GROUP BY 1) AS r USING (day) WHERE COALESCE(kept, 0) <> COALESCE(real, 0)"),
        0);
    assert_int_equal(number("SELECT count(*) FROM item_apart"),
                     number("SELECT count(*) FROM footprint WHERE owner IS NOT NULL"));
}

/* A page, asked for again while the reader's own connection is cut. */
static void page_read(const struct query *q, struct page *page) {
    struct fault f = {0};
    int err = NADIR_EUNAVAILABLE;
    for (int attempt = 0; attempt < 50 && err == NADIR_EUNAVAILABLE; attempt++) {
        if (attempt) usleep(200000);
        err = query_run(&s, &anyone, q, page, &f);
    }
    assert_int_equal(err, 0);
}

static void page_through(const struct query *asked, pid_t *writers, int *started) {
    struct query q = *asked;
    struct page page;
    json_t *seen = scope_json(&s, json_object());
    int pages = 0;
    q.limit = 10;
    do {
        page_read(&q, &page);
        for (size_t i = 0; i < page.count; i++) {
            const char *id = strstr(page.documents[i], "\"id\":\"kept-");
            if (!id) continue;
            id = scope_strndup(&s, id, strcspn(id, ","));
            assert_null(json_object_get(seen, id));
            json_object_set_new(seen, id, json_true());
        }
        q.token = page.next ? scope_strdup(&s, page.next) : NULL;
        if (++pages % 7 == 0) {
            int which = rand() % WRITERS;
            kill(writers[which], SIGKILL);
            waitpid(writers[which], NULL, 0);
            writers[which] = writer_start((*started)++);
        }
        if (pages % 11 == 0)
            db_query(&s, module_db("discovery"), NULL,
                     "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
                     "current_database()"
                     " AND query ~ 'footprint|item' AND random() < 0.3",
                     "");
    } while (q.token && pages < 5000);
    assert_null(q.token);
    assert_int_equal(json_object_size(seen), KEPT);
}

static int open_all(void **state) {
    (void)state;
    struct db *db = NULL;
    int err = schema_open(&db, "test_discovery_crash", (const char *[]){"common", "discovery", NULL});
    if (err || !db) return err;
    setenv("NADIR_DB_DISCOVERY", db_conninfo(db), 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "https://nadir.example", 1);
    db_close(db);
    up = module_start(&discovery) == 0;
    return up ? 0 : -1;
}

static int close_all(void **state) {
    (void)state;
    if (up) module_stop_all();
    return 0;
}

static void test_killed_writers(void **state) {
    (void)state;
    if (!up) {
        print_message("SKIPPED: NADIR_TEST_PG is not set\n");
        skip();
    }
    scope_init(&s, "test", 240000);
    run_sql("INSERT INTO collection (id, document) VALUES ('c', '{}')");
    struct db_tx *tx;
    assert_int_equal(db_begin(&s, module_db("discovery"), &tx), 0);
    for (int i = 0; i < KEPT; i++) {
        struct item_row row;
        row_make(&s, scope_printf(&s, "kept-%d", i), i, &row);
        assert_int_equal(item_insert(tx, &row, NULL, NULL), 0);
    }
    assert_int_equal(db_commit(tx), 0);

    pid_t writers[WRITERS];
    int started = 0;
    for (int i = 0; i < WRITERS; i++) writers[i] = writer_start(started++);
    static const double world[] = {-180, -90, 180, 90};
    page_through(&(struct query){0}, writers, &started);
    page_through(&(struct query){.area = query_area_box(&s, world), .sorts = {{"datetime", false}}, .nsorts = 1}, writers,
                 &started);
    page_through(&(struct query){.sorts = {{"eo:cloud_cover", false}}, .nsorts = 1}, writers, &started);
    for (int i = 0; i < WRITERS; i++) {
        kill(writers[i], SIGKILL);
        waitpid(writers[i], NULL, 0);
    }
    /* A server process notices that its client is gone when it next writes to it; until then its transaction may still commit.
     */
    while (number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
                  " AND pid <> pg_backend_pid()") > 0)
        usleep(20000);
    assert_true(number("SELECT count(*) FROM item WHERE id NOT LIKE 'kept%'") > 0);
    check_store();
    run_sql("SELECT counts_fold()");
    check_store();
    scope_end(&s);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--writer") == 0) return writer(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed_writers)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
