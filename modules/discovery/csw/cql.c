/* cql.c: CQL as catalogues speak it (OGC 07-006r1 clause 6.2.2, and what grew on it in practice) rewritten as CQL2 text, which
 * the query model's own parser reads. Only words and functions that CQL2 writes otherwise are exchanged; strings are left
 * alone.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"

struct rewriter {
    struct scope *scope;
    struct csw_fault *fault;
    const char *p;
    struct text *out;
};

static int refuse(struct rewriter *w, const char *why) {
    return csw_fault_set(w->fault, NULL, "Constraint", why);
}

static void put(struct rewriter *w, const char *text) {
    text_add(w->out, text, strlen(text));
}

static void blanks_copy(struct rewriter *w) {
    while (isspace((unsigned char)*w->p)) text_add(w->out, w->p++, 1);
}

static void blanks_skip(struct rewriter *w) {
    while (isspace((unsigned char)*w->p)) w->p++;
}

/* A string or a quoted name, its end included; a doubled quote stands for itself. */
static int quoted_len(const char *p) {
    const char *at = p + 1;
    while (*at && (*at != *p || at[1] == *p)) at += *at == *p ? 2 : 1;
    return *at ? (int)(at - p) + 1 : 0;
}

static size_t name_len(const char *p) {
    size_t len = 0;
    if (!isalpha((unsigned char)*p) && *p != '_') return 0;
    while (isalnum((unsigned char)p[len]) || (p[len] && strchr("_:.", p[len]))) len++;
    return len;
}

/* 2006-11-30, 2006-11-30T01:30:00Z: how long; 0: it is something else. */
static size_t time_len(const char *p) {
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? p[i] != '-' : !isdigit((unsigned char)p[i])) return 0;
    size_t len = 10;
    if (p[len] != 'T') return isalnum((unsigned char)p[len]) ? 0 : len;
    while (isalnum((unsigned char)p[len]) || (p[len] && strchr(":.+-", p[len]))) len++;
    return len;
}

static void time_put(struct rewriter *w, size_t len) {
    const char *zone = len == 19 ? "Z" : ""; /* no zone: UTC */
    put(w, scope_printf(w->scope, len == 10 ? "DATE('%.*s%s')" : "TIMESTAMP('%.*s%s')", (int)len, w->p, len == 10 ? "" : zone));
    w->p += len;
}

/* After BEFORE, AFTER, DURING: a time, in quotes or not. */
static int time_rewrite(struct rewriter *w) {
    blanks_skip(w);
    bool quote = *w->p == '\'';
    size_t len = time_len(w->p + quote);
    if (len == 0 || (quote && w->p[1 + len] != '\'')) return refuse(w, "needs a time after BEFORE, AFTER and DURING");
    w->p += quote;
    time_put(w, len);
    w->p += quote;
    return 0;
}

/* DURING a/b */
static int during_rewrite(struct rewriter *w) {
    put(w, "BETWEEN ");
    if (time_rewrite(w)) return NADIR_EINVAL;
    if (*w->p != '/') return refuse(w, "needs an interval a/b after DURING");
    w->p++;
    put(w, " AND ");
    return time_rewrite(w);
}

/* BBOX(name, w, s, e, n[, 'reference system']); what CQL2 calls BBOX, four numbers, is left as it is. */
static int bbox_rewrite(struct rewriter *w, const char *open) {
    const char *p = open + 1;
    double box[4];
    p += strspn(p, " \t\r\n");
    size_t len = *p == '"' ? (size_t)quoted_len(p) : name_len(p);
    if (len == 0) {
        text_add(w->out, w->p, (size_t)(open - w->p));
        w->p = open;
        return 0;
    }
    const char *name = scope_strndup(w->scope, p, len);
    p += len;
    for (size_t i = 0; i < 4; i++) {
        char *end;
        p += strspn(p, " \t\r\n");
        if (*p++ != ',') return refuse(w, "needs BBOX(property, west, south, east, north)");
        box[i] = strtod(p, &end);
        if (end == p || !isfinite(box[i])) return refuse(w, "needs numbers in BBOX");
        p = end;
    }
    p += strspn(p, " \t\r\n");
    bool turned = false;
    if (*p == ',') {
        p++;
        p += strspn(p, " \t\r\n");
        int crs = *p == '\'' ? quoted_len(p) : 0;
        const char *text = crs ? scope_strndup(w->scope, p + 1, (size_t)crs - 2) : "";
        if (!strstr(text, "4326") && !strstr(text, "CRS84"))
            return refuse(w, "knows the reference systems 'EPSG:4326' and CRS84 in BBOX");
        turned = strncasecmp(text, "urn:", 4) == 0 && strstr(text, "4326");
        p += crs + (int)strspn(p + crs, " \t\r\n");
    }
    if (*p++ != ')') return refuse(w, "needs BBOX(property, west, south, east, north)");
    put(w, scope_printf(w->scope, "S_INTERSECTS(%s, BBOX(%.12g, %.12g, %.12g, %.12g))", name, box[turned ? 1 : 0],
                        box[turned ? 0 : 1], box[turned ? 3 : 2], box[turned ? 2 : 3]));
    w->p = p;
    return 0;
}

static bool is(const char *p, size_t len, const char *word) {
    return strlen(word) == len && strncasecmp(p, word, len) == 0;
}

static int function_rewrite(struct rewriter *w, size_t len, const char *open) {
    static const char *const spatial[] = {"INTERSECTS", "CONTAINS", "WITHIN",  "DISJOINT",
                                          "OVERLAPS",   "TOUCHES",  "CROSSES", "EQUALS"};
    if (is(w->p, len, "BBOX")) return bbox_rewrite(w, open);
    if (is(w->p, len, "DWITHIN") || is(w->p, len, "BEYOND") || is(w->p, len, "RELATE"))
        return refuse(w, "cannot hold DWITHIN, BEYOND and RELATE: send a polygon with INTERSECTS");
    for (size_t i = 0; i < sizeof spatial / sizeof *spatial; i++)
        if (is(w->p, len, spatial[i])) put(w, "S_");
    text_add(w->out, w->p, len);
    w->p += len;
    return 0;
}

static int word_rewrite(struct rewriter *w) {
    static const char absent[] = "DOES-NOT-EXIST";
    size_t len = name_len(w->p);
    const char *open = w->p + len + strspn(w->p + len, " \t\r\n");
    static const struct {
        const char *word, *cql2;
    } words[] = {{"EXISTS", "IS NOT NULL"}, {"BEFORE", "< "}, {"AFTER", "> "}, {"DURING", ""}, {"TEQUALS", "= "}};
    if (strncasecmp(w->p, absent, sizeof absent - 1) == 0) {
        put(w, "IS NULL");
        w->p += sizeof absent - 1;
        return 0;
    }
    if (*open == '(' && !is(w->p, len, "AND") && !is(w->p, len, "OR") && !is(w->p, len, "NOT") && !is(w->p, len, "IN"))
        return function_rewrite(w, len, open);
    if (is(w->p, len, "ILIKE") && *open == '\'' && quoted_len(open)) {
        put(w, scope_printf(w->scope, "LIKE CASEI(%.*s)", quoted_len(open), open));
        w->p = open + quoted_len(open);
        return 0;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!is(w->p, len, words[i].word)) continue;
        put(w, words[i].cql2);
        w->p += len;
        if (i == 0) return 0;
        return i == 3 ? during_rewrite(w) : time_rewrite(w);
    }
    text_add(w->out, w->p, len);
    w->p += len;
    return 0;
}

int csw_cql_rewrite(struct scope *s, const char *text, const char **out, struct csw_fault *f) {
    struct rewriter w = {.scope = s, .fault = f, .p = text, .out = text_new(s, 256)};
    if (strlen(text) > EXPR_TEXT_MOST) return refuse(&w, "is over 64 KiB");
    for (blanks_copy(&w); *w.p; blanks_copy(&w)) {
        size_t len;
        if (*w.p == '\'' || *w.p == '"') {
            int quoted = quoted_len(w.p);
            if (!quoted) return refuse(&w, "has a quote that is not closed");
            text_add(w.out, w.p, (size_t)quoted);
            w.p += quoted;
        } else if (name_len(w.p)) {
            if (word_rewrite(&w)) return NADIR_EINVAL;
        } else if ((len = time_len(w.p))) {
            time_put(&w, len);
        } else if (isdigit((unsigned char)*w.p)) {
            len = strspn(w.p, "0123456789.eE");
            text_add(w.out, w.p, len);
            w.p += len;
        } else {
            text_add(w.out, w.p++, 1);
        }
    }
    text_add(w.out, "", 1);
    *out = w.out->data;
    return 0;
}

int csw_cql_parse(struct scope *s, const char *text, struct expr **out, struct csw_fault *f) {
    const char *cql2;
    struct fault inner = {0};
    int err = csw_cql_rewrite(s, text, &cql2, f);
    if (err) return err;
    err = cql2_text_parse(s, cql2, out, &inner);
    return inner.why ? csw_fault_set(f, NULL, "Constraint", inner.why) : err;
}
