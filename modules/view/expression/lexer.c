#include "view/expression/lexer.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

static const struct {
    const char *sign;
    enum token token;
} signs[] = {
    /* longer ones first */
    {"**", TOKEN_POWER},   {"==", TOKEN_EQUAL}, {"!=", TOKEN_UNEQUAL}, {"<=", TOKEN_AT_MOST}, {">=", TOKEN_AT_LEAST},
    {"&&", TOKEN_AND},     {"||", TOKEN_OR},    {"(", TOKEN_OPEN},     {")", TOKEN_CLOSE},    {",", TOKEN_COMMA},
    {"?", TOKEN_QUESTION}, {":", TOKEN_COLON},  {"+", TOKEN_PLUS},     {"-", TOKEN_MINUS},    {"*", TOKEN_TIMES},
    {"/", TOKEN_OVER},     {"^", TOKEN_POWER},  {"<", TOKEN_LESS},     {">", TOKEN_GREATER},  {"!", TOKEN_NOT},
};

static const struct {
    const char *word;
    enum token token;
} words[] = {{"and", TOKEN_AND}, {"or", TOKEN_OR}, {"not", TOKEN_NOT_WORD}};

static void bad(struct lexer *l, const char *why) {
    l->token = TOKEN_BAD;
    l->why = why;
}

/* Digits with at most one point and an exponent. */
static void read_number(struct lexer *l) {
    const char *start = l->text + l->at;
    size_t len = strspn(start, DIGITS);
    if (start[len] == '.') len += 1 + strspn(start + len + 1, DIGITS);
    if (start[len] == 'e' || start[len] == 'E') {
        size_t sign = start[len + 1] == '+' || start[len + 1] == '-';
        size_t digits = strspn(start + len + 1 + sign, DIGITS);
        if (digits) len += 1 + sign + digits;
    }
    l->next = l->at + len;
    if (len >= NAME_MOST) {
        bad(l, "this number is too long");
        return;
    }
    if (len == 1 && *start == '.') {
        bad(l, "this point has no digits");
        return;
    }
    char digits[NAME_MOST + 1];
    memcpy(digits, start, len);
    digits[len] = '\0';
    l->number = strtof(digits, NULL);
    l->token = TOKEN_NUMBER;
    if (!isfinite(l->number)) bad(l, "this number is too large");
    if (start[len] && strchr(LETTERS ".", start[len])) bad(l, "this is no number; a name that begins so needs double quotes");
}

static void take_name(struct lexer *l, const char *start, size_t len, enum token token) {
    if (len == 0 || len > NAME_MOST) {
        bad(l, "a name has 1 to 64 characters");
        return;
    }
    memcpy(l->name, start, len);
    l->name[len] = '\0';
    l->token = token;
}

static void read_name(struct lexer *l) {
    const char *start = l->text + l->at;
    size_t len = strspn(start, LETTERS DIGITS);
    l->next = l->at + len;
    take_name(l, start, len, TOKEN_NAME);
    if (l->token != TOKEN_NAME) return;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, l->name) == 0) l->token = words[i].token;
}

static void read_quoted(struct lexer *l) {
    const char *start = l->text + l->at + 1;
    size_t len = strcspn(start, "\"");
    if (!start[len]) {
        bad(l, "this quote is not closed");
        return;
    }
    l->next = l->at + len + 2;
    take_name(l, start, len, TOKEN_QUOTED);
}

static void read_sign(struct lexer *l) {
    const char *start = l->text + l->at;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t len = strlen(signs[i].sign);
        if (strncmp(start, signs[i].sign, len) != 0) continue;
        l->next = l->at + len;
        l->token = signs[i].token;
        return;
    }
    bad(l, *start == '=' ? "compare with ==" : "this character has no meaning here");
}

void lexer_start(struct lexer *l, const char *text) {
    *l = (struct lexer){.text = text};
    lexer_next(l);
}

void lexer_next(struct lexer *l) {
    if (l->token == TOKEN_BAD) return;
    l->at = l->next + strspn(l->text + l->next, " \t\r\n");
    l->next = l->at;
    char c = l->text[l->at];
    if (!c)
        l->token = TOKEN_END;
    else if (strchr(DIGITS ".", c))
        read_number(l);
    else if (strchr(LETTERS, c))
        read_name(l);
    else if (c == '"')
        read_quoted(l);
    else
        read_sign(l);
}
