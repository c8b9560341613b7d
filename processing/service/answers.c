#include "processing/service/processing.h"

int ogc_exception(struct response *rs, int status, const char *exception, const char *detail) {
    return response_json_as(rs, status, "application/problem+json",
                            json_pack("{s:s+,s:s,s:i,s:s}", "type",
                                      "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/", exception, "title",
                                      exception, "status", status, "detail", detail));
}

json_t *link_to(const struct request *rq, const char *rel, const char *type, const char *title, const char *path) {
    return json_pack("{s:s,s:s,s:s,s:s+}", "rel", rel, "type", type, "title", title, "href", rq->base_url, path);
}
