"""Every item can be reached by links alone, by whom may see it."""
import uuid

import pytest
from helpers import problem
from helpers_stac import add_many, collection_document, item_document

import schemas

pytestmark = pytest.mark.once


def followed(session, href, catalogs=None):
    """The items that child and item links lead to, and the catalogs on the way."""
    document = session.get(href).json()
    if catalogs is not None and document["type"] == "Catalog":
        catalogs.append(document)
    items = [session.get(link["href"]).json()["id"] for link in document["links"] if link["rel"] == "item"]
    for link in document["links"]:
        if link["rel"] == "child":
            items += followed(session, link["href"], catalogs)
    return items


def test_all_items_are_reached_once(anon, client, collection, base):
    times = ["1975-12-31T23:59:59.999999Z", "2020-01-01T00:00:00Z", "2020-01-31T23:59:59Z", "2020-02-29T12:00:00+14:00", "2024-02-29T00:00:00Z",
             "2020-01-01T00:00:00.000001Z"]
    items = [item_document(collection, f"i{n}", properties={"datetime": time}) for n, time in enumerate(times)]
    items.append(item_document(collection, "long", properties={"datetime": None, "start_datetime": "2021-12-31T00:00:00Z", "end_datetime": "2022-03-01T00:00:00Z"}))
    add_many(client, collection, items)
    catalogs = []
    assert sorted(followed(anon, f"/stac/collections/{collection}", catalogs)) == sorted(i["id"] for i in items)
    assert schemas.faults(catalogs) == []
    for catalog in catalogs:
        links = {link["rel"]: link["href"] for link in catalog["links"]}
        assert anon.get(links["self"]).json() == catalog and links["root"] == base + "/stac"
        assert anon.get(links["parent"]).status_code == 200


def test_an_empty_collection_has_an_empty_catalog(anon, collection):
    assert followed(anon, f"/stac/browse/{collection}") == []


def test_what_is_private_stays_so(anon, scientist):
    name = "own-" + uuid.uuid4().hex
    assert scientist.post("/stac/collections", json=collection_document(name)).status_code == 201
    assert scientist.post(f"/stac/collections/{name}/items", json=item_document(name, "x")).status_code == 201
    assert followed(scientist, f"/stac/browse/{name}") == ["x"]
    for path in ("", "/2020", "/2020/06", "/2020/06/01"):
        problem(anon.get(f"/stac/browse/{name}{path}"), 404)
    scientist.delete(f"/stac/collections/{name}/items/x")
    scientist.delete("/stac/collections/" + name)


@pytest.mark.parametrize("path", ["/20", "/2020/1", "/2020/13", "/2020/00", "/2021/02/29", "/2020/04/31", "/abcd", "/0000", "/2020/01/1x", "/-123"])
def test_no_such_time(anon, path):
    problem(anon.get("/stac/browse/landsat-7" + path), 404, "no-such-catalog")
