/* list.c: ListObjects and ListObjectsV2. */
#include <stdlib.h>
#include <string.h>

#include "download/s3/s3.h"

#define KEYS_MOST 1000
#define PAGES_MOST 50 /* that one answer looks at: a list may be cut short, and is then gone on with */

struct listing {
    bool v2, encoded;
    const char *prefix, *delimiter, *after; /* after: where this page goes on, exclusive */
    int64_t most;
    int bucket; /* enum s3_bucket_kind */
    struct s3_entry *keys;
    const char **groups; /* common prefixes */
    size_t nkeys, ngroups;
    bool preparing;   /* a key of the page is */
    const char *last; /* where the next page goes on; NULL: this is the last one */
};

static int own_page(struct s3_call *c, const char *prefix, const char *after, struct s3_page *out) {
    struct db_rows *r;
    struct scope *s = c->rq->scope;
    int err = db_query(s, download_db(), &r,
                       "SELECT key, size, etag, to_char(modified_at AT TIME ZONE 'UTC', " S3_TIME ") FROM s3_object"
                       " WHERE bucket = $1 AND key > $2 AND key >= $3 AND key <= $4 ORDER BY key LIMIT $5",
                       "ssssi", c->bucket, after, prefix, scope_printf(s, "%s" S3_LAST, prefix), KEYS_MOST);
    if (err) return err;
    *out = (struct s3_page){.list = scope_alloc(s, KEYS_MOST * sizeof *out->list), .count = (size_t)db_count(r)};
    for (int i = 0; i < db_count(r); i++)
        out->list[i] = (struct s3_entry){
            .key = db_text(r, i, 0), .size = db_int(r, i, 1), .etag = db_text(r, i, 2), .modified = db_text(r, i, 3)};
    if (out->count == KEYS_MOST) out->last = out->list[KEYS_MOST - 1].key;
    return 0;
}

/* The part of a key up to the delimiter after the prefix, or NULL. */
static char *group_of(struct scope *s, const struct listing *l, const char *key) {
    size_t len = strlen(l->prefix);
    const char *at = *l->delimiter ? strstr(key + len, l->delimiter) : NULL;
    return at ? scope_strndup(s, key, (size_t)(at - key) + strlen(l->delimiter)) : NULL;
}

/* Takes entries until the page is full. `after` is moved on, past whole groups. True if the page is full and more follows. */
static bool take(struct scope *s, struct listing *l, const struct s3_page *page, const char **after) {
    const char *group = NULL;
    for (size_t i = 0; i < page->count; i++) {
        const struct s3_entry *e = &page->list[i];
        if (group && strncmp(e->key, group, strlen(group)) == 0) continue;
        if (l->nkeys + l->ngroups == (size_t)l->most) return true;
        group = group_of(s, l, e->key);
        if (group)
            l->groups[l->ngroups++] = group;
        else
            l->keys[l->nkeys++] = *e;
        if (!group && e->preparing) l->preparing = true;
        *after = group ? scope_printf(s, "%s" S3_LAST, group) : e->key;
    }
    if (page->last && strcmp(page->last, *after) > 0) *after = page->last;
    return false;
}

static int collect(struct s3_call *c, struct listing *l) {
    const char *after = l->after;
    l->keys = scope_alloc(c->rq->scope, (size_t)(l->most + 1) * sizeof *l->keys);
    l->groups = scope_alloc(c->rq->scope, (size_t)(l->most + 1) * sizeof *l->groups);
    for (int i = 0; l->most > 0; i++) {
        struct s3_page page;
        int err = l->bucket == BUCKET_OWN ? own_page(c, l->prefix, after, &page) : catalogue_page(c, l->prefix, after, &page);
        if (err) return err;
        if (take(c->rq->scope, l, &page, &after) || (page.last && i == PAGES_MOST)) {
            l->last = after;
            return 0;
        }
        if (!page.last) return 0;
    }
    return 0;
}

/* ---- reading ---- */

static const char *arg_or(const struct s3_call *c, const char *name) {
    const char *value = s3_arg(c, name);
    return value ? value : "";
}

static int token_read(struct s3_call *c, struct listing *l, struct s3_fault *f) {
    const char *token = s3_arg(c, "continuation-token");
    size_t len;
    if (!l->v2 || !token) {
        /* A common prefix given as the place to go on from stands for all that it holds. */
        const char *after = arg_or(c, l->v2 ? "start-after" : "marker");
        size_t dlen = strlen(l->delimiter), alen = strlen(after);
        bool group = !l->v2 && dlen && alen > dlen && strcmp(after + alen - dlen, l->delimiter) == 0;
        l->after = group ? scope_printf(c->rq->scope, "%s" S3_LAST, after) : after;
        return 0;
    }
    const unsigned char *after = base64url_decode(c->rq->scope, token, strlen(token), &len);
    if (!after || !text_is_utf8((const char *)after, len))
        return s3_fault_set(f, 400, "InvalidArgument", "The continuation token provided is incorrect");
    l->after = (const char *)after;
    return 0;
}

static int listing_read(struct s3_call *c, struct listing *l, struct s3_fault *f) {
    const char *type = s3_arg(c, "list-type"), *most = s3_arg(c, "max-keys"), *encoding = s3_arg(c, "encoding-type");
    char *end = NULL;
    l->v2 = type && strcmp(type, "2") == 0;
    l->prefix = arg_or(c, "prefix");
    l->delimiter = arg_or(c, "delimiter");
    l->most = most ? strtoll(most, &end, 10) : KEYS_MOST;
    if (type && !l->v2) return s3_fault_set(f, 400, "InvalidArgument", "list-type must be 2.");
    if (end && (*end || end == most || l->most < 0))
        return s3_fault_set(f, 400, "InvalidArgument", "max-keys must be an integer from 0 on.");
    if (encoding && strcmp(encoding, "url") != 0) return s3_fault_set(f, 400, "InvalidArgument", "encoding-type must be url.");
    if (strlen(l->prefix) > S3_KEY_MOST || strlen(l->delimiter) > 64)
        return s3_fault_set(f, 400, "KeyTooLongError", "The prefix or the delimiter is too long.");
    if (l->most > KEYS_MOST) l->most = KEYS_MOST;
    l->encoded = encoding != NULL;
    return token_read(c, l, f);
}

/* ---- answering ---- */

static void key_text(struct s3_call *c, struct s3_xml *x, const struct listing *l, const char *name, const char *key) {
    s3_xml_text(x, name, l->encoded ? http_encode_path(c->rq->scope, key) : key);
}

/* A marker is a key or a common prefix; the sentinel behind the prefix is ours. */
static const char *marker_of(struct scope *s, const char *last) {
    size_t len = strlen(last), tail = strlen(S3_LAST);
    return len > tail && strcmp(last + len - tail, S3_LAST) == 0 ? scope_strndup(s, last, len - tail) : last;
}

static void paging(struct s3_call *c, struct s3_xml *x, const struct listing *l) {
    struct scope *s = c->rq->scope;
    if (l->v2) {
        s3_xml_number(x, "KeyCount", (int64_t)(l->nkeys + l->ngroups));
        if (s3_arg(c, "continuation-token")) s3_xml_text(x, "ContinuationToken", s3_arg(c, "continuation-token"));
        if (s3_arg(c, "start-after")) key_text(c, x, l, "StartAfter", s3_arg(c, "start-after"));
        if (l->last) s3_xml_text(x, "NextContinuationToken", base64url_encode(s, l->last, strlen(l->last)));
    } else {
        key_text(c, x, l, "Marker", arg_or(c, "marker"));
        if (l->last) key_text(c, x, l, "NextMarker", marker_of(s, l->last));
    }
    s3_xml_text(x, "IsTruncated", l->last ? "true" : "false");
}

static int answer(struct s3_call *c, const struct listing *l) {
    struct s3_xml *x = s3_xml_begin(c, "ListBucketResult");
    s3_xml_text(x, "Name", c->bucket);
    key_text(c, x, l, "Prefix", l->prefix);
    if (*l->delimiter) key_text(c, x, l, "Delimiter", l->delimiter);
    s3_xml_number(x, "MaxKeys", l->most);
    if (l->encoded) s3_xml_text(x, "EncodingType", "url");
    paging(c, x, l);
    for (size_t i = 0; i < l->nkeys; i++) {
        s3_xml_open(x, "Contents");
        key_text(c, x, l, "Key", l->keys[i].key);
        s3_xml_text(x, "LastModified", l->keys[i].modified);
        s3_xml_text(x, "ETag", scope_printf(c->rq->scope, "\"%s\"", l->keys[i].etag));
        s3_xml_number(x, "Size", l->keys[i].size);
        s3_xml_text(x, "StorageClass", "STANDARD");
        s3_xml_close(x);
    }
    for (size_t i = 0; i < l->ngroups; i++) {
        s3_xml_open(x, "CommonPrefixes");
        key_text(c, x, l, "Prefix", l->groups[i]);
        s3_xml_close(x);
    }
    return s3_xml_answer(x);
}

int s3_objects_list(struct s3_call *c) {
    struct listing l = {.after = ""};
    struct s3_fault f = {0};
    if (listing_read(c, &l, &f)) return s3_refuse(c, &f);
    l.bucket = s3_bucket_kind(c);
    if (l.bucket < 0) return l.bucket;
    if (l.bucket == BUCKET_NONE) return s3_error(c, 404, "NoSuchBucket", "The specified bucket does not exist");
    int err = collect(c, &l);
    if (!err && l.preparing)
        return s3_slow_down(c, 2, "Files are being cut to the area that you bought: ask again in 2 seconds.");
    return err ? err : answer(c, &l);
}
