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

/* copies.c: what is kept of the others' events. */
int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_order(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_job(struct scope *s, struct db_tx *tx, const struct event *e);

/* How a module answered on its own port. */
struct health {
    char module[32];
    char url[128];
    bool alive;     /* the process answers */
    bool ready;     /* and what it needs is there */
    json_t *checks; /* {"database": true, …}; owned; never NULL after a poll */
    double seconds; /* what the readiness check took */
};
#define HEALTH_MOST 32

/** Reads "name=url name=url …" (NADIR_MODULE_URLS). Returns how many were read; malformed ones are passed over. */
int health_parse(const char *urls, struct health out[HEALTH_MOST]);
/** Asks all of them at the same time, two seconds at the most, and fills in what they answered. */
void health_poll(struct health *list, int count);
/** Reads a module's answer to /readyz/<module>. */
void health_read(struct health *h, int status, const char *body);

#endif
