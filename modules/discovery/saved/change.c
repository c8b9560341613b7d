/* change.c: reads what a request says of a saved search. */
#include "discovery/saved/change.h"

#include <string.h>

#include "common/fields.h"
#include "discovery/query/query.h"

#define NAME_MOST 200

static const char *const languages[] = {"en", "fr", "de", NULL};
static const char *const states[] = {"active", "paused", NULL};

/* The first language that the caller reads and that mails are written in. */
static const char *language_of(const struct request *rq) {
    const char *accepted = request_header(rq, "accept-language");
    for (const char *p = accepted ? accepted : ""; *p; p += strcspn(p, ","), p += *p == ',') {
        p += strspn(p, " ");
        for (size_t i = 0; languages[i]; i++)
            if (strncasecmp(p, languages[i], 2) == 0) return languages[i];
    }
    return languages[0];
}

static bool has_member(const struct fields *f, const char *name) {
    return json_object_get(f->object, name) != NULL;
}

/* A name stands in mail headers: one line, no control characters. */
static void name_check(struct fields *f, const char *name) {
    for (const char *c = name ? name : ""; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) field_fault(f, "name", "must be one line of text");
}

static void webhook_read(struct scope *s, struct fields *f, struct change *out) {
    const json_t *hook = field_object_or_null(f, "webhook");
    out->has_webhook = has_member(f, "webhook");
    if (!hook) return;
    struct fields inner = fields_of(hook);
    fields_closed(&inner);
    const char *url = field_string(&inner, "url", 1, 2000);
    const char *why = fields_faulty(&inner) ? "must be an object with one member, url" : webhook_refusal(s, url);
    if (why) {
        field_fault(f, "webhook", "%s", why);
        return;
    }
    out->webhook = url;
    out->secret = webhook_secret(s);
}

static void channels_read(struct request *rq, struct fields *f, struct change *out) {
    out->has_mail = has_member(f, "mail");
    out->mail = field_bool_or(f, "mail", false);
    if (out->mail && !rq->auth.is_user) field_fault(f, "mail", "needs a person: a client has no address");
    webhook_read(rq->scope, f, out);
}

int change_for_create(struct request *rq, struct response *rs, struct change *out) {
    struct query q = {0};
    struct fault fault = {0};
    json_t *body, *kept = NULL;
    *out = (struct change){0};
    if (request_json(rq, rs, &body)) return NADIR_EINVAL;
    struct fields f = fields_of(body);
    fields_closed(&f);
    out->name = field_string(&f, "name", 1, NAME_MOST);
    const json_t *search = field_object(&f, "search");
    out->language = field_choice_or(&f, "language", languages, language_of(rq));
    channels_read(rq, &f, out);
    name_check(&f, out->name);
    if (fields_fail(&f, rs)) return NADIR_EINVAL;
    if (criteria_keep(rq->scope, search, &kept, &q, &fault)) {
        response_error(rs, 422, "invalid-field", scope_printf(rq->scope, "search.%s", fault.field ? fault.field : ""),
                       "search: %s %s.", fault.field ? fault.field : "it", fault.why ? fault.why : "cannot be read");
        return NADIR_EINVAL;
    }
    out->search = kept;
    out->area = q.area;
    out->collections = q.collections.count ? array_literal(rq->scope, q.collections.list, q.collections.count) : NULL;
    return 0;
}

int change_for_patch(struct request *rq, struct response *rs, struct change *out) {
    json_t *body;
    *out = (struct change){0};
    if (request_json(rq, rs, &body)) return NADIR_EINVAL;
    struct fields f = fields_of(body);
    fields_closed(&f);
    out->name = field_string_or(&f, "name", 1, NAME_MOST, NULL);
    out->state = field_choice_or(&f, "state", states, NULL);
    out->language = field_choice_or(&f, "language", languages, NULL);
    channels_read(rq, &f, out);
    name_check(&f, out->name);
    return fields_fail(&f, rs) ? NADIR_EINVAL : 0;
}
