"""Writing: who may, what is refused, what is kept and shown."""
import pytest

from helpers import eventually, problem

from helpers_stac import collection_document, item_document


def place(collection, item="x"):
    return f"/stac/collections/{collection}/items/{item}"


@pytest.mark.parametrize("method, path", [("POST", "/stac/collections"), ("PUT", "/stac/collections/landsat-7"), ("DELETE", "/stac/collections/landsat-7"),
                                          ("POST", "/stac/collections/landsat-7/items"), ("PUT", "/stac/collections/landsat-7/items/olinda"),
                                          ("DELETE", "/stac/collections/landsat-7/items/olinda")])
def test_only_writers_write(anon, user, method, path):
    problem(anon.request(method, path, json={}), 401)
    problem(user.request(method, path, json={}), 403)
    assert anon.get("/stac/collections/landsat-7/items/olinda").status_code == 200


def test_life_of_an_item(anon, client, admin, base, collection):
    answer = client.post(f"/stac/collections/{collection}/items", json=item_document(collection, "x"))
    assert answer.status_code == 201 and answer.headers["Location"] == base + place(collection)
    problem(client.post(f"/stac/collections/{collection}/items", json=item_document(collection, "x")), 409, "item-exists")
    tag = anon.get(place(collection)).headers["ETag"]
    same = client.put(place(collection), json=item_document(collection, "x"))
    assert same.status_code == 204 and same.headers["ETag"].removeprefix("W/") == tag.removeprefix("W/")
    changed = item_document(collection, "x", properties={"datetime": "2020-06-01T10:20:30Z", "title": "changed"})
    problem(client.put(place(collection), json=changed, headers={"If-Match": '"0"'}), 412)
    answer = admin.put(place(collection), json=changed, headers={"If-Match": tag})
    assert answer.status_code == 204 and answer.text == "" and answer.headers["ETag"] != tag
    shown = client.put(place(collection), json=changed, headers={"Prefer": "return=representation"})
    assert shown.status_code == 200 and shown.json() == anon.get(place(collection)).json()
    assert anon.get(place(collection)).json()["properties"]["title"] == "changed"
    problem(client.delete("/stac/collections/" + collection), 409, "collection-not-empty")
    assert client.delete(place(collection)).status_code == 204
    problem(client.delete(place(collection)), 404)
    problem(client.put(place(collection), json=changed), 404)
    problem(anon.get(place(collection)), 404)


def test_collection_is_replaced(anon, client, collection):
    document = collection_document(collection)
    document["title"] = "Another title"
    problem(client.post("/stac/collections", json=document), 409, "collection-exists")
    assert client.put("/stac/collections/" + collection, json=document).status_code == 204
    assert anon.get("/stac/collections/" + collection).json()["title"] == "Another title"


def test_paths_are_not_shown_but_known_to_other_modules(anon, client, base, collection):
    item = item_document(collection, "x", assets={"red": {"href": "red.tif", "type": "image/tiff", "roles": ["data"],
                                                          "nadir:path": "products/secret/red.tif", "file:size": 12},
                                                  "far": {"href": "https://example.org/far.tif"}})
    assert client.post(f"/stac/collections/{collection}/items", json=item).status_code == 201
    for answer in (anon.get(place(collection)), anon.get("/stac/search", params={"collections": collection})):
        assert "secret" not in answer.text
    assets = anon.get(place(collection)).json()["assets"]
    assert assets["red"]["href"] == f"{base}/download/v1/items/{collection}/x/assets/red"
    assert assets["far"]["href"] == "https://example.org/far.tif"
    listed = eventually(lambda: anon.get(f"/download/v1/items/{collection}/x").json().get("assets"))
    assert "red" in {a["asset"] for a in listed} and "secret" not in str(listed)


@pytest.mark.parametrize("change", [
    {"type": "Point"}, {"stac_version": "0.9.0"}, {"stac_version": None}, {"id": "../x"}, {"id": "a/b"}, {"id": "a b"}, {"id": ""}, {"id": 5}, {"id": "x" * 257},
    {"id": "é"}, {"collection": "other"}, {"geometry": {"type": "Point", "coordinates": [181, 0]}}, {"geometry": {"type": "Blob"}}, {"geometry": 5},
    {"bbox": [1, 2, 3]}, {"bbox": "x"}, {"properties": None}, {"properties": {}}, {"properties": {"datetime": "yesterday"}},
    {"properties": {"datetime": None, "start_datetime": "2020-01-01T00:00:00Z"}},
    {"properties": {"datetime": None, "start_datetime": "2020-01-02T00:00:00Z", "end_datetime": "2020-01-01T00:00:00Z"}},
    {"assets": None}, {"assets": {"a": {}}}, {"assets": {"a": {"nadir:path": "/etc/passwd"}}}, {"assets": {"a": {"nadir:path": "../x"}}},
    {"assets": {"a": {"nadir:path": "products/../../x"}}}, {"assets": {"a": {"nadir:path": 5}}}, {"assets": {"a/b": {"nadir:path": "x"}}},
    {"assets": {str(n): {"href": "x"} for n in range(201)}}, {"links": {}}, {"stac_extensions": "x"}, {"properties": {"datetime": "2020-01-01T00:00:00Z", "x": "y" * 1048576}},
])
def test_bad_items_are_refused_and_nothing_is_kept(anon, client, collection, change):
    answer = client.post(f"/stac/collections/{collection}/items", json=item_document(collection, "x", **{}) | change)
    problem(answer, 400)
    assert anon.get(f"/stac/collections/{collection}/items").json()["features"] == []


def test_a_feature_collection_is_taken_whole_or_not(anon, client, collection):
    good, bad = item_document(collection, "a"), item_document(collection, "b", properties={})
    answer = client.post(f"/stac/collections/{collection}/items", json={"type": "FeatureCollection", "features": [good, bad]})
    assert "Feature 1" in problem(answer, 400)["detail"]
    problem(client.post(f"/stac/collections/{collection}/items", json={"type": "FeatureCollection", "features": []}), 400)
    assert anon.get(f"/stac/collections/{collection}/items").json()["features"] == []


def test_too_much_is_413(client, collection):
    item = item_document(collection, "x", properties={"datetime": "2020-01-01T00:00:00Z", "x": "y" * (2 << 20)})
    assert client.put(place(collection), json=item).status_code == 413


@pytest.mark.parametrize("change", [{"type": "Catalog"}, {"id": "a/b"}, {"description": ""}, {"license": None}, {"extent": {}}, {"title": 5}, {"links": 5},
                                    {"extent": {"spatial": {"bbox": [[1, 2]]}, "temporal": {"interval": [[None, None]]}}},
                                    {"extent": {"spatial": {"bbox": [[1, 2, 3, 4]]}, "temporal": {"interval": [["x", None]]}}}])
def test_bad_collections_are_refused(client, change):
    problem(client.post("/stac/collections", json=collection_document("never-made") | change), 400)
    problem(client.get("/stac/collections/never-made"), 404)


def test_an_unknown_collection_takes_no_items(client):
    problem(client.post("/stac/collections/no-such/items", json=item_document("no-such", "x")), 404, "no-such-collection")
