/* wms.h: the Web Map Service 1.3.0 (OGC 06-042), and 1.1.1 as far as old clients need it. */
#ifndef NADIR_VIEW_WMS_H
#define NADIR_VIEW_WMS_H

#include "view/crs.h"
#include "view/view.h"

struct wms {
    struct request *rq;
    struct response *rs;
    bool old; /* 1.1.1: SRS instead of CRS, X and Y instead of I and J, longitude always first */
};

/** Answers a ServiceException with an OGC code. Returns 0. */
int wms_exception(struct response *rs, int status, const char *code, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

int wms_capabilities(struct wms *w);
int wms_map(struct wms *w);
int wms_feature_info(struct wms *w);

#endif
