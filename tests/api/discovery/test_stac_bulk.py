"""Many items in one request, each standing for itself."""
import pytest
from helpers import problem
from helpers_stac import item_document


def bulk(session, collection, items, **more):
    return session.post(f"/stac/collections/{collection}/bulk_items", json={"items": items, **more})


def test_what_fails_is_reported_and_the_rest_is_stored(client, anon, collection):
    items = {name: item_document(collection, name) for name in ("a", "b", "c")}
    items["b"]["geometry"] = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}
    items["d"] = item_document(collection, "another")
    items["e"] = 5
    answer = bulk(client, collection, items)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert report["created"] == 2 and report["updated"] == report["unchanged"] == 0
    assert {(f["id"], f["field"]) for f in report["failed"]} == {("b", "geometry"), ("d", "id"), ("e", "body")}
    assert anon.get("/stac/search", params={"collections": collection}).json()["numberMatched"] == 2


def test_insert_and_upsert(client, anon, collection):
    one = item_document(collection, "one")
    assert bulk(client, collection, {"one": one}).json()["created"] == 1
    again = bulk(client, collection, {"one": one, "two": item_document(collection, "two")}, method="insert").json()
    assert again["created"] == 1 and [f["id"] for f in again["failed"]] == ["one"]
    changed = item_document(collection, "one", properties={"datetime": "2022-01-01T00:00:00Z"})
    report = bulk(client, collection, {"one": changed, "two": item_document(collection, "two"), "three": item_document(collection, "three")}, method="upsert").json()
    assert (report["created"], report["updated"], report["unchanged"], report["failed"]) == (1, 1, 1, [])
    assert [f["id"] for f in anon.get("/stac/search", params={"collections": collection, "datetime": "2021-01-01T00:00:00Z/.."}).json()["features"]] == ["one"]


def test_all_failing_is_an_error_that_changes_nothing(client, anon, collection):
    answer = bulk(client, collection, {"x": {}})
    assert answer.status_code == 400 and answer.json()["failed"][0]["id"] == "x"
    assert anon.get("/stac/search", params={"collections": collection}).json()["numberMatched"] == 0


@pytest.mark.parametrize("body", [[], {}, {"items": {}}, {"items": []}, {"items": {"x": {}}, "method": "replace"}, {"items": {"x": {}}, "method": 5}])
def test_bad_bodies(client, collection, body):
    problem(client.post(f"/stac/collections/{collection}/bulk_items", json=body), 400)


def test_who_may(anon, user, client):
    problem(bulk(anon, "landsat-7", {"x": {}}), 401)
    problem(bulk(user, "landsat-7", {"x": {}}), 403)
    problem(bulk(client, "no-such-collection", {"x": {}}), 404)
