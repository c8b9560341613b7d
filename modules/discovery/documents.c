/* documents.c: finished JSON texts: how they are put out, linked and named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/stac.h"

int fault_set(struct fault *f, const char *field, const char *why) {
    if (!f->why) *f = (struct fault){field, why};
    return NADIR_EINVAL;
}

int fault_answer(struct response *rs, const struct fault *f) {
    bool ended = f->why[strlen(f->why) - 1] == '.';
    return response_error(rs, 400, "invalid-parameter", f->field, "%s: %s%s", f->field, f->why, ended ? "" : ".");
}

static void text_release(void *object) {
    free(((struct text *)object)->data);
}

static void text_room(struct text *t, size_t more) {
    if (t->room - t->len > more) return;
    size_t room = t->room * 2 + more + 1;
    char *data = realloc(t->data, room);
    if (!data) abort();
    t->data = data;
    t->room = room;
}

struct text *text_new(struct scope *s, size_t room) {
    struct text *t = scope_alloc(s, sizeof *t);
    scope_defer(s, text_release, t);
    text_room(t, room);
    t->data[0] = '\0';
    return t;
}

void text_add(struct text *t, const char *bytes, size_t len) {
    text_room(t, len);
    memcpy(t->data + t->len, bytes, len);
    t->len += len;
    t->data[t->len] = '\0';
}

void text_add_document(struct text *t, const char *document, size_t len, const char *base_url) {
    const size_t mark_len = sizeof BASE_MARK - 1, base_len = strlen(base_url);
    const char *end = document + len, *mark;
    /* strstr, not memmem: twice as fast in glibc. */
    while ((mark = strstr(document, BASE_MARK))) {
        text_add(t, document, (size_t)(mark - document));
        text_add(t, base_url, base_len);
        document = mark + mark_len;
    }
    text_add(t, document, (size_t)(end - document));
}

/* Writes a number token in the fewest digits that read back as the same double; returns its length. token is not ended. */
static size_t number_shortest(const char *token, size_t len, char out[40]) {
    char text[40];
    bool fraction = len < sizeof text && (memchr(token, '.', len) || memchr(token, 'e', len));
    if (!fraction) return 0;
    memcpy(text, token, len);
    text[len] = '\0';
    double value = strtod(text, NULL);
    for (int digits = 15; digits <= 17; digits++) {
        int n = snprintf(out, 40, "%.*g", digits, value);
        if (strtod(out, NULL) != value) continue;
        if (!strpbrk(out, ".e")) n += snprintf(out + n, 40 - (size_t)n, ".0"); /* a real stays a real */
        return (size_t)n;
    }
    return 0;
}

/* jansson writes 0.1 as 0.10000000000000001; fewer digits for all would change some. Shortens the numbers of JSON in place. */
static void numbers_shorten(char *json) {
    char *to = json, number[40];
    for (const char *from = json; *from;) {
        size_t len = 1;
        if (*from == '"') {
            while (from[len] != '"') len += from[len] == '\\' ? 2 : 1;
            len++;
        } else if (*from == '-' || (*from >= '0' && *from <= '9')) {
            len = strspn(from, "+-.0123456789eE");
            size_t shorter = number_shortest(from, len, number);
            if (shorter > 0 && shorter <= len) {
                memcpy(to, number, shorter);
                to += shorter;
                from += len;
                continue;
            }
        }
        memmove(to, from, len);
        to += len;
        from += len;
    }
    *to = '\0';
}

char *json_line(struct scope *s, const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text) abort();
    scope_defer(s, free, text);
    numbers_shorten(text);
    return text;
}

json_t *json_merge_patch(json_t *target, const json_t *patch) {
    const char *key;
    json_t *change;
    json_object_foreach((json_t *)patch, key, change) {
        json_t *present = json_object_get(target, key);
        if (json_is_null(change))
            json_object_del(target, key);
        else if (!json_is_object(change))
            json_object_set(target, key, change);
        else if (json_is_object(present))
            json_merge_patch(present, change);
        else
            json_object_set_new(target, key, json_merge_patch(json_object(), change));
    }
    return target;
}

int document_answer(struct request *rq, struct response *rs, int status, const char *type, const char *document, size_t len,
                    const char *version) {
    if (rq->method == HTTP_GET) {
        if (response_not_modified(rq, rs, version)) return 0;
    } else {
        response_header(rs, "etag", "\"%s\"", version);
    }
    struct text *t = text_new(rq->scope, len + 1024);
    text_add_document(t, document, len, rq->base_url);
    return response_data(rs, status, type, t->data, t->len);
}

int change_answer(struct request *rq, struct response *rs, const char *type, const char *document, const char *version) {
    const char *prefer = request_header(rq, "prefer");
    response_header(rs, "etag", "\"%s\"", version);
    if (!prefer || !strstr(prefer, "return=representation")) return response_empty(rs, 204);
    response_header(rs, "preference-applied", "return=representation");
    struct text *t = text_new(rq->scope, strlen(document) + 1024);
    text_add_document(t, document, strlen(document), rq->base_url);
    return response_data(rs, 200, type, t->data, t->len);
}

bool identifier_valid(const char *id) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~:@+=,()-";
    size_t len = strlen(id);
    return len >= 1 && len <= 256 && strspn(id, allowed) == len && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

bool precondition_failed(const struct request *rq, struct response *rs, const char *version) {
    const char *expected = request_header(rq, "if-match");
    if (!expected || strcmp(expected, "*") == 0) return false;
    if (strncmp(expected, "W/", 2) == 0) expected += 2; /* the gateway marks what it compresses as weak; ours are strong */
    /* A collection's tag goes on, after a dot, with what is known of its items: that may change under who changes the document.
     */
    const char *tag = scope_printf(rq->scope, "\"%s", version);
    size_t len = strlen(tag);
    if (strncmp(expected, tag, len) == 0 && (expected[len] == '"' || expected[len] == '.')) return false;
    response_error(rs, 412, "changed-meanwhile", "If-Match", "It was changed meanwhile: read it again, then send your change.");
    return true;
}

json_t *link_to(struct scope *s, const char *rel, const char *type, const char *base, const char *path) {
    return json_pack("{s:s, s:s, s:s}", "rel", rel, "type", type, "href", scope_printf(s, "%s%s", base, path));
}

bool link_is_ours(const char *rel) {
    static const char *const ours[] = {"self", "root", "parent", "collection", "items",        "item",        "child",
                                       "next", "prev", "data",   "aggregate",  "aggregations", QUERYABLES_REL};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strcmp(rel, ours[i]) == 0) return true;
    return false;
}

json_t *links_kept(const json_t *links) {
    json_t *kept = json_array(), *link;
    size_t at;
    json_array_foreach(links, at, link) {
        const char *rel = json_string_value(json_object_get(link, "rel"));
        if (rel && json_is_string(json_object_get(link, "href")) && !link_is_ours(rel)) json_array_append(kept, link);
    }
    return kept;
}

const char *visible_subject(const struct auth *who) {
    return who->subject && !auth_has_role(who, "admin") ? who->subject : NULL;
}

const char *visible_sql(struct scope *s, const struct auth *who, int n) {
    if (!who->subject) return scope_printf(s, "i.owner IS NULL AND $%d::text IS NULL", n);
    if (!visible_subject(who)) return scope_printf(s, "$%d::text IS NULL", n);
    return scope_printf(s,
                        "(i.owner IS NULL OR i.owner = $%d OR EXISTS (SELECT 1 FROM item_share s WHERE s.subject = $%d"
                        " AND s.collection = i.collection AND s.item = i.id AND s.owner = i.owner))",
                        n, n);
}
