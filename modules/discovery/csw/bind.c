/* bind.c: a condition over a record's names becomes one over the properties of collections or of items.
 *
 * NOT is carried down to the comparisons: a name may stand for one property and, where that is absent, for another (the title
 * is the identifier when there is none), and the negation of such a pair is not SQL's NOT of it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/csw/csw.h"
#include "discovery/query/cql2.h"

struct binder {
    struct scope *scope;
    struct csw_fault *fault;
    enum csw_kind kind;
};

static int refuse(struct binder *b, const char *name, const char *why) {
    return csw_fault_set(b->fault, NULL, name ? name : "Constraint", why);
}

static struct csw_bound where(struct expr *e) {
    return (struct csw_bound){CSW_WHERE, e};
}

static struct csw_bound constant(bool holds) {
    return (struct csw_bound){holds ? CSW_ALWAYS : CSW_NEVER, NULL};
}

static struct expr *negated(struct binder *b, struct expr *e, bool negate) {
    return negate ? expr_new(b->scope, EXPR_NOT, 1, e) : e;
}

/* ---- values ---- */

static bool number_read(const char *text, double *out) {
    char *end;
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    *out = strtod(text, &end);
    return !*end;
}

/* RFC 3339, a date, and what catalogue clients also send: a time without a zone (UTC), a year, a year and a month. */
static struct expr *time_read(struct binder *b, const char *text) {
    size_t len = strlen(text);
    if (len > 60) return NULL;
    struct expr *e = expr_instant(b->scope, text, len);
    if (e) return e;
    const char *longer = len == 4   ? scope_printf(b->scope, "%s-01-01", text)
                         : len == 7 ? scope_printf(b->scope, "%s-01", text)
                                    : scope_printf(b->scope, "%sZ", text);
    return expr_instant(b->scope, longer, strlen(longer));
}

/* STAC properties that hold digits as texts. */
static bool digits_are_text(const char *property) {
    static const char *const names[] = {"landsat:wrs_path", "landsat:wrs_row", "landsat:wrs_type", "mgrs:latitude_band",
                                        "landsat:collection_number"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], property) == 0) return true;
    return false;
}

/* A value as what it is compared with has it. */
static int value_bind(struct binder *b, const char *name, enum csw_type type, const char *stac, const struct expr *in,
                      struct expr **out) {
    double number;
    if (in->op == EXPR_CASEI || in->op == EXPR_ACCENTI) {
        struct expr *inner;
        if (value_bind(b, name, type, stac, in->args[0], &inner)) return NADIR_EINVAL;
        *out = inner->op == EXPR_TEXT ? expr_new(b->scope, in->op, 1, inner) : inner;
        return 0;
    }
    *out = (struct expr *)in;
    if (in->op == EXPR_NUMBER && !stac && (type == CSW_TEXT || type == CSW_LIST))
        *out = expr_text(b->scope, EXPR_TEXT, scope_printf(b->scope, "%.15g", in->number));
    if (in->op != EXPR_TEXT) return 0;
    if (type == CSW_TIME) {
        if (!(*out = time_read(b, in->text))) return refuse(b, name, "is compared with something that is not a time");
    } else if (type == CSW_NUMBER && !stac) {
        if (!number_read(in->text, &number)) return refuse(b, name, "is compared with something that is not a number");
        *out = expr_number(b->scope, number);
    } else if (stac && !digits_are_text(stac)) {
        /* XML has no types: what looks like a number, a truth or a time is one. */
        struct expr *instant = strlen(in->text) >= 10 ? expr_instant(b->scope, in->text, strlen(in->text)) : NULL;
        if (number_read(in->text, &number))
            *out = expr_number(b->scope, number);
        else if (strcmp(in->text, "true") == 0 || strcmp(in->text, "false") == 0)
            *out = expr_boolean(b->scope, *in->text == 't');
        else if (instant)
            *out = instant;
    }
    return 0;
}

/* ---- LIKE on what is not stored as one text ---- */

/* True if a text matches a pattern of LIKE, whatever its case. Both are short. */
static bool like(const char *pattern, const char *text) {
    for (; *pattern; pattern++, text++) {
        if (*pattern == '%') {
            while (pattern[1] == '%') pattern++;
            for (const char *rest = text;; rest++) {
                if (like(pattern + 1, rest)) return true;
                if (!*rest) return false;
            }
        }
        if (!*text) return false;
        if (*pattern == '_') continue;
        if (*pattern == '\\' && pattern[1]) pattern++;
        if (tolower((unsigned char)*pattern) != tolower((unsigned char)*text)) return false;
    }
    return !*text;
}

static struct expr *property_like(struct binder *b, const char *property, const char *pattern) {
    return expr_new(b->scope, EXPR_LIKE, 2, expr_text(b->scope, EXPR_PROPERTY, property),
                    expr_text(b->scope, EXPR_TEXT, pattern));
}

static struct expr *both_like(struct binder *b, const char *collection, const char *item) {
    return expr_new(b->scope, EXPR_AND, 2, property_like(b, "collection", collection), property_like(b, "id", item));
}

/* "<collection>/<item>" LIKE pattern: the slash is either written in the pattern or one of its wildcards stands for it. */
static int identifier_like(struct binder *b, const char *pattern, struct expr **out) {
    enum { PLACES_MOST = 16 };
    struct expr *ways[PLACES_MOST];
    size_t count = 0;
    if (b->kind == CSW_SERIES) {
        *out = property_like(b, "id", pattern);
        return 0;
    }
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            continue;
        }
        if (!strchr("/%_", *p)) continue;
        if (count == PLACES_MOST) return refuse(b, "dc:identifier", "has a pattern of too many wildcards");
        const char *many = *p == '%' ? "%" : "";
        ways[count++] = both_like(b, scope_printf(b->scope, "%.*s%s", (int)(p - pattern), pattern, many),
                                  scope_printf(b->scope, "%s%s", many, p + 1));
    }
    *out = count == 0
               ? expr_new(b->scope, EXPR_IN, 2, expr_text(b->scope, EXPR_PROPERTY, "id"), expr_text(b->scope, EXPR_TEXT, ""))
           : count == 1 ? ways[0]
                        : expr_list(b->scope, EXPR_OR, count, ways);
    return 0;
}

static struct expr *property_equals(struct binder *b, const char *property, const char *value) {
    return expr_new(b->scope, EXPR_EQUAL, 2, expr_text(b->scope, EXPR_PROPERTY, property),
                    expr_text(b->scope, EXPR_TEXT, value));
}

static struct csw_bound identifier_equals(struct binder *b, const char *value, bool negate) {
    const char *slash = strchr(value, '/');
    if (b->kind == CSW_SERIES || !slash)
        return b->kind == CSW_SERIES && !slash ? where(negated(b, property_equals(b, "id", value), negate)) : constant(negate);
    struct expr *one = expr_new(b->scope, EXPR_AND, 2,
                                property_equals(b, "collection", scope_strndup(b->scope, value, (size_t)(slash - value))),
                                property_equals(b, "id", slash + 1));
    return where(negated(b, one, negate));
}

/* ---- comparisons ---- */

static const struct expr *bare(const struct expr *e) {
    while (e->op == EXPR_CASEI || e->op == EXPR_ACCENTI) e = e->args[0];
    return e;
}

static int text_of(struct binder *b, const char *name, const struct expr *e, const char **out) {
    e = bare(e);
    if (e->op != EXPR_TEXT) return refuse(b, name, "must be compared with a text");
    *out = e->text;
    return 0;
}

/* Names whose value is known without a look at the store. */
static int constant_bind(struct binder *b, const struct expr *e, const char *name, bool negate, struct csw_bound *out) {
    const char *own = b->kind == CSW_SERIES ? "series" : "dataset", *text = "";
    bool holds = false;
    if (e->op == EXPR_EQUAL || e->op == EXPR_NOT_EQUAL || e->op == EXPR_LIKE) {
        if (text_of(b, name, e->args[1], &text)) return NADIR_EINVAL;
        if (strlen(text) > 64) return refuse(b, name, "is compared with a text that is too long");
        if (strncmp(text, "http://purl.org/dc/dcmitype/", 28) == 0) text += 28;
        holds = e->op == EXPR_LIKE ? like(text, own) : (strcasecmp(text, own) == 0) == (e->op == EXPR_EQUAL);
    } else if (e->op == EXPR_IN) {
        for (size_t i = 1; i < e->count; i++) {
            if (text_of(b, name, e->args[i], &text)) return NADIR_EINVAL;
            holds = holds || strcasecmp(text, own) == 0;
        }
    } else if (e->op != EXPR_IS_NULL) {
        return refuse(b, name, "can be compared by equality and patterns only");
    }
    *out = constant(holds != negate);
    return 0;
}

static int identifier_bind(struct binder *b, const struct expr *e, const char *name, bool negate, struct csw_bound *out) {
    const char *text = "";
    if (e->op == EXPR_IS_NULL) {
        *out = constant(negate);
        return 0;
    }
    if (e->op == EXPR_IN) {
        struct expr *members[CSW_IDS_MOST];
        size_t count = 0;
        if (e->count > CSW_IDS_MOST) return refuse(b, name, "is compared with more than 100 identifiers");
        for (size_t i = 1; i < e->count; i++) {
            if (text_of(b, name, e->args[i], &text)) return NADIR_EINVAL;
            struct csw_bound one = identifier_equals(b, text, false);
            if (one.when == CSW_WHERE) members[count++] = one.expr;
        }
        *out = count == 0 ? constant(negate) : where(negated(b, expr_list(b->scope, EXPR_OR, count, members), negate));
        return 0;
    }
    if (e->op != EXPR_EQUAL && e->op != EXPR_NOT_EQUAL && e->op != EXPR_LIKE)
        return refuse(b, name, "can be compared by equality and patterns only");
    if (text_of(b, name, e->args[1], &text)) return NADIR_EINVAL;
    if (e->op == EXPR_LIKE) {
        struct expr *matched = NULL;
        if (identifier_like(b, text, &matched)) return NADIR_EINVAL;
        *out = where(negated(b, matched, negate));
    } else {
        *out = identifier_equals(b, text, (e->op == EXPR_NOT_EQUAL) != negate);
    }
    return 0;
}

/* Any of the texts of a record, whatever the case. Absent ones do not match, so their negation holds. */
static int anytext_bind(struct binder *b, const struct expr *e, const char *name, bool negate, struct csw_bound *out) {
    static const char *const properties[] = {"id",       "collection",    "title",   "description",
                                             "platform", "constellation", "mission", "license"};
    enum { COUNT = sizeof properties / sizeof *properties };
    struct expr *each[COUNT + 2];
    const char *text = "";
    if (e->op == EXPR_IS_NULL) {
        *out = constant(negate);
        return 0;
    }
    if (e->op != EXPR_LIKE && e->op != EXPR_EQUAL) return refuse(b, name, "can be compared by equality and patterns only");
    if (text_of(b, name, e->args[1], &text)) return NADIR_EINVAL;
    /* Words without wildcards are looked for anywhere, as clients (QGIS) mean them: no record's whole text is one word. */
    if (e->op == EXPR_LIKE && *text && !strpbrk(text, "%_")) text = scope_printf(b->scope, "%%%s%%", text);
    if (e->op == EXPR_LIKE && strspn(text, "%") == strlen(text) && *text) {
        *out = constant(!negate);
        return 0;
    }
    for (size_t i = 0; i < COUNT + 2; i++) {
        const char *property = i < COUNT ? properties[i] : i == COUNT ? "keywords" : "instruments";
        struct expr *own = expr_text(b->scope, EXPR_PROPERTY, property);
        struct expr *is = i < COUNT ? expr_new(b->scope, e->op, 2, expr_new(b->scope, EXPR_CASEI, 1, own),
                                               expr_new(b->scope, EXPR_CASEI, 1, expr_text(b->scope, EXPR_TEXT, text)))
                                    : expr_new(b->scope, EXPR_A_LIKE, 2, own, expr_text(b->scope, EXPR_TEXT, text));
        each[i] = negate ? expr_new(b->scope, EXPR_OR, 2, expr_new(b->scope, EXPR_IS_NULL, 1, own),
                                    expr_new(b->scope, EXPR_NOT, 1, is))
                         : is;
    }
    *out = where(expr_list(b->scope, negate ? EXPR_AND : EXPR_OR, COUNT + 2, each));
    return 0;
}

/* Lists of texts: equal to one of them, or one of them like a pattern. */
static int list_bind(struct binder *b, const struct expr *e, const char *name, const char *property, bool negate,
                     struct csw_bound *out) {
    struct expr *own = expr_text(b->scope, EXPR_PROPERTY, property);
    const char *text = "";
    if (e->op == EXPR_IS_NULL) {
        *out = where(negated(b, expr_new(b->scope, EXPR_IS_NULL, 1, own), negate));
        return 0;
    }
    if (e->op != EXPR_EQUAL && e->op != EXPR_NOT_EQUAL && e->op != EXPR_LIKE)
        return refuse(b, name, "can be compared by equality and patterns only");
    if (text_of(b, name, e->args[1], &text)) return NADIR_EINVAL;
    struct expr *value = expr_text(b->scope, EXPR_TEXT, text);
    struct expr *is = e->op == EXPR_LIKE
                          ? expr_new(b->scope, EXPR_A_LIKE, 2, own, value)
                          : expr_new(b->scope, EXPR_A_CONTAINS, 2, own, expr_new(b->scope, EXPR_ARRAY, 1, value));
    *out = where(negated(b, is, negate != (e->op == EXPR_NOT_EQUAL)));
    return 0;
}

/* The comparison with `property` in the name's place. */
static struct expr *compared(struct binder *b, const struct expr *e, const char *property, struct expr *const *values) {
    struct expr *args[CSW_IDS_MOST] = {0};
    const struct expr *first = e->args[0];
    args[0] = expr_text(b->scope, EXPR_PROPERTY, property);
    if (first->op == EXPR_CASEI || first->op == EXPR_ACCENTI) args[0] = expr_new(b->scope, first->op, 1, args[0]);
    for (size_t i = 1; i < e->count; i++) args[i] = values[i];
    if (e->op == EXPR_LIKE && e->count == 2 && args[0]->op == EXPR_PROPERTY && args[1]->op == EXPR_CASEI) /* CQL's ILIKE */
        args[0] = expr_new(b->scope, EXPR_CASEI, 1, args[0]);
    return expr_list(b->scope, e->op, e->count, args);
}

static int plain_bind(struct binder *b, const struct expr *e, const char *name, const struct csw_name *known, const char *stac,
                      bool negate, struct csw_bound *out) {
    const bool series = b->kind == CSW_SERIES && known && known->series;
    const char *property = stac ? stac : series ? known->series : known->property;
    const char *otherwise = stac ? NULL : series ? known->series_otherwise : known->otherwise;
    struct expr *values[CSW_IDS_MOST] = {0};
    if (e->count > CSW_IDS_MOST) return refuse(b, name, "is compared with more than 99 values");
    for (size_t i = 1; i < e->count; i++) {
        const struct csw_name *other;
        const char *own;
        if (bare(e->args[i])->op == EXPR_PROPERTY) {
            if (!csw_name_find(b->scope, bare(e->args[i])->text, &other, &own) || (other && !other->property))
                return refuse(b, bare(e->args[i])->text, "is not a property that can be compared with another");
            values[i] = expr_text(b->scope, EXPR_PROPERTY, other ? other->property : own);
        } else if (value_bind(b, name, known ? known->type : CSW_TEXT, e->op == EXPR_LIKE ? NULL : stac, e->args[i],
                              &values[i])) {
            return NADIR_EINVAL;
        }
    }
    if (e->op == EXPR_LIKE && known && known->type != CSW_TEXT) return refuse(b, name, "is not a text that is like a pattern");
    struct expr *is = compared(b, e, property, values);
    if (!otherwise) {
        *out = where(negated(b, is, negate));
        return 0;
    }
    struct expr *absent = expr_new(b->scope, EXPR_IS_NULL, 1, expr_text(b->scope, EXPR_PROPERTY, property));
    struct expr *second = compared(b, e, otherwise, values);
    if (e->op == EXPR_IS_NULL) {
        *out = where(negated(b, expr_new(b->scope, EXPR_AND, 2, is, second), negate));
        return 0;
    }
    *out = where(expr_new(b->scope, EXPR_OR, 2, negated(b, is, negate),
                          expr_new(b->scope, EXPR_AND, 2, absent, negated(b, second, negate))));
    return 0;
}

/* "5 < x" as "x > 5". */
static const struct expr *turned(struct binder *b, const struct expr *e) {
    static const enum expr_op mirrored[][2] = {
        {EXPR_EQUAL, EXPR_EQUAL},  {EXPR_NOT_EQUAL, EXPR_NOT_EQUAL},      {EXPR_LESS, EXPR_GREATER},
        {EXPR_GREATER, EXPR_LESS}, {EXPR_LESS_EQUAL, EXPR_GREATER_EQUAL}, {EXPR_GREATER_EQUAL, EXPR_LESS_EQUAL}};
    if (e->count != 2 || bare(e->args[0])->op == EXPR_PROPERTY || bare(e->args[1])->op != EXPR_PROPERTY) return e;
    for (size_t i = 0; i < sizeof mirrored / sizeof *mirrored; i++)
        if (mirrored[i][0] == e->op) return expr_new(b->scope, mirrored[i][1], 2, e->args[1], e->args[0]);
    return e;
}

static int comparison_bind(struct binder *b, const struct expr *given, bool negate, struct csw_bound *out) {
    const struct expr *e = turned(b, given), *first = bare(e->args[0]);
    const struct csw_name *known;
    const char *stac, *name = first->text;
    if (first->op != EXPR_PROPERTY) return refuse(b, NULL, "has a comparison without a property");
    if (!csw_name_find(b->scope, name, &known, &stac) || (!known && !stac))
        return refuse(b, name, "is not a property that records have");
    if (known && known->type == CSW_CONSTANT) return constant_bind(b, e, name, negate, out);
    if (known && known->type == CSW_IDENTIFIER) return identifier_bind(b, e, name, negate, out);
    if (known && known->type == CSW_ANYTEXT) return anytext_bind(b, e, name, negate, out);
    if (known && known->type == CSW_LIST) return list_bind(b, e, name, known->property, negate, out);
    if (known && known->type == CSW_PLACE && e->op != EXPR_IS_NULL)
        return refuse(b, name, "is a place: compare it with a spatial operator");
    return plain_bind(b, e, name, known, stac, negate, out);
}

/* Spatial, temporal and array operators: the names in them are exchanged. */
static int operands_bind(struct binder *b, const struct expr *e, struct expr **out) {
    struct expr *args[4];
    bool spatial = e->op >= EXPR_S_INTERSECTS && e->op <= EXPR_S_WITHIN;
    if (e->count > 4) return refuse(b, NULL, "has an operator of too many operands");
    for (size_t i = 0; i < e->count; i++) {
        const struct expr *arg = e->args[i];
        const struct csw_name *known;
        const char *stac;
        args[i] = (struct expr *)arg;
        if (arg && arg->op == EXPR_INTERVAL && operands_bind(b, arg, &args[i])) return NADIR_EINVAL;
        if (!arg || arg->op != EXPR_PROPERTY) continue;
        bool good = csw_name_find(b->scope, arg->text, &known, &stac) && (known || stac);
        if (!good || (known && !known->property)) return refuse(b, arg->text, "is not a property for this operator");
        if (spatial && ((known && known->type != CSW_PLACE) || (stac && strcmp(stac, "geometry") != 0)))
            return refuse(b, arg->text, "is not a place");
        bool series = b->kind == CSW_SERIES && known && known->series;
        args[i] = expr_text(b->scope, EXPR_PROPERTY, stac ? stac : series ? known->series : known->property);
    }
    *out = expr_list(b->scope, e->op, e->count, args);
    return 0;
}

static int bind(struct binder *b, const struct expr *e, bool negate, struct csw_bound *out);

/* And, Or; negated they are one another of what is negated. */
static int logic_bind(struct binder *b, const struct expr *e, bool negate, struct csw_bound *out) {
    const bool all = (e->op == EXPR_AND) != negate;
    struct expr **kept = scope_alloc(b->scope, e->count * sizeof(struct expr *));
    size_t count = 0;
    bool settled = false;
    for (size_t i = 0; i < e->count; i++) {
        struct csw_bound one = constant(false);
        if (bind(b, e->args[i], negate, &one)) return NADIR_EINVAL;
        if (one.when == CSW_WHERE)
            kept[count++] = one.expr;
        else
            settled = settled || (one.when == CSW_ALWAYS) != all;
    }
    if (settled || count == 0)
        *out = constant(settled ? !all : all);
    else
        *out = where(count == 1 ? kept[0] : expr_list(b->scope, all ? EXPR_AND : EXPR_OR, count, kept));
    return 0;
}

static int bind(struct binder *b, const struct expr *e, bool negate, struct csw_bound *out) {
    struct expr *plain = NULL;
    switch (e->op) {
    case EXPR_AND:
    case EXPR_OR:
        return logic_bind(b, e, negate, out);
    case EXPR_NOT:
        return bind(b, e->args[0], !negate, out);
    case EXPR_BOOLEAN:
        *out = constant(e->boolean != negate);
        return 0;
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_GREATER:
    case EXPR_GREATER_EQUAL:
    case EXPR_BETWEEN:
    case EXPR_LIKE:
    case EXPR_IN:
    case EXPR_IS_NULL:
        return comparison_bind(b, e, negate, out);
    default:
        if (e->op < EXPR_S_INTERSECTS) return refuse(b, NULL, "has a value where a condition belongs");
        if (operands_bind(b, e, &plain)) return NADIR_EINVAL;
        *out = where(negated(b, plain, negate));
        return 0;
    }
}

int csw_bind(struct scope *s, const struct expr *e, enum csw_kind kind, struct csw_bound *out, struct csw_fault *f) {
    struct binder b = {.scope = s, .fault = f, .kind = kind};
    if (e) return bind(&b, e, false, out);
    *out = constant(true);
    return 0;
}

int csw_bind_sort(struct scope *s, const char *name, enum csw_kind kind, const char **out, struct csw_fault *f) {
    const struct csw_name *known;
    const char *stac;
    bool good = csw_name_find(s, name, &known, &stac) && (known || stac);
    if (!good || (known && (known->type == CSW_PLACE || known->type == CSW_ANYTEXT || known->type == CSW_LIST)))
        return csw_fault_set(f, NULL, "SortBy", scope_printf(s, "cannot be by %s", name));
    if (stac)
        *out = stac;
    else if (known->type == CSW_CONSTANT)
        *out = NULL; /* records stand by type already */
    else if (kind == CSW_SERIES && known->series)
        *out = known->series;
    else /* the time of an item is what all have */
        *out = known->type == CSW_TIME && known->otherwise ? known->otherwise : known->property;
    return 0;
}
