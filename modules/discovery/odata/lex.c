/* lex.c: tokens of $filter (OData ABNF 4.01: what CDSE's filters use of it). */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/odata/odata.h"

struct lexer {
    struct scope *s;
    const char *text, *p;
    struct token *tokens;
    size_t count, room;
};

static int lex_fault(const struct lexer *l, struct fault *f, const char *why) {
    return fault_set(f, "$filter", scope_printf(l->s, "at character %zu: %s", (size_t)(l->p - l->text) + 1, why));
}

static struct token *add(struct lexer *l, enum token_kind kind) {
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        struct token *tokens = scope_alloc(l->s, room * sizeof *tokens);
        if (l->count > 0) memcpy(tokens, l->tokens, l->count * sizeof *tokens);
        l->tokens = tokens;
        l->room = room;
    }
    struct token *t = &l->tokens[l->count++];
    *t = (struct token){.kind = kind, .at = (size_t)(l->p - l->text), .text = ""};
    return t;
}

/* 'it''s': a quote is doubled. l->p stands on the first quote and then after the last. NULL: it does not end. */
static const char *quoted(struct lexer *l) {
    char *out = scope_alloc(l->s, strlen(l->p)), *o = out;
    const char *p = l->p + 1;
    for (;; p++) {
        if (!*p) return NULL;
        if (*p == '\'' && *++p != '\'') break;
        *o++ = *p;
    }
    l->p = p;
    return out;
}

/* geography'SRID=4326;POLYGON((…))'. */
static int geography(struct lexer *l, struct fault *f) {
    struct token *t = add(l, TOKEN_GEOGRAPHY);
    l->p = strchr(l->p, '\'');
    const char *wkt = quoted(l);
    if (!wkt) return lex_fault(l, f, "the quote does not end");
    const char *after = l->p;
    l->p = l->text + t->at;
    if (strncasecmp(wkt, "SRID=", 5) == 0) {
        if (strncmp(wkt + 5, "4326;", 5) != 0) return lex_fault(l, f, "an area must have SRID=4326");
        wkt += 10;
    }
    t->text = wkt + strspn(wkt, " ");
    l->p = after;
    return 0;
}

static bool in_word(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == ':' || c == '+';
}

/* A word that begins with a digit, sign or hexadecimal letter and is a time, a date or a UUID. False: it is another. */
static bool constant(struct lexer *l) {
    size_t len = 0;
    while (in_word(l->p[len])) len++;
    const char *word = scope_strndup(l->s, l->p, len);
    char instant[INSTANT_SIZE];
    struct token *t;
    if (len == 36 && id_valid(word)) {
        t = add(l, TOKEN_UUID);
        t->text = word;
    } else if (len >= 20 && instant_parse(word, len, instant) == 0) {
        t = add(l, TOKEN_TIMESTAMP);
        t->text = scope_strdup(l->s, instant);
    } else if (len == 10 && instant_parse(scope_printf(l->s, "%sT00:00:00Z", word), 20, instant) == 0) {
        t = add(l, TOKEN_DATE);
        t->text = word;
    } else {
        return false;
    }
    l->p += len;
    return true;
}

static int number(struct lexer *l, struct fault *f) {
    size_t len = strspn(l->p, "+-.0123456789eE");
    const char *word = scope_strndup(l->s, l->p, len);
    char *end;
    double value = strtod(word, &end);
    if (*end || len == 0 || !isfinite(value) || in_word(l->p[len]))
        return lex_fault(l, f, "a number, a time (2022-05-03T00:00:00.000Z) or a UUID is malformed");
    struct token *t = add(l, TOKEN_NUMBER);
    t->number = value;
    t->text = word;
    l->p += len;
    return 0;
}

static int word(struct lexer *l, struct fault *f) {
    if (strncasecmp(l->p, "geography'", 10) == 0) return geography(l, f);
    size_t len = 0;
    while (isalnum((unsigned char)l->p[len]) || (l->p[len] && strchr("_./", l->p[len]))) len++;
    struct token *t = add(l, TOKEN_NAME);
    t->text = scope_strndup(l->s, l->p, len);
    l->p += len;
    return 0;
}

static int token(struct lexer *l, struct fault *f) {
    static const struct {
        char c;
        enum token_kind kind;
    } marks[] = {{'(', TOKEN_OPEN}, {')', TOKEN_CLOSE}, {',', TOKEN_COMMA}, {':', TOKEN_COLON}, {'=', TOKEN_EQUALS}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (*l->p != marks[i].c) continue;
        add(l, marks[i].kind);
        l->p++;
        return 0;
    }
    if (*l->p == '\'') {
        struct token *t = add(l, TOKEN_TEXT);
        t->text = quoted(l);
        return t->text ? 0 : lex_fault(l, f, "the quote does not end");
    }
    if (isalnum((unsigned char)*l->p) && constant(l)) return 0;
    if (isdigit((unsigned char)*l->p) || *l->p == '-' || *l->p == '+' || *l->p == '.') return number(l, f);
    if (isalpha((unsigned char)*l->p) || *l->p == '_') return word(l, f);
    return lex_fault(l, f, "this character cannot stand here");
}

int odata_lex(struct scope *s, const char *text, struct token **out, struct fault *f) {
    struct lexer l = {.s = s, .text = text, .p = text};
    if (!text_is_utf8(text, strlen(text))) return fault_set(f, "$filter", "is not UTF-8");
    if (strlen(text) > EXPR_TEXT_MOST) return fault_set(f, "$filter", "is longer than 65,536 bytes");
    for (;;) {
        l.p += strspn(l.p, " \t\r\n");
        if (!*l.p) break;
        if (l.count >= TOKENS_MOST) return fault_set(f, "$filter", "has more than 8,000 words");
        int err = token(&l, f);
        if (err) return err;
    }
    add(&l, TOKEN_END);
    *out = l.tokens;
    return 0;
}
