"""What billing's tests share: wallets that are filled, cards that are used, orders that are placed."""
import os
import uuid

import requests

PAYS, DECLINED, ASKS = "4242424242424242", "4000000000000002", "4000002760003184"


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def problem(answer):
    """The last part of a problem's type."""
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.text
    return answer.json()["type"].rsplit(":", 1)[-1]


def available(person):
    return person.get("/billing/v1/wallet").json()["available"]


def give(admin, person, amount):
    answer = admin.post("/billing/v1/admin/credits", json={"user": person.subject, "amount": amount, "reason": "test"}, headers=key())
    assert answer.status_code == 201, answer.text


def quote(person, *items, **more):
    answer = person.post("/billing/v1/quotes", json={"items": list(items), **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def order(person, a_quote, headers=None):
    licences = sorted({line["licence"]["id"] for line in a_quote["lines"]})
    return person.post("/billing/v1/orders", json={"quote": a_quote["quote"], "accept_licences": licences}, headers=headers or key())


def provider_url(topup):
    """Where the stand-in's API is: its script is at <api>/v3/."""
    assert "/v3" in topup["script"], "these tests need the stand-in for Stripe"
    return topup["script"].split("/v3")[0]


def pay(topup, number=PAYS):
    """What the browser's form does with the client secret."""
    intent = topup["client_secret"].split("_secret_")[0]
    form = {"key": topup["publishable_key"], "client_secret": topup["client_secret"], "payment_method_data[type]": "card",
            "payment_method_data[card][number]": number, "payment_method_data[card][exp_month]": "12",
            "payment_method_data[card][exp_year]": "40", "payment_method_data[card][cvc]": "123"}
    return requests.post(f"{provider_url(topup)}/v1/payment_intents/{intent}/confirm", data=form, timeout=30)


def authenticate(topup, outcome):
    intent = topup["client_secret"].split("_secret_")[0]
    form = {"key": topup["publishable_key"], "client_secret": topup["client_secret"], "outcome": outcome}
    return requests.post(f"{provider_url(topup)}/v1/payment_intents/{intent}/standin_3ds", data=form, timeout=30)


def webhook_secret():
    path = os.environ.get("NADIR_STRIPE_WEBHOOK_SECRET_FILE")
    if not path and os.environ.get("NADIR_VAR"):
        path = os.path.join(os.environ["NADIR_VAR"], "secrets", "stripe_webhook")
    if path and os.path.exists(path):
        with open(path, encoding="ascii") as f:
            return f.read().strip()
    return os.environ.get("NADIR_STRIPE_WEBHOOK_SECRET")
