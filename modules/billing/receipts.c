/* receipts.c: /billing/v1/orders/{order}/receipt: a page to print, in English, French or German.
 *
 * Receipts of a year are numbered without a gap (as directive 2006/112/EC article 226 asks of invoices). Numbers are given
 * after the order's transaction, under the lock of the year's series row, oldest order first: given inside it, every order
 * would wait for the one before to reach the disk. A reader who comes first has the number given there and then.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "billing/billing.h"
#include "common/config.h"
#include "common/id.h"
#include "common/money.h"

struct words {
    const char *language, *receipt, *number, *date, *order, *seller, *buyer, *item, *price_basis, *licence, *price, *total,
        *paid, *free, *fixed, *area, *least, *owned, *tax;
};

static const struct words languages[] = {
    {"en", "Receipt", "Number", "Date", "Order", "Seller", "Buyer", "Product", "Basis", "Licence", "Price", "Total",
     "Paid from the wallet.", "free", "fixed price", "per km²", "least area", "owned already", "No value added tax is shown."},
    {"fr", "Reçu", "Numéro", "Date", "Commande", "Vendeur", "Acheteur", "Produit", "Base", "Licence", "Prix", "Total",
     "Payé depuis le portefeuille.", "gratuit", "prix fixe", "par km²", "surface minimale", "déjà acquis",
     "Aucune TVA n’est indiquée."},
    {"de", "Beleg", "Nummer", "Datum", "Bestellung", "Verkäufer", "Käufer", "Produkt", "Grundlage", "Lizenz", "Preis", "Summe",
     "Aus dem Guthaben bezahlt.", "kostenlos", "Festpreis", "je km²", "Mindestfläche", "schon erworben",
     "Umsatzsteuer wird nicht ausgewiesen."},
};

/* The best known language of Accept-Language (RFC 9110 section 12.5.4); English if none. */
static const struct words *words_for(const char *accept) {
    const struct words *best = &languages[0];
    double best_q = 0;
    for (const char *at = accept ? accept : ""; *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " \t");
        const char *weight = strstr(at, ";q=");
        bool weighted = weight && weight < at + strcspn(at, ",");
        double q = weighted ? strtod(weight + 3, NULL) : 1;
        for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
            if (strncasecmp(at, languages[i].language, 2) == 0 && strcspn(at, "-,; \t") == 2 && q > best_q) {
                best = &languages[i];
                best_q = q;
            }
    }
    return best;
}

/* Numbers what has none, a batch of a year's oldest. */
static int number_year(struct scope *s, const char *year) {
    struct db_tx *tx;
    int err = db_begin(s, billing_db(), &tx);
    if (!err)
        err = db_exec(tx, NULL, "INSERT INTO receipt_series (year, last) VALUES ($1, 0) ON CONFLICT DO NOTHING", "s", year);
    struct db_rows *rows = NULL;
    if (!err) err = db_exec(tx, &rows, "SELECT last FROM receipt_series WHERE year = $1 FOR UPDATE", "s", year);
    /* A new statement, so that it sees what the holder of the lock before us committed. */
    if (!err)
        err = db_exec(
            tx, NULL,
            "WITH batch AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM (SELECT id FROM orders WHERE "
            "  receipt_number IS NULL AND extract(year FROM created_at AT TIME ZONE 'UTC') = $1::integer "
            "  ORDER BY id LIMIT 500) oldest), "
            "numbered AS (UPDATE orders o SET receipt_year = $1::integer, receipt_number = $2 + n FROM batch WHERE o.id = "
            "  batch.id RETURNING o.id) "
            "UPDATE receipt_series SET last = last + (SELECT count(*) FROM numbered) WHERE year = $1::integer",
            "sl", year, db_int(rows, 0, 0));
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int receipts_number(struct scope *s) {
    struct db_rows *rows;
    int err = db_query(s, billing_db(), &rows,
                       "SELECT DISTINCT extract(year FROM created_at AT TIME ZONE 'UTC')::integer FROM orders "
                       "WHERE receipt_number IS NULL",
                       "");
    for (int i = 0; !err && i < db_count(rows); i++) err = number_year(s, db_text(rows, i, 0));
    return err;
}

static int receipt_rows(struct request *rq, const char *id, struct db_rows **rows) {
    return db_query(rq->scope, billing_db(), rows,
                    "SELECT o.receipt_year, o.receipt_number, to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), o.total, "
                    "       o.currency, coalesce(p.name, ''), coalesce(p.email, ''), o.buyer, j.body -> 'lines' "
                    "FROM orders o JOIN order_json j ON j.id = o.id LEFT JOIN person p ON p.subject = o.buyer "
                    "WHERE o.id = $1::uuid AND (o.buyer = $2 OR $3)",
                    "ssb", id, rq->auth.subject, auth_has_role(&rq->auth, "admin"));
}

static const char *text_of(struct scope *s, const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? http_escape(s, text) : "";
}

static const char *line_basis(struct scope *s, const struct words *w, const json_t *line, const char *currency) {
    const char *model = json_string_value(json_object_get(line, "model"));
    if (json_is_true(json_object_get(line, "owned"))) return w->owned;
    if (model && strcmp(model, "per_km2") == 0) {
        char unit[40];
        money_format(json_integer_value(json_object_get(line, "unit_price")), currency, unit);
        double area = json_number_value(json_object_get(line, "area_km2"));
        double least = json_number_value(json_object_get(line, "min_area_km2"));
        if (area >= least) return scope_printf(s, "%s %s × %.4f km²", unit, w->area, area);
        return scope_printf(s, "%s %s × %.4f km² (%s; %.4f km²)", unit, w->area, least, w->least, area);
    }
    return model && strcmp(model, "free") == 0 ? w->free : w->fixed;
}

static const char *line_row(struct scope *s, const struct words *w, const json_t *line, const char *currency) {
    char price[40];
    money_format(json_integer_value(json_object_get(line, "price")), currency, price);
    return scope_printf(s, "<tr><td>%s<br><small>%s</small></td><td>%s</td><td>%s</td><td class=\"sum\">%s</td></tr>\n",
                        text_of(s, line, "item"), text_of(s, line, "collection"), line_basis(s, w, line, currency),
                        text_of(s, json_object_get(line, "licence"), "title"), price);
}

static const char page_style[] =
    "body{font:16px/1.5 system-ui,sans-serif;color:#111;max-width:48rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid "
    "#999;vertical-align:"
    "top}.sum{text-align:right;white-space:nowrap}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem "
    "1rem}dt{font-weight:"
    "600}dd{margin:0;overflow-wrap:anywhere}@media print{body{margin:0}}";

static int receipt_page(struct request *rq, struct response *rs, const char *id, const struct db_rows *r) {
    struct scope *s = rq->scope;
    const struct words *w = words_for(request_header(rq, "accept-language"));
    const char *currency = db_text(r, 0, 4), *table = "";
    json_t *lines = db_json(s, r, 0, 8), *line;
    size_t i;
    json_array_foreach(lines, i, line) table = scope_printf(s, "%s%s", table, line_row(s, w, line, currency));
    char total[40];
    money_format(db_int(r, 0, 3), currency, total);
    const char *number = scope_printf(s, "%lld-%06lld", (long long)db_int(r, 0, 0), (long long)db_int(r, 0, 1));
    const char *buyer = db_text(r, 0, 5)[0] ? scope_printf(s, "%s, %s", db_text(r, 0, 5), db_text(r, 0, 6)) : db_text(r, 0, 7);
    const char *page = scope_printf(
        s,
        "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\">"
        "<title>%s %s</title><style>%s</style></head><body>\n<h1>%s %s</h1>\n<dl><dt>%s</dt><dd>%s</dd><dt>%s</dt><dd>%s</dd>"
        "<dt>%s</dt><dd>%s</dd><dt>%s</dt><dd>%s</dd><dt>%s</dt><dd>%s</dd></dl>\n"
        "<table><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\" "
        "class=\"sum\">"
        "%s</th></tr></thead>\n<tbody>\n%s</tbody>\n<tfoot><tr><th scope=\"row\" colspan=\"3\">%s</th><td "
        "class=\"sum\"><strong>%s"
        "</strong></td></tr></tfoot></table>\n<p>%s %s</p>\n</body></html>\n",
        w->language, w->receipt, number, page_style, w->receipt, number, w->number, number, w->date, db_text(r, 0, 2), w->order,
        id, w->seller, http_escape(s, config_text("NADIR_SELLER", "Nadir")), w->buyer, http_escape(s, buyer), w->item,
        w->price_basis, w->licence, w->price, table, w->total, total, w->paid, w->tax);
    response_header(rs, "Content-Language", "%s", w->language);
    response_header(rs, "Vary", "Accept-Language, Authorization");
    response_header(rs, "Cache-Control", "private, no-cache");
    response_header(rs, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    return response_text(rs, 200, "text/html; charset=utf-8", page);
}

int receipts_get(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "order");
    if (!id_valid(id)) return response_error(rs, 404, "order-not-found", NULL, "There is no such order of yours.");
    struct db_rows *rows;
    int err = receipt_rows(rq, id, &rows);
    if (err) return err;
    if (db_count(rows) == 0) return response_error(rs, 404, "order-not-found", NULL, "There is no such order of yours.");
    for (int turn = 0; db_is_null(rows, 0, 1); turn++) {
        if (turn == 20) return NADIR_EUNAVAILABLE;
        err = receipts_number(rq->scope);
        if (!err) err = receipt_rows(rq, id, &rows);
        if (err) return err;
    }
    return receipt_page(rq, rs, id, rows);
}
