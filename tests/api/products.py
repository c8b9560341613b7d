"""Products for tests: bought ones, and private ones that a job made."""
import uuid

from helpers import eventually

FREE = {"collection": "landsat-8", "item": "LC08_L1TP_195025_20130707_20170503_01_T1"}


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def give(admin, person, amount=1_000_000):
    answer = admin.post("/billing/v1/admin/credits", json={"user": person.subject, "amount": amount, "reason": "test"}, headers=key())
    assert answer.status_code == 201, answer.text


def buy(admin, person, product, aoi=None):
    """Buys a product, or an area of it, with credits that an administrator gives; returns the order."""
    give(admin, person)
    quote = person.post("/billing/v1/quotes", json={"items": [product], **({"aoi": aoi} if aoi else {})})
    assert quote.status_code == 201, quote.text
    licences = sorted({line["licence"]["id"] for line in quote.json()["lines"]})
    order = person.post("/billing/v1/orders", json={"quote": quote.json()["quote"], "accept_licences": licences}, headers=key())
    assert order.status_code == 201, order.text
    return order.json()


def private_product(admin, person):
    """Has the built-in ndvi make a private item of this person's; returns {"collection", "item"}; its file is the asset "ndvi"."""
    give(admin, person)

    def execute():
        answer = person.post("/processing/processes/ndvi/execution", json={"inputs": {"scene": FREE}},
                             headers={"Prefer": "respond-async", **key()})
        return answer if answer.status_code == 201 else None

    job = eventually(execute).headers["Location"]

    def ended():
        status = person.get(job).json()["status"]
        return status if status not in ("accepted", "running") else None

    assert eventually(ended, 60) == "successful", person.get(job).text
    item = person.get(job + "/results").json()["item"]["href"].rsplit("/", 1)[1]
    product = {"collection": "results", "item": item}
    eventually(lambda: person.get(f"/download/v1/items/results/{item}").status_code == 200)
    eventually(lambda: person.get(f"/stac/collections/results/items/{item}").status_code == 200)
    return product
