/* rights.h: may this caller use this asset? Shared by view, download and processing, each over its own copy.
 *
 * A module that lists RIGHTS_SUBSCRIPTIONS keeps, in tables of migrations/rights, what discovery says of items, billing of
 * offers and entitlements and sharing of shares, and answers from them alone. Each kind of fact has a table of its own, so the
 * order in which the streams arrive does not matter: an entitlement may be known before its item is.
 */
#ifndef NADIR_RIGHTS_H
#define NADIR_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/http.h"

#define RIGHTS_SUBSCRIPTIONS                                                                                                   \
    {"discovery", "item.*", rights_on_item}, {"billing", "offer.*", rights_on_offer},                                          \
        {"billing", "entitlement.*", rights_on_entitlement}, {                                                                 \
        "sharing", "share.*", rights_on_share                                                                                  \
    }

int rights_on_item(struct scope *s, struct db_tx *tx, const struct event *e);
int rights_on_offer(struct scope *s, struct db_tx *tx, const struct event *e);
int rights_on_entitlement(struct scope *s, struct db_tx *tx, const struct event *e);
int rights_on_share(struct scope *s, struct db_tx *tx, const struct event *e);

enum access {
    ACCESS_GRANTED,      /* free, bought, shared with the caller or the caller's own */
    ACCESS_HIDDEN,       /* no such item for this caller: 404 */
    ACCESS_SIGN_IN,      /* 401 */
    ACCESS_BUY,          /* there is an offer: 402 */
    ACCESS_NOT_FOR_SALE, /* 403 */
    ACCESS_AREA,         /* bought for an area: only what lies in it may leave, see right_asset.areas */
};

struct right_asset {
    const char *collection, *item, *asset;
    const char *path;    /* relative to NADIR_DATA, or an absolute /vsi… or http(s) address */
    const char *type;    /* media type */
    const char *roles;   /* space-separated */
    int64_t size;        /* bytes; -1 unknown */
    const char *sha256;  /* hex; "" unknown */
    const char *version; /* changes whenever the item's content does: for ETags and cache keys */
    const json_t *json;  /* the asset object as discovery published it (bands, raster:bands, …) */
    const json_t
        *areas; /* GeoJSON geometries that the caller bought of the item; NULL: none. They count with ACCESS_AREA only */
};

struct right_item {
    const char *collection, *item, *owner; /* owner NULL: public */
    const char *version;
    const json_t *json; /* the data of the item event: geometry, bbox, datetime, properties, assets */
};

/** True if a path is one that may be opened: relative and staying below NADIR_DATA, http(s)://…, or a network /vsi… prefix
 * (/vsicurl/http(s)://, /vsis3/, /vsigs/, /vsiaz/). Local files outside NADIR_DATA can never be named. */
bool rights_path_safe(const char *path);

/** The item if the caller may know of it (public, own, shared or bought). NADIR_ENOTFOUND otherwise. */
int rights_item(struct scope *s, struct db *db, const struct auth *who, const char *collection, const char *item,
                struct right_item *out);

/** What the caller may do with the bytes of an asset. Assets with role thumbnail, overview or metadata of a visible item are
 * granted to all. An offer for the item itself wins over its collection's. A caller who is not signed in is asked to sign in
 * where there is something to buy. An asset whose path is not rights_path_safe does not exist. out is filled unless
 * ACCESS_HIDDEN. Returns an enum access, or a negative enum nadir_error. */
int rights_asset(struct scope *s, struct db *db, const struct auth *who, const char *collection, const char *item,
                 const char *asset, struct right_asset *out);

struct right_list {
    struct right_item item;
    int access; /* to the product itself: what holds for an asset without a preview's role */
    const json_t *areas;
    size_t count;
    struct right_asset *assets;
    int *accesses; /* an enum access for each asset */
};

/** Every asset of an item that may be opened, with what the caller may do with each, by one query.
 *  NADIR_ENOTFOUND if the caller may not know of the item. */
int rights_assets(struct scope *s, struct db *db, const struct auth *who, const char *collection, const char *item,
                  struct right_list *out);

/** True if a STAC asset object has that role. */
bool asset_has_role(const json_t *asset, const char *role);

/** Answers 401, 402, 403 or 404 for what rights_asset said; 402 carries "offers": the address to buy at. Returns 0. */
int rights_refuse(const struct request *rq, struct response *rs, int access, const char *collection, const char *item);

#endif
