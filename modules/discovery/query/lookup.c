#include "discovery/query/lookup.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "common/module.h"
#include "discovery/stac.h"

#define LOOKUPS_MOST 6
#define COUNTS_MOST 4
#define COUNT_MS 500

static struct db *lookups, *counts;
static pthread_once_t lookups_once = PTHREAD_ONCE_INIT, counts_once = PTHREAD_ONCE_INIT;

/* A value of a conninfo string in its quotes. */
static void add_quoted(struct text *t, const char *value) {
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\') text_add(t, "\\", 1);
        text_add(t, value, 1);
    }
}

/* Connections to the same server with more options; what is said last counts. NULL: they cannot be. */
static struct db *open_with(const char *more, int most) {
    const char *conninfo = db_conninfo(module_db("discovery"));
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *o = options;
    struct scope s;
    struct db *db;
    scope_init(&s, "discovery", 0);
    while (o && o->keyword && strcmp(o->keyword, "options") != 0) o++;
    struct text *t = text_new(&s, 512);
    text_add(t, conninfo, strlen(conninfo));
    text_add(t, " options='", strlen(" options='"));
    if (o && o->keyword && o->val) add_quoted(t, o->val);
    text_add(t, more, strlen(more));
    text_add(t, "'", 1);
    PQconninfoFree(options);
    if (db_open(&db, t->data, most)) db = NULL;
    scope_end(&s);
    return db;
}

static void open_lookups(void) {
    /* A plan made while a table was small must not read all of it when it has grown. */
    lookups = open_with(" -c plan_cache_mode=force_generic_plan -c enable_seqscan=off", LOOKUPS_MOST);
}

struct db *lookup_db(void) {
    pthread_once(&lookups_once, open_lookups);
    return lookups ? lookups : module_db("discovery");
}

static void open_counts(void) {
    char more[64];
    snprintf(more, sizeof more, " -c statement_timeout=%d", (int)config_int("NADIR_COUNT_MS", 1, 30000, COUNT_MS));
    counts = open_with(more, COUNTS_MOST);
}

struct db *count_db(void) {
    pthread_once(&counts_once, open_counts);
    return counts ? counts : module_db("discovery");
}
