/* CSW requests as XML, their filters and CQL: what is read is bound to collections and to items and written as SQL. */
#include "fuzz.h"

#include "discovery/csw/csw.h"

static void bound(struct scope *s, const struct expr *e, enum csw_kind kind) {
    struct csw_bound b;
    struct csw_fault f = {0};
    int err = csw_bind(s, e, kind, &b, &f);
    must((err != 0) == (f.at.why != NULL));
    if (err || b.when != CSW_WHERE) return;
    struct fault refused = {0};
    struct sql q;
    sql_init(&q, s);
    err = expr_sql(&q, b.expr, &refused);
    must((err != 0) == (refused.why != NULL));
    must(strpbrk(q.text, ";\\") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    struct csw c = {0};
    struct csw_fault f = {0};
    struct expr *e = NULL;
    scope_init(&s, "fuzz", 0);
    const char *text = fuzz_text(&s, data, size);
    int err = csw_read_xml(&s, text, strlen(text), &c, &f);
    must((err != 0) == (f.at.why != NULL));
    struct csw_fault g = {0};
    if (err) /* not XML: perhaps CQL */
        err = csw_cql_parse(&s, text, &e, &g);
    else
        err = c.filter ? csw_filter_parse(&s, c.filter, &e, &g) : c.constraint ? csw_cql_parse(&s, c.constraint, &e, &g) : -1;
    if (!err) {
        bound(&s, e, CSW_SERIES);
        bound(&s, e, CSW_DATASET);
    }
    scope_end(&s);
    return 0;
}
