"""Landing page, conformance, collections: what a STAC client walks through first."""
import pytest

from helpers import problem


def link(document, rel, **more):
    found = [x for x in document["links"] if x["rel"] == rel and all(x.get(k) == v for k, v in more.items())]
    assert found, (rel, document["links"])
    return found[0]


@pytest.mark.parametrize("path", ["/stac", "/stac/"])
def test_landing_page_leads_everywhere(anon, base, path):
    page = anon.get(path).json()
    assert page["type"] == "Catalog" and page["stac_version"] == "1.0.0" and page["conformsTo"]
    for rel in ("self", "root", "conformance", "data", "service-desc", "service-doc"):
        target = link(page, rel)
        assert target["href"].startswith(base)
        answer = anon.get(target["href"])
        assert answer.status_code == 200, target
        assert answer.headers["Content-Type"].split(";")[0] == target["type"].split(";")[0]
    assert link(page, "search", method="GET")["href"] == link(page, "search", method="POST")["href"] == base + "/stac/search"
    children = [x["href"] for x in page["links"] if x["rel"] == "child"]
    assert base + "/stac/collections/landsat-7" in children


def test_conformance_is_what_the_landing_page_says(anon):
    assert anon.get("/stac/conformance").json()["conformsTo"] == anon.get("/stac").json()["conformsTo"]


def test_collections_page_by_links(anon):
    first = anon.get("/stac/collections", params={"limit": 1}).json()
    ids = []
    page = first
    while True:
        ids += [c["id"] for c in page["collections"]]
        following = [x for x in page["links"] if x["rel"] == "next"]
        if not following:
            break
        page = anon.get(following[0]["href"]).json()
    assert len(ids) == len(set(ids)) and {"landsat-7", "landsat-5", "blue-marble", "elevation"} <= set(ids)


def test_collection_and_its_entity_tag(anon):
    answer = anon.get("/stac/collections/landsat-7")
    assert answer.json()["type"] == "Collection" and answer.json()["license"]
    assert link(answer.json(), "items")["href"].endswith("/stac/collections/landsat-7/items")
    again = anon.get("/stac/collections/landsat-7", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304 and not again.content


@pytest.mark.parametrize("path", ["/stac/collections/no-such", "/stac/collections/no-such/items", "/stac/collections/landsat-7/items/no-such",
                                  "/stac/collections/no-such/items/olinda", "/stac/no-such"])
def test_what_is_not_there_is_a_404(anon, path):
    problem(anon.get(path), 404)


def test_any_origin_may_read(anon):
    assert anon.get("/stac", headers={"Origin": "https://example.org"}).headers["Access-Control-Allow-Origin"] == "*"
    preflight = anon.options("/stac/search", headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST",
                                                       "Access-Control-Request-Headers": "content-type"})
    assert preflight.status_code == 204 and "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "content-type" in preflight.headers["Access-Control-Allow-Headers"].lower()


def test_demo_items_do_not_show_where_bytes_lie(anon, base, demo):
    answer = anon.get(f"/stac/collections/{demo['olinda']['collection']}/items/{demo['olinda']['item']}")
    item = answer.json()
    assert "nadir:path" not in answer.text and "urn:nadir:base" not in answer.text
    assert {"red", "green", "blue", "nir", "swir16", "swir22", "visual", "thumbnail"} <= set(item["assets"])
    for key, asset in item["assets"].items():
        assert asset["href"] == f"{base}/download/v1/items/landsat-7/olinda/assets/{key}"
        assert asset["file:checksum"].startswith("1220") and len(asset["file:checksum"]) == 68 and asset["file:size"] > 0
