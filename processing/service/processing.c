/* processing: OGC API - Processes Part 1 (OGC 18-062r2), packages of scientists' own algorithms, and jobs. What runs them is
 * nadir-runner; the two meet in the database. */
#include "processing/service/processing.h"

#include "common/config.h"
#include "common/idempotency.h"
#include "common/rights.h"

#define READ "processing:job.read"
#define WRITE "processing:job.write"
#define DEPLOY "processing:process.write"
#define PACKAGE_MOST ((size_t)32 << 20)

static const struct route routes[] = {
    {HTTP_GET, "/processing", NULL, landing_get},
    {HTTP_GET, "/processing/", NULL, landing_get},
    {HTTP_GET, "/processing/conformance", NULL, conformance_get},
    {HTTP_GET, "/processing/api", NULL, api_get},
    {HTTP_GET, "/processing/processes", SCOPE_OPTIONAL, processes_list},
    {HTTP_GET, "/processing/processes/{process}", SCOPE_OPTIONAL, processes_get},
    /* It may wait for the job's end. */
    {HTTP_POST, "/processing/processes/{process}/execution", WRITE, execution_create, .work = WORK_SLOW},
    {HTTP_GET, "/processing/jobs", READ, jobs_list},
    {HTTP_GET, "/processing/jobs/{job}", READ, jobs_get},
    {HTTP_DELETE, "/processing/jobs/{job}", WRITE, jobs_dismiss},
    {HTTP_GET, "/processing/jobs/{job}/results", READ, results_get},
    {HTTP_GET, "/processing/jobs/{job}/logs", READ, jobs_logs},
    {HTTP_POST, "/processing/v1/estimates", SCOPE_OPTIONAL, estimates_create},
    {HTTP_POST, "/processing/v1/packages", DEPLOY, packages_create, .work = WORK_SLOW, .body_max = PACKAGE_MOST,
     .role = "scientist"},
    {HTTP_GET, "/processing/v1/packages", DEPLOY, packages_list, .role = "scientist"},
    {HTTP_DELETE, "/processing/v1/packages/{process}", DEPLOY, packages_remove, .role = "scientist"},
};

static const struct subscription subscriptions[] = {
    RIGHTS_SUBSCRIPTIONS,
    {"billing", "hold.placed", on_hold_placed},
    {"billing", "hold.refused", on_hold_refused},
};

static int tick(struct scope *s) {
    int err = packages_sweep(s);
    return err ? err : idempotency_sweep(s, processing_db());
}

static const struct module processing = {
    .name = "processing",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .tick = tick,
    .tick_ms = 60000,
};

struct db *processing_db(void) {
    return module_db("processing");
}

const char *processing_currency(void) {
    return config_text("NADIR_CURRENCY", "EUR");
}

NADIR_MODULE(processing)
