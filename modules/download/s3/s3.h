/* s3.h: what the files of the S3-compatible door share.
 *
 * Buckets are of two kinds. A user's own lie in s3_bucket and s3_object, and can be written. A collection is a bucket too, read
 * only: its keys are "<item>/<asset><suffix of its file>", and its rights those of every other download.
 *
 * The gateway has a request that writes admitted (admit.c) before it takes the body, stores the body in a file of its own and
 * tells the module where that is, so bytes are never held in memory; and it sends what is read (X-Accel-Redirect).
 */
#ifndef NADIR_DOWNLOAD_S3_H
#define NADIR_DOWNLOAD_S3_H

#include "common/db.h"
#include "download/download.h"
#include "download/quota.h"
#include "download/s3/doors.h"
#include "download/s3/sigv4.h"

#define S3_PREFIX "/s3"
#define S3_KEY_MOST 1024                 /* bytes of an object's key */
#define S3_PART_MOST 10000               /* number of the last part */
#define S3_PART_LEAST (INT64_C(5) << 20) /* bytes of a part but the last */
#define S3_BODY_MOST (INT64_C(5) << 30)  /* bytes of a PUT; the gateway's client_max_body_size */
#define S3_XML_MOST (2 << 20)            /* bytes of a document in a body */
#define S3_EASE_SECONDS 2                /* between writes over the quota */
#define S3_CHARGE_LEAST 4096             /* an object counts at least so many bytes: what it takes on a disk */
#define S3_LAST "\xf4\x8f\xbf\xbf"       /* U+10FFFF, after every key of a prefix */
#define S3_TIME "'YYYY-MM-DD\"T\"HH24:MI:SS\".000Z\"'"
#define S3_XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

/* A request of the door: as the client made it, who signed it and where it leads. */
struct s3_call {
    struct request *rq;
    struct response *rs;
    struct signed_request sent;
    struct sigv4 sig;
    unsigned char key[32];       /* that signed it */
    struct auth who;             /* subject NULL: anonymous */
    bool read_only;              /* the key that signed is */
    json_t *buckets;             /* that the key is for; NULL: all */
    const char *bucket, *object; /* "" where the address names none */
};

/* ---- caller.c ---- */
/** Fills a call from a request and finds out who signed it. True if it may go on; otherwise it is answered. */
bool s3_begin(struct request *rq, struct response *rs, struct s3_call *out);
/** As s3_begin for what `sent` says that the client sent. */
bool s3_begin_as(struct request *rq, struct response *rs, const struct signed_request *sent, struct s3_call *out);
/** Answers an error of S3's. Returns 0. */
int s3_error(struct s3_call *c, int status, const char *code, const char *message);
/** Answers 503 SlowDown with Retry-After. Returns 0. */
int s3_slow_down(struct s3_call *c, int seconds, const char *message);
/** Answers what a fault says. Returns 0. */
int s3_refuse(struct s3_call *c, const struct s3_fault *f);
const char *s3_arg(const struct s3_call *c, const char *name);
const char *s3_header(const struct s3_call *c, const char *name);
/** True if the key that signed, or an unsigned request, may know of a bucket. */
bool s3_key_reaches(const struct s3_call *c, const char *bucket);
/** Seconds since the epoch as S3's documents have them. */
char *s3_time(struct scope *s, int64_t at);

/* ---- vault.c: secrets at rest ---- */
/** True if the instance has a secret that keys are sealed with (NADIR_S3_SECRET). */
bool vault_is_set(void);
/** Seals a secret by AES-256-GCM for an access key and its subject, which cannot be exchanged then. Result in the scope. */
int vault_seal(struct scope *s, const char *access_key, const char *subject, const char *secret, unsigned char **out,
               size_t *len);
/** Opens what vault_seal made. NADIR_EDENIED if it was changed or sealed for another. */
int vault_open(struct scope *s, const char *access_key, const char *subject, const unsigned char *sealed, size_t len,
               char **out);

/* ---- body.c: what a client sends ---- */
/* The body as it came to lie in the store. */
struct s3_stored {
    const char *path; /* below NADIR_DATA; named in s3_file until an object has it */
    int64_t size;
    const char *etag;                     /* MD5 in hex */
    int64_t modified;                     /* seconds since the epoch: the time of its file too */
    const char *checksum_name, *checksum; /* "x-amz-checksum-…" and its base64 as the client sent it; NULL: it sent none */
};
/** Length of the body that the client told, without the framing of aws-chunked; -1 if it told none that can be read. */
int64_t s3_body_length(const struct s3_call *c);
/** Compares a file of the store with the x-amz-checksum-… that was sent, and tells it in *file. NADIR_EINVAL with a fault. */
int s3_checksum_whole(struct s3_call *c, struct s3_stored *file, struct s3_fault *f);
/** Takes the request's body into the store, and checks it against its signature and digests. NADIR_EINVAL with a fault. */
int s3_body_store(struct s3_call *c, struct s3_stored *out, struct s3_fault *f);
/** Reads a small body; *out has a NUL after *len bytes. of_object: x-amz-checksum-… is that of the object that is completed. */
int s3_body_read(struct s3_call *c, bool of_object, char **out, size_t *len, struct s3_fault *f);

/* ---- store.c: files below NADIR_DATA ---- */
/** A new path, named in s3_file: removed by the sweep in a day unless an object has it by then. Its folder is made. */
int store_reserve(struct scope *s, const char **path);
/** Where a path lies. */
char *store_file(struct scope *s, const char *path);
/** Opens a file below NADIR_DATA that no symbolic link leads to. Negative: it could not be opened. */
int store_open(struct scope *s, const char *path);
/** Copies bytes from one open file to another, in the kernel. */
int store_copy(int from, int to, int64_t bytes);
/** Writes to the disk what an open file holds. */
int store_settle(struct scope *s, int fd);
/** In a transaction: a path that was reserved has its object; a path that is no longer an object's may be removed. */
int store_keep(struct db_tx *tx, const char *path);
int store_discard(struct db_tx *tx, const char *path);
/** In a transaction: counts bytes on or off a user's. NADIR_ETOOLARGE over the quota. */
int store_charge(struct db_tx *tx, const char *owner, int64_t bytes);
/** What an object of that size counts. */
int64_t store_weight(int64_t size);
/** One write over the quota is taken: the caller is the first to ask in S3_EASE_SECONDS. */
int store_ease(struct scope *s, const char *owner, bool *taken);

/* ---- access.c ---- */
enum s3_bucket_kind { BUCKET_NONE, BUCKET_OWN, BUCKET_COLLECTION };
/** What a bucket is to the caller; BUCKET_NONE also where it may not know of it. Returns an enum s3_bucket_kind, or negative.
 */
int s3_bucket_kind(struct s3_call *c);
/** True if the bucket is the caller's own; otherwise it is answered why it cannot be written (404, or 403). */
bool s3_bucket_writable(struct s3_call *c);

/* ---- catalogue.c: collections as buckets ---- */
/** The asset that a key names. Returns an enum access, or negative. */
int catalogue_find(struct s3_call *c, struct right_asset *out);
int catalogue_send(struct s3_call *c);
/** The asset that the call names if its bytes may be had now: with an area that was bought, the part. Otherwise a fault. */
int catalogue_open(struct s3_call *c, struct right_asset *out, struct s3_fault *f);

/* ---- list.c, listing.c ---- */
struct s3_entry {
    const char *key, *modified, *etag;
    int64_t size, at; /* at: of the catalogue's, the time as seconds since the epoch */
    bool preparing;   /* a part that was bought and is being cut: its size is not known yet */
};
struct s3_page {
    struct s3_entry *list;
    size_t count;
    const char *last; /* after which to ask for more; NULL: this was all */
};
/** What a list says of an asset under a key, and a copy of its source. */
struct s3_entry catalogue_entry(struct scope *s, const struct right_asset *a, const char *key);
/** Entries of a bucket with a prefix and after a key, in the order of their bytes. */
int catalogue_page(struct s3_call *c, const char *prefix, const char *after, struct s3_page *out);
int s3_objects_list(struct s3_call *c);

/* ---- objects.c, copy.c, uploads.c, parts.c, delete.c, buckets.c: operations; all return 0 or negative ---- */
int object_get(struct s3_call *c);
int object_tags(struct s3_call *c);
int object_put(struct s3_call *c);
int object_copy(struct s3_call *c);
int object_delete(struct s3_call *c);
int objects_delete(struct s3_call *c);
int upload_start(struct s3_call *c);
int upload_part(struct s3_call *c);
int upload_part_copy(struct s3_call *c, int part);
int upload_complete(struct s3_call *c);
int upload_abort(struct s3_call *c);
int upload_parts(struct s3_call *c);
int uploads_list(struct s3_call *c);
int buckets_list(struct s3_call *c);
int bucket_create(struct s3_call *c);
int bucket_head(struct s3_call *c);
int bucket_location(struct s3_call *c);
int bucket_delete(struct s3_call *c);

/* What an object is besides its bytes. */
struct s3_object {
    const char *type;
    json_t *headers;
};
/* Columns of object_find. */
enum object_column { OBJECT_PATH, OBJECT_SIZE, OBJECT_ETAG, OBJECT_TYPE, OBJECT_HEADERS, OBJECT_MODIFIED };
/** The caller's own object of the call's bucket and key: a row, or none. */
int object_find(struct s3_call *c, struct db_rows **r);
/** True if the key can be an object's; otherwise it is answered why not. */
bool object_key_allowed(struct s3_call *c);
/** Reads type and headers that are to be kept from the request. NADIR_EINVAL with a fault. */
int object_headers(struct s3_call *c, struct s3_object *out, struct s3_fault *f);
/** Puts what was stored in its place: object, quota and events in one transaction. upload may be NULL. */
int object_commit(struct s3_call *c, const struct s3_object *o, const struct s3_stored *file, const char *upload);
/** The upload of the address, which must be of its bucket and key: upload, type, headers. NADIR_ENOTFOUND. */
int upload_find(struct s3_call *c, struct db_rows **r);
/** Answers that there is no such upload. Returns 0. */
int upload_unknown(struct s3_call *c);
/** Makes what was stored a part of the address's upload. 1, or 0 if it was answered why not, or negative. */
int part_store(struct s3_call *c, int part, const struct s3_stored *file);
/** Removes an upload that was begun, and its parts. NADIR_ENOTFOUND if it is not there. */
int upload_remove(struct db_tx *tx, const char *owner, const char *upload);
/** Removes one object, if it is there. */
int object_remove(struct db_tx *tx, const char *owner, const char *bucket, const char *key);
/** Checks that there is room for `bytes`, with what is given beyond the quota. */
bool object_fits(struct s3_call *c, int64_t bytes);
/** As object_fits before a body is taken: what goes beyond the quota is taken slowly, one in S3_EASE_SECONDS. */
bool object_admitted(struct s3_call *c, int64_t bytes);

/** Takes one of the few places for slow work, so that the door leaves threads to others. False: 503 was answered. */
bool s3_slow_enter(struct s3_call *c);
void s3_slow_leave(void);

/* ---- xml.c ---- */
struct s3_xml; /* a document being written */
struct s3_xml *s3_xml_begin(struct s3_call *c, const char *root);
void s3_xml_open(struct s3_xml *x, const char *name);
void s3_xml_close(struct s3_xml *x);
void s3_xml_text(struct s3_xml *x, const char *name, const char *text);
void s3_xml_number(struct s3_xml *x, const char *name, int64_t number);
/** Answers 200 with the document. Returns 0. */
int s3_xml_answer(struct s3_xml *x);

struct s3_xml_part {
    int64_t number;
    const char *etag; /* without quotes */
};
/** Reads CompleteMultipartUpload. */
int s3_xml_parts(struct scope *s, const char *text, size_t len, struct s3_xml_part **out, size_t *count, struct s3_fault *f);
/** Reads Delete: at most 1,000 keys. */
int s3_xml_deletes(struct scope *s, const char *text, size_t len, const char ***out, size_t *count, bool *quiet,
                   struct s3_fault *f);

#endif
