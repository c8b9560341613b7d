/* lexer.h: the words of an expression. */
#ifndef NADIR_VIEW_LEXER_H
#define NADIR_VIEW_LEXER_H

#include <stddef.h>

#define NAME_MOST 64

enum token {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_NAME,
    TOKEN_QUOTED, /* a name, too, but never a word of the language */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_QUESTION,
    TOKEN_COLON,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_TIMES,
    TOKEN_OVER,
    TOKEN_POWER,
    TOKEN_EQUAL,
    TOKEN_UNEQUAL,
    TOKEN_LESS,
    TOKEN_AT_MOST,
    TOKEN_GREATER,
    TOKEN_AT_LEAST,
    TOKEN_AND,
    TOKEN_OR,
    TOKEN_NOT,      /* ! binds as a sign does */
    TOKEN_NOT_WORD, /* not binds looser than comparisons */
    TOKEN_BAD,      /* `why` says what is wrong */
};

struct lexer {
    const char *text;
    size_t next;
    /* The present token. */
    enum token token;
    size_t at;
    float number;
    char name[NAME_MOST + 1];
    const char *why;
};

void lexer_start(struct lexer *l, const char *text);
/** Reads the next token. After TOKEN_END and TOKEN_BAD it stays there. */
void lexer_next(struct lexer *l);

#endif
