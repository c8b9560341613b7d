/* backoffice.h: what the files of the back office module share. */
#ifndef NADIR_BACKOFFICE_H
#define NADIR_BACKOFFICE_H

#include "common/bus.h"
#include "common/http.h"

struct db *backoffice_db(void);

int status_get(struct request *rq, struct response *rs);
int users_list(struct request *rq, struct response *rs);
int orders_list(struct request *rq, struct response *rs);
int revenue_get(struct request *rq, struct response *rs);
int jobs_list(struct request *rq, struct response *rs);
int dead_letters_list(struct request *rq, struct response *rs);
int dead_letters_replay(struct request *rq, struct response *rs);

/* copies.c: what is kept of the others' events. */
int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_order(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_job(struct scope *s, struct db_tx *tx, const struct event *e);

/* A module's address inside, from NADIR_MODULE_URLS. */
struct peer {
    char module[32];
    char url[128];
};
#define PEERS_MOST 32

/** Reads "name=url name=url …". Returns how many were read; malformed ones are passed over. */
int peers_parse(const char *urls, struct peer out[PEERS_MOST]);
/** The modules of this installation. Returns their number. */
int peers_known(const struct peer **out);

/* One request to a module's own port. */
struct ask {
    const char *module;        /* whose port */
    const char *url;           /* its base */
    const char *method;        /* NULL: GET */
    const char *path;          /* "/readyz/billing" */
    const char *authorization; /* the caller's own header, or NULL */
    int status;                /* 0: no answer */
    const char *body;          /* never NULL after asking */
    double seconds;
    struct scope scope; /* holds the answer */
};

/** Asks all at the same time, two seconds at the most. End each answer's scope with scope_end. */
void ask_all(struct ask *list, int count);

/* How a module is. */
struct health {
    bool alive;     /* the process answers */
    bool ready;     /* and what it needs is there */
    json_t *checks; /* {"database": true, …}; owned by the caller; never NULL after health_read */
};

/** Reads a module's answer to /readyz/<module>. */
void health_read(struct health *h, int status, const char *body);

#endif
