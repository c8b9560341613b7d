#include "view/picture.h"

#include <libdeflate.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "common/error.h"
#include "common/log.h"

#define JPEG_QUALITY 85
#define PNG_LEVEL 1
#define PNG_FILTER_UP 2
#define PNG_OVERHEAD 57 /* signature, IHDR, IDAT's and IEND's frames */

/* Encoders keep tables of some hundred kilobytes: each thread makes its own once. */
struct encoders {
    struct libdeflate_compressor *deflate;
    tjhandle jpeg;
};

static pthread_key_t encoders_key;
static pthread_once_t encoders_once = PTHREAD_ONCE_INIT;

static void encoders_free(void *pointer) {
    struct encoders *e = pointer;
    libdeflate_free_compressor(e->deflate);
    if (e->jpeg) tjDestroy(e->jpeg);
    free(e);
}

static void encoders_key_make(void) {
    (void)pthread_key_create(&encoders_key, encoders_free);
}

static struct encoders *encoders_get(void) {
    (void)pthread_once(&encoders_once, encoders_key_make);
    struct encoders *e = pthread_getspecific(encoders_key);
    if (e) return e;
    e = calloc(1, sizeof *e);
    if (!e) return NULL;
    e->deflate = libdeflate_alloc_compressor(PNG_LEVEL);
    e->jpeg = tjInitCompress();
    if (!e->deflate || !e->jpeg || pthread_setspecific(encoders_key, e)) {
        encoders_free(e);
        return NULL;
    }
    return e;
}

int picture_new(struct scope *s, int width, int height, struct picture *out) {
    unsigned char *rgba = calloc((size_t)width * (size_t)height, 4);
    if (!rgba) return NADIR_ENOMEM;
    scope_defer(s, free, rgba);
    *out = (struct picture){.width = width, .height = height, .rgba = rgba};
    return 0;
}

enum picture_cover picture_cover(const struct picture *p) {
    size_t n = (size_t)p->width * (size_t)p->height;
    unsigned char all = 255;
    unsigned char any = 0;
    for (size_t i = 0; i < n; i++) {
        all &= p->rgba[4 * i + 3];
        any |= p->rgba[4 * i + 3];
    }
    if (!any) return PICTURE_EMPTY;
    return all == 255 ? PICTURE_OPAQUE : PICTURE_PARTIAL;
}

/* Porter and Duff, "Compositing Digital Images" (1984): src over dst, for straight alpha. */
static void pixel_over(unsigned char *d, const unsigned char *s) {
    if (s[3] == 0) return;
    if (s[3] == 255 || d[3] == 0) {
        memcpy(d, s, 4);
        return;
    }
    unsigned src = s[3];
    unsigned under = d[3] * (255 - src) / 255;
    unsigned alpha = src + under;
    for (int c = 0; c < 3; c++) d[c] = (unsigned char)((s[c] * src + d[c] * under) / alpha);
    d[3] = (unsigned char)alpha;
}

void picture_over(struct picture *dst, const struct picture *src) {
    size_t n = (size_t)dst->width * (size_t)dst->height;
    for (size_t i = 0; i < n; i++) pixel_over(dst->rgba + 4 * i, src->rgba + 4 * i);
}

void picture_background(struct picture *p, unsigned colour) {
    unsigned char below[4] = {(unsigned char)(colour >> 16), (unsigned char)(colour >> 8), (unsigned char)colour, 255};
    size_t n = (size_t)p->width * (size_t)p->height;
    for (size_t i = 0; i < n; i++) {
        unsigned char pixel[4];
        memcpy(pixel, below, 4);
        pixel_over(pixel, p->rgba + 4 * i);
        memcpy(p->rgba + 4 * i, pixel, 4);
    }
}

static void put_u32(unsigned char *at, uint32_t value) {
    at[0] = (unsigned char)(value >> 24);
    at[1] = (unsigned char)(value >> 16);
    at[2] = (unsigned char)(value >> 8);
    at[3] = (unsigned char)value;
}

/* Closes a chunk whose data already stands at at + 8 (PNG, ISO/IEC 15948 clause 5.3). Returns the end. */
static unsigned char *png_chunk(unsigned char *at, const char type[4], size_t len) {
    put_u32(at, (uint32_t)len);
    memcpy(at + 4, type, 4);
    put_u32(at + 8 + len, libdeflate_crc32(0, at + 4, len + 4));
    return at + 12 + len;
}

/* Rows as PNG wants them: a filter byte, then each byte less the one above it (filter type 2, Up). */
static void png_filter(const struct picture *p, int channels, unsigned char *out) {
    size_t width = (size_t)p->width;
    size_t row_len = width * (size_t)channels;
    for (int y = 0; y < p->height; y++) {
        const unsigned char *row = p->rgba + (size_t)y * width * 4;
        const unsigned char *above = y ? row - width * 4 : NULL;
        *out++ = PNG_FILTER_UP;
        if (channels == 4) {
            if (above)
                for (size_t i = 0; i < row_len; i++) out[i] = (unsigned char)(row[i] - above[i]);
            else
                memcpy(out, row, row_len);
        } else {
            for (size_t i = 0; i < width; i++)
                for (size_t c = 0; c < 3; c++)
                    out[3 * i + c] = (unsigned char)(row[4 * i + c] - (above ? above[4 * i + c] : 0));
        }
        out += row_len;
    }
}

int picture_png(struct scope *s, const struct picture *p, const void **data, size_t *len) {
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    struct encoders *e = encoders_get();
    if (!e) return NADIR_ENOMEM;

    int channels = picture_cover(p) == PICTURE_OPAQUE ? 3 : 4;
    size_t raw_len = ((size_t)p->width * (size_t)channels + 1) * (size_t)p->height;
    size_t bound = libdeflate_zlib_compress_bound(e->deflate, raw_len);
    unsigned char *raw = malloc(raw_len);
    unsigned char *png = malloc(bound + PNG_OVERHEAD);
    if (!raw || !png) {
        free(raw);
        free(png);
        return NADIR_ENOMEM;
    }
    scope_defer(s, free, png);

    png_filter(p, channels, raw);
    memcpy(png, signature, sizeof signature);
    unsigned char *at = png + sizeof signature;
    put_u32(at + 8, (uint32_t)p->width);
    put_u32(at + 12, (uint32_t)p->height);
    at[16] = 8;                     /* bits a channel */
    at[17] = channels == 4 ? 6 : 2; /* truecolour with or without alpha */
    at[18] = at[19] = at[20] = 0;   /* deflate, adaptive filters, not interlaced */
    at = png_chunk(at, "IHDR", 13);
    at = png_chunk(at, "IDAT", libdeflate_zlib_compress(e->deflate, raw, raw_len, at + 8, bound));
    at = png_chunk(at, "IEND", 0);
    free(raw);
    *data = png;
    *len = (size_t)(at - png);
    return 0;
}

static void jpeg_free(void *buffer) {
    tjFree(buffer);
}

int picture_jpeg(struct scope *s, const struct picture *p, const void **data, size_t *len) {
    struct encoders *e = encoders_get();
    if (!e) return NADIR_ENOMEM;
    unsigned char *jpeg = NULL;
    unsigned long size = 0;
    if (tjCompress2(e->jpeg, p->rgba, p->width, 0, p->height, TJPF_RGBX, &jpeg, &size, TJSAMP_420, JPEG_QUALITY,
                    TJFLAG_FASTDCT)) {
        log_error(s, "JPEG encoder failed", "why", tjGetErrorStr2(e->jpeg), NULL);
        tjFree(jpeg);
        return NADIR_EINTERNAL;
    }
    scope_defer(s, jpeg_free, jpeg);
    *data = jpeg;
    *len = size;
    return 0;
}
