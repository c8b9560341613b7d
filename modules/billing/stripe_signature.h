/* stripe_signature.h: is a webhook from Stripe? (docs.stripe.com/webhooks, "Verify webhook signatures manually") */
#ifndef BILLING_STRIPE_SIGNATURE_H
#define BILLING_STRIPE_SIGNATURE_H

#include <stddef.h>
#include <time.h>

#define STRIPE_TOLERANCE_S 300

/** Checks a Stripe-Signature header, "t=<seconds>,v1=<hex>[,v1=…]": one v1 must be the HMAC-SHA256, under secret, of
 * "<t>.<body>", and t within five minutes of now, either way (Stripe's own libraries take any time to come). The body is as it
 * was received. Returns 0, or NADIR_EUNAUTH. */
int stripe_signature_check(const char *header, const char *secret, const char *body, size_t len, time_t now);

#endif
