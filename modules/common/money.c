/* money.c: digits of currencies, prices times quantities, and amounts as text. */
#include "common/money.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"

/* ISO 4217, list one, by minor unit. */
static const char *const digits0 = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
static const char *const digits2 =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY "
    "COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
    "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD YER ZAR ZMW ZWL";
static const char *const digits3 = "BHD IQD JOD KWD LYD OMR TND";
static const char *const digits4 = "CLF UYW";

/* Codes have blanks between them and `currency` has none, so a hit is a whole code. */
static bool listed(const char *list, const char *currency) {
    return strstr(list, currency) != NULL;
}

int money_digits(const char *currency) {
    if (!currency || strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) return -1;
    if (listed(digits2, currency)) return 2;
    if (listed(digits0, currency)) return 0;
    if (listed(digits3, currency)) return 3;
    if (listed(digits4, currency)) return 4;
    return -1;
}

int money_times(int64_t unit_price, double quantity, int64_t *out) {
    if (!isfinite(quantity) || quantity < 0) return NADIR_EINVAL;
    /* x87's 64-bit significand holds any int64_t; rintl rounds half to even in the default mode. */
    long double product = rintl((long double)unit_price * (long double)quantity);
    if (product >= 9223372036854775808.0L || product < -9223372036854775808.0L) return NADIR_EINVAL;
    *out = (int64_t)product;
    return 0;
}

void money_format(int64_t minor, const char *currency, char out[40]) {
    int digits = money_digits(currency);
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    uint64_t unit = 1;
    for (int i = 0; i < digits; i++) unit *= 10;
    const char *sign = minor < 0 ? "-" : "";
    if (digits > 0 && digits <= 4)
        snprintf(out, 40, "%s%" PRIu64 ".%0*u %.3s", sign, size / unit, digits, (unsigned)(size % unit), currency);
    else
        snprintf(out, 40, "%s%" PRIu64 " %.3s", sign, size, currency ? currency : "");
}
