/* lines.c */
#include "discovery/catalogue/lines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool lines_open(struct lines *l, const char *const *files, size_t count, const char **why) {
    *l = (struct lines){.files = files, .nfiles = count};
    for (l->at = 0; l->at < count; l->at++) {
        struct stat st;
        if (strcmp(files[l->at], "-") == 0) continue;
        *why = "cannot be read";
        if (access(files[l->at], R_OK) || stat(files[l->at], &st)) return false;
        *why = "is a folder";
        if (S_ISDIR(st.st_mode)) return false;
        l->total += st.st_size;
    }
    l->at = 0;
    return true;
}

static bool file_begin(struct lines *l) {
    const char *name = l->files[l->at];
    l->open = strcmp(name, "-") == 0 ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(name, "rb");
    l->line = 0;
    return l->open && gzbuffer(l->open, LINES_BUFFER) == 0;
}

static void file_end(struct lines *l) {
    l->passed += gzoffset(l->open);
    gzclose(l->open);
    l->open = NULL;
    l->at++;
}

/* Fills the buffer anew; false at the end of the file, or with *why. */
static bool buffer_fill(struct lines *l, const char **why) {
    int got = gzread(l->open, l->buffer, sizeof l->buffer), fault = Z_OK;
    gzerror(l->open, &fault);
    l->begin = 0;
    l->end = got > 0 ? (size_t)got : 0;
    if (got < 0 || (fault != Z_OK && fault != Z_STREAM_END)) *why = "is damaged: it cannot be decompressed to its end";
    return l->end > 0 && !*why;
}

/* One line of the open file, with its end: its length, 0 at the end, -1 with *why. */
static ssize_t line_read(struct lines *l, char **line, const char **why) {
    size_t len = 0;
    char *text = malloc(1);
    for (bool ended = false; text && !ended;) {
        if (l->begin == l->end && !buffer_fill(l, why)) break;
        const char *from = l->buffer + l->begin, *newline = memchr(from, '\n', l->end - l->begin);
        size_t part = newline ? (size_t)(newline + 1 - from) : l->end - l->begin;
        char *grown = len + part <= LINE_MOST ? realloc(text, len + part + 1) : NULL;
        if (!grown) {
            *why = "has a line over 16 MiB";
            break;
        }
        text = grown;
        memcpy(text + len, from, part);
        len += part;
        text[len] = '\0';
        l->begin += part;
        ended = newline != NULL;
    }
    if (*why || !text) {
        free(text);
        return -1;
    }
    *line = text;
    return (ssize_t)len;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool lines_next(struct lines *l, char **line, size_t *len, const char **why) {
    *why = NULL;
    while (l->at < l->nfiles) {
        if (!l->open && !file_begin(l)) {
            *why = "cannot be opened";
            return false;
        }
        ssize_t got = line_read(l, line, why);
        if (got < 0) return false;
        if (got == 0) {
            free(*line);
            file_end(l);
            continue;
        }
        l->line++;
        while (got > 0 && is_blank((*line)[got - 1])) got--;
        (*line)[got] = '\0';
        if (got > 0 && (*line)[0] == 0x1e) (*line)[0] = ' '; /* RFC 8142: a record separator before each text */
        *len = (size_t)got;
        if (got > 0) return true;
        free(*line);
    }
    return false;
}

int64_t lines_done(const struct lines *l) {
    return l->passed + (l->open ? gzoffset(l->open) : 0);
}

void lines_close(struct lines *l) {
    if (l->open) gzclose(l->open);
    l->open = NULL;
}
