/* doors.c: /s3 and what lies below: which operation a request is, by its method and its arguments. */
#include <string.h>

#include "download/s3/s3.h"

/* Operations on a part of a bucket or object that this door has not. Without this list, PUT ?acl would write the object. */
static bool is_elsewhere(struct s3_call *c) {
    static const char *const names[] = {"accelerate",
                                        "acl",
                                        "analytics",
                                        "attributes",
                                        "cors",
                                        "encryption",
                                        "intelligent-tiering",
                                        "inventory",
                                        "legal-hold",
                                        "lifecycle",
                                        "logging",
                                        "metrics",
                                        "notification",
                                        "object-lock",
                                        "policy",
                                        "policyStatus",
                                        "publicAccessBlock",
                                        "replication",
                                        "requestPayment",
                                        "restore",
                                        "retention",
                                        "select",
                                        "tagging",
                                        "torrent",
                                        "versions",
                                        "versionId",
                                        "website",
                                        "ownershipControls"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (s3_arg(c, names[i])) return true;
    return false;
}

static int not_here(struct s3_call *c) {
    return s3_error(c, 501, "NotImplemented",
                    "A header or argument you provided implies functionality that is not implemented");
}

static int get_bucket(struct s3_call *c) {
    if (c->rq->head) return bucket_head(c);
    if (s3_arg(c, "location")) return bucket_location(c);
    if (s3_arg(c, "uploads")) return uploads_list(c);
    if (s3_arg(c, "versioning")) return s3_xml_answer(s3_xml_begin(c, "VersioningConfiguration")); /* never turned on */
    return s3_objects_list(c);
}

int s3_get(struct request *rq, struct response *rs) {
    struct s3_call c;
    if (!s3_begin(rq, rs, &c)) return 0;
    if (*c.object && !rq->head && s3_arg(&c, "tagging")) return object_tags(&c);
    if (is_elsewhere(&c)) return not_here(&c);
    if (!*c.bucket) return buckets_list(&c);
    if (!*c.object) return get_bucket(&c);
    return s3_arg(&c, "uploadId") ? upload_parts(&c) : object_get(&c);
}

int s3_put(struct request *rq, struct response *rs) {
    struct s3_call c;
    if (!s3_begin(rq, rs, &c)) return 0;
    if (is_elsewhere(&c) || s3_arg(&c, "versioning")) return not_here(&c);
    if (!*c.bucket) return s3_error(&c, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
    if (!*c.object) return bucket_create(&c);
    if (s3_arg(&c, "uploadId") || s3_arg(&c, "partNumber")) return upload_part(&c);
    return s3_header(&c, "x-amz-copy-source") ? object_copy(&c) : object_put(&c);
}

int s3_post(struct request *rq, struct response *rs) {
    struct s3_call c;
    if (!s3_begin(rq, rs, &c)) return 0;
    if (is_elsewhere(&c)) return not_here(&c);
    if (*c.bucket && !*c.object && s3_arg(&c, "delete")) return objects_delete(&c);
    if (*c.object && s3_arg(&c, "uploads")) return upload_start(&c);
    if (*c.object && s3_arg(&c, "uploadId")) return upload_complete(&c);
    return s3_error(&c, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
}

int s3_delete(struct request *rq, struct response *rs) {
    struct s3_call c;
    if (!s3_begin(rq, rs, &c)) return 0;
    if (is_elsewhere(&c)) return not_here(&c);
    if (!*c.bucket) return s3_error(&c, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
    if (!*c.object) return bucket_delete(&c);
    return s3_arg(&c, "uploadId") ? upload_abort(&c) : object_delete(&c);
}
