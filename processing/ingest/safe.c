/* safe.c */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/digest.h"
#include "safe.h"
#include "unpack.h"

/* What a list says of a file. */
struct listed {
    const char *path;      /* relative */
    const char *algorithm; /* NULL: no checksum */
    const char *checksum;
    const char *size; /* NULL: not told */
};

/* 0, NADIR_ENOTFOUND if the file is missing, or refused. */
static int listed_check(const char *folder, const char *list, const struct listed *f, struct refusal *r) {
    char full[PATH_MAX], hex[129];
    struct stat st;
    if (!path_stays_below(f->path)) return refuse(r, "%s lists a path that leads out of the product: %.200s", list, f->path);
    if (snprintf(full, sizeof full, "%s/%s", folder, f->path) >= (int)sizeof full)
        return refuse(r, "the path %.200s is too long", f->path);
    if (lstat(full, &st)) return NADIR_ENOTFOUND;
    if (!S_ISREG(st.st_mode)) return refuse(r, "%s is not a file", f->path);
    if (f->size && strtoll(f->size, NULL, 10) != st.st_size)
        return refuse(r, "%s does not match %s: it has %lld bytes and should have %s", f->path, list, (long long)st.st_size,
                      f->size);
    if (!f->algorithm || !f->checksum) return 0;
    int err = digest_file(full, f->algorithm, hex, NULL);
    if (err == NADIR_EINVAL) return refuse(r, "%s uses the checksum %s, which is not known here", list, f->algorithm);
    if (err) return refuse(r, "%s cannot be read", f->path);
    if (strcasecmp(hex, f->checksum) != 0)
        return refuse(r, "%s does not match %s: its %s is %s and should be %s", f->path, list, f->algorithm, hex, f->checksum);
    return 0;
}

static const char *href_path(const char *href) {
    while (strncmp(href, "./", 2) == 0) href += 2;
    return href;
}

int safe_verify(struct scope *s, const char *folder, xmlDoc *manifest, bool allow_missing, struct refusal *r) {
    xmlNode *top = xmlDocGetRootElement(manifest);
    const char *missing = NULL;
    int nmissing = 0, count = 0;
    for (xmlNode *object = xml_first(top, "dataObject"); object; object = xml_next(object, top, "dataObject")) {
        xmlNode *stream = xml_first(object, "byteStream"), *place = xml_first(object, "fileLocation");
        xmlNode *checksum = xml_first(object, "checksum");
        const char *href = place ? xml_attribute(s, place, "href") : NULL;
        if (!href) return refuse(r, "manifest.safe has a data object without a file");
        struct listed f = {.path = href_path(href), .size = stream ? xml_attribute(s, stream, "size") : NULL};
        if (checksum) {
            f.algorithm = xml_attribute(s, checksum, "checksumName");
            f.checksum = xml_text(s, checksum);
        }
        count++;
        int err = listed_check(folder, "manifest.safe", &f, r);
        if (err == NADIR_ENOTFOUND && nmissing++ == 0) missing = f.path;
        if (err && err != NADIR_ENOTFOUND) return err;
    }
    if (count == 0) return refuse(r, "manifest.safe lists no files");
    if (nmissing > 0 && !allow_missing) return refuse(r, "%s is missing (%d of %d listed files are)", missing, nmissing, count);
    return 0;
}

int md5_list_verify(const char *folder, const char *list, bool allow_missing, struct refusal *r) {
    const char *slash = strrchr(list, '/'), *list_name = slash ? slash + 1 : list;
    FILE *file = fopen(list, "re");
    char line[1024], checksum[40], name[513];
    int err = 0;
    if (!file) return refuse(r, "%s cannot be read", list_name);
    while (!err && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%39s %512s", checksum, name) != 2) continue;
        struct listed f = {.path = *name == '*' ? name + 1 : name, .algorithm = "MD5", .checksum = checksum};
        err = listed_check(folder, list_name, &f, r);
        if (err == NADIR_ENOTFOUND) err = allow_missing ? 0 : refuse(r, "%s is missing: %s lists it", f.path, list_name);
    }
    fclose(file);
    return err;
}
