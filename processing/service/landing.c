/* /processing, /processing/conformance, /processing/api */
#include <string.h>

#include "processing/service/processing.h"

#define OPENAPI_TYPE "application/vnd.oai.openapi;version=3.1"

/* openapi.yaml as it stands beside this file, linked in. */
__asm__(".section .rodata\n"
        ".local processing_openapi_begin\n"
        "processing_openapi_begin:\n"
        ".incbin \"" OPENAPI_FILE "\"\n"
        ".byte 0\n"
        ".previous\n");
extern const char processing_openapi_begin[];

static const char *const classes[] = {
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/ogc-process-description",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/job-list",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss",
};

int landing_get(struct request *rq, struct response *rs) {
    json_t *links = json_array();
    (void)json_array_append_new(links, link_to(rq, "self", "application/json", "This document", "/processing"));
    (void)json_array_append_new(links, link_to(rq, "service-desc", OPENAPI_TYPE, "The API", "/processing/api"));
    (void)json_array_append_new(links, link_to(rq, "http://www.opengis.net/def/rel/ogc/1.0/conformance", "application/json",
                                               "What this conforms to", "/processing/conformance"));
    (void)json_array_append_new(links, link_to(rq, "http://www.opengis.net/def/rel/ogc/1.0/processes", "application/json",
                                               "Processes", "/processing/processes"));
    (void)json_array_append_new(links, link_to(rq, "http://www.opengis.net/def/rel/ogc/1.0/job-list", "application/json",
                                               "Your jobs", "/processing/jobs"));
    return response_json(rs, 200,
                         json_pack("{s:s,s:s,s:o}", "title", "Nadir processing", "description",
                                   "Algorithms on scenes: run the built-in ones or your own. OGC API - Processes 1.0.", "links",
                                   links));
}

int conformance_get(struct request *rq, struct response *rs) {
    (void)rq;
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) (void)json_array_append_new(list, json_string(classes[i]));
    return response_json(rs, 200, json_pack("{s:o}", "conformsTo", list));
}

int api_get(struct request *rq, struct response *rs) {
    (void)rq;
    return response_text(rs, 200, OPENAPI_TYPE, processing_openapi_begin);
}
