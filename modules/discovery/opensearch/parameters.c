/* parameters.c: from the parameters of a search to the query model. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/opensearch/opensearch.h"

int opensearch_refuse(struct response *rs, const struct fault *f) {
    rs->error_code = "InvalidParameterValue";
    return fault_answer(rs, f);
}

const char *argument_any(const struct request *rq, const char *names) {
    for (const char *name = names; *name;) {
        size_t len = strcspn(name, " ");
        for (size_t i = 0; i < rq->args.count; i++) {
            const struct pair *arg = &rq->args.list[i];
            if (*arg->value && strlen(arg->name) == len && strncasecmp(arg->name, name, len) == 0) return arg->value;
        }
        name += len;
        name += strspn(name, " ");
    }
    return NULL;
}

/* ---- how much, from where on ---- */

static int whole_read(const struct request *rq, const char *names, const char *field, int64_t least, int64_t most,
                      int64_t otherwise, int64_t *out, struct fault *f) {
    const char *text = argument_any(rq, names);
    *out = otherwise;
    if (!text) return 0;
    if (strlen(text) > 18 || strspn(text, "0123456789") != strlen(text)) return fault_set(f, field, "must be a whole number");
    *out = strtoll(text, NULL, 10);
    if (*out < least || *out > most)
        return fault_set(f, field, least ? "must be from 1 on, and not beyond all measure" : "is beyond all measure");
    return 0;
}

static int paging_read(struct request *rq, struct opensearch *out, struct fault *f) {
    int64_t count, page;
    if (whole_read(rq, "maxRecords count itemsPerPage maximumRecords limit rows num", "maxRecords", 0, OPENSEARCH_START_MOST,
                   OPENSEARCH_COUNT, &count, f) ||
        whole_read(rq, "startPage page", "startPage", 1, OPENSEARCH_START_MOST, 1, &page, f))
        return NADIR_EINVAL;
    if (count > OPENSEARCH_COUNT_MOST) count = OPENSEARCH_COUNT_MOST;
    int64_t otherwise = (page - 1) * count + 1;
    if (whole_read(rq, "startIndex index startRecord", "startIndex", 1, OPENSEARCH_START_MOST, otherwise, &out->start, f))
        return NADIR_EINVAL;
    out->query.limit = (int)count;
    out->query.token = argument_any(rq, "token");
    out->query.offset = out->query.token ? 0 : out->start - 1;
    return 0;
}

/* ---- when ---- */

/* RFC 3339's date-time, or its full-date for the day's first or last instant; "2020-01-31T10:20:30" is taken as UTC. */
static int end_read(const struct request *rq, const char *names, const char *field, bool last, const char **out,
                    struct fault *f) {
    const char *text = argument_any(rq, names);
    *out = NULL;
    if (!text) return 0;
    size_t len = strlen(text);
    struct scope *s = rq->scope;
    const char *whole = text;
    if (len == 10)
        whole = scope_printf(s, "%sT%sZ", text, last ? "23:59:59.999999" : "00:00:00");
    else if (len >= 19 && len < 40 && !strpbrk(text + 19, "Zz+- "))
        whole = scope_printf(s, "%sZ", text);
    char *plain = scope_strdup(s, whole), *blank = strchr(plain, ' ');
    if (blank) *blank = '+'; /* a '+' that was not encoded arrives as a blank */
    char *instant = scope_alloc(s, INSTANT_SIZE);
    *out = instant;
    return instant_parse(plain, strlen(plain), instant)
               ? fault_set(f, field, "must be a time such as 2020-01-31T10:20:30Z or a date")
               : 0;
}

/* The relation of the item's time to the searched one (OGC 10-032r8, 9.3). CQL2's during and contains leave out common ends,
 * which belong to it here. "intersects" is what the query model itself does. */
static const struct time_relation {
    const char *name;
    size_t count;
    enum expr_op ops[4];
} time_relations[] = {
    {"contains", 4, {EXPR_T_CONTAINS, EXPR_T_STARTED_BY, EXPR_T_FINISHED_BY, EXPR_T_EQUALS}},
    {"during", 4, {EXPR_T_DURING, EXPR_T_STARTS, EXPR_T_FINISHES, EXPR_T_EQUALS}},
    {"disjoint", 1, {EXPR_T_DISJOINT}},
    {"equals", 1, {EXPR_T_EQUALS}},
};

static struct expr *time_expr(struct scope *s, const struct time_relation *r, const char *from, const char *to) {
    struct expr *any[4];
    for (size_t i = 0; i < r->count; i++) {
        struct expr *ends[] = {from ? expr_text(s, EXPR_TIMESTAMP, from) : NULL, to ? expr_text(s, EXPR_TIMESTAMP, to) : NULL};
        any[i] = expr_new(s, r->ops[i], 2, expr_text(s, EXPR_PROPERTY, "datetime"), expr_list(s, EXPR_INTERVAL, 2, ends));
    }
    return r->count == 1 ? any[0] : expr_list(s, EXPR_OR, r->count, any);
}

static int time_read(struct request *rq, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    const char *from, *to;
    if (end_read(rq, "timeStart start startDate dtstart time:start", "timeStart", false, &from, f) ||
        end_read(rq, "timeEnd end completionDate endDate stop dtend time:end", "timeEnd", true, &to, f))
        return NADIR_EINVAL;
    if (from && to && strcmp(from, to) > 0) return fault_set(f, "timeEnd", "is before timeStart");
    const char *name = argument_any(rq, "timeRelation time:relation trel");
    if (!name || strcasecmp(name, "intersects") == 0) {
        q->from = from;
        q->to = to;
        return 0;
    }
    size_t count = sizeof time_relations / sizeof *time_relations, at = 0;
    while (at < count && strcasecmp(time_relations[at].name, name) != 0) at++;
    if (at == count) return fault_set(f, "timeRelation", "must be intersects, contains, during, disjoint or equals");
    if (from || to) q->filter = expr_and(s, (struct expr *)q->filter, time_expr(s, &time_relations[at], from, to));
    return 0;
}

/* ---- what ---- */

/* Names separated by commas; a set's braces are taken off. */
static int names_read(struct request *rq, const char *names, const char *field, struct names *out, struct fault *f) {
    const char *text = argument_any(rq, names);
    if (!text) return 0;
    struct range r;
    const char *set = *text == '{' ? text : scope_printf(rq->scope, "{%s}", text);
    if (range_parse(rq->scope, set, field, &r, f)) return NADIR_EINVAL;
    for (size_t i = 0; i < r.count; i++)
        if (strlen(r.members[i]) > 256) return fault_set(f, field, "must be at most 100 names of at most 256 bytes");
    *out = (struct names){r.count, (const char *const *)r.members};
    return 0;
}

static int criteria_read(struct request *rq, bool of_collections, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    for (size_t i = 0; i < criteria_count; i++) {
        const struct criterion *c = &criteria[i];
        const char *value =
            argument_any(rq, scope_printf(s, "%s eo:%s%s%s", c->name, c->name, *c->aliases ? " " : "", c->aliases));
        if (!value || !(of_collections ? c->of_collections : c->of_items)) continue;
        struct expr *condition = criterion_expr(s, c, value, of_collections, f);
        if (!condition) return NADIR_EINVAL;
        q->filter = expr_and(s, (struct expr *)q->filter, condition);
    }
    return 0;
}

/* ---- in which order ---- */

static int sort_add(struct scope *s, struct query *q, const char *name, bool descending, struct fault *f) {
    const char *property = criterion_sort_property(s, name);
    if (!property)
        return fault_set(f, "sortKeys", "can name date, title, created, updated, published or a parameter of the EO extension");
    if (q->nsorts == SORTS_MOST) return fault_set(f, "sortKeys", "has too many keys");
    q->sorts[q->nsorts++] = (struct sort){property, descending};
    return 0;
}

/* SRU's sortKeys: "path,schema,ascending" separated by blanks, ascending (1) unless it says 0; and "-name,+other" as STAC has
 * it. */
static int sort_read(struct request *rq, struct query *q, struct fault *f) {
    struct scope *s = rq->scope;
    const char *keys = argument_any(rq, "sortKeys sru:sortKeys"), *by = argument_any(rq, "sortBy");
    char *rest = NULL, *key;
    if (keys) {
        for (char *k = strtok_r(scope_strdup(s, keys), " ", &rest); k; k = strtok_r(NULL, " ", &rest)) {
            char *name = strsep(&k, ","), *schema = strsep(&k, ","), *ascending = strsep(&k, ",");
            (void)schema;
            if (sort_add(s, q, name, ascending && strcmp(ascending, "0") == 0, f)) return NADIR_EINVAL;
        }
    } else if (by) {
        const char *order = argument_any(rq, "sortOrder");
        bool all = order && strncasecmp(order, "desc", 4) == 0; /* Resto's */
        for (key = strtok_r(scope_strdup(s, by), ",", &rest); key; key = strtok_r(NULL, ",", &rest)) {
            bool has_sign = *key == '-' || *key == '+' || *key == ' '; /* '+' in a query arrives as a blank */
            if (sort_add(s, q, key + has_sign, *key == '-' || all, f)) return NADIR_EINVAL;
        }
    }
    return 0;
}

/* ---- how it is answered ---- */

int opensearch_format(const struct request *rq, enum feed_format *out, struct fault *f) {
    static const struct {
        const char *name;
        enum feed_format format;
    } formats[] = {{"atom", FEED_ATOM},
                   {ATOM_TYPE, FEED_ATOM},
                   {"application/atom xml", FEED_ATOM}, /* a '+' that was not encoded */
                   {"application/xml", FEED_ATOM},
                   {"xml", FEED_ATOM},
                   {"json", FEED_GEOJSON},
                   {"geojson", FEED_GEOJSON},
                   {GEOJSON, FEED_GEOJSON},
                   {"application/geo json", FEED_GEOJSON},
                   {"application/json", FEED_GEOJSON}};
    const char *asked = argument_any(rq, "format httpAccept f accept");
    const char *accept = request_header(rq, "accept");
    *out = FEED_ATOM;
    if (!asked) {
        const char *atom = accept ? strstr(accept, "atom") : NULL, *json = accept ? strstr(accept, "json") : NULL;
        if (json && (!atom || json < atom)) *out = FEED_GEOJSON;
        return 0;
    }
    size_t len = strcspn(asked, ";");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strlen(formats[i].name) != len || strncasecmp(formats[i].name, asked, len) != 0) continue;
        *out = formats[i].format;
        return 0;
    }
    return fault_set(f, "format", "must be atom or json");
}

int opensearch_read(struct request *rq, bool of_collections, struct opensearch *out, struct fault *f) {
    struct query *q = &out->query;
    *out = (struct opensearch){0};
    int err = opensearch_format(rq, &out->format, f);
    if (!err) err = paging_read(rq, out, f);
    if (!err) err = time_read(rq, q, f);
    if (!err) err = names_read(rq, "uid geo:uid identifier id", "uid", &q->ids, f);
    if (!err && !of_collections)
        err = names_read(rq, "collection parentIdentifier eo:parentIdentifier collections", "collection", &q->collections, f);
    if (!err) err = criteria_read(rq, of_collections, q, f);
    if (!err) err = sort_read(rq, q, f);
    q->words = argument_any(rq, "q searchTerms query");
    q->words_all = true; /* CEOS-BP-006 */
    if (!err && q->words && strlen(q->words) > 1000) err = fault_set(f, "q", "is over 1000 bytes");
    return err ? err : place_read(rq, q, f);
}
