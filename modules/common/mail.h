/* mail.h: messages to people, by SMTP or into a folder.
 *
 * NADIR_SMTP_URL (smtp://host:port or smtps://host:port) names the server, NADIR_SMTP_USER and NADIR_SMTP_PASSWORD who we are
 * there, NADIR_MAIL_FROM the sender's address. A connection is encrypted (smtps, or STARTTLS, which must succeed) unless the
 * server is on this machine. Without NADIR_SMTP_URL a message becomes a file <id>.eml in $NADIR_STATE/mail: the demo's way.
 */
#ifndef NADIR_MAIL_H
#define NADIR_MAIL_H

#include <stdbool.h>
#include <time.h>

#include "common/error.h"
#include "common/scope.h"

#define MAIL_TEXT_MOST (256 * 1024) /* bytes of a message's text */

struct mail {
    const char *to;      /* one address, local@domain, ASCII */
    const char *to_name; /* UTF-8, or NULL */
    const char *subject; /* UTF-8, one line */
    const char *text;    /* UTF-8, lines ended by \n */
    const char *id;      /* a UUID that stays the same when the message is sent again; NULL: a new one */
};

/** Sends a message, or puts it into the folder. NADIR_EINVAL when the address, a header or the text cannot be sent: trying
 *  again is useless. NADIR_EUNAVAILABLE or NADIR_ETIMEOUT: try later, with the same id. NADIR_EDENIED: the server refuses this
 *  message or this address for good (SMTP 5yz). */
int mail_send(struct scope *s, const struct mail *m);

/** Sends several messages one after the other over one connection; errs[i] is what mail_send gives for list[i], or NADIR_EBUSY:
 *  not begun, as the scope has not the time left that one may take. */
void mail_send_many(struct scope *s, const struct mail *list, size_t count, int *errs);

/** The message as RFC 5322 has it, lines ended by CRLF; in the scope. from: the sender's address, its domain that of the
 *  Message-ID. NADIR_EINVAL when a header would hold a control character, the address is none, or the text is not UTF-8. */
int mail_compose(struct scope *s, const struct mail *m, const char *from, time_t at, char **out);

/** True for one local@domain of at most 254 bytes without quoting, blanks and control characters. */
bool mail_address_valid(const char *address);

#endif
