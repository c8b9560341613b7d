/* crc64.c: CRC-64/NVME: polynomial 0xad93d23594c93659, reflected, all ones before and after; eight bytes at a time by tables
 * ("slicing by 8", Kounavis and Berry 2005). No library of Debian 12's has this polynomial. */
#include <pthread.h>
#include <string.h>

#include "download/s3/digests.h"

#define POLYNOMIAL UINT64_C(0x9a6c9329ac4bc9b5) /* reflected */

static uint64_t table[8][256];

static void tables_make(void) {
    for (unsigned i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
        table[0][i] = crc;
    }
    for (unsigned t = 1; t < 8; t++)
        for (unsigned i = 0; i < 256; i++) table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
}

static uint64_t eight(const unsigned char *at) {
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) word |= (uint64_t)at[i] << 8 * i;
    return word;
}

uint64_t crc64nvme(uint64_t crc, const void *data, size_t len) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const unsigned char *at = data;
    (void)pthread_once(&once, tables_make);
    crc = ~crc;
    for (; len >= 8; at += 8, len -= 8) {
        uint64_t word = eight(at) ^ crc;
        crc = 0;
        for (unsigned i = 0; i < 8; i++) crc ^= table[7 - i][word >> 8 * i & 255];
    }
    for (; len; at++, len--) crc = crc >> 8 ^ table[0][(crc ^ *at) & 255];
    return ~crc;
}
