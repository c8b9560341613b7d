/* client_auth.c: which OAuth client calls (RFC 6749 section 2.3). */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "identity/clients.h"
#include "identity/identity.h"

struct credentials {
    const char *id, *secret; /* NULL: not sent */
    bool basic;
};

static int refuse(struct response *rs, bool basic) {
    if (basic) response_header(rs, "www-authenticate", "Basic realm=\"nadir\", charset=\"UTF-8\"");
    response_error(rs, 401, "invalid_client", NULL, "The client is not known, or its credentials are not right.");
    return 1;
}

static int malformed(struct response *rs, const char *what) {
    response_error(rs, 400, "invalid_request", NULL, "%s", what);
    return 1;
}

/* Standard base64 with padding, NUL-free; NULL when malformed. */
static const char *basic_decode(struct scope *s, const char *text) {
    size_t len = strlen(text);
    if (len == 0 || len % 4 || len > 2000) return NULL;
    unsigned char *out = scope_alloc(s, len);
    int n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    if (n < 0) return NULL;
    size_t padding = (size_t)(text[len - 1] == '=') + (size_t)(text[len - 2] == '=');
    out[(size_t)n - padding] = '\0';
    return strlen((char *)out) == (size_t)n - padding ? (char *)out : NULL;
}

/* Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1); some clients do, some do not, and what they
 * would encode does not occur in our ids and secrets, so decoding is right for both. */
static bool basic_read(struct scope *s, const char *header, struct credentials *c) {
    const char *pair = basic_decode(s, header + 6 + strspn(header + 6, " "));
    const char *colon = pair ? strchr(pair, ':') : NULL;
    if (!colon) return false;
    c->id = http_decode(s, pair, (size_t)(colon - pair), true);
    c->secret = http_decode(s, colon + 1, strlen(colon + 1), true);
    c->basic = true;
    return c->id && c->secret;
}

static bool secret_matches(struct scope *s, const char *stored, const char *secret) {
    const char *hash = secret_hash(s, secret);
    return strlen(stored) == strlen(hash) && CRYPTO_memcmp(stored, hash, strlen(hash)) == 0;
}

int client_authenticate(const struct request *rq, struct response *rs, const struct pairs *form, struct client *out) {
    struct credentials c = {.id = pairs_get(form, "client_id"), .secret = pairs_get(form, "client_secret")};
    const char *header = request_header(rq, "authorization");
    if (header && strncasecmp(header, "basic ", 6) == 0) {
        const char *id = c.id;
        if (c.secret) return malformed(rs, "Send the client's secret in one place only.");
        if (!basic_read(rq->scope, header, &c)) return refuse(rs, true);
        if (id && strcmp(id, c.id) != 0) return malformed(rs, "client_id is not that of the Authorization header.");
    } else if (header) {
        return refuse(rs, true);
    }
    if (!c.id || !*c.id) return malformed(rs, "Say which client you are: client_id, or HTTP Basic.");
    int err = client_by_id(rq->scope, identity_db(), c.id, out);
    if (err == NADIR_ENOTFOUND) return refuse(rs, c.basic);
    if (err) return err;
    /* A public client has no secret; some libraries then send an empty one. */
    bool right = out->secret ? c.secret && secret_matches(rq->scope, out->secret, c.secret) : !c.secret || !*c.secret;
    return right ? 0 : refuse(rs, c.basic);
}
