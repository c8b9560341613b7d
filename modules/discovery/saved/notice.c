/* notice.c: what a mail about new matches says, in its reader's language. */
#include <string.h>

#include "common/mail.h"
#include "discovery/saved/saved.h"

struct words {
    const char *language;
    const char *subject_one, *subject_many; /* count (many only), name */
    const char *hello, *hello_nobody;       /* person */
    const char *found;                      /* name, count */
    const char *others;                     /* count */
    const char *end;                        /* address */
};

static const struct words words[] = {
    {"en", "New scene: %s", "%lld new scenes: %s", "Hello %s,\n\n", "Hello,\n\n",
     "your saved search \"%s\" has new matches (%lld):\n\n", "… and %lld more.\n\n",
     "All matches, and the switch that ends these mails: %s\n"},
    {"fr", "Nouvelle scène : %s", "%lld nouvelles scènes : %s", "Bonjour %s,\n\n", "Bonjour,\n\n",
     "votre recherche enregistrée « %s » a de nouveaux résultats (%lld) :\n\n", "… et %lld autres.\n\n",
     "Tous les résultats, et de quoi arrêter ces messages : %s\n"},
    {"de", "Neue Szene: %s", "%lld neue Szenen: %s", "Guten Tag %s,\n\n", "Guten Tag,\n\n",
     "zu Ihrer gespeicherten Suche „%s“ gibt es neue Treffer (%lld):\n\n", "… und %lld weitere.\n\n",
     "Alle Treffer, und der Schalter, der diese Nachrichten beendet: %s\n"},
};

static const struct words *words_of(const char *language) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].language, language) == 0) return &words[i];
    return &words[0];
}

/* The texts above are the formats, each with the arguments that its member says. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static const char *subject_text(struct scope *s, const struct words *w, const struct notice *n) {
    if (n->count == 1) return scope_printf(s, w->subject_one, n->name);
    return scope_printf(s, w->subject_many, (long long)n->count, n->name);
}

static const char *body_text(struct scope *s, const struct words *w, const struct notice *n) {
    struct text *t = text_new(s, 4096);
    const char *line = n->person && *n->person ? scope_printf(s, w->hello, n->person) : w->hello_nobody;
    text_add(t, line, strlen(line));
    line = scope_printf(s, w->found, n->name, (long long)n->count);
    text_add(t, line, strlen(line));
    for (int i = n->begin; i < n->end; i++) {
        const char *collection = db_text(n->matches, i, MATCH_COLLECTION), *item = db_text(n->matches, i, MATCH_ITEM);
        line = scope_printf(s, "* %.10s  %s / %s\n  %s/#/scene/%s/%s\n", db_text(n->matches, i, MATCH_DATETIME), collection,
                            item, n->base_url, http_encode(s, collection), http_encode(s, item));
        text_add(t, line, strlen(line));
    }
    text_add(t, "\n", 1);
    if (n->count > n->end - n->begin) {
        line = scope_printf(s, w->others, (long long)(n->count - (n->end - n->begin)));
        text_add(t, line, strlen(line));
    }
    line = scope_printf(s, w->end, scope_printf(s, "%s/#/searches", n->base_url));
    text_add(t, line, strlen(line));
    return t->data;
}
#pragma GCC diagnostic pop

bool notice_is_open(const struct notice *n) {
    return n->end > n->begin;
}

static struct mail mail_of(struct scope *s, const struct notice *n) {
    const struct words *w = words_of(n->language);
    return (struct mail){
        .to = n->email, .to_name = n->person, .subject = subject_text(s, w, n), .text = body_text(s, w, n), .id = n->delivery};
}

static void mail_ended(struct notice *n, int err) {
    n->sent.err = err;
    n->sent.final = err == NADIR_EINVAL || err == NADIR_EDENIED;
    if (err) n->sent.why = n->sent.final ? "the address does not take mail" : "the mail server did not take it";
}

int notices_mail(struct scope *s, struct notice *list, size_t count) {
    struct mail *mails = scope_alloc(s, (count + 1) * sizeof *mails);
    size_t *of = scope_alloc(s, (count + 1) * sizeof *of);
    int *errs = scope_alloc(s, (count + 1) * sizeof *errs);
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        if (!notice_is_open(&list[i])) continue;
        if (!list[i].email) {
            list[i].sent.err = NADIR_EUNAVAILABLE;
            list[i].sent.why = "the owner's address is not known";
            continue;
        }
        of[wanted] = i;
        mails[wanted++] = mail_of(s, &list[i]);
    }
    mail_send_many(s, mails, wanted, errs);
    for (size_t i = 0; i < wanted; i++) mail_ended(&list[of[i]], errs[i]);
    return 0;
}
