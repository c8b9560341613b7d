"""PaymentIntents and their states (docs.stripe.com/payments/paymentintents/lifecycle)."""
import re
import secrets
import time

ZERO_DECIMAL = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
CURRENCIES = ZERO_DECIMAL | {"eur", "usd", "gbp", "chf", "cad", "aud", "nzd", "sek", "nok", "dkk", "pln", "czk", "huf", "ron",
                             "brl", "mxn", "inr", "zar", "sgd", "hkd"}
LEAST, MOST = 50, 99999999

# Test cards (docs.stripe.com/testing): number: (payment method, how it ends).
CARDS = {
    "4242424242424242": ("pm_card_visa", "pays"),
    "5555555555554444": ("pm_card_mastercard", "pays"),
    "4000002760003184": ("pm_card_authenticationRequired", "authenticates"),
    "4000000000000002": ("pm_card_visa_chargeDeclined", "card_declined/generic_decline"),
    "4000000000009995": ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined/insufficient_funds"),
    "4000000000000069": ("pm_card_chargeDeclinedExpiredCard", "expired_card/expired_card"),
    "4000000000000127": ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc/incorrect_cvc"),
}
METHODS = dict(CARDS.values())
MESSAGES = {
    "card_declined/generic_decline": "Your card was declined.",
    "card_declined/insufficient_funds": "Your card has insufficient funds.",
    "expired_card/expired_card": "Your card has expired.",
    "incorrect_cvc/incorrect_cvc": "Your card's security code is incorrect.",
}


class ApiError(Exception):
    """An error object and its HTTP status (docs.stripe.com/api/errors)."""

    def __init__(self, status, kind, message, code=None, param=None, **more):
        super().__init__(message)
        self.status = status
        self.body = {"error": {k: v for k, v in {"type": kind, "code": code, "param": param, "message": message,
                                                 "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
                                                 if code else None, **more}.items() if v is not None}}


def invalid(message, param=None, code=None):
    return ApiError(400, "invalid_request_error", message, code, param)


def whole(form, name):
    text = form.get(name)
    if text is None:
        raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise invalid(f"Invalid integer: {text[:50]}", name, "parameter_invalid_integer")
    return int(text)


def check_known(form, known):
    for name in form:
        if name.split("[")[0] not in known:
            raise invalid(f"Received unknown parameter: {name[:80]}", name[:80], "parameter_unknown")


def metadata_of(form):
    found = {m[1]: v for k, v in form.items() if (m := re.fullmatch(r"metadata\[([^\]]{1,40})\]", k))}
    if len(found) > 50 or any(len(v) > 500 for v in found.values()):
        raise invalid("Metadata holds at most 50 keys of 500 characters.", "metadata")
    return found


def create(form):
    check_known(form, {"amount", "currency", "metadata", "automatic_payment_methods", "payment_method_types", "description",
                       "payment_method", "confirm", "receipt_email", "capture_method", "expand", "return_url"})
    amount, currency = whole(form, "amount"), form.get("currency", "").lower()
    if not currency:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency[:20]}.", "currency")
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if amount < LEAST:
        raise invalid(f"Amount must be at least {LEAST} {currency}.", "amount", "amount_too_small")
    if amount > MOST:
        raise invalid(f"Amount must be no more than {MOST} {currency}.", "amount", "amount_too_large")
    intent_id = "pi_" + secrets.token_hex(12)
    return {"id": intent_id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_received": 0,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "always"}, "canceled_at": None,
            "cancellation_reason": None, "capture_method": "automatic_async",
            "client_secret": f"{intent_id}_secret_{secrets.token_urlsafe(18)}", "confirmation_method": "automatic",
            "created": int(time.time()), "currency": currency, "customer": None, "description": form.get("description"),
            "last_payment_error": None, "latest_charge": None, "livemode": False, "metadata": metadata_of(form),
            "next_action": None, "payment_method": None, "payment_method_types": ["card"],
            "receipt_email": form.get("receipt_email"), "status": "requires_payment_method"}


def method_of(form):
    """The test card that a confirmation names, as (payment method id, how it ends)."""
    method = form.get("payment_method")
    if method:
        if method not in METHODS:
            raise invalid(f"No such PaymentMethod: '{method[:80]}'", "payment_method", "resource_missing")
        return method, METHODS[method]
    number = re.sub(r"[ -]", "", form.get("payment_method_data[card][number]", ""))
    if not number:
        raise invalid("You cannot confirm this PaymentIntent because it's missing a payment method.", "payment_method",
                      "payment_intent_unexpected_state")
    if not re.fullmatch(r"[0-9]{12,19}", number) or not luhn(number):
        raise ApiError(402, "card_error", "Your card number is incorrect.", "incorrect_number", "number")
    year, month = form.get("payment_method_data[card][exp_year]", ""), form.get("payment_method_data[card][exp_month]", "")
    if not re.fullmatch(r"[0-9]{1,2}", month) or not 1 <= int(month) <= 12:
        raise ApiError(402, "card_error", "Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month")
    if not re.fullmatch(r"[0-9]{2}|[0-9]{4}", year):
        raise ApiError(402, "card_error", "Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    now = time.gmtime()
    if (int(year) % 100 + 2000, int(month)) < (now.tm_year, now.tm_mon):
        raise ApiError(402, "card_error", "Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year")
    if not re.fullmatch(r"[0-9]{3,4}", form.get("payment_method_data[card][cvc]", "")):
        raise ApiError(402, "card_error", "Your card's security code is invalid.", "invalid_cvc", "cvc")
    if number not in CARDS:
        raise ApiError(402, "card_error", "Your card was declined. Your request was in test mode, but used a non test card.",
                       "card_declined", decline_code="test_mode_live_card")
    return CARDS[number]


def luhn(number):
    digits = [int(c) for c in reversed(number)]
    return sum(d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(digits)) % 10 == 0


def succeed(intent):
    intent.update(status="succeeded", amount_received=intent["amount"], next_action=None, last_payment_error=None,
                  latest_charge="ch_" + secrets.token_hex(12))
    return "payment_intent.succeeded"


def confirm(intent, form, base):
    """Changes the intent. Returns (event type or None, error to answer or None)."""
    if intent["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        raise unexpected(intent, "confirm")
    method, ends = method_of(form)
    intent["payment_method"] = method
    if ends == "pays":
        return succeed(intent), None
    if ends == "authenticates":
        intent.update(status="requires_action", last_payment_error=None, next_action={
            "type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js":
                                                         f"{base}/v1/payment_intents/{intent['id']}/standin_3ds"}})
        return "payment_intent.requires_action", None
    return decline(intent, ends)


def decline(intent, ends):
    code, reason = ends.split("/")
    error = ApiError(402, "card_error", MESSAGES[ends], code, decline_code=reason)
    intent.update(status="requires_payment_method", payment_method=None, next_action=None,
                  last_payment_error=error.body["error"])
    error.body["error"]["payment_intent"] = {k: v for k, v in intent.items() if k != "last_payment_error"}
    return "payment_intent.payment_failed", error


def authenticate(intent, form):
    """The payer's answer to 3-D Secure: ours alone, for the bank's page is not Stripe's to publish."""
    if intent["status"] != "requires_action":
        raise unexpected(intent, "authenticate")
    if form.get("outcome") == "succeed":
        return succeed(intent), None
    error = ApiError(402, "card_error", "We are unable to authenticate your payment method. Please choose a different payment "
                     "method and try again.", "payment_intent_authentication_failure")
    intent.update(status="requires_payment_method", payment_method=None, next_action=None,
                  last_payment_error=error.body["error"])
    return "payment_intent.payment_failed", None


def cancel(intent, form):
    if intent["status"] in ("succeeded", "canceled"):
        raise unexpected(intent, "cancel")
    intent.update(status="canceled", canceled_at=int(time.time()), next_action=None,
                  cancellation_reason=form.get("cancellation_reason"))
    return "payment_intent.canceled"


def unexpected(intent, verb):
    return ApiError(400, "invalid_request_error", f"This PaymentIntent's status is {intent['status']}; you cannot {verb} it.",
                    "payment_intent_unexpected_state")
