"""Prices: what is asked for is what is charged, for the area that is asked for."""
import math
import uuid

import pytest
from helpers import eventually
from helpers_billing import problem, quote


@pytest.fixture
def scene(anon, demo):
    """The demo scene that is sold by area, with its bounding box and offer."""
    item = demo["per_km2"]
    found = anon.get(f"/stac/collections/{item['collection']}/items/{item['item']}").json()
    (offer,) = eventually(lambda: anon.get("/billing/v1/offers", params=item).json()["offers"])
    return {**item, "geometry": found["geometry"], "bbox": found["bbox"], "offer": offer}


def box(west, south, east, north):
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}


def cell_km2(west, south, east, north):
    """A cell between meridians and parallels on WGS 84 (Snyder 1987, equation 3-12)."""
    a, f = 6378.137, 1 / 298.257223563
    e = math.sqrt(f * (2 - f))

    def q(lat):
        s = math.sin(math.radians(lat))
        return (1 - e * e) * (s / (1 - (e * s) ** 2) + math.atanh(e * s) / e)

    return a * a / 2 * (q(north) - q(south)) * math.radians(east - west)


def item_of(scene):
    return {"collection": scene["collection"], "item": scene["item"]}


def test_price_by_area(user, scene):
    w, s, e, n = scene["bbox"]
    x, y = (w + e) / 2, (s + n) / 2
    area = (x, y, x + (e - w) / 10, y + (n - s) / 10)
    line = quote(user, item_of(scene), aoi=box(*area))["lines"][0]
    assert line["area_km2"] == pytest.approx(cell_km2(*area), abs=1e-4)
    billed = max(line["area_km2"], scene["offer"]["min_area_km2"])
    assert line["price"] == max(1, round(line["unit_price"] * billed))
    whole = quote(user, item_of(scene))["lines"][0]
    assert whole["area_km2"] > line["area_km2"] and whole["price"] > line["price"]


def test_a_larger_area_costs_no_more_than_the_scene(user, scene):
    whole = quote(user, item_of(scene))
    assert quote(user, item_of(scene), aoi=box(-179, -89, -1, 89))["total"] == whole["total"]


def test_anyone_may_ask_but_only_users_keep(anon, scene):
    answer = anon.post("/billing/v1/quotes", json={"items": [item_of(scene)]})
    assert answer.status_code == 200
    assert answer.json()["quote"] is None and answer.json()["total"] > 0


def test_several_items(user, demo):
    found = quote(user, demo["free"], demo["paid"])
    assert [line["price"] > 0 for line in found["lines"]] == [False, True]
    assert found["total"] == sum(line["price"] for line in found["lines"])


def test_quotes_are_private(user, other_user, anon, demo):
    address = "/billing/v1/quotes/" + quote(user, demo["paid"])["quote"]
    assert user.get(address).json()["total"] > 0
    assert other_user.get(address).status_code == 404
    assert anon.get(address).status_code == 401


def test_outside(user, scene):
    answer = user.post("/billing/v1/quotes", json={"items": [item_of(scene)], "aoi": box(100, 60, 101, 61)})
    assert (answer.status_code, problem(answer)) == (422, "aoi-outside")


def ring(corners, x=0.0, y=0.0):
    """A circle of a degree with so many corners."""
    points = [[x + math.cos(2 * math.pi * n / corners), y + math.sin(2 * math.pi * n / corners)] for n in range(corners)]
    return {"type": "Polygon", "coordinates": [points + points[:1]]}


def test_outlines_of_too_many_corners_are_refused(admin, user):
    """Cutting two outlines may take as long as the product of their corners; what would take too long is refused at once."""
    name = "test-" + uuid.uuid4().hex
    assert admin.post("/stac/collections", json={
        "type": "Collection", "stac_version": "1.0.0", "id": name, "description": "Round", "license": "CC0-1.0", "links": [],
        "extent": {"spatial": {"bbox": [[-1, -1, 1, 1]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}}).status_code == 201
    try:
        assert admin.post(f"/stac/collections/{name}/items", json={
            "type": "Feature", "stac_version": "1.0.0", "id": "round", "collection": name, "bbox": [-1, -1, 1, 1], "links": [], "assets": {},
            "geometry": ring(2000), "properties": {"datetime": "2020-06-01T00:00:00Z"}}).status_code == 201
        assert admin.post("/billing/v1/offers", json={
            "collection": name, "model": "per_km2", "price": 5, "licence": {"id": "test", "title": "Test", "url": "https://licence.example/", "text": "Be good."},
        }).status_code == 201
        asked = {"items": [{"collection": name, "item": "round"}]}
        eventually(lambda: user.post("/billing/v1/quotes", json=asked).status_code == 201)
        assert user.post("/billing/v1/quotes", json={**asked, "aoi": ring(100, 0.5, 0.5)}).status_code == 201
        answer = user.post("/billing/v1/quotes", json={**asked, "aoi": ring(900, 0.5, 0.5)})
        assert (answer.status_code, problem(answer)) == (422, "too-detailed") and answer.json()["field"] == "aoi"
    finally:
        admin.delete(f"/stac/collections/{name}/items/round")
        admin.delete(f"/stac/collections/{name}")


def test_not_there(user, demo):
    answer = user.post("/billing/v1/quotes", json={"items": [{**demo["paid"], "item": "nope"}]})
    assert (answer.status_code, problem(answer)) == (422, "item-not-found")


SCENE = {"collection": "c", "item": "i"}


@pytest.mark.parametrize("body", [
    None, [], "x", {}, {"items": []}, {"items": {}}, {"items": [1]}, {"items": [{}]}, {"items": [SCENE, SCENE]},
    {"items": [SCENE] * 101}, {"items": [{**SCENE, "item": "x" * 301}]}, {"items": [{**SCENE, "item": "a\x00b"}]},
    {"items": [SCENE], "aoi": 7}, {"items": [SCENE], "aoi": {}}, {"items": [SCENE], "aoi": {"type": "Point", "coordinates": [1, 2]}},
    {"items": [SCENE], "aoi": box(0, 0, 0, 0)}, {"items": [SCENE], "aoi": box(0, 0, 1, 91)},
    {"items": [SCENE], "aoi": box(170, 0, -170, 1)}, {"items": [SCENE], "colour": 1},
    {"items": [SCENE], "aoi": {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}}])
def test_bad_questions(user, anon, body):
    for who in (user, anon):
        answer = who.post("/billing/v1/quotes", json=body)
        assert answer.status_code in (400, 415, 422), answer.text
        problem(answer)


@pytest.mark.parametrize("data, kind", [(b"{", "application/json"), (b"\xff\xfe", "application/json"), (b"{}", "text/plain"),
                                        (b'{"items":' + b"[" * 2000, "application/json")])
def test_bad_bodies(user, data, kind):
    answer = user.post("/billing/v1/quotes", data=data, headers={"Content-Type": kind})
    assert answer.status_code in (400, 415)
    problem(answer)
