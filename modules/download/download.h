/* download.h: what the files of the download module share. */
#ifndef NADIR_DOWNLOAD_H
#define NADIR_DOWNLOAD_H

#include "common/http.h"
#include "common/rights.h"

#define DOWNLOAD_SCOPE "download:file.read"
#define LINK_SECONDS_LEAST 1
#define ZIP_FILES_MOST 1000
#define LINK_SECONDS_MOST (7 * 24 * 3600)

/** The module's database. */
struct db *download_db(void);

int items_get(struct request *rq, struct response *rs);
int assets_get(struct request *rq, struct response *rs);
int links_create(struct request *rq, struct response *rs);
int links_get(struct request *rq, struct response *rs);
int links_renew(struct request *rq, struct response *rs);
int items_manifest(struct request *rq, struct response *rs);
int manifests_create(struct request *rq, struct response *rs);
int items_zip(struct request *rq, struct response *rs);
int entitlements_list(struct request *rq, struct response *rs);

/** Voids the links and S3 keys of an account that was closed (identity's user.disabled). */
int links_on_disabled(struct scope *s, struct db_tx *tx, const struct event *e);

/** The caller as far as files go: a credential without the scope counts as anonymous. */
struct auth download_caller(const struct request *rq);

/** An enum access in the words of the API. */
const char *download_access(int access);

/** The public address of an asset, in the scope. */
char *download_href(const struct request *rq, const char *collection, const char *item, const char *asset);

/** Answers with an asset as far as `access` (of rights_asset) goes: its bytes, the part of them that was bought, or a refusal.
 *  Returns 0 or a negative enum nadir_error. */
int asset_send(struct request *rq, struct response *rs, int access, const struct right_asset *asset, const char *subject);

/** A signed link of the caller's, in the scope, without a look at rights (they are checked at each use). asset "": the whole
 * product. NADIR_ETOOLARGE where the names are too long for one. */
int links_href(struct request *rq, const char *collection, const char *item, const char *asset, int64_t seconds,
               const char **href, const char **expires_at);

/** Answers with a whole product as ZIP, as far as `who` may have it. Returns 0 or a negative enum nadir_error. */
int zip_answer(struct request *rq, struct response *rs, const struct auth *who, const char *collection, const char *item);

/** Has what was bought for an area cut ahead (billing's entitlement.granted). */
int cuts_on_entitlement(struct scope *s, struct db_tx *tx, const struct event *e);

/** One usage event where a request begins a download (delivery_begins): `collection`, `item`, `asset` and `subject` may be
 * NULL; `size` in bytes, -1 unknown. Committed before it returns. 0 or a negative enum nadir_error. */
int delivery_record(struct request *rq, const char *collection, const char *item, const char *asset, const char *subject,
                    int64_t size);

/** Sends the bytes of an asset that `subject` (NULL: anonymous) was granted: conditions, headers, the usage event, and then the
 *  gateway's file or a redirect to where the asset lies. Returns 0 or a negative enum nadir_error. */
int delivery_send(struct request *rq, struct response *rs, const struct right_asset *asset, const char *subject);

/** True if a request with this Range header (NULL: none) begins a download: whole files and ranges that begin at the first
 *  byte. *bytes is then what will be sent at the most, from an asset of `size` bytes (-1: unknown; then *bytes is -1). */
bool delivery_begins(const char *range, int64_t size, int64_t *bytes);

/** True if an asset's path is at another store: an address, not a path below NADIR_DATA. */
bool delivery_is_remote(const char *path);

/** True if a Range of one part begins past the end of a file of `size` bytes (-1: unknown). */
bool delivery_past_end(const char *range, int64_t size);

/** A file name for Content-Disposition: the item and the path's last part, in letters, digits, '.', '_' and '-' only. */
char *delivery_filename(struct scope *s, const char *item, const char *path);

/* A signed link: whose right it uses, to what, and how long. Times are seconds since the epoch. */
struct link {
    const char *subject, *collection, *item, *asset; /* asset "": the whole product, as ZIP */
    int64_t issued, expires;
};

/** Writes a link as base64url(JSON) "." base64url(HMAC-SHA256). The token belongs to the scope. */
int link_token_make(struct scope *s, const char *secret, const struct link *link, char **out);
/** Reads a token. NADIR_EDENIED when it was not made with this secret or is malformed. Expiry is the caller's to check. */
int link_token_read(struct scope *s, const char *secret, const char *token, struct link *out);

#endif
