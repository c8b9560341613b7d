/* lines.c */
#include "discovery/catalogue/lines.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART (256 * 1024)

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
    return l->open && gzbuffer(l->open, PART) == 0;
}

static void file_end(struct lines *l) {
    l->passed += gzoffset(l->open);
    gzclose(l->open);
    l->open = NULL;
    l->at++;
}

/* One line of the open file: its length, 0 at the end, -1 with *why. */
static ssize_t line_read(struct lines *l, char **line, const char **why) {
    size_t len = 0, room = 32 * 1024;
    char *text = malloc(room);
    while (text && gzgets(l->open, text + len, (int)(room - len))) {
        len += strlen(text + len);
        if (len && text[len - 1] == '\n') break;
        if (len + 1 < room) break; /* the last line, or a NUL within it, which no JSON has */
        if (room >= LINE_MOST) {
            *why = "has a line over 16 MiB";
            free(text);
            return -1;
        }
        char *grown = realloc(text, room *= 2);
        if (!grown) free(text);
        text = grown;
    }
    int fault = Z_OK;
    if (text) gzerror(l->open, &fault);
    if (!text || (fault != Z_OK && fault != Z_STREAM_END)) {
        *why = text ? "is damaged: it cannot be decompressed to its end" : "needs more memory than there is";
        free(text);
        return -1;
    }
    *line = text;
    return (ssize_t)len;
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
        while (got > 0 && strchr("\r\n\t ", (*line)[got - 1])) got--;
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
