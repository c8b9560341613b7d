#include "view/wms.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int wms_exception(struct response *rs, int status, const char *code, const char *parameter, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    rs->error_code = code;
    return response_error(rs, status, code, parameter, "%s", text);
}

int wms_get(struct request *rq, struct response *rs) {
    const char *service = request_kvp(rq, "SERVICE");
    const char *operation = request_kvp(rq, "REQUEST");
    const char *version = request_kvp(rq, "VERSION");
    /* WMTVER is how WMS 1.0 named it; clients that negotiate send any version and take the one that is answered. */
    struct wms w = {rq, rs, version && strncmp(version, "1.1.", 4) == 0};
    if (service && strcasecmp(service, "WMS") != 0)
        return wms_exception(rs, 400, "InvalidParameterValue", "SERVICE", "This is a WMS: send SERVICE=WMS.");
    if (!operation)
        return wms_exception(rs, 400, "MissingParameterValue", "REQUEST",
                             "Send REQUEST=GetCapabilities, GetMap or GetFeatureInfo.");
    if (strcasecmp(operation, "GetCapabilities") == 0) return wms_capabilities(&w);
    if (version && strcmp(version, "1.3.0") != 0 && strcmp(version, "1.1.1") != 0)
        return wms_exception(rs, 400, "InvalidParameterValue", "VERSION", "The versions spoken here are 1.3.0 and 1.1.1.");
    if (strcasecmp(operation, "GetMap") == 0) return wms_map(&w);
    if (strcasecmp(operation, "GetFeatureInfo") == 0) return wms_feature_info(&w);
    return wms_exception(rs, 400, "OperationNotSupported", "REQUEST",
                         "Send REQUEST=GetCapabilities, GetMap or GetFeatureInfo.");
}
