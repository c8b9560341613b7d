#include "discovery/query/lookup.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <string.h>

#include "common/module.h"
#include "discovery/stac.h"

#define CONNECTIONS_MOST 6

static struct db *lookups;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A value of a conninfo string in its quotes. */
static void add_quoted(struct text *t, const char *value) {
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\') text_add(t, "\\", 1);
        text_add(t, value, 1);
    }
}

/* The same server with one more option; what is said last counts. */
static void open_lookups(void) {
    /* A plan made while a table was small must not read all of it when it has grown. */
    static const char mode[] = " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off'";
    const char *conninfo = db_conninfo(module_db("discovery"));
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *o = options;
    struct scope s;
    scope_init(&s, "discovery", 0);
    while (o && o->keyword && strcmp(o->keyword, "options") != 0) o++;
    struct text *t = text_new(&s, 512);
    text_add(t, conninfo, strlen(conninfo));
    text_add(t, " options='", strlen(" options='"));
    if (o && o->keyword && o->val) add_quoted(t, o->val);
    text_add(t, mode, sizeof mode - 1);
    PQconninfoFree(options);
    if (db_open(&lookups, t->data, CONNECTIONS_MOST)) lookups = NULL;
    scope_end(&s);
}

struct db *lookup_db(void) {
    pthread_once(&once, open_lookups);
    return lookups ? lookups : module_db("discovery");
}
