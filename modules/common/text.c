#include <openssl/evp.h>
#include <string.h>

#include "common/http.h"

static bool unreserved(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

static char *encode(struct scope *s, const char *text, const char *also) {
    static const char digits[] = "0123456789ABCDEF";
    char *out = scope_alloc(s, 3 * strlen(text) + 1), *o = out;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (unreserved(*c) || strchr(also, *c)) {
            *o++ = (char)*c;
        } else {
            *o++ = '%';
            *o++ = digits[*c >> 4];
            *o++ = digits[*c & 15];
        }
    }
    return out;
}

char *http_encode(struct scope *s, const char *text) {
    return encode(s, text, "");
}

char *http_encode_path(struct scope *s, const char *path) {
    return encode(s, path, "/");
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

char *http_decode(struct scope *s, const char *text, size_t len, bool plus) {
    char *out = scope_alloc(s, len + 1), *o = out;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            if (len - i < 3) return NULL;
            int high = hex_value(text[i + 1]), low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        *o++ = c;
    }
    return text_is_utf8(out, (size_t)(o - out)) ? out : NULL;
}

char *http_escape(struct scope *s, const char *text) {
    char *out = scope_alloc(s, 6 * strlen(text) + 1), *o = out;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        switch (*c) {
        case '&':
            o = stpcpy(o, "&amp;");
            break;
        case '<':
            o = stpcpy(o, "&lt;");
            break;
        case '>':
            o = stpcpy(o, "&gt;");
            break;
        case '"':
            o = stpcpy(o, "&quot;");
            break;
        case '\'':
            o = stpcpy(o, "&#39;");
            break;
        default:
            if (*c >= 0x20 || *c == '\t' || *c == '\n' || *c == '\r') *o++ = (char)*c;
        }
    }
    return out;
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; and no NUL, which PostgreSQL refuses. */
bool text_is_utf8(const char *text, size_t len) {
    const unsigned char *c = (const unsigned char *)text, *end = c + len;
    while (c < end) {
        if (*c == 0) return false;
        if (*c < 0x80) {
            c++;
            continue;
        }
        int more = *c >= 0xf0 ? 3 : *c >= 0xe0 ? 2 : 1;
        if (*c < 0xc2 || *c > 0xf4 || end - c <= more) return false;
        if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
            (c[0] == 0xf4 && c[1] > 0x8f))
            return false;
        for (int i = 1; i <= more; i++)
            if ((c[i] & 0xc0) != 0x80) return false;
        c += more + 1;
    }
    return true;
}

char *base64url_encode(struct scope *s, const void *data, size_t len) {
    char *out = scope_alloc(s, 4 * ((len + 2) / 3) + 1);
    int n = EVP_EncodeBlock((unsigned char *)out, data, (int)len);
    while (n > 0 && out[n - 1] == '=') out[--n] = '\0';
    for (char *c = out; *c; c++) *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    return out;
}

unsigned char *base64url_decode(struct scope *s, const char *text, size_t len, size_t *out_len) {
    if (len % 4 == 1 || len > 1u << 24) return NULL;
    size_t padded = (len + 3) / 4 * 4;
    char *standard = scope_alloc(s, padded + 1);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && c != '-' && c != '_') return NULL;
        standard[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    memset(standard + len, '=', padded - len);
    unsigned char *out = scope_alloc(s, padded / 4 * 3 + 1);
    if (padded > 0 && EVP_DecodeBlock(out, (unsigned char *)standard, (int)padded) < 0) return NULL;
    *out_len = padded / 4 * 3 - (padded - len);
    out[*out_len] = '\0';
    return out;
}

char *hex_encode(struct scope *s, const void *data, size_t len) {
    static const char digits[] = "0123456789abcdef";
    char *out = scope_alloc(s, 2 * len + 1);
    for (size_t i = 0; i < len; i++) {
        unsigned char b = ((const unsigned char *)data)[i];
        out[2 * i] = digits[b >> 4];
        out[2 * i + 1] = digits[b & 15];
    }
    return out;
}
