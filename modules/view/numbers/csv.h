/* csv.h: tables as CSV (RFC 4180). */
#ifndef NADIR_VIEW_CSV_H
#define NADIR_VIEW_CSV_H

#include <stdint.h>

#include "common/http.h"

struct csv;

/** Begins a table with its line of names, separated by commas. It belongs to the scope. NULL: no memory. */
struct csv *csv_begin(struct scope *s, const char *names);
void csv_text(struct csv *c, const char *text);
/** The shortest decimal that is this number again; nothing where there is none (NaN). */
void csv_number(struct csv *c, double number);
void csv_integer(struct csv *c, int64_t number);
void csv_line(struct csv *c);
int csv_answer(struct response *rs, struct csv *c);

/** A number for JSON, null for NaN. New reference. */
json_t *number_json(double number);

#endif
