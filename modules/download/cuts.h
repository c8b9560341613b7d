/* cuts.h: the part of a file that was bought, as far as it is made. */
#ifndef NADIR_DOWNLOAD_CUTS_H
#define NADIR_DOWNLOAD_CUTS_H

#include "common/rights.h"

enum cut_state { CUT_READY, CUT_WAITING, CUT_IMPOSSIBLE };

struct cut {
    enum cut_state state;
    int64_t before;     /* while it waits: how many are made before it */
    const char *reason; /* why it is impossible */
};

/** Finds the part of an asset that a subject bought (ACCESS_AREA), and has it made where it is not there. *part is the part's
 *  file once it is CUT_READY. Result in the scope. NADIR_ECONFLICT where the right ended meanwhile. */
int cut_find(struct scope *s, const struct right_asset *a, const char *subject, struct right_asset *part, struct cut *cut);

#endif
