/* numbers.h: the resources of this folder. */
#ifndef NADIR_VIEW_NUMBERS_RESOURCES_H
#define NADIR_VIEW_NUMBERS_RESOURCES_H

#include "common/http.h"

int statistics_get(struct request *rq, struct response *rs);
int histograms_get(struct request *rq, struct response *rs);
int series_get(struct request *rq, struct response *rs);
int profiles_get(struct request *rq, struct response *rs);
int subsets_get(struct request *rq, struct response *rs);

#endif
