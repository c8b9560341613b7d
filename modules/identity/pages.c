#include "identity/pages.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--back:#f3f5f7;--card:#fff;--ink:#17202a;--soft:#55606c;--line:#c4ccd4;--act:#0b5cad;"
    "--act-ink:#fff;--bad:#a3141f;--bad-back:#fdecee}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#0e141b;--card:#18212b;--ink:#e8edf2;--soft:#a3afbb;--line:#41505f;"
    "--act:#7db8f5;--act-ink:#08131f;--bad:#ffb3b8;--bad-back:#3d171b}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--back);color:var(--ink);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.5rem}\n"
    ".brand{margin:0 0 1rem;font-weight:700;letter-spacing:.08em}\n"
    "h1{font-size:1.4rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}\n"
    "p{margin:.25rem 0 1rem}.soft{color:var(--soft)}p,li{overflow-wrap:anywhere}\n"
    "label{display:block;font-weight:600;margin-top:1rem}\n"
    "input{width:100%;font:inherit;padding:.6rem .7rem;margin-top:.25rem;border:1px solid var(--soft);border-radius:.4rem;"
    "background:var(--card);color:var(--ink)}\n"
    ".hint{font-size:.875rem;color:var(--soft);margin:.25rem 0 0}\n"
    "button{width:100%;font:inherit;font-weight:600;padding:.7rem;margin-top:1.25rem;border:1px solid var(--act);"
    "border-radius:.4rem;background:var(--act);color:var(--act-ink);cursor:pointer}\n"
    "button.second{background:transparent;color:var(--act);margin-top:.6rem}\n"
    "a{color:var(--act)}\n"
    ":focus-visible{outline:3px solid var(--act);outline-offset:2px}\n"
    ".alert{background:var(--bad-back);color:var(--bad);border:1px solid;border-radius:.4rem;padding:.6rem .7rem;margin:1rem 0 "
    "0}\n"
    ".after{margin:1.25rem 0 0}\n";

int page_style(struct request *rq, struct response *rs) {
    (void)rq;
    response_header(rs, "cache-control", "public, max-age=3600");
    return response_text(rs, 200, "text/css; charset=utf-8", style);
}

/* The part of an address that a content security policy names: scheme, host and port, or an app's scheme. Only characters that
 * cannot end a directive pass. */
static const char *policy_source(struct scope *s, const char *uri) {
    const char *host = strstr(uri, "://");
    bool web = host && strncmp(uri, "http", 4) == 0;
    size_t len = web ? (size_t)(host - uri) + 3 + strcspn(host + 3, "/?#") : strcspn(uri, ":") + 1;
    for (size_t i = 0; i < len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/-[]+", uri[i])) return "";
    return scope_strndup(s, uri, len);
}

int page_send(const struct request *rq, struct response *rs, int status, enum lang lang, const char *title, const char *body,
              const char *leads_to) {
    struct scope *s = rq->scope;
    response_header(rs, "content-security-policy",
                    "default-src 'none'; style-src 'self'; form-action 'self' %s; base-uri 'none'; frame-ancestors 'none'",
                    leads_to ? policy_source(s, leads_to) : "");
    response_header(rs, "cache-control", "no-store");
    response_header(rs, "referrer-policy", "same-origin");
    response_header(rs, "x-content-type-options", "nosniff");
    response_header(rs, "x-frame-options", "DENY");
    response_header(rs, "content-language", "%s", lang_code(lang));
    return response_text(
        rs, status, "text/html; charset=utf-8",
        scope_printf(s,
                     "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<title>%s – Nadir</title>\n<link rel=\"stylesheet\" href=\"/identity/style.css\">\n</head>\n"
                     "<body>\n<main>\n<p class=\"brand\">NADIR</p>\n%s\n</main>\n</body>\n</html>\n",
                     lang_code(lang), http_escape(s, title), body));
}

int page_note(const struct request *rq, struct response *rs, int status, const char *title, const char *sentence) {
    struct scope *s = rq->scope;
    enum lang lang = lang_of(rq);
    const char *body = scope_printf(s, "<h1>%s</h1>\n<p>%s</p>\n<p><a href=\"/\">%s</a></p>", http_escape(s, title),
                                    http_escape(s, sentence), text_in(lang, TEXT_BACK));
    return page_send(rq, rs, status, lang, title, body, NULL);
}

const char *page_alert(struct scope *s, const char *text) {
    return *text ? scope_printf(s, "<p class=\"alert\" role=\"alert\" id=\"fault\">%s</p>\n", http_escape(s, text)) : "";
}
