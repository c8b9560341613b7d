"""What processing made for a user is drawn for that user, and for those it is shared with; to others it is not there."""
import uuid

import pytest

from helpers import eventually


def results_of(session):
    return {item["id"] for item in session.get("/stac/search", params={"collections": "results", "limit": 1000}).json()["features"]}


def test_a_result_is_drawn_for_its_owner_only(user, other_user, anon, admin, demo):
    credit = admin.post("/billing/v1/admin/credits", headers={"Idempotency-Key": uuid.uuid4().hex},
                        json={"user": user.subject, "amount": 10000, "reason": "for tests"})
    assert credit.status_code == 201, credit.text
    answer = user.post("/processing/processes/ndvi/execution", json={"inputs": {"scene": demo["free"]}}, headers={"Prefer": "respond-async"})
    if answer.status_code in (404, 502, 503):
        pytest.skip("the processing module is not there")
    assert answer.status_code == 201, answer.text
    item = eventually(lambda: results_of(user), timeout=90).pop()
    path = f"results/{item}"
    body = eventually(lambda: (r := user.get(f"/view/v1/items/{path}")).status_code == 200 and r.json())
    assert body["styles"][0]["id"] == "ndvi"
    tile = f"/view/tiles/{path}/ndvi/{body['minzoom']}/0/0.png"
    computed = tile.replace("/ndvi/", "/expression/") + "?expression=ndvi*2"
    addresses = [f"/view/v1/items/{path}", tile, computed, f"/view/v1/previews/{path}/ndvi.png?width=64", f"/view/v1/points/{path}?lon=0&lat=0",
                 f"/view/wmts/1.0.0/{path}/ndvi/WebMercatorQuad/0/0/0.png", f"/view/ogc/collections/results:{item}/map?width=64",
                 f"/view/ogc/collections/results:{item}/map/tiles/WebMercatorQuad/0/0/0?f=png", f"/view/wms/{path}?SERVICE=WMS&REQUEST=GetCapabilities",
                 f"/view/v1/profiles/{path}?lon=0&lat=0", f"/view/v1/statistics/{path}?bbox=0,0,1,1", f"/view/v1/histograms/{path}?bbox=0,0,1,1"]
    for address in addresses:
        mine = user.get(address)
        assert mine.status_code == 200, (address, mine.text[:200])
        if "/wms/" not in address:
            assert mine.headers["cache-control"].startswith("private"), address
        assert mine.headers.get("x-cache") != "HIT"
        for stranger in (other_user, anon):
            assert stranger.get(address).status_code == 404, address  # after the owner's look: no cache may hand it on
    west, south, east, north = body["bounds"]
    series = f"/view/v1/series/results?bbox={west},{south},{east},{north}"
    scenes = user.get(series).json()["scenes"]
    assert item in [s["item"] for s in scenes] and scenes[0]["values"][0]["count"] > 0
    assert all(item not in stranger.get(series).text for stranger in (other_user, anon))
    assert f"<Name>{path}</Name>" not in anon.get("/view/wms?SERVICE=WMS&REQUEST=GetCapabilities").text

    shared = user.post("/sharing/v1/shares", json={"collection": "results", "item": item, "with": other_user.subject})
    if shared.status_code in (404, 502, 503):
        pytest.skip("the sharing module is not there")
    assert shared.status_code == 201, shared.text
    eventually(lambda: other_user.get(tile).status_code == 200)
    assert item in other_user.get(series).text
    assert anon.get(tile).status_code == 404
    assert user.delete("/sharing/v1/shares/" + shared.json()["share"]).status_code in (200, 204)
    eventually(lambda: other_user.get(tile).status_code == 404)
