/* mail.c: how a message is written (RFC 5322, MIME: RFC 2045, encoded words: RFC 2047). */
#include "common/mail.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/http.h"
#include "common/id.h"

#define LINE_MOST 76  /* of text sent as it is (RFC 5322 section 2.1.1 says 78) */
#define WORD_BYTES 39 /* of text in one encoded word: with its frame 64 characters, in a line of 76 (RFC 2047 section 2) */
#define BASE64_LINE_BYTES 57 /* of text in a line of 76 characters */

static bool is_ascii(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text > 126) return false;
    return true;
}

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127) return true;
    return false;
}

bool mail_address_valid(const char *address) {
    static const char local[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~";
    static const char domain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t name = strspn(address, local), len = strlen(address);
    if (name < 1 || name > 64 || address[name] != '@' || len > 254) return false;
    const char *host = address + name + 1;
    return *host && strspn(host, domain) == strlen(host) && *host != '.' && *host != '-' && !strstr(address, "..") &&
           *address != '.' && address[name - 1] != '.' && address[len - 1] != '.';
}

/* The bytes of text that end before `most` and not within a character. */
static size_t whole_characters(const char *text, size_t most) {
    size_t len = strnlen(text, most);
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    return len;
}

static char *base64(struct scope *s, const char *bytes, size_t len) {
    unsigned char *out = scope_alloc(s, 4 * ((len + 2) / 3) + 1);
    EVP_EncodeBlock(out, (const unsigned char *)bytes, (int)len);
    return (char *)out;
}

static const char *encoded_words(struct scope *s, const char *text) {
    const char *out = "";
    while (*text) {
        size_t len = whole_characters(text, WORD_BYTES);
        out = scope_printf(s, "%s%s=?UTF-8?B?%s?=", out, *out ? "\r\n " : "", base64(s, text, len));
        text += len;
    }
    return out;
}

/* Text for a header: as it is where ASCII suffices, otherwise encoded words, folded between them. */
static const char *header_text(struct scope *s, const char *text) {
    return is_ascii(text) && !strstr(text, "=?") && strlen(text) <= 60 ? text : encoded_words(s, text);
}

/* A name before an address: words of plain letters go as they are (atoms), anything else is encoded. */
static const char *name_text(struct scope *s, const char *name) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '-";
    return strspn(name, plain) == strlen(name) && strlen(name) <= 60 ? name : encoded_words(s, name);
}

/* RFC 5322 section 3.3, in UTC. */
static const char *date_text(struct scope *s, time_t at) {
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm t;
    gmtime_r(&at, &t);
    return scope_printf(s, "%s, %d %s %d %02d:%02d:%02d +0000", days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900,
                        t.tm_hour, t.tm_min, t.tm_sec);
}

/* Text that may go as it is: ASCII, short lines, no control characters but line ends and tabs. */
static bool is_plain(const char *text) {
    if (!is_ascii(text)) return false;
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        if (len > LINE_MOST) return false;
        for (size_t i = 0; i < len; i++)
            if ((line[i] < ' ' && line[i] != '\t') || line[i] == 127) return false;
        line += len + (line[len] == '\n');
    }
    return true;
}

/* The text with CRLF for each line end; CR alone goes. */
static char *with_crlf(struct scope *s, const char *text) {
    char *out = scope_alloc(s, 2 * strlen(text) + 3), *to = out;
    for (; *text; text++) {
        if (*text == '\r') continue;
        if (*text == '\n') *to++ = '\r';
        *to++ = *text;
    }
    if (to > out && to[-1] != '\n') stpcpy(to, "\r\n");
    return out;
}

static char *base64_lines(struct scope *s, const char *text) {
    size_t len = strlen(text);
    char *out = scope_alloc(s, (len / BASE64_LINE_BYTES + 1) * 78 + 1), *to = out;
    for (size_t at = 0; at < len; at += BASE64_LINE_BYTES) {
        size_t part = len - at < BASE64_LINE_BYTES ? len - at : BASE64_LINE_BYTES;
        to += EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)text + at, (int)part);
        to = stpcpy(to, "\r\n");
    }
    return out;
}

int mail_compose(struct scope *s, const struct mail *m, const char *from, time_t at, char **out) {
    char id[ID_SIZE];
    const char *to_name = m->to_name ? m->to_name : "";
    if (!mail_address_valid(m->to) || !mail_address_valid(from) || strlen(m->text) > MAIL_TEXT_MOST) return NADIR_EINVAL;
    const char *const shown[] = {m->subject, to_name};
    for (size_t i = 0; i < 2; i++)
        if (has_control(shown[i]) || strlen(shown[i]) > 1000 || !text_is_utf8(shown[i], strlen(shown[i]))) return NADIR_EINVAL;
    if (!text_is_utf8(m->text, strlen(m->text)) || (m->id && !id_valid(m->id))) return NADIR_EINVAL;
    if (!m->id) id_new(id);

    const char *text = with_crlf(s, m->text), *encoding = "7bit";
    if (!is_plain(m->text)) {
        encoding = "base64";
        text = base64_lines(s, text);
    }
    const char *name = name_text(s, to_name);
    /* An encoded name has lines of its own. */
    const char *to = *to_name ? scope_printf(s, "%s%s <%s>", name, name == to_name ? "" : "\r\n", m->to) : m->to;
    *out = scope_printf(s,
                        "Date: %s\r\nFrom: %s\r\nTo: %s\r\nSubject: %s\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n"
                        "Auto-Submitted: auto-generated\r\n\r\n%s",
                        date_text(s, at), from, to, header_text(s, m->subject), m->id ? m->id : id, strchr(from, '@') + 1,
                        "utf-8", encoding, text);
    return 0;
}
