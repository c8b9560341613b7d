/* deliveries.c: notices that are due: some are taken, sent, and what became of them is written down.
 *
 * Taking counts the attempt and moves the due time past the longest that sending lasts, so notices whose sender was killed are
 * taken again then. Receivers tell such a repetition by the delivery's identifier, which stays.
 */
#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/metrics.h"
#include "discovery/query/query.h"
#include "discovery/saved/saved.h"

#define LEASE "'60 seconds'"
#define ATTEMPTS_MOST 8
#define TURN_MOST "64"      /* notices taken at once */
#define SPAN_MOST "100000"  /* matches that they may be about, all in all, unless it is a single one */
#define NOT_BEGUN "waiting" /* said of a notice that this turn had no time for; it stays as if it had not been taken */

enum {
    TAKEN_ID,
    TAKEN_SEARCH,
    TAKEN_FIRST,
    TAKEN_LAST,
    TAKEN_ATTEMPTS,
    TAKEN_NAME,
    TAKEN_LANGUAGE,
    TAKEN_OWNER,
    TAKEN_ROLES,
    TAKEN_WEBHOOK,
    TAKEN_SECRET,
    TAKEN_EMAIL,
    TAKEN_PERSON,
    TAKEN_OPEN /* there still is somebody to tell */
};

/* With their searches and owners as these are now. */
static int deliveries_take(struct scope *s, const char *channel, struct db_rows **taken) {
    return db_query(
        s, saved_db(), taken,
        "WITH due AS (SELECT id, next_at, last_match - first_match AS span FROM saved_delivery WHERE channel = $1"
        "  AND state IN ('waiting', 'sending') AND next_at <= now() ORDER BY next_at LIMIT " TURN_MOST
        "  FOR UPDATE SKIP LOCKED),"
        " part AS (SELECT id FROM (SELECT id, sum(span) OVER (ORDER BY next_at, id) - span AS before FROM due) AS d"
        "  WHERE before < " SPAN_MOST "),"
        " taken AS (UPDATE saved_delivery d SET state = 'sending', attempts = d.attempts + 1, next_at = now() + interval " LEASE
        "  FROM part WHERE d.id = part.id RETURNING d.id, d.search, d.first_match, d.last_match, d.attempts)"
        " SELECT t.id, t.search, t.first_match, t.last_match, t.attempts, s.name, s.language, s.owner, coalesce(p.roles, ''),"
        " s.webhook, s.secret, p.email, p.name,"
        " NOT coalesce(p.disabled, false) AND CASE WHEN $1 = 'mail' THEN s.mail ELSE s.webhook IS NOT NULL END"
        " FROM taken t JOIN saved_search s ON s.id = t.search LEFT JOIN person p ON p.subject = s.owner",
        "s", channel);
}

/* The matches that the owners may see now, of all of them by one statement. */
static int matches_read(struct scope *s, const struct db_rows *taken, struct notice *list, size_t count) {
    struct told *told = scope_alloc(s, (count + 1) * sizeof *told);
    struct db_rows *rows;
    for (size_t i = 0; i < count; i++)
        told[i] = (struct told){owner_auth(db_text(taken, (int)i, TAKEN_OWNER), db_text(taken, (int)i, TAKEN_ROLES)),
                                db_text(taken, (int)i, TAKEN_SEARCH), db_int(taken, (int)i, TAKEN_FIRST),
                                db_int(taken, (int)i, TAKEN_LAST)};
    int err = matches_told(s, told, count, NOTICE_MATCHES_MOST, &rows);
    for (int i = 0; !err && i < db_count(rows); i++) {
        struct notice *n = &list[db_int(rows, i, MATCH_TOLD)];
        if (n->end == 0) {
            n->matches = rows;
            n->begin = i;
            n->count = db_int(rows, i, MATCH_COUNT);
        }
        n->end = i + 1;
    }
    return err;
}

static int notices_read(struct scope *s, const struct db_rows *taken, struct notice **out) {
    size_t count = (size_t)db_count(taken);
    struct notice *list = scope_alloc(s, (count + 1) * sizeof *list);
    for (int i = 0; i < db_count(taken); i++)
        list[i] = (struct notice){.delivery = db_text(taken, i, TAKEN_ID),
                                  .search = db_text(taken, i, TAKEN_SEARCH),
                                  .name = db_text(taken, i, TAKEN_NAME),
                                  .language = db_text(taken, i, TAKEN_LANGUAGE),
                                  .webhook = db_text(taken, i, TAKEN_WEBHOOK),
                                  .secret = db_text(taken, i, TAKEN_SECRET),
                                  .email = db_text(taken, i, TAKEN_EMAIL),
                                  .person = db_text(taken, i, TAKEN_PERSON),
                                  .base_url = config_text("NADIR_PUBLIC_URL", "")};
    *out = list;
    return matches_read(s, taken, list, count);
}

/* Pauses of 5 s, 15 s, 45 s, … up to about three hours in all, then the notice is dead. */
static int deliveries_end(struct scope *s, const struct db_rows *taken, const char *const *states, const char *const *errors) {
    size_t count = (size_t)db_count(taken);
    const char **ids = scope_alloc(s, count * sizeof *ids), **attempts = scope_alloc(s, count * sizeof *attempts);
    for (size_t i = 0; i < count; i++) {
        ids[i] = db_text(taken, (int)i, TAKEN_ID);
        attempts[i] = db_text(taken, (int)i, TAKEN_ATTEMPTS);
    }
    return db_query(s, saved_db(), NULL,
                    "UPDATE saved_delivery d SET state = CASE WHEN e.state = '" NOT_BEGUN "' THEN 'sending' ELSE e.state END,"
                    " attempts = CASE WHEN e.state = '" NOT_BEGUN "' THEN d.attempts - 1 ELSE d.attempts END,"
                    " error = CASE WHEN e.state = '" NOT_BEGUN "' THEN d.error ELSE nullif(e.error, '') END,"
                    " ended_at = CASE WHEN e.state IN ('sending', '" NOT_BEGUN "') THEN NULL ELSE now() END,"
                    " next_at = CASE WHEN e.state = '" NOT_BEGUN "' THEN now()"
                    "  ELSE now() + interval '5 seconds' * power(3, d.attempts - 1) END"
                    " FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) AS e (id, attempts, state, error)"
                    " WHERE d.id = e.id AND d.attempts = e.attempts AND d.state = 'sending'",
                    "ssss", array_literal(s, ids, count), array_literal(s, attempts, count), array_literal(s, states, count),
                    array_literal(s, errors, count));
}

/* What became of one: its next state. */
static const char *state_after(struct scope *s, const struct db_rows *taken, int row, const struct notice *n,
                               const char *channel) {
    if (n->sent.err == NADIR_EBUSY) return NOT_BEGUN;
    const char *state = "sent";
    if (n->sent.err)
        state = n->sent.final || db_int(taken, row, TAKEN_ATTEMPTS) >= ATTEMPTS_MOST ? "dead" : "sending";
    else if (!notice_is_open(n))
        state = "dropped";
    if (strcmp(state, "dead") == 0)
        log_warn(s, "a notice is given up", "delivery", n->delivery, "channel", channel, "why", n->sent.why, NULL);
    metrics_add(scope_printf(s, "nadir_saved_search_notices_total{channel=\"%s\",state=\"%s\"}", channel, state), 1);
    return state;
}

static int turn(struct scope *s, const char *channel, int (*send)(struct scope *s, struct notice *list, size_t count),
                bool *more) {
    struct db_rows *taken;
    struct notice *list;
    *more = false;
    int err = deliveries_take(s, channel, &taken);
    size_t count = err ? 0 : (size_t)db_count(taken);
    if (err || count == 0) return err;
    *more = true;
    if ((err = notices_read(s, taken, &list))) return err;
    for (size_t i = 0; i < count; i++)
        if (!db_bool(taken, (int)i, TAKEN_OPEN)) list[i].end = list[i].begin;
    if ((err = send(s, list, count))) return err;
    const char **states = scope_alloc(s, count * sizeof *states), **errors = scope_alloc(s, count * sizeof *errors);
    for (size_t i = 0; i < count; i++) {
        states[i] = state_after(s, taken, (int)i, &list[i], channel);
        errors[i] = list[i].sent.why ? list[i].sent.why : "";
    }
    return deliveries_end(s, taken, states, errors);
}

int mails_turn(struct scope *s, bool *more) {
    return turn(s, "mail", notices_mail, more);
}

int webhooks_turn(struct scope *s, bool *more) {
    return turn(s, "webhook", webhooks_send, more);
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
