/* backoffice.c: what administrators see of the platform: the modules' health, people, orders, jobs, revenue, stuck events. */
#include "backoffice.h"

#include "common/module.h"

#define READ "platform:status.read"

static const struct route routes[] = {
    {.methods = HTTP_GET,
     .path = "/platform/v1/status",
     .scope = READ,
     .handler = status_get,
     .role = "admin",
     .work = WORK_SLOW},
    {.methods = HTTP_GET, .path = "/platform/v1/users", .scope = READ, .handler = users_list, .role = "admin"},
    {.methods = HTTP_GET, .path = "/platform/v1/orders", .scope = READ, .handler = orders_list, .role = "admin"},
    {.methods = HTTP_GET, .path = "/platform/v1/revenue", .scope = READ, .handler = revenue_get, .role = "admin"},
    {.methods = HTTP_GET, .path = "/platform/v1/jobs", .scope = READ, .handler = jobs_list, .role = "admin"},
    {.methods = HTTP_GET,
     .path = "/platform/v1/dead-letters",
     .scope = READ,
     .handler = dead_letters_list,
     .role = "admin",
     .work = WORK_SLOW},
    {.methods = HTTP_POST,
     .path = "/platform/v1/dead-letters/{module}/{letter}/replay",
     .scope = READ,
     .handler = dead_letters_replay,
     .role = "admin",
     .work = WORK_SLOW},
};

static const struct subscription subscriptions[] = {
    {"identity", "user.*", copies_on_user},
    {"billing", "order.paid", copies_on_order},
    {"processing", "job.*", copies_on_job},
};

static const struct module backoffice = {
    .name = "backoffice",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .db_most = 4,
};
NADIR_MODULE(backoffice)

struct db *backoffice_db(void) {
    return module_db("backoffice");
}
