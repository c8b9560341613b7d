/* query.c: a query from its validation to its page. */
#include "discovery/query/query.h"

#include "common/module.h"
#include "discovery/query/lift.h"
#include "discovery/query/lookup.h"
#include "discovery/query/run.h"

#define PROBE 100 /* rows looked at to estimate a count that no page is wanted for */

/* True if the item's own columns are all that the query looks at, so that the table of documents answers it. */
static bool item_suffices(const struct run *r) {
    const struct query *q = r->q;
    if (q->area || q->filter || q->words || q->from || q->to) return false;
    for (size_t i = 0; i < r->nkeys; i++)
        if (r->keys[i].kind == KEY_OTHER) return false;
    return q->ids.count > 0 || r->keys[0].kind == KEY_ID;
}

static int run_begin(struct run *r, int64_t *matched, bool *estimated) {
    const struct query *q = r->q;
    if (q->limit < 0 || q->limit > LIMIT_MOST) return fault_set(r->f, "limit", "must be 1 to 10000");
    if (q->offset < 0) return fault_set(r->f, "offset", "must not be negative");
    if (q->ids.count > NAMES_MOST) return fault_set(r->f, "ids", "are more than 1000");
    if (q->collections.count > NAMES_MOST) return fault_set(r->f, "collections", "are more than 1000");
    int err = keys_set(r);
    if (err) return err;
    r->source = item_suffices(r) ? SOURCE_ITEM : q->ids.count ? SOURCE_NAMED : SOURCE_FOOTPRINT;
    run_interval(r);
    r->lasting_known = !q->from && !q->to;
    r->offset_left = q->token ? 0 : q->offset;
    return q->token ? token_read(r, matched, estimated) : 0;
}

/* How many match, without a page. */
static int query_count(struct scope *s, const struct auth *who, const struct query *q, struct page *out, struct fault *f) {
    struct query probe = *q;
    struct run r = {.s = s, .who = who, .q = q, .f = f, .out = out};
    out->matched = 0;
    if (count_is_kept(&r)) return count_kept(&r, &out->matched);
    probe.limit = PROBE;
    probe.nsorts = 0;
    probe.offset = 0;
    probe.uncounted = false;
    probe.count_only = true;
    int err = query_run(s, who, &probe, out, f);
    out->count = 0;
    out->next = out->prev = NULL;
    return err;
}

/* What was found backward, in the order that was asked for. */
static void page_turn(struct page *p) {
    for (size_t i = 0, j = p->count; i + 1 < j; i++) {
        const char *document = p->documents[i];
        size_t length = p->lengths[i];
        p->documents[i] = p->documents[--j];
        p->lengths[i] = p->lengths[j];
        p->documents[j] = document;
        p->lengths[j] = length;
    }
}

/* The tokens of the pages around this one. A page that was come to has one on the side that was come from. */
static void page_tokens(const struct run *r, bool continued, bool more, int64_t matched, bool estimated, struct page *p) {
    if (p->count == 0) return;
    if (r->backward) page_turn(p);
    const char *const *top = r->backward ? r->after : r->first, *const *end = r->backward ? r->first : r->after;
    if (r->backward || more) p->next = token_make(r, end, false, matched, estimated);
    if (r->backward ? more : continued) p->prev = token_make(r, top, true, matched, estimated);
}

int query_run(struct scope *s, const struct auth *who, const struct query *q, struct page *out, struct fault *f) {
    struct query lifted;
    query_lift(s, q, &lifted);
    q = &lifted;
    *out = (struct page){.matched = -1};
    if (q->limit == 0) return query_count(s, who, q, out, f);
    struct run r = {.s = s, .who = who, .q = q, .f = f, .out = out};
    int64_t matched = -1;
    bool estimated = false, more;
    int err = run_begin(&r, &matched, &estimated);
    if (err) return err;
    bool first = !r.continued;
    err = walk(&r, &matched, &estimated, &more);
    if (err) return err;
    if (first && !q->uncounted && matched < 0) {
        if (!count_is_kept(&r) && q->offset > 0) { /* passed over all there is: the number is asked for by itself */
            struct query count = *q;
            struct page none;
            count.limit = 0;
            err = query_run(s, who, &count, &none, f);
            matched = none.matched;
            estimated = none.estimated;
        } else if (count_is_kept(&r)) {
            err = count_kept(&r, &matched);
        } else {
            matched = 0;
        }
    }
    if (err) return err;
    out->matched = q->uncounted ? -1 : matched;
    out->estimated = estimated;
    page_tokens(&r, !first, more, matched, estimated, out);
    return 0;
}

int query_item(struct scope *s, const struct auth *who, const char *collection, const char *id, const char **document,
               size_t *len, const char **version) {
    struct sql sql;
    struct db_rows *rows;
    sql_init(&sql, s);
    sql_add(&sql, "SELECT i.document, i.version FROM item i WHERE i.collection = ");
    sql_value(&sql, collection, "");
    sql_add(&sql, " AND i.id = ");
    sql_value(&sql, id, "");
    rights_add(&sql, who, "i");
    int err = sql_run(&sql, lookup_db(), &rows);
    if (err) return err;
    if (db_count(rows) == 0) return NADIR_ENOTFOUND;
    *document = db_text(rows, 0, 0);
    *len = db_length(rows, 0, 0);
    if (version) *version = db_text(rows, 0, 1);
    return 0;
}
