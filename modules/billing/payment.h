/* payment.h: what billing asks of a payment provider. Stripe is one (stripe.c); another is another table of functions. */
#ifndef BILLING_PAYMENT_H
#define BILLING_PAYMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/db.h"
#include "common/http.h"

enum payment_state {
    PAYMENT_PENDING, /* the payer has something to do still */
    PAYMENT_SUCCEEDED,
    PAYMENT_CANCELLED,
};

/* One payment as the provider tells of it; text belongs to the scope. */
struct payment {
    const char *id;
    const char *topup; /* our id, which the provider keeps with the payment; NULL if it has none */
    enum payment_state state;
    int64_t received; /* minor units that have come in */
    char currency[4];
    const char *client_secret; /* with it the payer's browser, and nobody else, completes the payment; NULL if not told */
    const char *error;         /* why the last try was declined, in words for the payer; NULL if it was not */
};

/* What a provider reports by itself. */
struct payment_event {
    const char *id; /* unique for ever: the same event may come many times */
    const char *type;
    bool about_payment; /* then payment is filled */
    struct payment payment;
};

struct payment_provider {
    const char *name;
    /** True if it is set up. */
    bool (*ready)(void);
    /** Asks for a payment; the same topup gives the same payment however often it is asked. NADIR_EINVAL when the provider
     * refuses it (*why: in words), NADIR_EUNAVAILABLE, NADIR_ETIMEOUT. */
    int (*create)(struct scope *s, const char *topup, int64_t amount, const char *currency, struct payment *out,
                  const char **why);
    /** Reads a payment. NADIR_ENOTFOUND, NADIR_EUNAVAILABLE, NADIR_ETIMEOUT. */
    int (*get)(struct scope *s, const char *payment, struct payment *out);
    /** Reads a report, which must be genuine: NADIR_EUNAUTH otherwise, NADIR_EINVAL if it is genuine but unreadable. */
    int (*event)(struct request *rq, struct payment_event *out);
    const char *(*publishable_key)(void);
    const char *(*script)(void); /* address of the provider's browser script */
};

extern const struct payment_provider payment_stripe;

/** Brings a top-up to what the provider says of its payment, crediting the wallet exactly once. */
int topup_settle(struct db_tx *tx, const struct payment *p);

#endif
