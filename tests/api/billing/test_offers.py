"""Offers are public, made and withdrawn by admins alone."""
import uuid

import pytest
from helpers_billing import problem

LICENCE = {"id": "test-licence", "title": "Test licence", "url": "https://licence.example/", "text": "Be good."}


def offer(**more):
    return {"collection": f"t-{uuid.uuid4().hex}", "model": "fixed", "price": 1200, "licence": LICENCE, **more}


def test_anyone_sees_what_is_for_sale(anon, demo):
    answer = anon.get("/billing/v1/offers", params=demo["per_km2"])
    assert answer.status_code == 200
    (found,) = answer.json()["offers"]
    assert found["model"] == "per_km2" and found["price"] > 0
    assert found["licence"]["title"] and len(found["licence"]["hash"]) == 64


def test_an_offer_lives_and_ends(admin, anon):
    body = offer(item="scene-1")
    made = admin.post("/billing/v1/offers", json=body)
    assert made.status_code == 201
    assert made.json()["licence"]["text"] == LICENCE["text"]
    where = {"collection": body["collection"], "item": "scene-1"}
    assert [o["offer"] for o in anon.get("/billing/v1/offers", params=where).json()["offers"]] == [made.json()["offer"]]
    again = admin.post("/billing/v1/offers", json=body)
    assert (again.status_code, problem(again)) == (409, "offer-exists")
    address = "/billing/v1/offers/" + made.json()["offer"]
    assert admin.delete(address).status_code == 204
    assert admin.delete(address).status_code == 204
    assert anon.get("/billing/v1/offers", params=where).json()["offers"] == []
    assert anon.get(address).json()["withdrawn_at"]
    assert admin.post("/billing/v1/offers", json=body).status_code == 201


def test_an_items_own_offer_wins(admin, anon):
    general = offer()
    assert admin.post("/billing/v1/offers", json=general).status_code == 201
    special = admin.post("/billing/v1/offers", json={**general, "item": "x", "price": 5}).json()
    query = {"collection": general["collection"], "item": "x"}
    assert [o["offer"] for o in anon.get("/billing/v1/offers", params=query).json()["offers"]] == [special["offer"]]
    query["item"] = "y"
    assert [o["price"] for o in anon.get("/billing/v1/offers", params=query).json()["offers"]] == [1200]


def test_only_admins_make_and_withdraw(user, scientist, anon, admin):
    made = admin.post("/billing/v1/offers", json=offer()).json()
    for who, status in ((anon, 401), (user, 403), (scientist, 403)):
        assert who.post("/billing/v1/offers", json=offer()).status_code == status
        assert who.delete("/billing/v1/offers/" + made["offer"]).status_code == status
    assert anon.get("/billing/v1/offers/" + made["offer"]).json()["withdrawn_at"] is None


@pytest.mark.parametrize("change", [
    {"model": "rent"}, {"price": -1}, {"price": 1.5}, {"price": "12"}, {"price": 0}, {"price": 10**15}, {"currency": "XXX"},
    {"currency": 7}, {"collection": ""}, {"collection": "x" * 201}, {"collection": None}, {"min_area_km2": -1}, {"licence": None},
    {"licence": {"id": "x"}}, {"licence": {**LICENCE, "url": "javascript:alert(1)"}}, {"model": "free"}, {"colour": "red"},
    {"item": ["x"]}])
def test_bad_offers_are_refused(admin, anon, change):
    body = offer(**change)
    answer = admin.post("/billing/v1/offers", json=body)
    assert answer.status_code == 422, answer.text
    assert problem(answer) == "invalid-field"
    if isinstance(body["collection"], str) and body["collection"]:
        assert anon.get("/billing/v1/offers", params={"collection": body["collection"]}).json()["offers"] == []


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%27%20OR%201=1", "limit=0", "limit=x", "limit=101", "item=x"])
def test_bad_questions(anon, query):
    assert anon.get("/billing/v1/offers?" + query).status_code == 400


def test_unknown_offers(anon, admin):
    for name in ("x", str(uuid.uuid4()), "..%2f..", "%01"):
        assert anon.get("/billing/v1/offers/" + name).status_code in (400, 404)
    assert admin.delete(f"/billing/v1/offers/{uuid.uuid4()}").status_code == 404
