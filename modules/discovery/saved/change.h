/* change.h: what a request says of a saved search. */
#ifndef DISCOVERY_SAVED_CHANGE_H
#define DISCOVERY_SAVED_CHANGE_H

#include "discovery/saved/saved.h"

/* Members that were not sent are NULL, or their has_… is false. Everything belongs to the scope. */
struct change {
    const char *name, *state, *language;
    bool has_mail, mail;
    bool has_webhook;
    const char *webhook, *secret; /* NULL: take it off */
    const json_t *search;         /* as it is kept */
    const char *area;             /* EWKB or EWKT, or NULL: anywhere */
    const char *collections;      /* array literal, or NULL: any */
};

/* SQL: the box around an area given as a parameter; the world for NULL. */
#define CHANGE_REACH(parameter) "coalesce(ST_Envelope(" parameter "::geometry), ST_MakeEnvelope(-180, -90, 180, 90, 4326))"

/** Reads the body of POST (name and search are needed) or of PATCH (anything but the search). Answers 400, 415 or 422 itself
 * and returns NADIR_EINVAL. */
int change_for_create(struct request *rq, struct response *rs, struct change *out);
int change_for_patch(struct request *rq, struct response *rs, struct change *out);

#endif
