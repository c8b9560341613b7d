/* manifest_write.c: the formats of a manifest. */
#include <libxml/xmlwriter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "download/manifest.h"

#define METALINK "urn:ietf:params:xml:ns:metalink"
#define METALINK_TYPE "application/metalink4+xml"

static json_t *file_json(const struct manifest_file *f) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s?, s:s?}", "name", f->name, "href", f->href, "type", f->type,
                     "collection", f->collection, "item", f->item, "asset", f->asset, "size",
                     f->size < 0 ? json_null() : json_integer(f->size), "sha256", f->sha256, "md5", f->md5);
}

int manifest_json(struct response *rs, const struct manifest *m) {
    json_t *files = json_array();
    json_int_t bytes = 0;
    for (size_t i = 0; i < m->count; i++) {
        json_array_append_new(files, file_json(&m->files[i]));
        if (m->files[i].size > 0) bytes += m->files[i].size;
    }
    return response_json(rs, 200,
                         json_pack("{s:o, s:O, s:I, s:I, s:s?}", "files", files, "left_out", m->left_out, "count",
                                   (json_int_t)m->count, "bytes", bytes, "expires_at", m->expires_at));
}

/* ---- Metalink ---- */

static void element(xmlTextWriter *w, const char *name, const char *attribute, const char *value, const char *text) {
    xmlTextWriterStartElement(w, BAD_CAST name);
    if (attribute) xmlTextWriterWriteAttribute(w, BAD_CAST attribute, BAD_CAST value);
    xmlTextWriterWriteString(w, BAD_CAST text);
    xmlTextWriterEndElement(w);
}

/* RFC 5854 section 4.1.2: what a file has, in the order of its schema. */
static void file_write(xmlTextWriter *w, const struct manifest_file *f) {
    char size[32];
    snprintf(size, sizeof size, "%lld", (long long)f->size);
    xmlTextWriterStartElement(w, BAD_CAST "file");
    xmlTextWriterWriteAttribute(w, BAD_CAST "name", BAD_CAST f->name);
    if (f->size >= 0) element(w, "size", NULL, NULL, size);
    if (f->sha256) element(w, "hash", "type", "sha-256", f->sha256);
    if (f->md5) element(w, "hash", "type", "md5", f->md5);
    element(w, "url", NULL, NULL, f->href);
    xmlTextWriterEndElement(w);
}

int manifest_metalink(struct response *rs, const struct manifest *m) {
    xmlBuffer *buffer = xmlBufferCreate();
    xmlTextWriter *w = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL;
    char now[32];
    struct tm tm;
    time_t t = time(NULL);
    if (!w) {
        if (buffer) xmlBufferFree(buffer);
        return NADIR_EINTERNAL;
    }
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    xmlTextWriterStartDocument(w, "1.0", "UTF-8", NULL);
    xmlTextWriterStartElementNS(w, NULL, BAD_CAST "metalink", BAD_CAST METALINK);
    element(w, "generator", NULL, NULL, "Nadir");
    element(w, "published", NULL, NULL, now);
    for (size_t i = 0; i < m->count; i++) file_write(w, &m->files[i]);
    xmlTextWriterEndDocument(w);
    xmlFreeTextWriter(w);
    const char *text = scope_strndup(rs->scope, (const char *)xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer));
    xmlBufferFree(buffer);
    response_header(rs, "Content-Disposition", "attachment; filename=\"nadir.meta4\"");
    return response_text(rs, 200, METALINK_TYPE, text);
}

/* ---- a script ---- */

/* One word of a shell: in single quotes, those in it written as '\''. */
static void word(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static const char script_head[] =
    "#!/bin/sh\n"
    "# Fetches files into this folder. Run it again to go on where it was interrupted; NADIR_TOKEN may hold an access token.\n"
    "set -u\n"
    "failed=0\n"
    "same() { [ -z \"$2\" ] || printf '%s  %s\\n' \"$2\" \"$1\" | sha256sum -c --status - 2>/dev/null; }\n"
    "fetch() { # name sha256 address\n"
    "    if [ -n \"$2\" ] && [ -f \"$1\" ] && same \"$1\" \"$2\"; then return; fi\n"
    "    mkdir -p \"$(dirname \"$1\")\"\n"
    "    while :; do # 202: it is being made, or fetched from an archive\n"
    "        code=$(curl -fL --retry 5 --retry-connrefused -C - ${NADIR_TOKEN:+-H \"Authorization: Bearer $NADIR_TOKEN\"} \\\n"
    "            -o \"$1\" -w '%{http_code}' \"$3\")\n"
    "        ended=$?\n"
    "        [ \"$code\" = 202 ] || break\n"
    "        [ $ended -ne 0 ] || rm -f \"$1\"\n"
    "        sleep 5\n"
    "    done\n"
    "    if [ $ended -ne 0 ]; then\n"
    "        echo \"$1 could not be fetched\" >&2; failed=1\n"
    "    elif ! same \"$1\" \"$2\"; then\n"
    "        echo \"$1 was not what it should be\" >&2; rm -f \"$1\"; failed=1\n"
    "    fi\n"
    "}\n";

int manifest_curl(struct response *rs, const struct manifest *m) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) return NADIR_EINTERNAL;
    fputs(script_head, out);
    for (size_t i = 0; i < m->count; i++) {
        fputs("fetch ", out);
        word(out, scope_printf(rs->scope, "./%s", m->files[i].name));
        fprintf(out, " '%s' ", m->files[i].sha256 ? m->files[i].sha256 : "");
        word(out, m->files[i].href);
        fputc('\n', out);
    }
    fputs("exit $failed\n", out);
    bool ok = fclose(out) == 0;
    const char *copy = ok ? scope_strndup(rs->scope, text, len) : NULL;
    free(text);
    if (!ok) return NADIR_EINTERNAL;
    response_header(rs, "Content-Disposition", "attachment; filename=\"nadir.sh\"");
    return response_text(rs, 200, "text/x-shellscript; charset=utf-8", copy);
}
