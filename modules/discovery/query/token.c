/* token.c: where a page ended or began, for whoever asks for the next or the previous one: the keys of its last or first row
 * and what the first page counted. A digest over them and the query tells a token that was altered or that belongs to another
 * search. It is no secret: a token opens nothing, since each page asks for the caller's rights anew. */
#include <openssl/evp.h>
#include <string.h>

#include "discovery/query/run.h"

#define TOKEN_MOST 16384
#define DIGEST_BYTES 12
#define DIGEST_CHARS (2 * DIGEST_BYTES)

static void names_write(struct text *t, const struct names *names) {
    for (size_t i = 0; i < names->count; i++) text_add(t, names->list[i], strlen(names->list[i]) + 1);
    text_add(t, "\n", 1);
}

static void text_write(struct text *t, const char *value) {
    text_add(t, value ? "=" : "-", 1);
    if (value) text_add(t, value, strlen(value) + 1);
}

/* The bytes of a value as they lie in memory. */
#define VALUE_WRITE(t, value) text_add(t, (const char *)&(value), sizeof(value))

static void expr_write(struct scope *s, struct text *t, const struct expr *e) {
    text_add(t, e ? "(" : "-", 1);
    if (!e) return;
    VALUE_WRITE(t, e->op);
    VALUE_WRITE(t, e->count);
    VALUE_WRITE(t, e->number);
    VALUE_WRITE(t, e->boolean);
    text_write(t, e->text);
    text_write(t, e->json ? json_line(s, e->json) : NULL);
    for (size_t i = 0; i < e->count; i++) expr_write(s, t, e->args[i]);
}

static const char *digest(const struct run *r, const char *body) {
    const struct query *q = r->q;
    struct text *t = text_new(r->s, 1024);
    text_write(t, q->area);
    text_write(t, q->from);
    text_write(t, q->to);
    text_write(t, q->words);
    text_add(t, q->words_all ? "&" : "|", 1);
    text_write(t, r->who->subject);
    names_write(t, &q->collections);
    names_write(t, &q->ids);
    for (size_t i = 0; i < r->nkeys; i++) {
        text_write(t, r->keys[i].property);
        text_add(t, r->keys[i].descending ? ">" : "<", 1);
    }
    expr_write(r->s, t, q->filter);
    text_write(t, body);
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_Digest(t->data, t->len, hash, NULL, EVP_sha256(), NULL);
    return hex_encode(r->s, hash, DIGEST_BYTES);
}

const char *token_make(const struct run *r, const char *const *row, bool backward, int64_t matched, bool estimated) {
    json_t *keys = json_array();
    for (size_t i = 0; i < r->nkeys; i++) json_array_append_new(keys, row[i] ? json_string(row[i]) : json_null());
    json_t *json =
        scope_json(r->s, json_pack("[I, b, I, o, b]", (json_int_t)matched, estimated, (json_int_t)r->span, keys, backward));
    const char *body = json_line(r->s, json);
    const char *token = scope_printf(r->s, "%s%s", digest(r, body), body);
    return base64url_encode(r->s, token, strlen(token));
}

int token_read(struct run *r, int64_t *matched, bool *estimated) {
    static const char why[] = "is not one that this search gave; follow the next link as it is";
    size_t len = strlen(r->q->token);
    char *token = len <= TOKEN_MOST ? (char *)base64url_decode(r->s, r->q->token, len, &len) : NULL;
    if (!token || len < DIGEST_CHARS || strlen(token) != len ||
        strncmp(token, digest(r, token + DIGEST_CHARS), DIGEST_CHARS) != 0)
        return fault_set(r->f, "token", why);
    json_t *json = scope_json(r->s, json_loads(token + DIGEST_CHARS, 0, NULL)), *keys;
    json_int_t count, span;
    int estimate, backward;
    char instant[INSTANT_SIZE];
    if (!json || json_unpack(json, "[I, b, I, o, b!]", &count, &estimate, &span, &keys, &backward) ||
        json_array_size(keys) != r->nkeys)
        return fault_set(r->f, "token", why);
    for (size_t i = 0; i < r->nkeys; i++) {
        r->after[i] = json_string_value(json_array_get(keys, i));
        bool absent = !r->after[i] && r->keys[i].kind != KEY_OTHER;
        bool no_time =
            r->keys[i].kind == KEY_DATETIME && r->after[i] && instant_parse(r->after[i], strlen(r->after[i]), instant) != 0;
        if (absent || no_time) return fault_set(r->f, "token", why);
    }
    r->span = span < 0 ? 0 : span;
    r->continued = true;
    r->backward = backward != 0;
    *matched = count;
    *estimated = estimate != 0;
    return 0;
}
