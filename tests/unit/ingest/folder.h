/* folder.h: a folder for one test. */
#ifndef INGEST_TEST_FOLDER_H
#define INGEST_TEST_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/scope.h"
#include "product.h"
#include "store.h"

static struct scope s;
static char folder[64];
static struct refusal r;

static inline int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    snprintf(folder, sizeof folder, "/tmp/nadir-ingest-test-XXXXXX");
    r.text[0] = '\0';
    return mkdtemp(folder) ? 0 : -1;
}

static inline int end(void **state) {
    (void)state;
    store_remove(folder);
    scope_end(&s);
    return 0;
}

/* Writes a file into the folder and gives its path. */
static inline const char *file_put(const char *name, const void *bytes, size_t len) {
    const char *path = scope_printf(&s, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *text_put(const char *name, const char *text) {
    return file_put(name, text, strlen(text));
}

#endif
