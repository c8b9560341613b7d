/* services.c: the services manager: providers register what they offer beside data; everybody finds it. */
#include "services/services.h"

#include "common/module.h"

#define WRITE "services:service.write"

static const struct route routes[] = {
    {.methods = HTTP_GET, .path = "/services/v1/services", .scope = SCOPE_OPTIONAL, .handler = services_list},
    {.methods = HTTP_POST, .path = "/services/v1/services", .scope = WRITE, .handler = services_create, .body_max = 65536},
    {.methods = HTTP_GET, .path = "/services/v1/services/{service}", .handler = services_get},
    {.methods = HTTP_PUT,
     .path = "/services/v1/services/{service}",
     .scope = WRITE,
     .handler = services_replace,
     .body_max = 65536},
    {.methods = HTTP_DELETE, .path = "/services/v1/services/{service}", .scope = WRITE, .handler = services_delete},
};

static const struct module services = {
    .name = "services",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .db_most = 4,
};
NADIR_MODULE(services)

struct db *services_db(void) {
    return module_db("services");
}
