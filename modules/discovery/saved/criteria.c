/* criteria.c: what a saved search looks for, as it is kept and as it is read again. */
#include <string.h>

#include "discovery/saved/saved.h"
#include "discovery/search.h"

#define KEPT_MOST (256 * 1024) /* bytes */

/* Members of a STAC search body that select items, and those that only shape the answer. */
static const char *const selecting[] = {"collections", "ids", "bbox", "intersects", "datetime", "query", "filter", "q", NULL};
static const char *const shaping[] = {"limit", "sortby", "fields", "token", "conf", "filter-lang", "filter-crs", NULL};

static bool is_one_of(const char *name, const char *const *list) {
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

int criteria_read(struct scope *s, const json_t *kept, struct query *q, struct fault *f) {
    struct item_search search;
    int err = search_from_json(s, kept, &search, f);
    *q = search.query;
    q->limit = 0;
    q->nsorts = 0;
    q->token = NULL;
    return err;
}

int criteria_keep(struct scope *s, const json_t *search, json_t **out, struct query *q, struct fault *f) {
    json_t *kept = scope_json(s, json_object()), *value;
    const char *name;
    if (!json_is_object(search)) return fault_set(f, "search", "must be a STAC search body, a JSON object");
    json_object_foreach((json_t *)search, name, value) {
        if (is_one_of(name, shaping)) continue;
        if (!is_one_of(name, selecting))
            return fault_set(f, scope_strdup(s, name), "is no parameter of a search that can be saved");
        if (!json_is_null(value)) json_object_set(kept, name, value);
    }
    int err = criteria_read(s, search, q, f);
    if (err) return err;
    /* Either language of filters is kept as the one tree; the older query extension is part of it then. */
    json_object_del(kept, "query");
    json_object_del(kept, "filter");
    if (q->filter) {
        json_object_set_new(kept, "filter", cql2_json_write(q->filter));
        json_object_set_new(kept, "filter-lang", json_string("cql2-json"));
    }
    if (strlen(json_line(s, kept)) > KEPT_MOST) return fault_set(f, "search", "is over 256 KiB");
    *out = kept;
    return 0;
}
