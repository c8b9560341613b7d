/* offering_fields.c: what a provider may write. */
#include <curl/curl.h>
#include <string.h>

#include "services/services.h"

static const char *const kinds[] = {"wms", "wmts", "stac", "process", "other", NULL};

bool offering_kind_ok(const char *kind) {
    for (const char *const *k = kinds; *k; k++)
        if (strcmp(kind, *k) == 0) return true;
    return false;
}

static bool part_is_there(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK && text && *text;
    curl_free(text);
    return there;
}

/* Only what a browser may follow: "javascript:" and the like would be harmful as a link on a page. */
bool offering_url_ok(const char *text) {
    if (strlen(text) > 2000) return false;
    for (const char *c = text; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || strchr("\"<>\\^`{|}", *c)) return false;
    if (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0) return false;
    if (strstr(text, "///")) return false; /* curl would take the path's beginning for the host */
    CURLU *url = curl_url();
    bool ok = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK && part_is_there(url, CURLUPART_HOST) &&
              !part_is_there(url, CURLUPART_USER) && !part_is_there(url, CURLUPART_PASSWORD) &&
              !part_is_there(url, CURLUPART_FRAGMENT);
    curl_url_cleanup(url);
    return ok;
}

void offering_read(struct fields *f, struct offering *out) {
    out->title = field_string(f, "title", 1, 200);
    out->description = field_string(f, "description", 1, 4000);
    out->url = field_string(f, "url", 1, 2000);
    out->kind = field_choice(f, "kind", kinds);
    out->terms = field_string_or(f, "terms", 0, 4000, "");
    out->price = field_string_or(f, "price", 0, 200, "");
    fields_closed(f);
    if (!f->bad_name && !offering_url_ok(out->url))
        field_fault(f, "url", "give an absolute http or https address without user name, password or fragment");
}
