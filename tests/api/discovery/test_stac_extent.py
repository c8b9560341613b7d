"""A collection tells how many items it has, and its extent covers them, whatever its provider wrote."""
import uuid

import pytest
import schemas
from helpers_stac import add_many, collection_document, item_document

pytestmark = pytest.mark.once

STATS = "https://stac-extensions.github.io/stats/v0.2.0/schema.json"


@pytest.fixture
def narrow(client, collection):
    """Gives the collection a narrow extent."""
    def set_extent(box, interval):
        document = collection_document(collection)
        document["extent"] = {"spatial": {"bbox": [box]}, "temporal": {"interval": [interval]}}
        assert client.put("/stac/collections/" + collection, json=document).status_code == 204
        return collection
    return set_extent


def at(collection, name, longitude, latitude, time="2020-06-01T00:00:00Z", **changes):
    return item_document(collection, name, **{"geometry": {"type": "Point", "coordinates": [longitude, latitude]},
                                              "bbox": [longitude, latitude, longitude, latitude], "properties": {"datetime": time}, **changes})


def shown(session, collection):
    document = session.get("/stac/collections/" + collection).json()
    return document, document["extent"]["spatial"]["bbox"][0], document["extent"]["temporal"]["interval"][0]


def test_an_extent_covers_all_items(client, anon, narrow):
    name = narrow([0, 0, 1, 1], ["2020-05-01T00:00:00Z", "2020-07-01T00:00:00Z"])
    add_many(client, name, [at(name, "within", 0.5, 0.5)])
    document, box, interval = shown(anon, name)
    assert box == [0, 0, 1, 1] and interval == ["2020-05-01T00:00:00Z", "2020-07-01T00:00:00Z"] and document["stats:items"] == {"count": 1}
    nowhere = at(name, "nowhere", 0, 0, geometry=None)
    del nowhere["bbox"]
    add_many(client, name, [at(name, "south", -3, -4.25, "2019-01-02T03:04:05.5Z"), at(name, "north", 10, 60), nowhere])
    document, box, interval = shown(anon, name)
    assert box == [-3, -4.25, 10, 60] and interval[0].startswith("2019-01-02T03:04:05.5") and interval[1] == "2020-07-01T00:00:00Z"
    assert document["stats:items"] == {"count": 4} and STATS in document["stac_extensions"] and document["itemType"] == "feature"
    assert schemas.faults([document]) == []
    # Every door shows and finds the same.
    assert anon.get("/stac/collections", params={"ids": name}).json()["collections"] == [document]
    for query in ({"bbox": "9,59,11,61"}, {"datetime": "../2019-02-01T00:00:00Z"}):
        assert name in {c["id"] for c in anon.get("/stac/collections", params={**query, "limit": 1000}).json()["collections"]}
    assert name not in {c["id"] for c in anon.get("/stac/collections", params={"bbox": "100,70,101,71", "limit": 1000}).json()["collections"]}
    record = anon.get("/records/collections/datasets/items/" + name)
    if record.status_code == 200:
        corners = record.json()["geometry"]["coordinates"][0]
        assert {tuple(corner) for corner in corners} == {(-3, -4.25), (10, -4.25), (10, 60), (-3, 60)}
    # Removed items leave it as it is; without any, it is the provider's again.
    client.delete(f"/stac/collections/{name}/items/north")
    assert shown(anon, name)[0]["stats:items"] == {"count": 3}
    for item in ("within", "south", "nowhere"):
        client.delete(f"/stac/collections/{name}/items/{item}")
    document, box, interval = shown(anon, name)
    assert box == [0, 0, 1, 1] and document["stats:items"] == {"count": 0}


def test_an_extent_over_the_antimeridian_stays_small(client, anon, narrow):
    name = narrow([170, -20, 180, -10], ["2020-01-01T00:00:00Z", None])
    cut = {"type": "MultiPolygon", "coordinates": [[[[179, -16], [180, -16], [180, -15], [179, -15], [179, -16]]],
                                                   [[[-180, -16], [-178, -16], [-178, -15], [-180, -15], [-180, -16]]]]}
    add_many(client, name, [item_document(name, "fiji", geometry=cut, bbox=[179, -16, -178, -15]), at(name, "west", 165, -15)])
    document, box, interval = shown(anon, name)
    assert box == [165, -20, -178, -10] and interval == ["2020-01-01T00:00:00Z", None]
    assert schemas.faults([document]) == []


def test_a_writer_sends_back_what_was_shown(client, anon, narrow):
    name = narrow([0, 0, 1, 1], ["2020-05-01T00:00:00Z", None])
    tag = anon.get("/stac/collections/" + name).headers["ETag"]
    add_many(client, name, [at(name, "x", 5, 5)])
    answer = anon.get("/stac/collections/" + name)
    assert answer.headers["ETag"] != tag and anon.get("/stac/collections/" + name, headers={"If-None-Match": tag}).status_code == 200
    # Items that came meanwhile are no change of the document.
    changed = {**answer.json(), "title": "changed"}
    assert client.put("/stac/collections/" + name, json=changed, headers={"If-Match": tag}).status_code == 204
    document, box, _ = shown(anon, name)
    assert document["title"] == "changed" and document["stats:items"] == {"count": 1} and box == [0, 0, 5, 5] and document["stac_extensions"] == [STATS]
    assert client.put("/stac/collections/" + name, json=changed | {"title": "again"}, headers={"If-Match": tag}).status_code == 412


def test_numbers_of_private_collections_stay_untold(anon, scientist):
    name = "own-" + uuid.uuid4().hex
    document = collection_document(name)
    document["extent"]["spatial"]["bbox"] = [[0, 0, 1, 1]]
    assert scientist.post("/stac/collections", json=document).status_code == 201
    assert scientist.post(f"/stac/collections/{name}/items", json=at(name, "x", 50, 50)).status_code == 201
    document, box, _ = shown(scientist, name)
    assert "stats:items" not in document and box == [0, 0, 1, 1]
    assert anon.get("/stac/collections/" + name).status_code == 404
    scientist.delete(f"/stac/collections/{name}/items/x")
    scientist.delete("/stac/collections/" + name)
