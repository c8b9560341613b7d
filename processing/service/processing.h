/* processing.h: what the files of the module processing owe one another. */
#ifndef NADIR_PROCESSING_H
#define NADIR_PROCESSING_H

#include <jansson.h>

#include "common/db.h"
#include "common/http.h"
#include "common/module.h"

#define COG_TYPE "image/tiff; application=geotiff; profile=cloud-optimized"
#define RESULTS "results" /* the collection that discovery keeps products in */

/** The module's database. */
struct db *processing_db(void);
/** The one currency of prices and wallets (NADIR_CURRENCY). */
const char *processing_currency(void);

/* ---- answers.c ---- */

/** An exception of OGC API - Processes ("no-such-process", "no-such-job", "result-not-ready") as problem+json. Returns 0. */
int ogc_exception(struct response *rs, int status, const char *exception, const char *detail);
/** {"rel","type","title","href"}: href is below the gateway's address. */
json_t *link_to(const struct request *rq, const char *rel, const char *type, const char *title, const char *path);

/* ---- manifest.c ---- */

/* What was wrong with a document: which member, and why. */
struct fault {
    const char *field; /* "inputs.scene.bands"; NULL: nothing */
    const char *why;
};

/** Records a fault (the first one stays) and returns NADIR_EINVAL. */
int fault_set(struct scope *s, struct fault *f, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** Checks a package's process.json (processing/README.md describes it) and gives it in full, defaults filled in.
 *  *out belongs to the scope. Returns 0 or NADIR_EINVAL with the fault. */
int manifest_check(struct scope *s, const json_t *given, json_t **out, struct fault *f);
/** True for what may name a process, and what may be its version. */
bool process_id_valid(const char *id);
bool version_valid(const char *version);

/* ---- catalogue.c ---- */

struct process {
    const char *id, *version;
    const char *owner; /* NULL: built in */
    bool is_public;
    const json_t *manifest;
};

/** The newest version of a process that this caller may use. NADIR_ENOTFOUND otherwise. */
int process_find(struct scope *s, const struct auth *who, const char *id, struct process *out);
/** Processes of this caller's view with an id after `after` (NULL: from the beginning), by id. *more: there are others. */
int process_list(struct scope *s, const struct auth *who, const char *after, int limit, struct process **out, int *count,
                 bool *more);
bool process_is_built_in(const char *id);

/* ---- inputs.c, scenes.c ---- */

/* An execution as it will be ordered. */
struct order {
    struct process process;
    json_t *inputs;     /* as asked, checked, defaults filled in */
    json_t *parameters; /* inputs that are no scenes */
    json_t *scenes;     /* input: {collection, item, datetime, properties, assets: {band: {path, …}}} */
    int64_t pixels;
    int64_t amount; /* minor units of processing_currency() */
};

/** Checks the inputs of an execution against a manifest, without looking at the scenes. 0 or NADIR_EINVAL with the fault. */
int inputs_check(struct scope *s, const struct process *process, const json_t *given, const char *base_url, struct order *out,
                 struct fault *f);
/** Finds the scenes of an order and its price. With `use` the caller must have the right to use the bands, otherwise to know of
 *  the item. Returns 0; 1 when it has answered; or a negative enum nadir_error. */
int scenes_resolve(const struct request *rq, struct response *rs, struct order *order, bool use);
/** base + per_mpx * pixels / 1,000,000, rounded up. */
int64_t price_of(const json_t *manifest, int64_t pixels);

/* ---- orders.c ---- */

/** Reads {"inputs": …} for the process, resolves and prices it. Returns 0; 1 when it has answered; or negative. */
int order_make(const struct request *rq, struct response *rs, const struct process *process, const json_t *inputs, bool use,
               struct order *out);
/** Stores the job and announces it. Returns 0; 1 when it has answered (quota, process gone); or negative. */
int order_store(struct db_tx *tx, const struct request *rq, struct response *rs, const struct order *order, char job[]);

/* ---- jobs.c ---- */

#define JOB_COLUMNS                                                                                                            \
    "job, process, version, state, progress, message, reason, exit_code, estimate, cost, currency, memory_by, seconds,"        \
    " " JOB_TIME("created_at") ", " JOB_TIME("started_at") ", " JOB_TIME("finished_at") ", " JOB_TIME("updated_at")
#define JOB_TIME(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

/** statusInfo (OGC 18-062r2, table 13) of a row of JOB_COLUMNS. */
json_t *job_status(const struct request *rq, const struct db_rows *r, int row);
/** A job of the caller's own: JOB_COLUMNS. NADIR_ENOTFOUND otherwise. */
int job_own(const struct request *rq, const char *job, struct db_rows **out);

/* ---- results.c ---- */

/** Answers the result document, or why there is none. raw: the single output by reference. */
int results_answer(const struct request *rq, struct response *rs, const char *job, bool raw);

/* ---- archive.c ---- */

struct unpacked {
    int files;
    int64_t bytes;
};

/** Unpacks a zip or a (compressed) tar into the folder, which is there and empty. Links, devices, paths that leave the folder
 * and what is over the bounds of packages are refused. If all lies in one folder, its contents are what counts. NADIR_EINVAL
 * with the fault, or NADIR_EINTERNAL. */
int archive_unpack(struct scope *s, const void *data, size_t len, const char *folder, struct unpacked *out, struct fault *f);

/* ---- packages.c ---- */

/** Removes the files of versions that were undeployed and that no job needs any more, and leftovers of broken uploads. */
int packages_sweep(struct scope *s);

/* ---- events.c ---- */

int on_hold_placed(struct scope *s, struct db_tx *tx, const struct event *e);
int on_hold_refused(struct scope *s, struct db_tx *tx, const struct event *e);
/** Announces an end that is not a success. */
int emit_end(struct db_tx *tx, const char *type, const char *job, const char *process, const char *user, const char *reason);

/* ---- handlers ---- */

int landing_get(struct request *rq, struct response *rs);
int conformance_get(struct request *rq, struct response *rs);
int api_get(struct request *rq, struct response *rs);
int processes_list(struct request *rq, struct response *rs);
int processes_get(struct request *rq, struct response *rs);
int execution_create(struct request *rq, struct response *rs);
int jobs_list(struct request *rq, struct response *rs);
int jobs_get(struct request *rq, struct response *rs);
int jobs_dismiss(struct request *rq, struct response *rs);
int jobs_logs(struct request *rq, struct response *rs);
int results_get(struct request *rq, struct response *rs);
int packages_create(struct request *rq, struct response *rs);
int packages_list(struct request *rq, struct response *rs);
int packages_remove(struct request *rq, struct response *rs);
int estimates_create(struct request *rq, struct response *rs);

#endif
