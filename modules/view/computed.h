/* computed.h: styles that a request makes up itself: an expression or an index of the catalogue.
 *
 * Arguments, their names in any case: expression=TEXT or index=NAME; rescale=LOW,HIGH (-1,1) is what becomes black and white or
 * the ends of colormap=NAME; constants=NAME:VALUE,… sets what the formula leaves open.
 */
#ifndef NADIR_VIEW_COMPUTED_H
#define NADIR_VIEW_COMPUTED_H

#include "common/http.h"
#include "view/scene.h"

/* Why a style is refused, for the door that was asked to answer in its own way. */
struct complaint {
    int status;
    const char *type, *field, *text;
};

/** True if the arguments ask for an expression or an index. */
bool computed_asked(const struct request *rq);

/** True if the style of that id is computed: "expression" as the arguments say, "index-NAME", and the default ("", "default")
 *  where the arguments ask. */
bool computed_is(const struct request *rq, const char *id);

/** The style of an id for a scene, computed or one of the scene's. Memory is the request's. False, with the complaint filled,
 * if there is none. */
bool computed_style(const struct request *rq, const struct scene *scene, const char *id, const struct style **out,
                    struct complaint *complaint);

/** What the colours of a computed style mean, whatever the scene: its colour map over its range, or from black to white. NULL,
 * with the complaint filled, if the arguments are no good. */
const struct ramp *computed_ramp(const struct request *rq, struct complaint *complaint);

/** Compiles a formula of the request's over a scene's bands, with the request's constants; `field` names the argument that it
 * came by. Memory is the request's. False, with the complaint filled, if it is refused. */
bool computed_formula(const struct request *rq, const struct scene *scene, const char *text, const char *field,
                      const struct expression **out, struct complaint *complaint);

/** The arguments that computed_style read, encoded as "&name=value…" to be carried into another address; "" if none. */
const char *computed_query(const struct request *rq);

#endif
