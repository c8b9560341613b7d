/* xml_write.c: writing XML. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "discovery/csw/csw.h"

void xml_raw(struct text *t, const char *format, ...) {
    char line[4096];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > 0) text_add(t, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void xml_element(struct scope *s, struct text *t, const char *name, const char *value) {
    if (!value) return;
    const char *escaped = http_escape(s, value);
    text_add(t, "<", 1);
    text_add(t, name, strlen(name));
    text_add(t, ">", 1);
    text_add(t, escaped, strlen(escaped));
    text_add(t, "</", 2);
    text_add(t, name, strlen(name));
    text_add(t, ">\n", 2);
}
