/* money.h: amounts are integers of a currency's minor unit (ISO 4217). */
#ifndef NADIR_MONEY_H
#define NADIR_MONEY_H

#include <stdbool.h>
#include <stdint.h>

/** Digits after the point of a currency (EUR 2, JPY 0, KWD 3), or -1 if it is not known here. */
int money_digits(const char *currency);
/** unit_price (minor units) times quantity, rounded half to even. NADIR_EINVAL on overflow, or a negative or non-finite
 * quantity. */
int money_times(int64_t unit_price, double quantity, int64_t *out);
/** "12.34 EUR" into out. */
void money_format(int64_t minor, const char *currency, char out[40]);

#endif
