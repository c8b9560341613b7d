/* lines.h: the lines of files, plain or gzip, one file after another. */
#ifndef DISCOVERY_LINES_H
#define DISCOVERY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#define LINES_BUFFER (256 * 1024)
#define LINE_MOST (16 * 1024 * 1024)

struct lines {
    const char *const *files; /* "-": standard input */
    size_t nfiles, at;        /* the file that is being read */
    gzFile open;
    size_t line; /* of that file, from 1 */
    char buffer[LINES_BUFFER];
    size_t begin, end;     /* of what is in the buffer and not yet given */
    int64_t total, passed; /* bytes on disk: of all files, of those that are read to their end */
};

/** Checks that the files can be read; false with *why and the file in `at`. */
bool lines_open(struct lines *l, const char *const *files, size_t count, const char **why);
/** The next line that is not blank, without its end, as malloc'ed text. False at the end, or with *why set. */
bool lines_next(struct lines *l, char **line, size_t *len, const char **why);
/** Bytes on disk that were read, for progress. */
int64_t lines_done(const struct lines *l);
void lines_close(struct lines *l);

#endif
