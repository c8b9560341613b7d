/* stripe.c: the payment provider Stripe: PaymentIntents over HTTPS (docs.stripe.com/api/payment_intents).
 *
 * The payer's card never comes here: the browser gives it to Stripe with the payment's client secret. Requests carry an
 * Idempotency-Key, so that one that is repeated after a lost answer makes no second payment.
 */
#include <string.h>
#include <time.h>

#include "billing/payment.h"
#include "billing/stripe_signature.h"
#include "common/config.h"
#include "common/fetch.h"
#include "common/log.h"

#define STRIPE_VERSION "2024-06-20"

static const char *stripe_api(void) {
    return config_text("NADIR_STRIPE_API", "https://api.stripe.com");
}

static const char *stripe_publishable_key(void) {
    return config_text("NADIR_STRIPE_PUBLISHABLE_KEY", "");
}

static const char *stripe_script(void) {
    return config_text("NADIR_STRIPE_JS", "https://js.stripe.com/v3/");
}

static bool stripe_ready(void) {
    return config_text("NADIR_STRIPE_SECRET_KEY", NULL) != NULL;
}

/* The stand-in of tests and demonstrations listens on loopback; any other address is reached as a public one or not at all. */
static unsigned stripe_reach(void) {
    static const char *const loopback[] = {"http://127.0.0.1:", "http://localhost:", "http://[::1]:"};
    for (size_t i = 0; i < sizeof(loopback) / sizeof(loopback[0]); i++)
        if (strncmp(stripe_api(), loopback[i], strlen(loopback[i])) == 0) return FETCH_INTERNAL;
    return 0;
}

static int stripe_call(struct scope *s, const char *path, const char *form, const char *key, struct fetched *out) {
    const char *headers[5] = {scope_printf(s, "Authorization: Bearer %s", config_text("NADIR_STRIPE_SECRET_KEY", "")),
                              "Stripe-Version: " STRIPE_VERSION};
    if (form) {
        headers[2] = "Content-Type: application/x-www-form-urlencoded";
        headers[3] = scope_printf(s, "Idempotency-Key: %s", key);
    }
    struct fetch f = {.method = form ? "POST" : "GET",
                      .url = scope_printf(s, "%s%s", stripe_api(), path),
                      .headers = headers,
                      .body = form,
                      .body_len = form ? strlen(form) : 0,
                      .timeout_ms = 8000,
                      .most = 1 << 20,
                      .flags = FETCH_RETRY | stripe_reach()};
    int err = fetch(s, &f, out);
    if (err) return err;
    if (out->status == 409 || out->status == 429 || out->status >= 500) return NADIR_EUNAVAILABLE;
    return 0;
}

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* Reads a PaymentIntent object. Its tree lives as long as the scope. */
static int intent_read(const json_t *intent, struct payment *out) {
    const char *id = text_of(intent, "id"), *status = text_of(intent, "status"), *currency = text_of(intent, "currency");
    if (!id || !status || !currency || strlen(currency) != 3) return NADIR_EINVAL;
    *out = (struct payment){.id = id,
                            .topup = text_of(json_object_get(intent, "metadata"), "topup"),
                            .received = json_integer_value(json_object_get(intent, "amount_received")),
                            .client_secret = text_of(intent, "client_secret"),
                            .error = text_of(json_object_get(intent, "last_payment_error"), "message")};
    for (int i = 0; i < 3; i++)
        out->currency[i] = currency[i] >= 'a' && currency[i] <= 'z' ? (char)(currency[i] - 'a' + 'A') : currency[i];
    if (strcmp(status, "succeeded") == 0)
        out->state = PAYMENT_SUCCEEDED;
    else if (strcmp(status, "canceled") == 0)
        out->state = PAYMENT_CANCELLED;
    return 0;
}

static int answer_read(struct scope *s, const struct fetched *a, struct payment *out) {
    const json_t *json = scope_json(s, json_loadb(a->body, a->body_len, 0, NULL));
    if (a->status == 200 && intent_read(json, out) == 0) return 0;
    const char *code = text_of(json_object_get(json, "error"), "code");
    log_error(s, "payment provider's answer is of no use", "code", code ? code : "", NULL);
    return a->status == 404 ? NADIR_ENOTFOUND : NADIR_EUNAVAILABLE;
}

static int stripe_create(struct scope *s, const char *topup, int64_t amount, const char *currency, struct payment *out,
                         const char **why) {
    char lower[4] = "";
    for (int i = 0; i < 3 && currency[i]; i++) lower[i] = (char)(currency[i] | 0x20);
    const char *form =
        scope_printf(s,
                     "amount=%lld&currency=%s&metadata%%5Btopup%%5D=%s&automatic_payment_methods%%5Benabled%%5D=true"
                     "&description=Wallet%%20top-up",
                     (long long)amount, lower, topup);
    struct fetched a;
    int err = stripe_call(s, "/v1/payment_intents", form, topup, &a);
    if (err) return err;
    if (a.status != 400 && a.status != 402) return answer_read(s, &a, out);
    const json_t *json = scope_json(s, json_loadb(a.body, a.body_len, 0, NULL));
    const char *message = text_of(json_object_get(json, "error"), "message");
    *why = message ? message : "The payment provider refuses this payment.";
    return NADIR_EINVAL;
}

static int stripe_get(struct scope *s, const char *payment, struct payment *out) {
    struct fetched a;
    int err = stripe_call(s, scope_printf(s, "/v1/payment_intents/%s", http_encode(s, payment)), NULL, NULL, &a);
    return err ? err : answer_read(s, &a, out);
}

static int stripe_event(struct request *rq, struct payment_event *out) {
    const char *secret = config_text("NADIR_STRIPE_WEBHOOK_SECRET", NULL);
    const char *signature = request_header(rq, "stripe-signature");
    if (!secret || !signature) return NADIR_EUNAUTH;
    int err = stripe_signature_check(signature, secret, rq->body, rq->body_len, time(NULL));
    if (err) return err;
    const json_t *event = scope_json(rq->scope, json_loadb(rq->body, rq->body_len, 0, NULL));
    *out = (struct payment_event){.id = text_of(event, "id"), .type = text_of(event, "type")};
    if (!out->id || !out->type) return NADIR_EINVAL;
    out->about_payment = strncmp(out->type, "payment_intent.", 15) == 0;
    if (!out->about_payment) return 0;
    return intent_read(json_object_get(json_object_get(event, "data"), "object"), &out->payment);
}

const struct payment_provider payment_stripe = {
    .name = "stripe",
    .ready = stripe_ready,
    .create = stripe_create,
    .get = stripe_get,
    .event = stripe_event,
    .publishable_key = stripe_publishable_key,
    .script = stripe_script,
};
