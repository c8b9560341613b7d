/* deliveries.c: notices that are due: one is taken, sent, and what became of it is written down.
 *
 * Taking counts the attempt and moves the due time past the longest that sending lasts, so a notice whose sender was killed is
 * taken again then. Receivers tell such a repetition by the delivery's identifier, which stays.
 */
#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/metrics.h"
#include "discovery/saved/saved.h"

#define LEASE "'60 seconds'"
#define ATTEMPTS_MOST 8

struct taken {
    const char *id, *search, *channel;
    int64_t first, last;
    int attempts;
};

static int delivery_take(struct scope *s, struct taken *out, bool *found) {
    struct db_rows *r;
    int err = db_query(s, saved_db(), &r,
                       "UPDATE saved_delivery SET state = 'sending', attempts = attempts + 1, next_at = now() + interval " LEASE
                       " WHERE id = (SELECT id FROM saved_delivery WHERE state IN ('waiting', 'sending') AND next_at <= now()"
                       " ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
                       " RETURNING id, search, channel, first_match, last_match, attempts",
                       "");
    *found = !err && db_count(r) == 1;
    if (*found)
        *out = (struct taken){db_text(r, 0, 0), db_text(r, 0, 1), db_text(r, 0, 2),
                              db_int(r, 0, 3),  db_int(r, 0, 4),  (int)db_int(r, 0, 5)};
    return err;
}

/* The search, its owner and the matches that the owner may see now. *open is false when there is nobody to tell any more. */
static int notice_read(struct scope *s, const struct taken *t, struct notice *n, bool *open) {
    struct db_rows *r, *m;
    bool mail = strcmp(t->channel, "mail") == 0;
    int err =
        db_query(s, saved_db(), &r,
                 "SELECT s.name, s.language, s.mail, s.webhook, s.secret, s.owner, p.email, p.name, coalesce(p.roles, ''),"
                 " coalesce(p.disabled, false) FROM saved_search s LEFT JOIN person p ON p.subject = s.owner WHERE s.id = $1",
                 "s", t->search);
    if (err) return err;
    *open = db_count(r) == 1 && !db_bool(r, 0, 9) && (mail ? db_bool(r, 0, 2) : !db_is_null(r, 0, 3));
    if (!*open) return 0;
    struct auth owner = owner_auth(db_text(r, 0, 5), db_text(r, 0, 8));
    err = matches_find(s, &owner, t->search, t->first, t->last, false, NOTICE_MATCHES_MOST, &m);
    if (err) return err;
    *open = db_count(m) > 0;
    *n = (struct notice){.delivery = t->id,
                         .search = t->search,
                         .name = db_text(r, 0, 0),
                         .language = db_text(r, 0, 1),
                         .webhook = db_text(r, 0, 3),
                         .secret = db_text(r, 0, 4),
                         .email = db_text(r, 0, 6),
                         .person = db_text(r, 0, 7),
                         .count = *open ? db_int(m, 0, 5) : 0,
                         .matches = m,
                         .base_url = config_text("NADIR_PUBLIC_URL", "")};
    return 0;
}

/* Pauses of 5 s, 15 s, 45 s, … up to about three hours in all, then the notice is dead. */
static int delivery_end(struct scope *s, const struct taken *t, const char *state, const char *error) {
    metrics_add(scope_printf(s, "nadir_saved_search_notices_total{channel=\"%s\",state=\"%s\"}", t->channel, state), 1);
    return db_query(
        s, saved_db(), NULL,
        "UPDATE saved_delivery SET state = $3, error = $4, ended_at = CASE WHEN $3 = 'sending' THEN NULL ELSE now() END,"
        " next_at = now() + interval '5 seconds' * power(3, attempts - 1)"
        " WHERE id = $1 AND attempts = $2 AND state = 'sending'",
        "siss", t->id, t->attempts, state, error);
}

int deliveries_turn(struct scope *s, bool *more) {
    struct taken t;
    struct notice n;
    bool open, final = false;
    const char *why = NULL;
    int err = delivery_take(s, &t, more);
    if (err || !*more) return err;
    if ((err = notice_read(s, &t, &n, &open))) return err;
    if (!open) return delivery_end(s, &t, "dropped", NULL);
    err = strcmp(t.channel, "mail") == 0 ? notice_mail(s, &n, &why, &final) : webhook_send(s, &n, &why, &final);
    if (!err) return delivery_end(s, &t, "sent", NULL);
    bool dead = final || t.attempts >= ATTEMPTS_MOST;
    if (dead) log_warn(s, "a notice is given up", "delivery", t.id, "channel", t.channel, "why", why, NULL);
    return delivery_end(s, &t, dead ? "dead" : "sending", why);
}

int deliveries_sweep(struct scope *s) {
    int err =
        db_query(s, saved_db(), NULL,
                 "DELETE FROM saved_delivery WHERE ended_at < now() - interval '30 days' AND state IN ('sent', 'dropped', "
                 "'dead')",
                 "");
    if (!err) err = db_query(s, saved_db(), NULL, "DELETE FROM saved_match WHERE matched_at < now() - interval '90 days'", "");
    return err;
}
