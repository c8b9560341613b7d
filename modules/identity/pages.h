/* pages.h: the pages that people see while signing in. No scripts; they work on a phone, with a keyboard, in light and dark. */
#ifndef IDENTITY_PAGES_H
#define IDENTITY_PAGES_H

#include "common/http.h"
#include "identity/texts.h"

/** Answers a page. body is HTML; title is text. leads_to (may be NULL) is an address of another origin that a form of the page
 * may end up at: the content security policy then lets it. */
int page_send(const struct request *rq, struct response *rs, int status, enum lang lang, const char *title, const char *body,
              const char *leads_to);

/** A page with one sentence and a link to the start. */
int page_note(const struct request *rq, struct response *rs, int status, const char *title, const char *sentence);

/** The paragraph of a fault ("" for ""); text is escaped. */
const char *page_alert(struct scope *s, const char *text);

/** GET /identity/style.css */
int page_style(struct request *rq, struct response *rs);

#endif
