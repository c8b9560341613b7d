/* cql2_lexer.h: CQL2 text as tokens. */
#ifndef DISCOVERY_CQL2_LEXER_H
#define DISCOVERY_CQL2_LEXER_H

#include "discovery/stac.h"

enum token_kind {
    TOKEN_END,
    TOKEN_BAD,    /* text: why */
    TOKEN_NAME,   /* unquoted: a property, a keyword or a function */
    TOKEN_QUOTED, /* a property between double quotes */
    TOKEN_TEXT,
    TOKEN_NUMBER,
    TOKEN_SIGN, /* one or two characters: ( ) , = < > <= >= <> + - * / % ^ */
};

struct token {
    enum token_kind kind;
    size_t at, len;   /* where it stands, in bytes */
    const char *text; /* name or text without quotes and escapes */
    double number;
};

struct lexer {
    struct scope *scope;
    const char *text;
    struct token now;
    size_t next; /* bytes read, those of `now` included */
};

/** Begins; text is UTF-8. `now` is the first token. */
void lexer_init(struct lexer *l, struct scope *s, const char *text);
void lexer_next(struct lexer *l);
/** Goes on reading at a byte, behind what the caller has read by itself. */
void lexer_jump(struct lexer *l, size_t at);
/** True if `now` is that keyword, in any case; quoted names are no keywords. */
bool lexer_is(const struct lexer *l, const char *keyword);
bool lexer_sign(const struct lexer *l, const char *sign);
/** The byte at or after `at` that is no white space. */
size_t lexer_skip(const char *text, size_t at);
/** The number of the character at a byte, counted from 1. */
size_t lexer_character(const char *text, size_t at);

#endif
