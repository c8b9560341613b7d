/* /processing/v1/packages: scientists' own processes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/config.h"
#include "common/fields.h"
#include "common/id.h"
#include "common/log.h"
#include "processing/sandbox/tree.h"
#include "processing/service/processing.h"

#define MANIFEST_MOST 65536
#define BYTES_PER_USER (INT64_C(2) << 30)
#define INCOMING ".incoming-"

struct package {
    const char *folder; /* while it is being looked at */
    const char *id, *version, *visibility, *sha256;
    json_t *manifest;
    struct unpacked size;
};

static const char *root_folder(struct scope *s) {
    const char *data = config_need("NADIR_DATA");
    return data ? scope_printf(s, "%s/packages", data) : NULL;
}

static int folder_ensure(const char *path) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return 0;
    log_error(NULL, "a folder cannot be made", "folder", path, NULL);
    return NADIR_EINTERNAL;
}

static int incoming_make(struct scope *s, const char **out) {
    char id[ID_SIZE];
    const char *root = root_folder(s);
    if (!root || folder_ensure(root)) return NADIR_EINTERNAL;
    id_new(id);
    *out = scope_printf(s, "%s/" INCOMING "%s", root, id);
    return folder_ensure(*out);
}

static void folder_discard(void *path) {
    (void)tree_remove(path);
}

/* ---- what was uploaded ---- */

static json_t *manifest_read(struct scope *s, const char *folder, struct fault *f) {
    char *text = scope_alloc(s, MANIFEST_MOST + 1);
    int fd = open(scope_printf(s, "%s/process.json", folder), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        (void)fault_set(s, f, "process.json", "is missing from the package");
        return NULL;
    }
    ssize_t n = read(fd, text, MANIFEST_MOST + 1);
    close(fd);
    json_error_t why = {.text = "it is larger than 64 KiB"};
    json_t *manifest = n >= 0 && n <= MANIFEST_MOST ? json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &why) : NULL;
    if (!manifest) (void)fault_set(s, f, "process.json", "is not well-formed JSON: line %d: %s", why.line, why.text);
    return scope_json(s, manifest);
}

static int package_check(struct scope *s, struct package *p, const char *visibility, struct fault *f) {
    json_t *given = manifest_read(s, p->folder, f);
    if (!given || manifest_check(s, given, &p->manifest, f)) return NADIR_EINVAL;
    if (visibility) (void)json_object_set_new(p->manifest, "visibility", json_string(visibility));
    p->id = json_string_value(json_object_get(p->manifest, "id"));
    p->version = json_string_value(json_object_get(p->manifest, "version"));
    p->visibility = json_string_value(json_object_get(p->manifest, "visibility"));
    struct stat st;
    const char *entry = json_string_value(json_object_get(p->manifest, "entry"));
    if (lstat(scope_printf(s, "%s/%s", p->folder, entry), &st) || !S_ISREG(st.st_mode)) {
        return fault_set(s, f, "entry", "names a file that is not in the package");
    }
    return 0;
}

static const char *digest(struct scope *s, const void *data, size_t len) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    return EVP_Digest(data, len, sum, &size, EVP_sha256(), NULL) ? hex_encode(s, sum, size) : "";
}

/* ---- deployment ---- */

/* The name is the caller's, or becomes so. Returns 0; 1 when it has answered; or negative. */
static int name_take(struct db_tx *tx, const struct request *rq, struct response *rs, const struct package *p) {
    struct db_rows *r;
    int err = db_exec(tx, NULL, "INSERT INTO process (process, owner) VALUES ($1, $2) ON CONFLICT DO NOTHING", "ss", p->id,
                      rq->auth.subject);
    if (!err) {
        err = db_exec(tx, &r,
                      "SELECT owner = $2, (SELECT coalesce(sum(bytes), 0) FROM process_version JOIN process USING (process)"
                      " WHERE owner = $2 AND removed_at IS NULL),"
                      " EXISTS (SELECT FROM process_version WHERE process = $1 AND version = $3)"
                      " FROM process WHERE process = $1 FOR UPDATE",
                      "sss", p->id, rq->auth.subject, p->version);
    }
    if (err) return err;
    if (!db_bool(r, 0, 0)) {
        response_error(rs, 409, "name-taken", "id", "Another user has a process \"%s\": choose another id.", p->id);
    } else if (db_bool(r, 0, 2)) {
        response_error(rs, 409, "version-exists", "version",
                       "Version %s was deployed before and never changes: give this one another number.", p->version);
    } else if (db_int(r, 0, 1) + p->size.bytes > BYTES_PER_USER) {
        response_error(rs, 413, "package-quota", NULL, "Your packages take 2 GiB: undeploy some first.");
    } else {
        return 0;
    }
    return 1;
}

static int version_store(struct db_tx *tx, const struct request *rq, const struct package *p) {
    int err = db_exec(tx, NULL,
                      "INSERT INTO process_version (process, version, manifest, visibility, sha256, files, bytes)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      "ssjssil", p->id, p->version, p->manifest, p->visibility, p->sha256, p->size.files, p->size.bytes);
    if (err) return err;
    return bus_emit(tx, "process.deployed", p->id,
                    json_pack("{s:s,s:s,s:O,s:s,s:O}", "process", p->id, "version", p->version, "title",
                              json_object_get(p->manifest, "title"), "owner", rq->auth.subject, "price",
                              json_object_get(p->manifest, "price")));
}

/* Within the transaction that holds the version's row, so whatever lies there is a leftover of one that was not committed. */
static int place(struct scope *s, const struct package *p) {
    const char *home = scope_printf(s, "%s/%s", root_folder(s), p->id), *to = scope_printf(s, "%s/%s", home, p->version);
    if (folder_ensure(home) || tree_remove(to)) return NADIR_EINTERNAL;
    if (rename(p->folder, to) == 0) return 0;
    log_error(s, "a package could not be put in its place", "folder", to, NULL);
    return NADIR_EINTERNAL;
}

static int deploy(struct request *rq, struct response *rs, const struct package *p) {
    struct db_tx *tx;
    int err = db_begin(rq->scope, processing_db(), &tx);
    if (err) return err;
    err = name_take(tx, rq, rs, p);
    if (!err) err = version_store(tx, rq, p);
    if (!err) err = place(rq->scope, p);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int packages_create(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    struct package p = {0};
    struct fault f = {0};
    const char *visibility = request_arg(rq, "visibility");
    if (visibility && strcmp(visibility, "private") != 0 && strcmp(visibility, "public") != 0) {
        return response_error(rs, 400, "invalid-parameter", "visibility", "visibility must be private or public.");
    }
    if (rq->body_len == 0)
        return response_error(rs, 400, "empty-body", NULL, "Send the package, a zip or tar.gz, as the body.");
    int err = incoming_make(s, &p.folder);
    if (err) return err;
    scope_defer(s, folder_discard, (void *)p.folder); /* of no effect once it is in its place */
    err = archive_unpack(s, rq->body, rq->body_len, p.folder, &p.size, &f);
    if (!err) err = package_check(s, &p, visibility, &f);
    if (err == NADIR_EINVAL) return response_error(rs, 422, "invalid-package", f.field, "%s %s.", f.field, f.why);
    if (err) return err;
    if (process_is_built_in(p.id)) {
        return response_error(rs, 409, "name-taken", "id", "\"%s\" is built in: choose another id.", p.id);
    }
    p.sha256 = digest(s, rq->body, rq->body_len);
    err = deploy(rq, rs, &p);
    if (err) return err < 0 ? err : 0;
    response_header(rs, "Location", "%s/processing/processes/%s", rq->base_url, p.id);
    return response_json(rs, 201,
                         json_pack("{s:s,s:s,s:O,s:s,s:s,s:i,s:I}", "process", p.id, "version", p.version, "title",
                                   json_object_get(p.manifest, "title"), "visibility", p.visibility, "sha256", p.sha256,
                                   "files", p.size.files, "bytes", (json_int_t)p.size.bytes));
}

/* ---- list and removal ---- */

int packages_list(struct request *rq, struct response *rs) {
    int64_t limit;
    struct db_rows *r;
    const char *cursor = request_arg(rq, "cursor");
    if (request_arg_int(rq, rs, "limit", 1, 500, 100, &limit)) return 0;
    int err = db_query(
        rq->scope, processing_db(), &r,
        "SELECT process, version, visibility, sha256, files, bytes, manifest -> 'title', manifest -> 'price',"
        " " JOB_TIME(
            "deployed_at") ", process || ' ' || version FROM process_version JOIN process USING (process)"
                           " WHERE owner = $1 AND retired_at IS NULL AND ($2::text IS NULL OR process || ' ' || version > $2)"
                           " ORDER BY process || ' ' || version LIMIT $3",
        "ssl", rq->auth.subject, cursor, limit + 1);
    if (err) return err;
    int count = db_count(r) > limit ? (int)limit : db_count(r);
    json_t *packages = json_array();
    for (int i = 0; i < count; i++) {
        (void)json_array_append_new(packages, json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:O,s:O,s:s}", "process", db_text(r, i, 0),
                                                        "version", db_text(r, i, 1), "visibility", db_text(r, i, 2), "sha256",
                                                        db_text(r, i, 3), "files", (json_int_t)db_int(r, i, 4), "bytes",
                                                        (json_int_t)db_int(r, i, 5), "title", db_json(rq->scope, r, i, 6),
                                                        "price", db_json(rq->scope, r, i, 7), "deployed_at", db_text(r, i, 8)));
    }
    return response_json(
        rs, 200, json_pack("{s:o,s:s?}", "packages", packages, "next", count < db_count(r) ? db_text(r, count - 1, 9) : NULL));
}

int packages_remove(struct request *rq, struct response *rs) {
    struct db_tx *tx;
    struct db_rows *r;
    const char *process = request_param(rq, "process"), *version = request_arg(rq, "version");
    int err = db_begin(rq->scope, processing_db(), &tx);
    if (err) return err;
    err = db_exec(tx, &r,
                  "UPDATE process_version v SET retired_at = clock_timestamp() FROM process p"
                  " WHERE v.process = $1 AND p.process = v.process AND p.owner = $2 AND retired_at IS NULL"
                  " AND ($3::text IS NULL OR v.version = $3) RETURNING v.version",
                  "sss", process, rq->auth.subject, version);
    for (int i = 0; !err && i < db_count(r); i++) {
        err = bus_emit(tx, "process.undeployed", process,
                       json_pack("{s:s,s:s}", "process", process, "version", db_text(r, i, 0)));
    }
    if (!err && db_count(r) == 0) {
        return ogc_exception(rs, 404, "no-such-process", "You have deployed no such process, or no such version of it.");
    }
    if (!err) err = db_commit(tx);
    return err ? err : response_empty(rs, 204);
}

/* ---- now and then ---- */

static void sweep_incoming(struct scope *s, const char *root) {
    DIR *dir = opendir(root);
    const struct dirent *d;
    while (dir && (d = readdir(dir))) { // NOLINT(concurrency-mt-unsafe): the stream is this function's own
        struct stat st;
        const char *path = scope_printf(s, "%s/%s", root, d->d_name);
        if (strncmp(d->d_name, INCOMING, strlen(INCOMING)) != 0 || lstat(path, &st)) continue;
        if (time(NULL) - st.st_mtime > 3600) (void)tree_remove(path);
    }
    if (dir) closedir(dir);
}

int packages_sweep(struct scope *s) {
    struct db_rows *r;
    const char *root = root_folder(s);
    if (!root) return NADIR_EINVAL;
    sweep_incoming(s, root);
    int err = db_query(s, processing_db(), &r,
                       "SELECT process, version FROM process_version v WHERE retired_at IS NOT NULL AND removed_at IS NULL"
                       " AND NOT EXISTS (SELECT FROM job j WHERE j.process = v.process AND j.version = v.version"
                       " AND j.state IN ('created', 'queued', 'running')) LIMIT 100",
                       "");
    for (int i = 0; !err && i < db_count(r); i++) {
        const char *process = db_text(r, i, 0), *version = db_text(r, i, 1);
        err = tree_remove(scope_printf(s, "%s/%s/%s", root, process, version));
        if (!err) {
            err = db_query(s, processing_db(), NULL,
                           "UPDATE process_version SET removed_at = now() WHERE process = $1 AND version = $2", "ss", process,
                           version);
        }
    }
    return err;
}
