"""Signed links: made by those who may use a file, good for anyone who holds them, until they end."""
import base64
import json
import os
import pathlib
import time
import uuid

import pytest
from helpers import eventually, problem
from products import buy, private_product


@pytest.fixture(scope="module")
def product(demo, new_user, admin):
    """A buyer and a file that is theirs."""
    person = new_user("Lin Linker")
    buy(admin, person, demo["paid"])
    path = "/download/v1/items/{collection}/{item}".format(**demo["paid"])
    eventually(lambda: person.get(path).json()["access"] == "granted")
    asset = next(a for a in person.get(path).json()["assets"] if "data" in a["roles"])
    return person, {**demo["paid"], "asset": asset["asset"]}, asset


def test_a_link_works_for_anyone(product, anon):
    person, file, asset = product
    made = person.post("/download/v1/links", json={**file, "expires_in": 120})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    left = time.mktime(time.strptime(made.json()["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
    assert 100 < left <= 120
    answer = anon.get(made.json()["href"])
    assert answer.status_code == 200 and len(answer.content) == asset["size"]
    assert answer.headers["ETag"] == f'"{asset["sha256"]}"'
    assert anon.get(made.json()["href"], headers={"Range": "bytes=0-9"}).status_code == 206
    assert anon.head(made.json()["href"]).status_code == 200


def test_a_link_is_not_logged(product, anon):
    if not os.environ.get("NADIR_VAR"):
        pytest.skip("needs NADIR_VAR to find the logs")
    person, file, _ = product
    href = person.post("/download/v1/links", json=file).json()["href"]
    token = href.rsplit("/", 1)[1]
    for address in (href, href + "A"):
        anon.get(address)
        anon.head(address)
        anon.delete(address)
    time.sleep(1)
    logs = [p for p in pathlib.Path(os.environ["NADIR_VAR"], "log").rglob("*") if p.is_file()]
    assert logs and not [p for p in logs if token[:200].encode() in p.read_bytes()]


def test_a_changed_link_is_refused(product, anon):
    person, file, _ = product
    href = person.post("/download/v1/links", json=file).json()["href"]
    root, token = href.rsplit("/", 1)
    payload, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    told["e"] += 1000000
    longer = base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")
    for forged in (f"{longer}.{signature}", f"{payload}.{signature[:-4]}AAAA", payload, payload + ".", "." + signature, "x", "x.y", token + "A"):
        problem(anon.get(f"{root}/{forged}"), 403, "link-forged")


def test_a_link_expires(product, anon, other_user):
    person, file, _ = product
    href = person.post("/download/v1/links", json={**file, "expires_in": 3}).json()["href"]
    assert anon.get(href).status_code == 200
    eventually(lambda: anon.get(href).status_code == 410)
    problem(anon.get(href), 410, "link-expired")
    # Its maker, and nobody else, makes a new one of it.
    problem(other_user.post(href, json={}), 403, "link-of-another")
    problem(anon.post(href, json={}), 401)
    problem(person.post(href[:-1] + ("A" if href[-1] != "A" else "B"), json={}), 403, "link-forged")
    problem(person.post(href, json={"expires_in": 0}), 422)
    renewed = person.post(href, json={"expires_in": 60})
    assert renewed.status_code == 201 and anon.get(renewed.json()["href"]).status_code == 200
    assert person.post(href).status_code == 201 and anon.get(href).status_code == 410


def test_only_those_who_may_use_a_file_make_links(product, anon, user, demo):
    _, file, _ = product
    problem(anon.post("/download/v1/links", json=file), 401)
    problem(user.post("/download/v1/links", json=file), 402, "payment-required")
    problem(user.post("/download/v1/links", json={**file, "asset": "no-such"}), 404)
    problem(user.post("/download/v1/links", json={**file, "item": "no-such"}), 404)


@pytest.mark.parametrize("change", [
    {"collection": None}, {"item": 7}, {"asset": ""}, {"asset": "a" * 300}, {"expires_in": 0}, {"expires_in": -1}, {"expires_in": 604801}, {"expires_in": "1h"},
    {"expires_in": 1.5}, {"more": 1}, {"item": ["x"]},
])
def test_bad_input(product, change):
    person, file, _ = product
    body = {key: value for key, value in {**file, **change}.items() if value is not None}
    assert problem(person.post("/download/v1/links", json=body), 422)["field"] == next(iter(change))


@pytest.mark.parametrize("body, status", [("", 400), ("{", 400), ("[]", 422), ("null", 422)])
def test_bad_bodies(product, body, status):
    answer = product[0].post("/download/v1/links", data=body, headers={"Content-Type": "application/json"})
    problem(answer, status)


def test_a_link_ends_with_the_right_that_made_it(new_user, admin, anon):
    """Shared, linked, taken back: the link is void although it has not expired."""
    owner, friend = new_user("Olga Owner"), new_user("Fred Friend")
    item = private_product(admin, owner)
    file = {**item, "asset": "ndvi"}
    problem(friend.post("/download/v1/links", json=file), 404)
    share = eventually(lambda: (a := owner.post("/sharing/v1/shares", json={**item, "with": friend.email})).status_code == 201 and a)
    href = eventually(lambda: friend.post("/download/v1/links", json=file).json().get("href"))
    assert anon.get(href).status_code == 200
    assert owner.delete("/sharing/v1/shares/" + share.json()["share"]).status_code == 204
    eventually(lambda: anon.get(href).status_code == 403)
    problem(anon.get(href), 403, "link-revoked")


def test_entitlements(product, user, anon, demo):
    person, file, _ = product
    mine = person.get("/download/v1/entitlements").json()
    assert [(e["collection"], e["item"]) for e in mine["entitlements"]] == [(file["collection"], file["item"])]
    assert mine["next"] is None
    assert user.get("/download/v1/entitlements").json() == {"entitlements": [], "next": None}
    problem(anon.get("/download/v1/entitlements"), 401)


@pytest.mark.parametrize("query, field", [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("cursor=!!", "cursor"),
                                          ("cursor=_w", "cursor"), ("cursor=", "cursor")])
def test_bad_pages(user, query, field):
    assert problem(user.get("/download/v1/entitlements?" + query), 400)["field"] == field


def test_entitlements_page_by_page(new_user, admin, demo):
    person = new_user("Pia Pages")
    for name in ("paid", "paid2"):
        buy(admin, person, demo[name])
    eventually(lambda: len(person.get("/download/v1/entitlements").json()["entitlements"]) == 2)
    first = person.get("/download/v1/entitlements?limit=1").json()
    second = person.get("/download/v1/entitlements", params={"limit": 1, "cursor": first["next"]}).json()
    assert first["next"] and second["next"] is None
    assert {first["entitlements"][0]["item"], second["entitlements"][0]["item"]} == {demo["paid"]["item"], demo["paid2"]["item"]}


def test_tokens_of_others_do_not_help(product, anon):
    for token in (uuid.uuid4().hex, "A" * 1790, "%00", "%ff"):
        assert anon.get("/download/v1/links/" + token).status_code in (400, 403)
