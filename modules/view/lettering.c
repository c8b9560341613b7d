#include "view/lettering.h"

#include <gd.h>
#include <gdfonts.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define MARGIN 4

static void letter(struct picture *p, int left, int top, unsigned char c, unsigned colour) {
    const gdFont *font = gdFontGetSmall();
    int index = c - font->offset;
    if (c > 126 || index < 0 || index >= font->nchars) index = '?' - font->offset;
    const char *dots = font->data + (ptrdiff_t)index * font->w * font->h;
    for (int i = 0; i < font->w * font->h; i++) {
        int x = left + i % font->w;
        int y = top + i / font->w;
        if (!dots[i] || x < 0 || y < 0 || x >= p->width || y >= p->height) continue;
        unsigned char *pixel = p->rgba + 4 * ((size_t)y * (size_t)p->width + (size_t)x);
        pixel[0] = (unsigned char)(colour >> 16);
        pixel[1] = (unsigned char)(colour >> 8);
        pixel[2] = (unsigned char)colour;
        pixel[3] = 255;
    }
}

/* The bytes that follow the first of a UTF-8 sequence are not letters. */
static bool goes_on(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

void lettering_line(struct picture *p, int x, int y, const char *text, unsigned colour) {
    for (; *text && x < p->width; text++) {
        if (goes_on(*text)) continue;
        letter(p, x, y, (unsigned char)*text, colour);
        x += LETTER_WIDTH;
    }
}

void lettering_fill(struct picture *p, const char *text, unsigned colour) {
    char line[256];
    int fits = (p->width - 2 * MARGIN) / LETTER_WIDTH;
    size_t room = fits < 1 ? 1 : fits > 250 ? 250 : (size_t)fits;
    for (int y = MARGIN; *text && y < p->height; y += LETTER_HEIGHT) {
        size_t len = strlen(text);
        if (len > room) { /* break at the last blank that fits, or within the word */
            len = room;
            while (len && text[len] != ' ') len--;
            if (!len) len = room;
        }
        memcpy(line, text, len);
        line[len] = '\0';
        lettering_line(p, MARGIN, y, line, colour);
        text += len;
        text += strspn(text, " ");
    }
}
