"""Queryables: bounds and lists are those of the items that the caller may see."""
import uuid

from helpers import problem
from helpers_stac import collection_document, item_document


def schema(session, collection):
    answer = session.get(f"/stac/collections/{collection}/queryables")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/schema+json")
    return answer.json()


def add(client, collection, name, **properties):
    document = item_document(collection, name, properties={"datetime": "2020-06-01T10:20:30Z", **properties})
    answer = client.post(f"/stac/collections/{collection}/items", json=document)
    assert answer.status_code == 201, answer.text


def test_schema_follows_the_items(anon, client, collection):
    empty = schema(anon, collection)
    assert empty["$schema"] == "https://json-schema.org/draft/2019-09/schema" and empty["additionalProperties"] is True
    assert empty["$id"].endswith(f"/stac/collections/{collection}/queryables") and empty["type"] == "object"
    assert set(empty["properties"]) == {"id", "collection", "geometry", "datetime"}
    for number in range(4):
        add(client, collection, f"item-{number}", **{"eo:cloud_cover": 6.03 + 10 * number, "platform": "ab"[number % 2], "title": f"Title {number}",
                                                     "instruments": ["msi", "oli"], "flag": True, "created": "2020-01-01T00:00:00Z", "mixed": [1, "x"][number % 2]})
    held = schema(anon, collection)["properties"]
    assert held["eo:cloud_cover"] == {"title": "eo:cloud_cover", "type": "number", "minimum": 6.03, "maximum": 36.03}
    assert held["platform"]["enum"] == ["a", "b"] and held["platform"]["type"] == "string"
    assert "enum" not in held["title"]
    assert held["instruments"]["type"] == "array" and sorted(held["instruments"]["items"]["enum"]) == ["msi", "oli"]
    assert held["flag"]["type"] == "boolean" and held["created"]["format"] == "date-time"
    assert sorted(held["mixed"]["type"]) == ["number", "string"]
    assert client.delete(f"/stac/collections/{collection}/items/item-3").status_code == 204
    assert schema(anon, collection)["properties"]["eo:cloud_cover"]["maximum"] == 26.03


def test_whole_catalogue(anon, client, collection):
    add(client, collection, "item-1", **{"test:queryable": 4})
    answer = anon.get("/stac/queryables").json()
    assert answer["properties"]["test:queryable"] == {"title": "test:queryable", "type": "number", "minimum": 4, "maximum": 4}
    assert answer["properties"]["datetime"]["format"] == "date-time"


def test_unknown_collection(anon):
    problem(anon.get("/stac/collections/no-such-collection/queryables"), 404)


def test_private_items_are_in_nobody_elses(scientist, other_user, anon, admin):
    """Who may not see a collection learns neither its properties nor its bounds, here or from the whole catalogue."""
    name, secret = "test-" + uuid.uuid4().hex, "test:" + uuid.uuid4().hex
    assert scientist.post("/stac/collections", json=collection_document(name)).status_code == 201
    try:
        add(scientist, name, "item-1", **{secret: 42})
        for entitled in (scientist, admin):
            assert schema(entitled, name)["properties"][secret]["maximum"] == 42
            assert secret in entitled.get("/stac/queryables").json()["properties"]
        for stranger in (other_user, anon):
            problem(stranger.get(f"/stac/collections/{name}/queryables"), 404)
            assert secret not in stranger.get("/stac/queryables").json()["properties"]
    finally:
        scientist.delete(f"/stac/collections/{name}/items/item-1")
        assert scientist.delete("/stac/collections/" + name).status_code == 204
