/* html_frame.c: the frame of a page, its language and how values are written into it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "discovery/html.h"

#define LANGUAGES 3
static const char *const languages[LANGUAGES] = {"en", "fr", "de"};

static const char *const said[SAY_COUNT][LANGUAGES] = {
    [SAY_CATALOGUE] = {"Catalogue", "Catalogue", "Katalog"},
    [SAY_COLLECTIONS] = {"Collections", "Collections", "Kollektionen"},
    [SAY_COLLECTION] = {"Collection", "Collection", "Kollektion"},
    [SAY_ITEMS] = {"Scenes", "Scènes", "Szenen"},
    [SAY_SEARCH] = {"Search", "Rechercher", "Suchen"},
    [SAY_SEARCH_HINT] = {"Search scenes", "Rechercher des scènes", "Szenen suchen"},
    [SAY_WORDS] = {"Words", "Mots", "Wörter"},
    [SAY_TIME] = {"Time", "Date", "Zeit"},
    [SAY_PLACE] = {"Box (west, south, east, north)", "Cadre (ouest, sud, est, nord)", "Rahmen (West, Süd, Ost, Nord)"},
    [SAY_AS_JSON] = {"As JSON", "En JSON", "Als JSON"},
    [SAY_API] = {"API description", "Description de l’API", "API-Beschreibung"},
    [SAY_NEXT] = {"Next page", "Page suivante", "Nächste Seite"},
    [SAY_PREVIOUS] = {"Previous page", "Page précédente", "Vorige Seite"},
    [SAY_FIRST] = {"First page", "Première page", "Erste Seite"},
    [SAY_FOUND] = {"found", "trouvées", "gefunden"},
    [SAY_FOUND_ABOUT] = {"about", "environ", "etwa"},
    [SAY_NOTHING] = {"Nothing was found. Widen the area or the time.", "Rien n’a été trouvé. Élargissez la zone ou la période.",
                     "Nichts gefunden. Wählen Sie ein größeres Gebiet oder eine längere Zeit."},
    [SAY_PROPERTIES] = {"Properties", "Propriétés", "Eigenschaften"},
    [SAY_ASSETS] = {"Files", "Fichiers", "Dateien"},
    [SAY_LINKS] = {"Links", "Liens", "Verweise"},
    [SAY_LICENCE] = {"Licence", "Licence", "Lizenz"},
    [SAY_PROVIDERS] = {"Providers", "Fournisseurs", "Anbieter"},
    [SAY_EXTENT] = {"Extent", "Étendue", "Ausdehnung"},
    [SAY_KEYWORDS] = {"Keywords", "Mots-clés", "Schlagwörter"},
    [SAY_NAME] = {"Name", "Nom", "Name"},
    [SAY_KIND] = {"Type", "Type", "Typ"},
    [SAY_SIZE] = {"Size", "Taille", "Größe"},
    [SAY_CLOUD] = {"cloud", "nuages", "Wolken"},
    [SAY_FOOTPRINT] = {"Footprint", "Emprise", "Grundriss"},
    [SAY_OPEN_END] = {"open", "ouvert", "offen"},
    [SAY_SUMMARIES] = {"Summaries", "Résumés", "Zusammenfassungen"},
    [SAY_SKIP] = {"To the content", "Au contenu", "Zum Inhalt"},
    [SAY_PORTAL] = {"Portal", "Portail", "Portal"},
    [SAY_ALL] = {"All scenes of this collection", "Toutes les scènes de cette collection", "Alle Szenen dieser Kollektion"},
};

/* The weight that an Accept-like header gives a name (0 to 1), or -1 if it does not name it. */
static double accepted(const char *header, const char *name) {
    size_t len = strlen(name);
    for (const char *p = header; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        p += strspn(p, " \t");
        if (strncasecmp(p, name, len) != 0 || !strchr(" ;,\t-", p[len])) continue;
        const char *end = p + strcspn(p, ","), *q = strstr(p, "q=");
        return q && q < end ? strtod(q + 2, NULL) : 1;
    }
    return -1;
}

bool html_wanted(const struct request *rq) {
    const char *asked = request_arg(rq, "f"), *accept = request_header(rq, "accept");
    if (rq->method != HTTP_GET) return false;
    if (asked) return strcmp(asked, "html") == 0;
    double html = accepted(accept, "text/html");
    return html > 0 && html > accepted(accept, "application/json") && html > accepted(accept, "application/geo+json") &&
           html > accepted(accept, "application/ogc-catalog+json");
}

void html_prefer(const struct request *rq, struct response *rs) {
    if (rq->method != HTTP_GET) return;
    response_header(rs, "vary", "accept, accept-language");
    if (html_wanted(rq)) rs->errors = ERRORS_HTML;
}

static int language_of(const struct request *rq) {
    const char *accept = request_header(rq, "accept-language");
    int best = 0;
    double weight = accepted(accept, languages[0]);
    for (int i = 1; i < LANGUAGES; i++) {
        double w = accepted(accept, languages[i]);
        if (w > weight) {
            best = i;
            weight = w;
        }
    }
    return best;
}

const char *html_say(const struct html *h, enum say what) {
    return said[what][h->language];
}

void html_add(struct html *h, const char *format, ...) {
    char line[4096];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > 0) text_add(h->text, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void html_text(struct html *h, const char *text) {
    const char *escaped = http_escape(h->rq->scope, text ? text : "");
    text_add(h->text, escaped, strlen(escaped));
}

void html_href(struct html *h, const char *href) {
    bool safe = href && (strncmp(href, "https://", 8) == 0 || strncmp(href, "http://", 7) == 0 || *href == '/');
    html_text(h, safe ? href : "#");
}

void html_value(struct html *h, const json_t *value) {
    size_t at;
    json_t *element;
    if (json_is_string(value)) {
        html_text(h, json_string_value(value));
    } else if (json_is_array(value) && json_array_size(value) <= 50 && !json_is_object(json_array_get(value, 0)) &&
               !json_is_array(json_array_get(value, 0))) {
        json_array_foreach((json_t *)value, at, element) {
            if (at) html_add(h, ", ");
            html_value(h, element);
        }
    } else if (json_is_object(value) || json_is_array(value)) {
        char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
        size_t len = text ? strlen(text) : 0;
        if (text && len > 4000) memcpy(text + 3990, "\n…", 5); /* a page is for reading; the JSON has all of it */
        html_add(h, "<details><summary>%s</summary><pre>", json_is_array(value) ? "[…]" : "{…}");
        html_text(h, text && text_is_utf8(text, strlen(text)) ? text : "…");
        html_add(h, "</pre></details>");
        free(text);
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        html_text(h, text ? text : "");
        free(text);
    }
}

/* The address of this resource as JSON: the same query with f=json. */
static void json_address(struct html *h) {
    struct request *rq = h->rq;
    html_text(h, rq->path);
    const char *sign = "?";
    for (size_t i = 0; i < rq->args.count; i++) {
        if (strcmp(rq->args.list[i].name, "f") == 0) continue;
        html_text(h, scope_printf(rq->scope, "%s%s=%s", sign, http_encode(rq->scope, rq->args.list[i].name),
                                  http_encode(rq->scope, rq->args.list[i].value)));
        sign = "&";
    }
    html_add(h, "%sf=json", strcmp(sign, "?") == 0 ? "?" : "&amp;");
}

void html_open(struct html *h, struct request *rq) {
    *h = (struct html){rq, text_new(rq->scope, 16 * 1024), language_of(rq)};
}

void html_begin(struct html *h, const char *title, const char *const *crumbs) {
    html_add(h, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>", languages[h->language]);
    html_text(h, title);
    html_add(h, " · Nadir</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"stylesheet\" href=\"/stac/style.css\">"
                "<link rel=\"icon\" href=\"/nadir.svg\" type=\"image/svg+xml\">"
                "<link rel=\"alternate\" type=\"application/json\" href=\"");
    json_address(h);
    html_add(
        h,
        "\"></head><body><a class=\"skip\" href=\"#content\">%s</a><header><a class=\"brand\" href=\"/stac?f=html\">"
        "<svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 3v9l6 6\"/></svg>"
        "Nadir</a><nav aria-label=\"breadcrumb\"><ol><li><a href=\"/stac?f=html\">%s</a></li>",
        html_say(h, SAY_SKIP), html_say(h, SAY_CATALOGUE));
    for (size_t i = 0; crumbs && crumbs[i]; i += 2) {
        html_add(h, "<li><a href=\"");
        html_text(h, crumbs[i + 1]);
        html_add(h, "?f=html\">");
        html_text(h, crumbs[i]);
        html_add(h, "</a></li>");
    }
    html_add(h, "</ol></nav><a class=\"button\" href=\"");
    json_address(h);
    html_add(h, "\">%s</a></header><main id=\"content\"><h1>", html_say(h, SAY_AS_JSON));
    html_text(h, title);
    html_add(h, "</h1>");
}

int html_end(struct html *h, struct response *rs) {
    html_add(h,
             "</main><footer><a href=\"/\">%s</a> <a href=\"/stac/api.html\">%s</a> <a href=\"/stac/search?f=html\">%s</a>"
             "</footer></body></html>\n",
             html_say(h, SAY_PORTAL), html_say(h, SAY_API), html_say(h, SAY_SEARCH_HINT));
    response_header(
        rs, "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
        "'none'");
    response_header(rs, "content-language", "%s", languages[h->language]);
    response_header(rs, "referrer-policy", "no-referrer");
    return response_data(rs, 200, "text/html; charset=utf-8", h->text->data, h->text->len);
}

json_t *document_parse(struct scope *s, const char *document, size_t len, const char *base_url) {
    struct text *t = text_new(s, len + 1024);
    text_add_document(t, document, len, base_url);
    return scope_json(s, json_loadb(t->data, t->len, 0, NULL));
}
