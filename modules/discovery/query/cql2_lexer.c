/* cql2_lexer.c: CQL2 text as tokens (OGC 21-065r2, Annex B). */
#include "discovery/query/cql2_lexer.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Bytes of the white space character at p, 0 if there is none: the standard's rule `whitespace`. */
static size_t space_length(const char *p) {
    static const char *const wide[] = {"\u00a0", "\u1680", "\u2000", "\u2001", "\u2002",  "\u2003", "\u2004",
                                       "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",  "\u200a", "\u2028",
                                       "\u2029", "\u202f", "\u205f", "\u3000", "\xc2\x85"};
    if (*p == ' ' || (*p >= '\t' && *p <= '\r')) return 1;
    if ((unsigned char)*p < 0xc2) return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (strncmp(p, wide[i], strlen(wide[i])) == 0) return strlen(wide[i]);
    return 0;
}

size_t lexer_skip(const char *text, size_t at) {
    size_t space;
    while ((space = space_length(text + at))) at += space;
    return at;
}

size_t lexer_character(const char *text, size_t at) {
    size_t characters = 1;
    for (size_t i = 0; i < at; i++) characters += ((unsigned char)text[i] & 0xc0) != 0x80;
    return characters;
}

static bool name_start(const char *p) {
    return isalpha((unsigned char)*p) || *p == '_' || *p == ':' || ((unsigned char)*p >= 0x80 && !space_length(p));
}

static size_t name_length(const char *p) {
    size_t len = 0;
    while (name_start(p + len) || isdigit((unsigned char)p[len]) || p[len] == '.') len++;
    return len;
}

/* Digits, a point and an exponent; strtod alone would take hexadecimal and "inf" as well. */
static size_t number_length(const char *p) {
    size_t len = strspn(p, "0123456789");
    if (p[len] == '.') len += 1 + strspn(p + len + 1, "0123456789");
    if (p[len] != 'e' && p[len] != 'E') return len;
    size_t sign = p[len + 1] == '+' || p[len + 1] == '-';
    size_t digits = strspn(p + len + 1 + sign, "0123456789");
    return digits ? len + 1 + sign + digits : len;
}

static void bad(struct token *t, const char *why) {
    t->kind = TOKEN_BAD;
    t->text = why;
}

/* Reads what stands between quotes; a doubled quote, or in texts one after a backslash, stands for itself. Other backslashes
 * stay: they are the pattern's of LIKE. Returns the bytes read. */
static size_t quoted(struct lexer *l, const char *p, struct token *t) {
    char quote = *p, *out = scope_alloc(l->scope, strlen(p) + 1), *to = out;
    const char *from = p + 1;
    while (*from) {
        bool twice = from[0] == quote && from[1] == quote;
        bool escaped = quote == '\'' && from[0] == '\\' && from[1] == '\'';
        if (*from == quote && !twice) break;
        if (twice || escaped) from++;
        *to++ = *from++;
    }
    t->kind = quote == '\'' ? TOKEN_TEXT : TOKEN_QUOTED;
    t->text = out;
    if (!*from) {
        bad(t, "this quote is not closed");
        return (size_t)(from - p);
    }
    return (size_t)(from + 1 - p);
}

static size_t sign_length(const char *p) {
    if ((*p == '<' && (p[1] == '=' || p[1] == '>')) || (*p == '>' && p[1] == '=')) return 2;
    return *p && strchr("(),=<>+-*/%^", *p) ? 1 : 0;
}

static void scan(struct lexer *l, const char *p, struct token *t) {
    if (!*p) {
        t->kind = TOKEN_END;
    } else if (*p == '\'' || *p == '"') {
        t->len = quoted(l, p, t);
    } else if (isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1]))) {
        t->kind = TOKEN_NUMBER;
        t->len = number_length(p);
        t->number = strtod(p, NULL);
        if (!isfinite(t->number)) bad(t, "this number is too large");
    } else if (name_start(p)) {
        t->kind = TOKEN_NAME;
        t->len = name_length(p);
        t->text = scope_strndup(l->scope, p, t->len);
    } else if ((t->len = sign_length(p)) > 0) {
        t->kind = TOKEN_SIGN;
    } else {
        bad(t, "this character has no meaning here");
    }
}

void lexer_jump(struct lexer *l, size_t at) {
    l->now = (struct token){.at = lexer_skip(l->text, at)};
    scan(l, l->text + l->now.at, &l->now);
    l->next = l->now.at + l->now.len;
}

void lexer_next(struct lexer *l) {
    lexer_jump(l, l->next);
}

void lexer_init(struct lexer *l, struct scope *s, const char *text) {
    *l = (struct lexer){.scope = s, .text = text};
    lexer_jump(l, 0);
}

bool lexer_is(const struct lexer *l, const char *keyword) {
    return l->now.kind == TOKEN_NAME && strcasecmp(l->now.text, keyword) == 0;
}

bool lexer_sign(const struct lexer *l, const char *sign) {
    return l->now.kind == TOKEN_SIGN && strlen(sign) == l->now.len && strncmp(l->text + l->now.at, sign, l->now.len) == 0;
}
