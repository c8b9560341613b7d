"""What stac-api-validator (stac-utils/stac-api-validator, validations.py) checks of each class, and pystac-client relies on.

Neither is packaged by Debian or npm. Each test names the functions of the validator whose checks it makes.
"""
import itertools
import json

import pytest
import requests

from helpers_stac import add_many, item_document, search_all
from test_stac_landing import link

pytestmark = pytest.mark.once

QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
VALID_TIMES = ["1985-04-12T23:20:50.52Z", "1996-12-19T16:39:57-00:00", "1996-12-19T16:39:57+08:00", "../1985-04-12T23:20:50.52Z",
               "1985-04-12T23:20:50.52Z/..", "/1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.52Z/", "1937-01-01T12:00:27.8710+01:00",
               "1985-04-12T23:20:50.52+01:00/1986-04-12T23:20:50.52+01:00", "1985-04-12t23:20:50.000z", "2020-07-23T00:00:00.012345678Z"]
INVALID_TIMES = ["/", "../..", "/..", "../", "/1984-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z", "1984-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z/",
                 "/1984-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z/", "1985-04-12", "1937-01-01T12:00:27.87+0100", "37-01-01T12:00:27.87Z",
                 "1985-12-12T23:20:50.52", "21985-12-12T23:20:50.52Z", "1985-13-12T23:20:50.52Z", "1985-12-32T23:20:50.52Z", "1985-12-01T25:20:50.52Z",
                 "1985-12-01T00:60:50.52Z", "1985-12-01T00:06:61.52Z", "1985-04-12T23:20:50.Z", "1985-04-12T23:20:50,Z", "1990-12-31T23:59:61Z",
                 "1986-04-12T23:20:50.52Z/1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50,52Z"]
RING, HOLE = [[19, 19], [22, 19], [22, 22], [19, 22], [19, 19]], [[19.2, 19.2], [19.2, 19.4], [19.4, 19.4], [19.4, 19.2], [19.2, 19.2]]
GEOMETRIES = [{"type": "Point", "coordinates": [20, 20]}, {"type": "LineString", "coordinates": [[19, 20], [22, 20]]}, {"type": "Polygon", "coordinates": [RING]},
              {"type": "Polygon", "coordinates": [RING, HOLE]}, {"type": "MultiPoint", "coordinates": [[20, 20], [21, 21]]},
              {"type": "MultiLineString", "coordinates": [[[19, 20], [22, 20]], [[19, 21], [22, 21]]]}, {"type": "MultiPolygon", "coordinates": [[RING]]},
              {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [20, 20]}, {"type": "Polygon", "coordinates": [RING]}]}]


def media_type(answer):
    return answer.headers["Content-Type"].split(";")[0]


@pytest.fixture(scope="module")
def scenes(client, module_collection):
    add_many(client, module_collection, [
        item_document(module_collection, f"scene-{n:02}", geometry={"type": "Point", "coordinates": [20 + n / 100, 20]}, bbox=[20 + n / 100, 20, 20 + n / 100, 20],
                      properties={"datetime": f"2020-{1 + n % 12:02}-{1 + n:02}T10:20:30Z", "eo:cloud_cover": n + 0.5, "platform": "sat-" + "abc"[n % 3],
                                  "instruments": ["msi"] if n % 2 else ["oli", "tirs"]},
                      assets={"red": {"href": "https://example.org/r.tif", "roles": ["data"]}}) for n in range(12)])
    return module_collection


@pytest.fixture
def both(anon, scenes):
    """Searches the collection by GET and by POST, expecting the same; gives the items."""
    def search(**body):
        body = {"collections": [scenes], "limit": 100, **body}
        args = {k: ",".join(map(str, v)) if k in ("collections", "ids", "bbox") else json.dumps(v) if isinstance(v, dict) else v for k, v in body.items()}
        got, posted = anon.get("/stac/search", params=args), anon.post("/stac/search", json=body)
        for answer in (got, posted):
            assert answer.status_code == 200 and media_type(answer) == "application/geo+json", answer.text
        assert [f["id"] for f in got.json()["features"]] == [f["id"] for f in posted.json()["features"]]
        return posted.json()["features"]
    return search


def refused(anon, **body):
    args = {k: ",".join(map(str, v)) if isinstance(v, list) else json.dumps(v) if isinstance(v, dict) else v for k, v in body.items()}
    for answer in (anon.get("/stac/search", params=args), anon.post("/stac/search", json=body)):
        assert answer.status_code == 400 and media_type(answer) == "application/problem+json", (body, answer.status_code)


def test_landing_page(anon, base):
    """validate_core_landing_page_body, validate_core."""
    answer = anon.get("/stac")
    page = answer.json()
    assert media_type(answer) == "application/json"
    assert {"https://api.stacspec.org/v1.0.0/" + c for c in ("core", "collections", "ogcapi-features", "item-search")} <= set(page["conformsTo"])
    assert not [c for c in page["conformsTo"] if "/req/" in c]
    for rel in ("root", "self", "data", "conformance", "children"):
        assert link(page, rel)["type"] == "application/json"
    assert not [x for x in page["links"] if x["rel"] == "collections"]
    for description in [x for x in page["links"] if x["rel"] == "service-desc"]:
        told = requests.get(description["href"], headers={"Accept": description["type"]}, timeout=60)
        assert told.status_code == 200 and told.headers["Content-Type"] == description["type"]
    told = anon.get(link(page, "service-doc")["href"])
    assert told.status_code == 200 and media_type(told) == link(page, "service-doc")["type"] == "text/html"
    searches = [x for x in page["links"] if x["rel"] == "search"]
    assert sorted(x["method"] for x in searches) == ["GET", "POST"] and {(x["href"], x["type"]) for x in searches} == {(base + "/stac/search", "application/geo+json")}


@pytest.mark.parametrize("path", ["/stac", "/stac/conformance", "/stac/collections", "/stac/collections/landsat-7", "/stac/collections/landsat-7/items",
                                  "/stac/search?limit=1", "/stac/queryables", "/records", "/records/conformance"])
def test_head_and_options(anon, path):
    got, head = anon.get(path), anon.request("HEAD", path)
    assert head.status_code == 200 and head.content == b"" and head.headers["Content-Type"] == got.headers["Content-Type"]
    assert anon.options(path).status_code == 204
    assert anon.get(path, headers={"Origin": "https://example.org"}).headers["Access-Control-Allow-Origin"] == "*"


def test_children_are_what_the_child_links_lead_to(anon):
    """validate_children, validate_browseable (the walk by links is test_stac_browse's)."""
    page = anon.get("/stac").json()
    answer = anon.get(link(page, "children")["href"])
    assert media_type(answer) == "application/json" and link(page, "children")["href"].endswith("/children")
    assert link(answer.json(), "self")["href"] == link(page, "children")["href"] and link(answer.json(), "root")
    listed = {c["id"] for c in answer.json()["children"]}
    linked = {x["href"].rsplit("/", 1)[1] for x in page["links"] if x["rel"] == "child"}
    assert {"landsat-5", "landsat-7", "elevation"} <= listed & linked
    demo = [c for c in answer.json()["children"] if c["id"] == "landsat-7"]
    assert demo == [anon.get("/stac/collections/landsat-7").json()]


def test_collections(anon, scenes):
    """validate_collections."""
    href = link(anon.get("/stac").json(), "data")["href"]
    assert anon.get(href + "/non-existent-collection").status_code == 404
    answer = anon.get(href)
    assert media_type(answer) == "application/json" and answer.json()["collections"] and "type" not in answer.json()
    assert link(answer.json(), "self")["href"] == href and link(answer.json(), "root")
    one = anon.get(f"{href}/{scenes}")
    assert media_type(one) == "application/json" and one.json()["itemType"] == "feature"
    assert link(one.json(), "self")["href"] == f"{href}/{scenes}"
    for rel in ("root", "parent", "items", QUERYABLES):
        assert anon.get(link(one.json(), rel)["href"]).status_code == 200


def test_items(anon, scenes):
    """validate_features, validate_item_pagination."""
    page = anon.get("/stac").json()
    assert set(anon.get(link(page, "conformance")["href"]).json()["conformsTo"]) == set(page["conformsTo"])
    href = link(anon.get("/stac/collections/" + scenes).json(), "items")["href"]
    assert anon.get(href + "/non-existent-item").status_code == 404
    answer = anon.get(href)
    assert media_type(answer) == "application/geo+json"
    assert link(answer.json(), "self")["href"] == href and link(answer.json(), "root")
    item = anon.get(link(answer.json()["features"][0], "self")["href"])
    assert media_type(item) == "application/geo+json" and item.json() == answer.json()["features"][0]
    for rel in ("root", "parent", "collection"):
        assert anon.get(link(item.json(), rel)["href"]).status_code == 200
    assert len({f["id"] for f in search_all(anon, href, {"limit": 5})}) == 12


def test_search_links_page_by_either_method(anon, scenes):
    """validate_item_pagination, and ItemSearch.pages of pystac-client: the next link's method, body, headers and merge."""
    first = anon.get("/stac/search", params={"limit": 1, "collections": scenes}).json()
    following = link(first, "next")
    assert following.get("method", "GET") == "GET" and following["type"] == "application/geo+json"
    assert anon.get(following["href"]).json()["features"][0] != first["features"][0]
    body, found = {"limit": 5, "collections": [scenes]}, []
    for _ in range(4):
        page = anon.post("/stac/search", json=body).json()
        found += [f["id"] for f in page["features"]]
        following = [x for x in page["links"] if x["rel"] == "next"]
        if not following:
            break
        assert following[0]["method"] == "POST" and following[0]["href"].endswith("/stac/search")
        body = {**(body if following[0].get("merge") else {}), **following[0]["body"]}
    assert len(found) == len(set(found)) == page["numberMatched"] == 12


def test_limits(both, anon):
    """validate_item_search_limit."""
    for limit in (1, 2, 10, 10000, 100000, 1000000):
        assert len(both(limit=limit)) == min(limit, 12)
    refused(anon, limit=-1)


def test_boxes(both, anon):
    """validate_item_search_bbox, validate_item_search_bbox_xor_intersects."""
    assert len(both(bbox=[20, 19, 21, 21])) == len(both(bbox=[20, 19, 0, 21, 21, 1])) == 12 and both(bbox=[100, 0, 105, 1]) == []
    for box in ([0], [0, 0], [0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 1], [100, 1, 105, 0]):
        refused(anon, bbox=box)
    assert anon.get("/stac/search", params={"bbox": "[100.0, 0.0, 105.0, 1.0]"}).status_code == 400
    assert anon.post("/stac/search", json={"bbox": "100.0, 0.0, 105.0, 1.0"}).status_code == 400
    refused(anon, bbox=[0, 0, 1, 1], intersects=GEOMETRIES[2])


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda g: g["type"])
def test_intersects(both, geometry):
    """validate_item_search_intersects."""
    assert {f["id"] for f in both(intersects=geometry)} >= {"scene-00"}


def test_times(both, anon):
    """validate_item_search_datetime."""
    scene = both(limit=1)[0]
    assert scene["id"] in {f["id"] for f in both(datetime=scene["properties"]["datetime"])}
    for time in VALID_TIMES:
        both(datetime=time)
    for time in INVALID_TIMES:
        refused(anon, datetime=time)


def test_ids_and_collections(both, anon, scenes):
    """validate_item_search_ids, …_ids_does_not_override_all_other_params, …_collections."""
    assert [f["id"] for f in both(ids=["scene-03"])] == ["scene-03"]
    assert {f["id"] for f in both(ids=["scene-03", "scene-04"])} == {"scene-03", "scene-04"}
    assert both(ids=["scene-03"], bbox=[21, 21, 22, 22]) == []
    assert {f["collection"] for f in both(collections=[scenes, "landsat-7"])} == {scenes, "landsat-7"}
    assert {f["collection"] for f in anon.get("/stac/search?collections=landsat-7").json()["features"]} == {"landsat-7"}


def test_sort(both, anon, scenes):
    """validate_sort."""
    times = sorted(f["properties"]["datetime"] for f in both(limit=100))
    for prefix, direction, expected in (("", "asc", times), ("+", "asc", times), ("-", "desc", times[::-1])):
        got = anon.get("/stac/search", params={"collections": scenes, "limit": 100, "sortby": prefix + "properties.datetime"})
        posted = anon.post("/stac/search", json={"collections": [scenes], "limit": 100, "sortby": [{"field": "properties.datetime", "direction": direction}]})
        for answer in (got, posted):
            assert [f["properties"]["datetime"] for f in answer.json()["features"]] == expected


@pytest.mark.parametrize("prop, op, value, holds", [
    ("eo:cloud_cover", "eq", 5.5, lambda v: v == 5.5), ("eo:cloud_cover", "neq", 5.5, lambda v: v != 5.5), ("eo:cloud_cover", "lt", 5, lambda v: v < 5),
    ("eo:cloud_cover", "lte", 5.5, lambda v: v <= 5.5), ("eo:cloud_cover", "gt", 5, lambda v: v > 5), ("eo:cloud_cover", "gte", 5.5, lambda v: v >= 5.5),
    ("platform", "startsWith", "sat", lambda v: v.startswith("sat")), ("platform", "endsWith", "a", lambda v: v.endswith("a")),
    ("platform", "contains", "t-b", lambda v: "t-b" in v), ("instruments", "in", ["msi", "oli"], lambda v: {"msi", "oli"} & set(v)),
    ("platform", "in", ["sat-a", "sat-b"], lambda v: v in ("sat-a", "sat-b"))])
def test_query(both, prop, op, value, holds):
    """validate_query."""
    found = both(query={prop: {op: value}}, limit=20)
    expected = [f for f in both(limit=20) if holds(f["properties"][prop])]
    assert found and {f["id"] for f in found} == {f["id"] for f in expected}


def fields(anon, scenes, get=None, post=None):
    answer = anon.get("/stac/search", params={"limit": 1, "collections": scenes, "fields": get}) if post is None else \
        anon.post("/stac/search", json={"limit": 1, "collections": [scenes], "fields": post})
    assert answer.status_code == 200, answer.text
    return answer.json()["features"][0]


def test_fields(anon, scenes):
    """validate_fields, validate_default_fields."""
    usual = {"type", "stac_version", "id", "geometry", "bbox", "links", "assets"}
    for item in (fields(anon, scenes, ""), fields(anon, scenes, post={}), fields(anon, scenes, post={"include": None, "exclude": None}),
                 fields(anon, scenes, post={"include": [], "exclude": []})):
        assert usual <= set(item) and item["properties"]["datetime"]
    assert anon.post("/stac/search", json={"fields": None}).status_code == 400
    for name, sign in itertools.product(usual, ("", "+")):
        assert name in fields(anon, scenes, sign + name) and len(fields(anon, scenes, sign + name)) <= 5
        assert name in fields(anon, scenes, post={"include": [name]})
    for item in (fields(anon, scenes, "-geometry"), fields(anon, scenes, post={"exclude": ["geometry"]})):
        assert "geometry" not in item and {"id", "assets"} <= set(item) and item["properties"]["eo:cloud_cover"]
    for include in ([], None):
        item = fields(anon, scenes, post={"exclude": ["geometry"], "include": include})
        assert "geometry" not in item and "eo:cloud_cover" not in item.get("properties", {}) and {"id", "assets"} <= set(item)
    for item in (fields(anon, scenes, "-properties,+properties.eo:cloud_cover"),
                 fields(anon, scenes, post={"exclude": ["properties"], "include": ["properties.eo:cloud_cover"]})):
        assert set(item["properties"]) == {"eo:cloud_cover"}
    assert "geometry" in fields(anon, scenes, "+geometry,-geometry") and "geometry" in fields(anon, scenes, post={"include": ["geometry"], "exclude": ["geometry"]})


def test_queryables(anon, scenes):
    """validate_filter_queryables, validate_features_filter, validate_item_search_filter (the filters are test_cql2's)."""
    for page in (anon.get("/stac").json(), anon.get("/stac/collections/" + scenes).json()):
        href = link(page, QUERYABLES)["href"]
        answer = anon.get(href, headers={"Accept": "application/schema+json"})
        assert media_type(answer) == "application/schema+json"
        schema = answer.json()
        assert schema["$schema"] == "https://json-schema.org/draft/2019-09/schema" and schema["$id"] == href and schema["type"] == "object"


def test_transactions(client, anon, scenes):
    """validate_transaction."""
    place = f"/stac/collections/{scenes}/items/written"
    item = item_document(scenes, "written", properties={"datetime": "2023-04-23T06:47:03.048000Z", "eo:cloud_cover": 0.1, "remove_me": "x"})
    assert client.post(f"/stac/collections/{scenes}/items", json=item).status_code == 201
    item["properties"] = {"datetime": "2023-04-23T06:47:03.048000Z", "eo:cloud_cover": "3.14", "foo": "bar"}
    for answer in (client.put(place, json=item), client.patch(place, json={"properties": {"a_patch_field": "bar"}})):
        assert answer.status_code == 204 and "Content-Type" not in answer.headers
    assert anon.get(place).json()["properties"] == {**item["properties"], "a_patch_field": "bar"}
    answer = client.delete(place)
    assert answer.status_code == 204 and "Content-Type" not in answer.headers and anon.get(place).status_code == 404
