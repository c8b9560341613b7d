/* words.h: space-separated words, as OAuth writes scopes and Nadir writes roles. */
#ifndef IDENTITY_WORDS_H
#define IDENTITY_WORDS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/scope.h"

/** The next word at *at, in the scope; NULL at the end. *at moves on. */
const char *words_next(struct scope *s, const char **at);
bool words_have(const char *words, const char *word);
/** True if every word of a is in b. */
bool words_within(struct scope *s, const char *a, const char *b);
/** The words of a that are in b too, each once, in a's order. */
const char *words_both(struct scope *s, const char *a, const char *b);
/** The words of a and then those only in b, each once. */
const char *words_either(struct scope *s, const char *a, const char *b);
/** The words of a that are not in b. */
const char *words_without(struct scope *s, const char *a, const char *b);
/** A JSON array; the caller owns it. */
json_t *words_array(struct scope *s, const char *words);
/** The strings of a JSON array joined; NULL if a member is not a string or holds a space. */
const char *words_from_array(struct scope *s, const json_t *array);

#endif
