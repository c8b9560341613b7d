#include "common/id.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* getrandom() costs a system call and identifiers are made often, so a thread keeps a small stock, dropped after fork(). */
static void system_random(void *out, size_t n) {
    char *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got <= 0) abort();
        p += got;
        n -= (size_t)got;
    }
}

void random_bytes(void *out, size_t n) {
    static _Thread_local unsigned char stock[512];
    static _Thread_local size_t left;
    static _Thread_local pid_t owner;
    if (n > sizeof stock) {
        system_random(out, n);
        return;
    }
    if (left < n || owner != getpid()) {
        system_random(stock, sizeof stock);
        left = sizeof stock;
        owner = getpid();
    }
    left -= n;
    memcpy(out, stock + left, n);
    explicit_bzero(stock + left, n);
}

void id_new(char out[ID_SIZE]) {
    unsigned char b[16];
    struct timespec t;
    random_bytes(b, sizeof b);
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++) b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
    snprintf(out, ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
             b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool id_valid(const char *text) {
    if (!text || strlen(text) != 36) return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i])) return false;
    }
    return true;
}
