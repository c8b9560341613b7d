/* bench_sql: runs recorded statements against PostgreSQL alone, as many clients at once as asked for.
 *
 *     bench_sql CONNINFO FILE CLIENTS SECONDS
 *
 * FILE holds lines of tab-separated fields: "Q" and a statement's text (they count from 0); "S", a statement's number and the
 * texts of its parameters ("\N": NULL); "E" ends one request, which is the statements since the last E. Each client prepares
 * every statement once and runs requests at random. Unlike pgbench it can send any text as a parameter. Prints JSON: requests,
 * seconds, rate, p50_ms, p99_ms, errors.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATEMENTS_MOST 64
#define PARAMETERS_MOST 64
#define CLIENTS_MOST 64

struct call {
    int statement, count;
    const char *values[PARAMETERS_MOST];
};

struct request {
    size_t first, end; /* calls */
};

static const char *statements[STATEMENTS_MOST];
static struct call *calls;
static struct request *requests;
static size_t nstatements, ncalls, nrequests;
static const char *conninfo;
static double seconds;

struct client {
    pthread_t thread;
    uint64_t random;
    uint32_t *times; /* microseconds */
    size_t count, room, errors;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *why) {
    fprintf(stderr, "bench_sql: %s\n", why);
    exit(1);
}

static void *grow(void *list, size_t count, size_t size) {
    if (count & (count - 1)) return list; /* doubles whenever it is full */
    list = realloc(list, (count ? 2 * count : 1) * size);
    if (!list) die("no memory");
    return list;
}

static void call_read(char *rest) {
    calls = grow(calls, ncalls, sizeof *calls);
    struct call *c = &calls[ncalls++];
    char *field = strsep(&rest, "\t");
    *c = (struct call){.statement = atoi(field)};
    while ((field = strsep(&rest, "\t"))) {
        if (c->count == PARAMETERS_MOST) die("a statement has too many parameters");
        c->values[c->count++] = strcmp(field, "\\N") == 0 ? NULL : field;
    }
}

static void file_read(const char *path) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, first = 0;
    ssize_t len;
    if (!file) die("the file cannot be read");
    while ((len = getline(&line, &room, file)) > 0) {
        if (line[len - 1] == '\n') line[len - 1] = '\0';
        char *rest = strdup(line + (len > 2 ? 2 : 0));
        if (line[0] == 'Q' && nstatements < STATEMENTS_MOST) statements[nstatements++] = rest;
        if (line[0] == 'S') call_read(rest);
        if (line[0] == 'E') {
            requests = grow(requests, nrequests, sizeof *requests);
            requests[nrequests++] = (struct request){first, ncalls};
            first = ncalls;
        }
    }
    free(line);
    fclose(file);
    if (nrequests == 0) die("the file holds no request");
}

static int request_run(PGconn *pg, const struct request *r) {
    int failed = 0;
    for (size_t i = r->first; i < r->end; i++) {
        char name[16];
        snprintf(name, sizeof name, "q%d", calls[i].statement);
        PGresult *result = PQexecPrepared(pg, name, calls[i].count, calls[i].values, NULL, NULL, 0);
        failed |= PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK;
        PQclear(result);
    }
    return failed;
}

static void *client_run(void *arg) {
    struct client *c = arg;
    PGconn *pg = PQconnectdb(conninfo);
    if (PQstatus(pg) != CONNECTION_OK) die(PQerrorMessage(pg));
    for (size_t i = 0; i < nstatements; i++) {
        char name[16];
        snprintf(name, sizeof name, "q%zu", i);
        PGresult *result = PQprepare(pg, name, statements[i], 0, NULL);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) die(PQerrorMessage(pg));
        PQclear(result);
    }
    for (double start = now(), begun = start; begun - start < seconds;) {
        c->random = c->random * 6364136223846793005u + 1442695040888963407u;
        c->errors += (size_t)request_run(pg, &requests[(c->random >> 33) % nrequests]);
        double ended = now();
        c->times = grow(c->times, c->count, sizeof *c->times);
        c->times[c->count++] = (uint32_t)((ended - begun) * 1e6);
        begun = ended;
    }
    PQfinish(pg);
    return NULL;
}

static int by_time(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv) {
    if (argc != 5) die("usage: bench_sql CONNINFO FILE CLIENTS SECONDS");
    int nclients = atoi(argv[3]);
    static struct client clients[CLIENTS_MOST];
    if (nclients < 1 || nclients > CLIENTS_MOST) die("1 to 64 clients");
    conninfo = argv[1];
    seconds = atof(argv[4]);
    file_read(argv[2]);
    double start = now();
    for (int i = 0; i < nclients; i++) {
        clients[i].random = (uint64_t)i * 7919 + 1;
        pthread_create(&clients[i].thread, NULL, client_run, &clients[i]);
    }
    uint32_t *all = NULL;
    size_t count = 0, errors = 0;
    for (int i = 0; i < nclients; i++) {
        pthread_join(clients[i].thread, NULL);
        all = realloc(all, (count + clients[i].count) * sizeof *all);
        if (!all) die("no memory");
        memcpy(all + count, clients[i].times, clients[i].count * sizeof *all);
        count += clients[i].count;
        errors += clients[i].errors;
    }
    double lasted = now() - start;
    qsort(all, count, sizeof *all, by_time);
    printf("{\"requests\": %zu, \"seconds\": %.3f, \"rate\": %.2f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"errors\": %zu}\n",
           count, lasted, (double)count / lasted, all[count / 2] / 1e3, all[(size_t)((double)count * 0.99)] / 1e3, errors);
    return 0;
}
