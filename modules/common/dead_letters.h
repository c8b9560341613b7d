/* dead_letters.h: events that a module could not take, looked through and handed to it again.
 *
 * On each module's own port, where the gateway does not reach, for the back office, which passes on the administrator's own
 * credential: the port may be reachable for other programs, and events tell of people.
 *     GET  /internal/<module>/dead-letters?cursor=&limit=      {"dead_letters": […], "next"}
 *     POST /internal/<module>/dead-letters/<id>/replay         204, 404, or 422 when it fails again
 */
#ifndef NADIR_DEAD_LETTERS_H
#define NADIR_DEAD_LETTERS_H

#include <stdbool.h>

#include "common/http.h"

/** Answers the two addresses above; returns false for any other. */
bool dead_letters_serve(struct request *rq, struct response *rs);

#endif
