"""Orders: paid once, granted once, whatever is repeated."""
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import eventually
from helpers_billing import available, give, key, order, problem, quote


@pytest.fixture
def buyer(new_user, admin):
    """A new person with 1,000.00 in the wallet."""
    person = new_user("Bea Buyer")
    give(admin, person, 100000)
    return person


def test_buy(buyer, demo):
    asked = quote(buyer, demo["paid"])
    answer = order(buyer, asked)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["state"], made["total"]) == ("paid", asked["total"])
    assert available(buyer) == 100000 - made["total"]
    assert buyer.get("/billing/v1/orders/" + made["order"]).json() == made
    assert [o["order"] for o in buyer.get("/billing/v1/orders").json()["orders"]] == [made["order"]]
    moves = buyer.get("/billing/v1/wallet/transactions").json()["transactions"]
    assert [(m["kind"], m["amount"]) for m in moves] == [("order", -made["total"]), ("credit", 100000)]
    where = f"/download/v1/items/{demo['paid']['collection']}/{demo['paid']['item']}"
    eventually(lambda: buyer.get(where).json()["access"] == "granted")


def test_an_area_is_bought_as_quoted(buyer, demo):
    box = buyer.get(f"/stac/collections/{demo['per_km2']['collection']}/items/{demo['per_km2']['item']}").json()["bbox"]
    w, s, e, n = box[0], box[1], (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    aoi = {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}
    asked = quote(buyer, demo["per_km2"], demo["free"], aoi=aoi)
    made = order(buyer, asked).json()
    assert made["lines"][0]["area_km2"] == asked["lines"][0]["area_km2"] > 0
    assert [line["price"] for line in made["lines"]] == [line["price"] for line in asked["lines"]]
    assert buyer.get("/billing/v1/orders/" + made["order"]).json() == made
    assert available(buyer) == 100000 - asked["total"]


def test_the_same_area_is_not_sold_twice_and_more_of_it_costs_the_rest(buyer, demo):
    box = buyer.get(f"/stac/collections/{demo['per_km2']['collection']}/items/{demo['per_km2']['item']}").json()["bbox"]

    def part(share):
        w, s, e, n = box[0], box[1], box[0] + share * (box[2] - box[0]), box[3]
        return {"type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]]}

    half = quote(buyer, demo["per_km2"], aoi=part(0.5))
    again = quote(buyer, demo["per_km2"], aoi=part(0.5))
    whole = quote(buyer, demo["per_km2"])
    order(buyer, half).raise_for_status()
    refused = order(buyer, again)
    assert (refused.status_code, problem(refused)) == (409, "already-owned")
    for share in (0.5, 0.2):
        line = quote(buyer, demo["per_km2"], aoi=part(share))["lines"][0]
        assert (line["owned"], line["price"]) == (True, 0)
    more = quote(buyer, demo["per_km2"], aoi=part(0.75))["lines"][0]
    assert not more["owned"] and abs(more["area_km2"] / half["lines"][0]["area_km2"] - 0.5) < 0.01
    rest = quote(buyer, demo["per_km2"])
    assert rest["total"] < whole["total"]
    before = quote(buyer, demo["per_km2"], aoi=part(0.9))
    order(buyer, rest).raise_for_status()
    refused = order(buyer, before)
    assert (refused.status_code, problem(refused)) == (409, "already-owned")
    assert quote(buyer, demo["per_km2"])["lines"][0]["owned"] is True


def test_repeating_a_request_changes_nothing(buyer, demo):
    asked, headers = quote(buyer, demo["paid"]), key()
    first, second = order(buyer, asked, headers), order(buyer, asked, headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content and second.headers["Idempotent-Replayed"] == "true"
    assert available(buyer) == 100000 - first.json()["total"]
    other = order(buyer, quote(buyer, demo["free"]), headers)
    assert (other.status_code, problem(other)) == (422, "idempotency-key-reused")
    used = order(buyer, asked)
    assert (used.status_code, problem(used)) == (409, "quote-used")


def test_at_once(buyer, demo):
    asked, headers = quote(buyer, demo["paid"]), key()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: order(buyer, asked, headers), range(16)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert available(buyer) == 100000 - asked["total"]
    assert len(buyer.get("/billing/v1/orders").json()["orders"]) == 1


def test_what_is_owned_costs_nothing(buyer, demo):
    assert order(buyer, quote(buyer, demo["paid"])).status_code == 201
    again = quote(buyer, demo["paid"])
    assert (again["total"], again["lines"][0]["owned"]) == (0, True)
    before = available(buyer)
    assert order(buyer, again).json()["total"] == 0
    assert available(buyer) == before


def test_too_poor(new_user, admin, demo):
    person = new_user()
    asked, headers = quote(person, demo["paid"]), key()
    answer = order(person, asked, headers)
    assert (answer.status_code, problem(answer)) == (402, "insufficient-funds")
    assert person.get("/billing/v1/orders").json()["orders"] == []
    give(admin, person, asked["total"])
    assert order(person, asked, headers).status_code == 201
    assert available(person) == 0


def test_licences_must_be_accepted(buyer, demo):
    asked = quote(buyer, demo["paid"])
    for licences in ([], ["other"]):
        answer = buyer.post("/billing/v1/orders", json={"quote": asked["quote"], "accept_licences": licences}, headers=key())
        assert (answer.status_code, problem(answer)) == (422, "licence-not-accepted")
    assert available(buyer) == 100000


def test_orders_are_private(buyer, other_user, anon, admin, demo):
    asked = quote(buyer, demo["free"])
    assert order(other_user, asked).status_code == 404
    address = "/billing/v1/orders/" + order(buyer, asked).json()["order"]
    for path in (address, address + "/receipt"):
        assert other_user.get(path).status_code == 404
        assert anon.get(path).status_code == 401
        assert admin.get(path).status_code == 200
    assert other_user.get("/billing/v1/admin/orders").status_code == 403
    found = admin.get("/billing/v1/admin/orders", params={"buyer": buyer.subject}).json()["orders"]
    assert [o["buyer"] for o in found] == [buyer.subject]


@pytest.mark.parametrize("language, word", [("en-GB,en;q=0.9", "Receipt"), ("fr", "Reçu"), ("de-AT;q=0.8,en;q=0.2", "Beleg"),
                                            ("ja", "Receipt"), (";q=,,=;fr;q=x", "Receipt")])
def test_receipt(buyer, demo, language, word):
    made = order(buyer, quote(buyer, demo["paid"])).json()
    page = buyer.get(made["receipt"], headers={"Accept-Language": language})
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert word in page.text and demo["paid"]["item"] in page.text
    assert f"{made['total'] // 100}.{made['total'] % 100:02d} {made['currency']}" in page.text


def test_receipts_name_the_buyer_and_escape(new_user, demo):
    person = new_user("<b>Ann & Co</b>")
    made = order(person, quote(person, demo["free"])).json()
    page = eventually(lambda: (t := person.get(made["receipt"]).text) and "Ann &amp; Co" in t and t)
    assert "<b>Ann" not in page


def test_receipts_are_numbered_in_a_row(buyer, demo):
    numbers = []
    for item in (demo["free"], demo["paid"]):
        made = order(buyer, quote(buyer, item)).json()
        page = buyer.get(made["receipt"]).text
        numbers.append(page.split("<title>")[1].split("</title>")[0].split()[-1])
    assert numbers[0] < numbers[1] and numbers[0][:5] == numbers[1][:5]


@pytest.mark.parametrize("body", [None, [], {}, {"quote": "x", "accept_licences": []}, {"quote": str(uuid.uuid4())},
                                  {"quote": str(uuid.uuid4()), "accept_licences": "x"}, {"quote": 7, "accept_licences": []},
                                  {"quote": str(uuid.uuid4()), "accept_licences": [7]},
                                  {"quote": str(uuid.uuid4()), "accept_licences": [], "price": 0}])
def test_bad_orders(user, body):
    answer = user.post("/billing/v1/orders", json=body, headers=key())
    assert answer.status_code in (400, 415, 422), answer.text


@pytest.mark.parametrize("value", [None, "", "a b", "x" * 256])
def test_bad_keys(user, demo, value):
    asked = quote(user, demo["free"])
    answer = user.post("/billing/v1/orders", json={"quote": asked["quote"], "accept_licences": []},
                       headers={} if value is None else {"Idempotency-Key": value})
    assert answer.status_code == 400


def test_unknown(user):
    assert order(user, {"quote": str(uuid.uuid4()), "lines": []}).status_code == 404
    for name in ("x", str(uuid.uuid4()), "%27"):
        assert user.get("/billing/v1/orders/" + name).status_code == 404


def test_pages_give_every_order_once(buyer, demo):
    made = [order(buyer, quote(buyer, demo["free"])).json()["order"] for _ in range(5)]
    found, query = [], {"limit": 2}
    while True:
        page = buyer.get("/billing/v1/orders", params=query).json()
        found += [o["order"] for o in page["orders"]]
        if not page["next"]:
            break
        query["cursor"] = page["next"]
    assert found == made[::-1]


def test_rights(anon, base):
    for method, path in (("get", "/wallet"), ("get", "/orders"), ("post", "/orders"), ("post", "/topups"),
                         ("get", "/wallet/transactions"), ("get", "/admin/ledger-check")):
        answer = getattr(anon, method)("/billing/v1" + path)
        assert answer.status_code == 401, path


def test_admin_only(user):
    assert user.get("/billing/v1/admin/ledger-check").status_code == 403
    answer = user.post("/billing/v1/admin/credits", json={"user": user.subject, "amount": 5, "reason": "x"}, headers=key())
    assert answer.status_code == 403
    assert available(user) == 0
