/* csw.c: /csw: which operation is asked for, and in which version. */
#include "discovery/csw/csw.h"

#include <string.h>
#include <strings.h>

static const struct operation {
    const char *name;
    int (*handler)(struct request *, struct response *, const struct csw *, struct csw_fault *);
} operations[] = {
    {"GetCapabilities", csw_capabilities}, {"DescribeRecord", csw_describe},    {"GetDomain", csw_domain},
    {"GetRecords", csw_records},           {"GetRecordById", csw_record_by_id},
};

static bool lists(struct scope *s, const char *list, const char *word) {
    char *rest = scope_strdup(s, list), *one;
    while ((one = strsep(&rest, ",")))
        if (strcmp(one, word) == 0) return true;
    return false;
}

/* OWS Common 1.0.0 clause 7.3.2: the client lists what it speaks; other operations name the version agreed on. */
static int version_check(struct scope *s, const struct csw *c, bool capabilities, struct csw_fault *f) {
    if (!c->service) return csw_fault_set(f, "MissingParameterValue", "service", "is missing: send service=CSW");
    if (strcasecmp(c->service, "CSW") != 0 && strcmp(c->service, "http://www.opengis.net/cat/csw") != 0)
        return csw_fault_set(f, NULL, "service", "must be CSW");
    if (capabilities) {
        if (c->accept_versions && !lists(s, c->accept_versions, CSW_VERSION))
            return csw_fault_set(f, "VersionNegotiationFailed", "AcceptVersions",
                                 "names no version that is spoken here: " CSW_VERSION);
        return 0;
    }
    if (!c->version) return csw_fault_set(f, "MissingParameterValue", "version", "is missing: send version=" CSW_VERSION);
    if (strcmp(c->version, CSW_VERSION) != 0) return csw_fault_set(f, NULL, "version", "must be " CSW_VERSION);
    return 0;
}

static int serve(struct request *rq, struct response *rs, const struct csw *c, struct csw_fault *f) {
    if (!c->operation)
        return csw_fault_set(f, "MissingParameterValue", "request",
                             "is missing: send request=GetCapabilities to learn what there is");
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcasecmp(c->operation, operations[i].name) != 0) continue;
        int err = version_check(rq->scope, c, i == 0, f);
        return err ? err : operations[i].handler(rq, rs, c, f);
    }
    static const char *const others[] = {"Transaction", "Harvest", "GetRepositoryItem"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcasecmp(c->operation, others[i]) == 0)
            return csw_fault_set(f, "OperationNotSupported", "request", "is an operation that is not served here");
    return csw_fault_set(f, NULL, "request", "must be GetCapabilities, DescribeRecord, GetDomain, GetRecords or GetRecordById");
}

static int answer(struct response *rs, int err, const struct csw_fault *f) {
    if (!f->at.why) return err;
    rs->error_code = f->code ? f->code : "InvalidParameterValue";
    return response_error(rs, 400, "csw", f->at.field, "%s %s.", f->at.field, f->at.why);
}

int csw_get(struct request *rq, struct response *rs) {
    struct csw c = {0};
    struct csw_fault f = {0};
    int err = csw_read_kvp(rq, &c, &f);
    if (!err) err = serve(rq, rs, &c, &f);
    return answer(rs, err, &f);
}

/* Also the form that some clients post: the same names and values as in an address. */
int csw_post(struct request *rq, struct response *rs) {
    struct csw c = {0};
    struct csw_fault f = {0};
    const char *type = request_header(rq, "content-type");
    int err;
    if (type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0 && *rq->body != '<') {
        struct request form = *rq;
        if (request_form(rq, rs, &form.args)) return 0;
        err = csw_read_kvp(&form, &c, &f);
    } else {
        err = csw_read_xml(rq->scope, rq->body, rq->body_len, &c, &f);
    }
    if (!err) err = serve(rq, rs, &c, &f);
    return answer(rs, err, &f);
}
