#include "view/numbers/csv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct csv {
    FILE *file;
    char *text;
    size_t len;
    bool begun; /* the line has a cell */
};

static void csv_end(void *pointer) {
    struct csv *c = pointer;
    if (c->file) (void)fclose(c->file);
    free(c->text);
}

struct csv *csv_begin(struct scope *s, const char *names) {
    struct csv *c = scope_alloc(s, sizeof *c);
    c->file = open_memstream(&c->text, &c->len);
    if (!c->file) return NULL;
    scope_defer(s, csv_end, c);
    (void)fprintf(c->file, "%s\r\n", names);
    return c;
}

static void cell(struct csv *c) {
    if (c->begun) (void)fputc(',', c->file);
    c->begun = true;
}

void csv_text(struct csv *c, const char *text) {
    cell(c);
    /* A sheet would take what begins so for a formula of its own. */
    bool quoted = *text && (text[strcspn(text, ",\"\r\n")] || strchr("=+-@\t", *text));
    if (!quoted) {
        (void)fputs(text, c->file);
        return;
    }
    (void)fputc('"', c->file);
    if (strchr("=+-@\t", *text)) (void)fputc('\'', c->file);
    for (; *text; text++) {
        if (*text == '"') (void)fputc('"', c->file);
        (void)fputc(*text, c->file);
    }
    (void)fputc('"', c->file);
}

void csv_number(struct csv *c, double number) {
    char text[40] = "";
    for (int digits = 15; digits <= 17 && isfinite(number); digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    cell(c);
    (void)fputs(text, c->file);
}

void csv_integer(struct csv *c, int64_t number) {
    cell(c);
    (void)fprintf(c->file, "%" PRId64, number);
}

void csv_line(struct csv *c) {
    (void)fputs("\r\n", c->file);
    c->begun = false;
}

int csv_answer(struct response *rs, struct csv *c) {
    FILE *file = c->file;
    c->file = NULL;
    if (fclose(file)) return NADIR_ENOMEM;
    return response_data(rs, 200, "text/csv; charset=utf-8; header=present", c->text, c->len);
}

json_t *number_json(double number) {
    return isfinite(number) ? json_real(number) : json_null();
}
