/* statistics.c: counts what all modules' events tell, and shows it to administrators. */
#include "statistics/statistics.h"

#include <string.h>

#include "common/module.h"

#define READ "statistics:kpi.read"

static const struct route routes[] = {
    {.methods = HTTP_GET, .path = "/statistics/v1/kpis", .scope = READ, .handler = kpis_get, .role = "admin"},
    {.methods = HTTP_GET, .path = "/statistics/v1/series", .scope = READ, .handler = series_get, .role = "admin"},
};

static const struct subscription subscriptions[] = {
    {"identity", "*", counters_on_event}, {"billing", "*", counters_on_event},  {"discovery", "*", counters_on_event},
    {"view", "*", counters_on_event},     {"download", "*", counters_on_event}, {"processing", "*", counters_on_event},
    {"sharing", "*", counters_on_event},  {"services", "*", counters_on_event}, {"backoffice", "*", counters_on_event},
};

static const struct module statistics = {
    .name = "statistics",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .db_most = 4,
};
NADIR_MODULE(statistics)

struct db *statistics_db(void) {
    return module_db("statistics");
}

int wants_csv(const struct request *rq, struct response *rs, bool *csv) {
    const char *format = request_arg(rq, "format"), *accept = request_header(rq, "accept");
    *csv = format ? strcmp(format, "csv") == 0 : accept && strncmp(accept, "text/csv", 8) == 0;
    if (!format || *csv || strcmp(format, "json") == 0) return 0;
    response_error(rs, 400, "invalid-argument", "format", "format is json or csv.");
    return NADIR_EINVAL;
}
