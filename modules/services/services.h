/* services.h: what the files of the services module share. */
#ifndef NADIR_SERVICES_H
#define NADIR_SERVICES_H

#include "common/db.h"
#include "common/fields.h"
#include "common/http.h"

/* What a provider says of a service. All texts are borrowed and never NULL. */
struct offering {
    const char *title, *description, *url, *kind, *terms, *price;
};

struct db *services_db(void);

/** Reads an offering from a body; faults are recorded in f. */
void offering_read(struct fields *f, struct offering *out);
/** True for an absolute http or https URL with a host, without credentials or a fragment, of at most 2,000 bytes of visible
 * ASCII. */
bool offering_url_ok(const char *url);
/** True for one of the kinds of service. */
bool offering_kind_ok(const char *kind);

int services_list(struct request *rq, struct response *rs);
int services_create(struct request *rq, struct response *rs);
int services_get(struct request *rq, struct response *rs);
int services_replace(struct request *rq, struct response *rs);
int services_delete(struct request *rq, struct response *rs);

#endif
