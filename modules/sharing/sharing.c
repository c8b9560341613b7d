/* sharing.c: owners of private items and collections let others see and use them. */
#include "sharing/sharing.h"

#include "common/module.h"

#define READ "sharing:share.read"
#define WRITE "sharing:share.write"

static const struct route routes[] = {
    {.methods = HTTP_POST, .path = "/sharing/v1/shares", .scope = WRITE, .handler = shares_create, .body_max = 16384},
    {.methods = HTTP_GET, .path = "/sharing/v1/shares", .scope = READ, .handler = shares_list},
    {.methods = HTTP_GET, .path = "/sharing/v1/shares/{share}", .scope = READ, .handler = shares_get},
    {.methods = HTTP_DELETE, .path = "/sharing/v1/shares/{share}", .scope = WRITE, .handler = shares_delete},
};

static const struct subscription subscriptions[] = {
    {"identity", "user.*", copies_on_user},
    {"discovery", "item.*", copies_on_item},
    {"discovery", "collection.*", copies_on_collection},
};

static const struct module sharing = {
    .name = "sharing",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .db_most = 4,
};
NADIR_MODULE(sharing)

struct db *sharing_db(void) {
    return module_db("sharing");
}
