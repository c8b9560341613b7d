/* texts.h: what the pages say, in English, French and German. */
#ifndef IDENTITY_TEXTS_H
#define IDENTITY_TEXTS_H

#include "common/http.h"

enum lang { LANG_EN, LANG_FR, LANG_DE };

enum text {
    TEXT_NONE,
    TEXT_SIGN_IN,
    TEXT_SIGN_IN_TO, /* %s: client */
    TEXT_EMAIL,
    TEXT_PASSWORD,
    TEXT_NAME,
    TEXT_REGISTER,
    TEXT_NO_ACCOUNT,
    TEXT_HAVE_ACCOUNT,
    TEXT_PASSWORD_HINT,
    TEXT_WRONG,
    TEXT_THROTTLED, /* %s: seconds */
    TEXT_DISABLED,
    TEXT_FORM_STALE,
    TEXT_EMAIL_BAD,
    TEXT_NAME_BAD,
    TEXT_PASSWORD_SHORT,
    TEXT_PASSWORD_LONG,
    TEXT_PASSWORD_COMMON,
    TEXT_PASSWORD_EMAIL,
    TEXT_EMAIL_TAKEN,
    TEXT_CONSENT,     /* %s: client */
    TEXT_CONSENT_WHO, /* %s: email */
    TEXT_ALLOW,
    TEXT_DENY,
    TEXT_SIGN_OUT,
    TEXT_SIGN_OUT_ASK,
    TEXT_SIGNED_OUT,
    TEXT_BACK,
    TEXT_SCOPE_OPENID,
    TEXT_SCOPE_PROFILE,
    TEXT_SCOPE_EMAIL,
    TEXT_SCOPE_OFFLINE,
    TEXT_SCOPE_READ,  /* %s: module and noun */
    TEXT_SCOPE_WRITE, /* %s: module and noun */
    TEXTS,
};

/** The language that the request asks for: ui_locales, then Accept-Language, otherwise English. */
enum lang lang_of(const struct request *rq);
/** The query "?ui_locales=de" with which the pages hand on a language that was asked for in the address; "" if none was. */
const char *lang_query(const struct request *rq);
/** "en", "fr", "de". */
const char *lang_code(enum lang lang);
const char *text_in(enum lang lang, enum text text);
/** The text with value in the place of its "%s". */
const char *text_put(struct scope *s, enum lang lang, enum text text, const char *value);

#endif
