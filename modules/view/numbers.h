/* numbers.h: numbers in query values. */
#ifndef NADIR_VIEW_NUMBERS_H
#define NADIR_VIEW_NUMBERS_H

#include <stdbool.h>

/** A finite decimal number that is all of the text. */
bool number_parse(const char *text, double *out);
/** A decimal integer within [least, most] that is all of the text. */
bool integer_parse(const char *text, int least, int most, int *out);
/** Two numbers separated by a comma. */
bool pair_parse(const char *text, double pair[2]);
/** Four numbers separated by commas. */
bool box_parse(const char *text, double box[4]);

#endif
