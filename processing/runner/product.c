#include "processing/runner/product.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "common/module.h"
#include "processing/sandbox/tree.h"

#define FACTS_MOST 65536

/* Opens a plain file that another program wrote; links and devices are refused. */
static int open_plain(const char *path, struct stat *st) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static json_t *read_json(struct scope *s, const char *path) {
    struct stat st;
    int fd = open_plain(path, &st);
    if (fd < 0) return NULL;
    char *text = scope_alloc(s, FACTS_MOST + 1);
    ssize_t n = st.st_size <= FACTS_MOST ? read(fd, text, FACTS_MOST) : -1;
    close(fd);
    return n > 0 ? scope_json(s, json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL)) : NULL;
}

/* The digest, and the bytes on the disk for good. */
static int digest(int fd, char hex[65], stage_beat beat, void *context) {
    unsigned char buffer[65536], sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    ssize_t n = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    while (good && (n = read(fd, buffer, sizeof(buffer))) > 0) {
        good = EVP_DigestUpdate(ctx, buffer, (size_t)n) && beat(context);
    }
    good = good && n == 0 && EVP_DigestFinal_ex(ctx, sum, &len) && len == 32;
    EVP_MD_CTX_free(ctx);
    for (unsigned i = 0; good && i < len; i++) (void)snprintf(hex + 2 * (size_t)i, 3, "%02x", sum[i]);
    return good && fsync(fd) == 0 && fchmod(fd, 0644) == 0 ? 0 : NADIR_EINTERNAL;
}

static int collect_file(struct scope *s, struct product *p, struct product_file *f, stage_beat beat, void *context) {
    struct stat st;
    const char *made = scope_printf(s, "%s/made/%s", p->folder, f->name);
    const char *kept = scope_printf(s, "%s/product/%s", p->folder, f->name);
    if (rename(made, kept)) return NADIR_EINTERNAL;
    int fd = open_plain(kept, &st);
    if (fd < 0) return NADIR_EINTERNAL;
    f->size = st.st_size;
    int err = digest(fd, f->sha256, beat, context);
    close(fd);
    return err;
}

/* ---- what is said of it ---- */

static bool numbers(const json_t *array, size_t count) {
    if (!json_is_array(array) || json_array_size(array) != count) return false;
    for (size_t i = 0; i < count; i++) {
        if (!json_is_number(json_array_get(array, i))) return false;
    }
    return true;
}

/* The product step read a hostile file, so what it says is looked at before others rely on it. */
static bool facts_sound(const json_t *facts) {
    const json_t *geometry = json_object_get(facts, "geometry");
    return json_is_object(facts) && numbers(json_object_get(facts, "bbox"), 4) &&
           numbers(json_object_get(facts, "proj:shape"), 2) && numbers(json_object_get(facts, "proj:transform"), 6) &&
           json_is_array(json_object_get(facts, "raster:bands")) && json_is_object(geometry) &&
           json_is_array(json_object_get(geometry, "coordinates"));
}

static bool plain_name(const char *name) {
    size_t len = strlen(name);
    return len >= 1 && len <= 64 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == len;
}

/* result.json is the program's own word: a title, and a few plain values that are kept under a name of their own. */
static void read_words(struct scope *s, struct product *p) {
    json_t *words = read_json(s, scope_printf(s, "%s/out/result.json", p->folder));
    const json_t *title = json_object_get(words, "title");
    if (json_is_string(title) && json_string_length(title) >= 1 && json_string_length(title) <= 200) {
        p->title = json_string_value(title);
    }
    const char *name;
    json_t *value, *from = json_object_get(words, "properties");
    p->properties = scope_json(s, json_object());
    json_object_foreach(from, name, value) {
        bool plain =
            json_is_number(value) || json_is_boolean(value) || (json_is_string(value) && json_string_length(value) <= 1000);
        if (plain && plain_name(name) && json_object_size(p->properties) < 50) {
            (void)json_object_set(p->properties, name, value);
        }
    }
}

int product_collect(struct scope *s, struct product *p, stage_beat beat, void *context, const char **why) {
    p->files[0] = (struct product_file){.asset = p->key, .name = scope_printf(s, "%s.tif", p->key)};
    p->files[1] = (struct product_file){.asset = "visual", .name = "visual.tif"};
    p->files[2] = (struct product_file){.asset = "thumbnail", .name = "thumbnail.png"};
    p->facts = read_json(s, scope_printf(s, "%s/made/facts.json", p->folder));
    if (!facts_sound(p->facts)) {
        *why = "Nothing sound could be said of the result.";
        return NADIR_EINVAL;
    }
    for (size_t i = 0; i < PRODUCT_FILES; i++) {
        int err = collect_file(s, p, &p->files[i], beat, context);
        if (err) return err;
    }
    read_words(s, p);
    return 0;
}

int product_publish(void *context) {
    const struct product *p = context;
    struct scope s;
    scope_init(&s, "processing", 0);
    const char *from = scope_printf(&s, "%s/product", p->folder);
    const char *to = scope_printf(&s, "%s/results/%s", p->data, p->job);
    int err = 0;
    /* Absent when a commit before this one was not answered: then it is in its place already. */
    if (access(from, F_OK) == 0) {
        err = tree_remove(to);
        if (!err && rename(from, to)) err = NADIR_EINTERNAL;
        if (!err) {
            int folder = open(scope_printf(&s, "%s/results", p->data), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (folder >= 0) (void)fsync(folder);
            if (folder >= 0) close(folder);
        }
    }
    if (err) log_error(&s, "a result could not be put in its place", "folder", to, NULL);
    scope_end(&s);
    return err;
}
