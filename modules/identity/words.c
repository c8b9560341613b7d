#include "identity/words.h"

#include <string.h>

const char *words_next(struct scope *s, const char **at) {
    const char *start = *at + strspn(*at, " ");
    size_t len = strcspn(start, " ");
    *at = start + len;
    return len ? scope_strndup(s, start, len) : NULL;
}

bool words_have(const char *words, const char *word) {
    size_t len = strlen(word);
    for (const char *at = words; len && (at = strstr(at, word)) != NULL; at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ')) return true;
    return false;
}

bool words_within(struct scope *s, const char *a, const char *b) {
    const char *word;
    while ((word = words_next(s, &a)))
        if (!words_have(b, word)) return false;
    return true;
}

static const char *add(struct scope *s, const char *words, const char *word) {
    if (words_have(words, word)) return words;
    return scope_printf(s, "%s%s%s", words, *words ? " " : "", word);
}

const char *words_both(struct scope *s, const char *a, const char *b) {
    const char *out = "", *word;
    while ((word = words_next(s, &a)))
        if (words_have(b, word)) out = add(s, out, word);
    return out;
}

const char *words_either(struct scope *s, const char *a, const char *b) {
    const char *out = "", *word;
    while ((word = words_next(s, &a))) out = add(s, out, word);
    while ((word = words_next(s, &b))) out = add(s, out, word);
    return out;
}

const char *words_without(struct scope *s, const char *a, const char *b) {
    const char *out = "", *word;
    while ((word = words_next(s, &a)))
        if (!words_have(b, word)) out = add(s, out, word);
    return out;
}

json_t *words_array(struct scope *s, const char *words) {
    json_t *out = json_array();
    const char *word;
    while ((word = words_next(s, &words))) json_array_append_new(out, json_string(word));
    return out;
}

const char *words_from_array(struct scope *s, const json_t *array) {
    const char *out = "";
    size_t i;
    const json_t *one;
    json_array_foreach(array, i, one) {
        const char *word = json_string_value(one);
        if (!word || !*word || strpbrk(word, " \t\r\n")) return NULL;
        out = add(s, out, word);
    }
    return out;
}
