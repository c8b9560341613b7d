/* query.h: what the numbers are asked of: bands, a formula, masks.
 *
 *   bands=NAME,…                 bands by any of their names; by default all; or
 *   expression= | index=         a formula, as of computed styles, with constants=
 *   values=physical | samples    of bands: sample * scale + offset, or as stored
 *   where=FORMULA                only pixels where it holds; where it has no data, it does not
 *   exclude=BAND:VALUE,…         not those where a band (a scene classification) has one of these values
 *   exclude-bits=BAND:BIT,…      not those where a band (a mask of quality) has one of these bits set, 0 being the lowest
 *   overview=N                   the N-th overview instead of full resolution
 *   f=json | csv                 otherwise by Accept
 */
#ifndef NADIR_VIEW_QUERY_H
#define NADIR_VIEW_QUERY_H

#include "view/computed.h"
#include "view/numbers/measure.h"

#define SUBJECTS_MOST 16

struct query {
    bool csv;
    struct wanted wanted;
    int overview;
    const char *where;                 /* all masks as one formula, or NULL */
    const char *mask_band, *bits_band; /* of exclude and exclude-bits, or NULL */
};

struct subjects {
    int count;
    struct subject list[SUBJECTS_MOST];
    const char *names[SUBJECTS_MOST]; /* of the band, or "expression" */
    const char *formula;              /* its text, or NULL */
};

/** Reads f or Accept: true in *csv for CSV. Answers 400 and returns false for another format. */
bool query_format(const struct request *rq, struct response *rs, bool *csv);

/** Reads what does not depend on the scene. Answers 400 and returns false where something is wrong. */
bool query_read(const struct request *rq, struct response *rs, struct query *out);

/** Reads percentiles= (2,25,50,75,98 by default) in ascending order. */
bool query_percentiles(const struct request *rq, struct response *rs, struct wanted *out);

/** Reads bins= (10 by default) and range=. */
bool query_bins(const struct request *rq, struct response *rs, struct wanted *out);

/** What the query asks of a scene. False, with the complaint filled, if the scene has not what it needs. */
bool query_subjects(const struct request *rq, const struct query *q, const struct scene *scene, struct subjects *out,
                    struct complaint *complaint);

/** How the numbers were made, in words, for the answer. New reference. */
json_t *query_method(const struct query *q);

/** Answers for an error of measure(). */
int query_fail(struct response *rs, int err, const struct measure *m, int64_t most);

#endif
