#include "common/config.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

/* Settings that came from files are kept here for the life of the process, so callers may borrow them. */
struct setting {
    struct setting *next;
    char *name, *text;
};

static struct setting *settings;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static char *file_text(const char *path) {
    FILE *f = fopen(path, "re");
    if (!f) return NULL;
    char buffer[65536];
    size_t len = fread(buffer, 1, sizeof buffer - 1, f);
    fclose(f);
    while (len > 0 && strchr(" \t\r\n", buffer[len - 1])) len--;
    return strndup(buffer, len);
}

static const char *from_file(const char *name) {
    char file_name[128];
    snprintf(file_name, sizeof file_name, "%s_FILE", name);
    const char *path = getenv(file_name);
    if (!path || !*path) return NULL;
    pthread_mutex_lock(&lock);
    struct setting *e = settings;
    while (e && strcmp(e->name, name) != 0) e = e->next;
    if (!e) {
        char *text = file_text(path);
        if (!text) {
            log_error(NULL, "setting's file cannot be read", "setting", name, "file", path, NULL);
        } else {
            e = calloc(1, sizeof *e);
            if (!e) abort();
            e->name = strdup(name);
            e->text = text;
            e->next = settings;
            settings = e;
        }
    }
    pthread_mutex_unlock(&lock);
    return e ? e->text : NULL;
}

const char *config_text(const char *name, const char *otherwise) {
    const char *text = getenv(name);
    if (text && *text) return text;
    text = from_file(name);
    return text ? text : otherwise;
}

int64_t config_int(const char *name, int64_t least, int64_t most, int64_t otherwise) {
    const char *text = config_text(name, NULL);
    if (!text) return otherwise;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || end == text || value < least || value > most) {
        log_error(NULL, "setting is not an integer within its bounds", "setting", name, NULL);
        return otherwise;
    }
    return value;
}

bool config_bool(const char *name, bool otherwise) {
    const char *text = config_text(name, NULL);
    if (!text) return otherwise;
    return strcmp(text, "1") == 0 || strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
}

const char *config_need(const char *name) {
    const char *text = config_text(name, NULL);
    if (!text) log_error(NULL, "setting is missing", "setting", name, NULL);
    return text;
}
