/* link_token.c: signed links. All that a link needs stands in its token, so any replica can read it and none keeps it. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "download/download.h"

#define PURPOSE "nadir-download-link-1." /* so that no other use of the secret can stand in for a link */
#define TOKEN_MOST 1800

/* HMAC-SHA256 (RFC 2104) of the purpose and the payload as it is written in the token. */
static int sign(struct scope *s, const char *secret, const char *payload, unsigned char mac[32]) {
    char *text = scope_printf(s, PURPOSE "%s", payload);
    unsigned len = 0;
    if (!HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, &len) || len != 32)
        return NADIR_EINTERNAL;
    return 0;
}

int link_token_make(struct scope *s, const char *secret, const struct link *link, char **out) {
    json_t *json =
        scope_json(s, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "s", link->subject, "c", link->collection, "i", link->item,
                                "a", link->asset, "t", (json_int_t)link->issued, "e", (json_int_t)link->expires));
    char *text = scope_alloc(s, TOKEN_MOST);
    size_t len = json_dumpb(json, text, TOKEN_MOST, JSON_COMPACT);
    if (len == 0 || len > TOKEN_MOST) return NADIR_ETOOLARGE;
    char *payload = base64url_encode(s, text, len);
    if (strlen(payload) > TOKEN_MOST - 50) return NADIR_ETOOLARGE;
    unsigned char mac[32];
    int err = sign(s, secret, payload, mac);
    if (err) return err;
    *out = scope_printf(s, "%s.%s", payload, base64url_encode(s, mac, sizeof mac));
    return 0;
}

int link_token_read(struct scope *s, const char *secret, const char *token, struct link *out) {
    const char *dot = strchr(token, '.');
    if (!dot || strlen(token) > TOKEN_MOST) return NADIR_EDENIED;
    const char *payload = scope_strndup(s, token, (size_t)(dot - token));
    unsigned char mac[32];
    size_t mac_len, len;
    unsigned char *sent = base64url_decode(s, dot + 1, strlen(dot + 1), &mac_len);
    int err = sign(s, secret, payload, mac);
    if (err) return err;
    if (!sent || mac_len != sizeof mac || CRYPTO_memcmp(sent, mac, sizeof mac) != 0) return NADIR_EDENIED;
    unsigned char *text = base64url_decode(s, payload, strlen(payload), &len);
    json_t *json = text ? scope_json(s, json_loadb((const char *)text, len, 0, NULL)) : NULL;
    json_int_t issued, expires;
    if (json_unpack(json, "{s:s, s:s, s:s, s:s, s:I, s:I}", "s", &out->subject, "c", &out->collection, "i", &out->item, "a",
                    &out->asset, "t", &issued, "e", &expires) != 0)
        return NADIR_EDENIED;
    out->issued = issued;
    out->expires = expires;
    return 0;
}
