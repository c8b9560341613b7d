/* products.c: /odata/v1/Products, its counts and lists, and one product. */
#include <string.h>

#include "common/module.h"
#include "discovery/odata/odata.h"

#define FILTER_LIST_MOST 500

/* ---- what a filter names ---- */

static int collections_named(struct scope *s, const char *name, struct names *out) {
    struct db_rows *rows;
    int err = db_query(s, module_db("discovery"), &rows,
                       "SELECT id FROM collection WHERE id = $1 OR lower(id) = lower($1)"
                       " OR starts_with(lower(id), lower($1) || '-') ORDER BY id <> $1, id LIMIT 1000",
                       "s", name);
    if (err) return err;
    size_t count = (size_t)db_count(rows);
    const char **list = scope_alloc(s, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) list[i] = db_text(rows, (int)i, 0);
    /* The collection of exactly that name is meant alone. */
    *out = (struct names){count > 0 && strcmp(list[0], name) == 0 ? 1 : count, list};
    return 0;
}

static int product_named(struct scope *s, const char *uuid, const char **collection, const char **item) {
    struct db_rows *rows;
    int err =
        db_query(s, module_db("discovery"), &rows,
                 "SELECT i.collection, i.id FROM item i WHERE odata_id(i.collection, i.id) = $1::uuid LIMIT 1", "s", uuid);
    if (err) return err;
    if (db_count(rows) == 0) return NADIR_ENOTFOUND;
    *collection = db_text(rows, 0, 0);
    *item = db_text(rows, 0, 1);
    return 0;
}

const struct odata_lookup odata_catalogue = {collections_named, product_named};

/* ---- answers ---- */

int odata_answer(struct request *rq, struct response *rs, json_t *json) {
    const char *line = json_line(rq->scope, scope_json(rq->scope, json));
    struct text *t = text_new(rq->scope, strlen(line) + 1024);
    text_add_document(t, line, strlen(line), rq->base_url);
    response_header(rs, "odata-version", "4.0");
    return response_data(rs, 200, ODATA_JSON, t->data, t->len);
}

/* The address of the next page: this one's, with $skiptoken in place of $skip. */
static const char *next_link(struct request *rq, const char *token) {
    struct scope *s = rq->scope;
    const char *href = scope_printf(s, "%s/odata/v1/Products?", rq->base_url);
    for (size_t i = 0; i < rq->args.count; i++) {
        const struct pair *arg = &rq->args.list[i];
        if (strcmp(arg->name, "$skip") == 0 || strcmp(arg->name, "$skiptoken") == 0) continue;
        href = scope_printf(s, "%s%s=%s&", href, http_encode(s, arg->name), http_encode(s, arg->value));
    }
    return scope_printf(s, "%s%%24skiptoken=%s", href, http_encode(s, token));
}

static json_t *page_products(struct scope *s, const struct page *page, const struct product_view *view) {
    json_t *list = json_array();
    for (size_t i = 0; i < page->count; i++) {
        json_t *item = json_loadb(page->documents[i], page->lengths[i], 0, NULL);
        if (item) json_array_append_new(list, product_write(s, item, view));
        json_decref(item);
    }
    return list;
}

static void count_write(json_t *answer, const struct page *page) {
    json_object_set_new(answer, "@odata.count", json_integer(page->matched));
    if (page->estimated) json_object_set_new(answer, "@nadir.countEstimated", json_true());
}

/* ---- query options ---- */

static int whole_number(struct scope *s, const char *text, const char *name, int most, int *out, struct fault *f) {
    size_t len = strlen(text);
    int value = 0;
    if (len < 1 || len > 9 || strspn(text, "0123456789") != len)
        return fault_set(f, name, scope_printf(s, "must be a whole number from 0 to %d", most));
    for (const char *c = text; *c; c++) value = value * 10 + (*c - '0');
    if (value > most) return fault_set(f, name, scope_printf(s, "must be a whole number from 0 to %d", most));
    *out = value;
    return 0;
}

static int option_names_check(const struct request *rq, struct fault *f) {
    static const char *const known[] = {"$filter", "$orderby", "$top",       "$skip",  "$count",
                                        "$expand", "$select",  "$skiptoken", "$format"};
    for (size_t i = 0; i < rq->args.count; i++) {
        const char *name = rq->args.list[i].name;
        bool found = *name != '$';
        for (size_t k = 0; !found && k < sizeof known / sizeof *known; k++) found = strcmp(known[k], name) == 0;
        if (!found) return fault_set(f, name, "is an option that this service does not have");
    }
    const char *format = request_arg(rq, "$format");
    if (format && strcmp(format, "json") != 0 && strncmp(format, "application/json", 16) != 0)
        return fault_set(f, "$format", "can only be json");
    return 0;
}

/* "true" in any case, as Python writes it too. */
static int count_wanted(const struct request *rq, bool *out, struct fault *f) {
    const char *count = request_arg(rq, "$count");
    *out = count && strcasecmp(count, "true") == 0;
    return !count || *out || strcasecmp(count, "false") == 0 ? 0 : fault_set(f, "$count", "must be true or false");
}

static int filter_read(struct request *rq, struct query *q, struct fault *f) {
    const char *text = request_arg(rq, "$filter");
    struct expr *filter = NULL;
    if (!text) return 0;
    int err = odata_filter_parse(rq->scope, &odata_catalogue, text, &filter, f);
    return err ? err : odata_filter_place(rq->scope, filter, q, f);
}

static int query_read(struct request *rq, struct query *q, struct fault *f) {
    const char *text;
    int skip = 0;
    bool counted;
    *q = (struct query){.limit = TOP_DEFAULT};
    if (option_names_check(rq, f) || count_wanted(rq, &counted, f)) return NADIR_EINVAL;
    q->uncounted = !counted;
    if ((text = request_arg(rq, "$top")) && whole_number(rq->scope, text, "$top", TOP_MOST, &q->limit, f)) return NADIR_EINVAL;
    if ((text = request_arg(rq, "$skip")) && whole_number(rq->scope, text, "$skip", SKIP_MOST, &skip, f)) return NADIR_EINVAL;
    if ((text = request_arg(rq, "$orderby")) && odata_orderby(rq->scope, text, q, f)) return NADIR_EINVAL;
    q->token = request_arg(rq, "$skiptoken");
    q->offset = q->token ? 0 : skip;
    return filter_read(rq, q, f);
}

static int failed(struct response *rs, int err, const struct fault *f) {
    return f->why ? fault_answer(rs, f) : err;
}

int products_list(struct request *rq, struct response *rs) {
    struct query q;
    struct page page = {0};
    struct product_view view;
    struct fault f = {0};
    int err = query_read(rq, &q, &f);
    if (!err) err = product_view_read(rq->scope, request_arg(rq, "$expand"), request_arg(rq, "$select"), &view, &f);
    if (!err && (q.limit > 0 || !q.uncounted)) err = query_run(rq->scope, &rq->auth, &q, &page, &f);
    if (err) return failed(rs, err, &f);
    json_t *answer = json_pack("{s:s}", "@odata.context", product_context(rq->scope, &view, false));
    if (!q.uncounted) count_write(answer, &page);
    json_object_set_new(answer, "value", page_products(rq->scope, &page, &view));
    if (page.next) json_object_set_new(answer, "@odata.nextLink", json_string(next_link(rq, page.next)));
    return odata_answer(rq, rs, answer);
}

int products_count(struct request *rq, struct response *rs) {
    struct query q;
    struct page page = {0};
    struct fault f = {0};
    int err = query_read(rq, &q, &f);
    q.limit = 0;
    q.uncounted = false;
    q.token = NULL;
    if (!err) err = query_run(rq->scope, &rq->auth, &q, &page, &f);
    if (err) return failed(rs, err, &f);
    response_header(rs, "odata-version", "4.0");
    return response_text(rs, 200, "text/plain", scope_printf(rq->scope, "%lld", (long long)page.matched));
}

/* ---- FilterList ---- */

/* Adds a quoted value to "Name in (…" or "Id in (…". */
static void list_add(struct scope *s, struct text *t, const char *member, const char *value) {
    const char *word = scope_printf(s, "%s'%s'", t->len > 0 ? "," : scope_printf(s, "%s in (", member), value);
    text_add(t, word, strlen(word));
}

/* The products asked for by name or id, as a filter. */
static int filter_list_read(struct request *rq, const json_t *body, struct expr **out, struct fault *f) {
    struct scope *s = rq->scope;
    const json_t *list = json_object_get(body, "FilterProducts"), *wanted;
    struct text *names = text_new(s, 4096), *ids = text_new(s, 4096);
    size_t at;
    if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > FILTER_LIST_MOST)
        return fault_set(f, "FilterProducts", "must be a list of 1 to 500 objects {\"Name\": …} or {\"Id\": …}");
    json_array_foreach((json_t *)list, at, wanted) {
        const char *name = json_string_value(json_object_get(wanted, "Name"));
        const char *id = json_string_value(json_object_get(wanted, "Id"));
        if (!name == !id || (name && !identifier_valid(name)) || (id && !id_valid(id)))
            return fault_set(f, "FilterProducts", "must hold objects with a product's Name or its Id");
        list_add(s, name ? names : ids, name ? "Name" : "Id", name ? name : id);
    }
    const char *text = scope_printf(s, "%s%s%s%s%s", names->len ? names->data : "", names->len ? ")" : "",
                                    names->len && ids->len ? " or " : "", ids->len ? ids->data : "", ids->len ? ")" : "");
    return odata_filter_parse(s, &odata_catalogue, text, out, f);
}

int products_filter_list(struct request *rq, struct response *rs) {
    struct query q = {.limit = TOP_MOST, .uncounted = true};
    struct page page = {0};
    struct product_view view;
    struct fault f = {0};
    struct expr *filter = NULL;
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    int err = filter_list_read(rq, body, &filter, &f);
    if (!err) err = product_view_read(rq->scope, request_arg(rq, "$expand"), request_arg(rq, "$select"), &view, &f);
    if (!err) err = odata_filter_place(rq->scope, filter, &q, &f);
    if (!err) err = query_run(rq->scope, &rq->auth, &q, &page, &f);
    if (err) return failed(rs, err, &f);
    json_t *answer = json_pack("{s:s}", "@odata.context", product_context(rq->scope, &view, false));
    json_object_set_new(answer, "value", page_products(rq->scope, &page, &view));
    return odata_answer(rq, rs, answer);
}

/* ---- one product ---- */

int product_find(struct request *rq, struct response *rs, json_t **item) {
    struct scope *s = rq->scope;
    const char *sent = request_param(rq, "id"), *collection, *name, *document, *version;
    size_t len = strlen(sent);
    *item = NULL;
    const char *id = len == 38 && sent[0] == '\'' && sent[37] == '\'' ? scope_strndup(s, sent + 1, 36) : sent;
    if (!id_valid(id)) return response_error(rs, 400, "invalid-id", "Id", "A product's Id is a UUID: Products(%s).", "…");
    int err = product_named(s, id, &collection, &name);
    if (!err) err = query_item(s, &rq->auth, collection, name, &document, &len, &version);
    if (err == NADIR_ENOTFOUND) return response_error(rs, 404, "no-such-product", "Id", "There is no product %s.", id);
    if (err) return err;
    *item = scope_json(s, json_loadb(document, len, 0, NULL));
    return *item ? 0 : NADIR_EINTERNAL;
}

int product_get(struct request *rq, struct response *rs) {
    struct product_view view;
    struct fault f = {0};
    json_t *item;
    if (product_view_read(rq->scope, request_arg(rq, "$expand"), request_arg(rq, "$select"), &view, &f))
        return fault_answer(rs, &f);
    int err = product_find(rq, rs, &item);
    if (err || !item) return err;
    json_t *answer = json_pack("{s:s}", "@odata.context", product_context(rq->scope, &view, true));
    json_t *product = scope_json(rq->scope, product_write(rq->scope, item, &view));
    json_object_update(answer, product);
    return odata_answer(rq, rs, answer);
}

int product_attributes_get(struct request *rq, struct response *rs) {
    json_t *item;
    int err = product_find(rq, rs, &item);
    if (err || !item) return err;
    const char *context =
        scope_printf(rq->scope, BASE_MARK "/odata/v1/$metadata#Products(%s)/Attributes", request_param(rq, "id"));
    return odata_answer(rq, rs, json_pack("{s:s, s:o}", "@odata.context", context, "value", attributes_write(rq->scope, item)));
}
