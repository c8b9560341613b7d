"""Item search: filters, pages, bad input."""
import json
import math
import threading
import uuid

import pytest
import requests

from helpers import problem

from helpers_stac import add_many, item_document, search_all

SQUARE = {"type": "Polygon", "coordinates": [[[7, 50], [8, 50], [8, 51], [7, 51], [7, 50]]]}


def ids(answer):
    assert answer.status_code == 200, answer.text
    return {f["id"] for f in answer.json()["features"]}


@pytest.fixture
def three(client, collection):
    add_many(client, collection, [
        item_document(collection, "rhine"),
        item_document(collection, "later", properties={"datetime": "2021-01-01T00:00:00Z"}),
        item_document(collection, "fiji", bbox=[177, -20, -178, -15], geometry={"type": "MultiPolygon", "coordinates": [
            [[[177, -20], [180, -20], [180, -15], [177, -15], [177, -20]]],
            [[[-180, -20], [-178, -20], [-178, -15], [-180, -15], [-180, -20]]]]}),
    ])
    return collection


@pytest.mark.parametrize("query, expected", [
    ({}, {"rhine", "later", "fiji"}),
    ({"bbox": "7,50,8,51"}, {"rhine", "later"}),
    ({"bbox": "7,50,-100,8,51,9000"}, {"rhine", "later"}),
    ({"bbox": "7.5,50.5,7.5,50.5"}, {"rhine", "later"}),
    ({"bbox": "176,-30,-176,0"}, {"fiji"}),
    ({"bbox": "-176,-30,176,0"}, set()),
    ({"bbox": "-180,-90,180,90"}, {"rhine", "later", "fiji"}),
    ({"datetime": "2020-06-01T10:20:30Z"}, {"rhine", "fiji"}),
    ({"datetime": "2020-06-01T12:20:30+02:00"}, {"rhine", "fiji"}),
    ({"datetime": "2020-07-01T00:00:00Z/.."}, {"later"}),
    ({"datetime": "/2020-07-01T00:00:00Z"}, {"rhine", "fiji"}),
    ({"datetime": "2020-01-01T00:00:00Z/2020-12-31T00:00:00Z", "bbox": "7,50,8,51"}, {"rhine"}),
    ({"ids": "rhine,fiji,none"}, {"rhine", "fiji"}),
    ({"intersects": json.dumps(SQUARE)}, {"rhine", "later"}),
    ({"limit": "10000000"}, {"rhine", "later", "fiji"}),
])
def test_filters(anon, three, query, expected):
    assert ids(anon.get("/stac/search", params={"collections": three, **query})) == expected
    if "ids" not in query and "intersects" not in query:
        assert ids(anon.get(f"/stac/collections/{three}/items", params=query)) == expected


@pytest.mark.parametrize("body, expected", [
    ({"bbox": [7, 50, 8, 51]}, {"rhine", "later"}),
    ({"bbox": [7, 50, -100, 8, 51, 9000], "limit": 100000}, {"rhine", "later"}),
    ({"intersects": SQUARE}, {"rhine", "later"}),
    ({"intersects": {"type": "GeometryCollection", "geometries": [SQUARE]}}, {"rhine", "later"}),
    ({"intersects": {"type": "Point", "coordinates": [178.5, -17]}}, {"fiji"}),
    ({"ids": ["later"]}, {"later"}),
    ({"ids": ["\"},{\\"]}, set()),
    ({"ids": [], "datetime": None, "bbox": None}, {"rhine", "later", "fiji"}),
    ({"sortby": [{"field": "properties.datetime", "direction": "asc"}], "limit": 2}, {"rhine", "fiji"}),
    ({"sortby": [{"field": "id", "direction": "desc"}], "limit": 1}, {"rhine"}),
])
def test_filters_by_post(anon, three, body, expected):
    assert ids(anon.post("/stac/search", json={"collections": [three], **body})) == expected


@pytest.mark.parametrize("query", [
    "limit=0", "limit=-1", "limit=ten", "limit=1.5", "limit=", "bbox=", "bbox=1,2,3", "bbox=1,2,3,4,5", "bbox=a,b,c,d", "bbox=1,2,3,nan", "bbox=1,2,3,inf",
    "bbox=0,10,10,0", "bbox=0,-100,10,0", "bbox=-200,0,10,10", "datetime=", "datetime=now", "datetime=2020-01-01", "datetime=../..",
    "datetime=2021-02-29T00:00:00Z", "datetime=2021-01-01T00:00:00Z/2020-01-01T00:00:00Z", "datetime=a/b/c", "token=x", "token=" + "A" * 1500,
    "token=WyJkLSIsIngiLCJjIiwiaSJd", "sortby=", "sortby=a,b,c,d,e,f,g,h,i", "intersects=x", "intersects={}", "intersects={\"type\":\"Polygon\",\"coordinates\":[]}",
    "intersects={\"type\":\"Point\",\"coordinates\":[1e999,0]}", "bbox=0,0,1,1&intersects={\"type\":\"Point\",\"coordinates\":[0,0]}",
    "filter=eo:cloud_cover<<5", "filter=a=1&filter-lang=sql", "filter=a=1&filter-crs=EPSG:3857", "query=x", "query=[]", "fields=a,", "fields=-", "ids=" + "x" * 300, "ids=%ff", "limit=%00",
])
def test_bad_queries_are_told(anon, query):
    problem(anon.get("/stac/search?" + query), 400)


@pytest.mark.parametrize("body", [
    [], "x", 5, {"limit": "5"}, {"limit": 0}, {"limit": 1.5}, {"bbox": "1,2,3,4"}, {"bbox": [1, 2]}, {"bbox": [1, 2, 3, "4"]}, {"datetime": 5},
    {"ids": "a"}, {"ids": [1]}, {"ids": ["x"] * 1001}, {"collections": {}}, {"token": 7}, {"token": "x"}, {"intersects": 5},
    {"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}, {"intersects": {"type": "Sphere"}},
    {"bbox": [0, 0, 1, 1], "intersects": SQUARE}, {"sortby": "id"}, {"sortby": [{"direction": "asc"}]}, {"sortby": [{"field": "id", "direction": "up"}]},
    {"query": {"x": {"like": 1}}}, {"query": 5}, {"filter": {}}, {"filter": "a = 1", "filter-lang": "cql2-json"}, {"filter": {"op": "=", "args": [1, 1]}, "filter-lang": "cql2-text"}, {"fields": None},
    {"fields": {"include": "id"}}, {"fields": []}, {"q": 5}, {"q": [5]}, {"q": "a " * 100000}, {"q": "x" * 5000}, {"filter-crs": 5, "filter": "a = 1"},
])
def test_bad_bodies_are_told(anon, body):
    problem(anon.post("/stac/search", json=body), 400)


def test_bodies_that_are_no_json(anon):
    problem(anon.post("/stac/search", data="{", headers={"Content-Type": "application/json"}), 400)
    problem(anon.post("/stac/search", data=b"{\"a\":\"\xff\"}", headers={"Content-Type": "application/json"}), 400)
    problem(anon.post("/stac/search", data="[" * 100000, headers={"Content-Type": "application/json"}), 400)
    problem(anon.post("/stac/search", data="a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}), 415)


def test_a_crossing_polygon_is_no_server_error(anon):
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}
    assert anon.post("/stac/search", json={"intersects": bow}).status_code == 200


def test_an_unknown_collection_has_no_items(anon):
    page = anon.get("/stac/search", params={"collections": "no-such-" + uuid.uuid4().hex}).json()
    assert page["features"] == [] and page["numberMatched"] == 0


def test_pages_hold_each_item_once_while_others_write(anon, client, collection):
    """520 items with few different times, in pages of 41, while a writer adds and removes others."""
    names = [f"item-{n:04d}" for n in range(520)]
    add_many(client, collection, [item_document(collection, name, properties={"datetime": f"2020-01-01T00:00:{n % 7:02d}Z"})
                                  for n, name in enumerate(names)])
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            late = item_document(collection, f"late-{n}", properties={"datetime": f"2020-01-01T00:00:{n % 7:02d}.5Z"})
            client.post(f"/stac/collections/{collection}/items", json=late)
            if n % 3 == 0:
                client.delete(f"/stac/collections/{collection}/items/late-{n}")
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for path, params in [("/stac/search", {"collections": collection}), (f"/stac/collections/{collection}/items", {}),
                             ("/stac/search", {"collections": collection, "sortby": "id"})]:
            seen = [item["id"] for item in search_all(anon, path, {**params, "limit": 41}) if item["id"].startswith("item-")]
            assert sorted(seen) == names
        body, seen = {"collections": [collection], "limit": 41}, []
        while body:
            page = anon.post("/stac/search", json=body).json()
            seen += [f["id"] for f in page["features"] if f["id"].startswith("item-")]
            following = [x for x in page["links"] if x["rel"] == "next"]
            assert all(x["method"] == "POST" and x["merge"] for x in following)
            body = {**body, **following[0]["body"]} if following else None
        assert sorted(seen) == names
    finally:
        stop.set()
        writer.join()


def test_count_is_told_with_the_first_page(anon, three):
    page = anon.get("/stac/search", params={"collections": three, "limit": 1}).json()
    assert page["numberMatched"] == 3 and page["numberReturned"] == 1


# ---- the pages around a page ----

def links_of(page):
    return {link["rel"]: link for link in page["links"] if link["rel"] in ("next", "prev", "first")}


def follow(session, link, body):
    """As STAC API says: a link of a POST has a body, which is merged into the one that was sent."""
    if link["method"] == "GET":
        return session.get(link["href"])
    assert link["method"] == "POST" and link["merge"] is True
    return session.post(link["href"], json={key: value for key, value in {**body, **link["body"]}.items() if value is not None})


@pytest.mark.parametrize("way", ["GET", "POST", "items"])
@pytest.mark.parametrize("sort", [None, "+datetime", "-properties.eo:cloud_cover", "+properties.eo:cloud_cover,-id"])
def test_previous_pages(client, anon, collection, way, sort):
    items = [item_document(collection, f"p{n:02}") for n in range(11)]
    for n, item in enumerate(items):
        item["properties"] = {"datetime": f"2020-06-{1 + n // 2:02}T00:00:00Z"}
        if n % 3:
            item["properties"]["eo:cloud_cover"] = n % 4
    add_many(client, collection, items)
    args = {"limit": 3, **({"sortby": sort} if sort else {}), **({} if way == "items" else {"collections": collection})}
    body = {"limit": 3, "collections": [collection]}
    if sort:
        body["sortby"] = [{"field": key[1:], "direction": "desc" if key[0] == "-" else "asc"} for key in sort.split(",")]
    if way == "POST":
        answer = anon.post("/stac/search", json=body)
    else:
        answer = anon.get(f"/stac/collections/{collection}/items" if way == "items" else "/stac/search", params=args)
    pages = [answer.json()]
    assert set(links_of(pages[0])) == {"next"}
    while "next" in links_of(pages[-1]):
        pages.append(follow(anon, links_of(pages[-1])["next"], body).json())
    assert [len(page["features"]) for page in pages] == [3, 3, 3, 2]
    assert len({f["id"] for page in pages for f in page["features"]}) == 11

    at = pages[-1]
    for number in (2, 1, 0):
        at = follow(anon, links_of(at)["prev"], body).json()
        assert at["features"] == pages[number]["features"] and at["numberMatched"] == 11
        assert set(links_of(at)) == {"next", "first"} | ({"prev"} if number else set())
    assert follow(anon, links_of(at)["next"], body).json()["features"] == pages[1]["features"]
    assert follow(anon, links_of(pages[-1])["first"], body).json()["features"] == pages[0]["features"]
    assert set(links_of(pages[-1])) == {"prev", "first"}


def test_a_search_too_long_for_the_next_address_goes_on_by_post(client, anon, collection):
    """The address of the first page is short enough for a server, that of the second, longer by a token, is not."""
    items = [item_document(collection, f"p{n}", properties={"datetime": f"2020-06-0{1 + n}T00:00:00Z", "eo:cloud_cover": n}) for n in range(5)]
    add_many(client, collection, items)
    ring = [[round(7.5 + math.cos(t * math.pi / 32), 4), round(50.5 + math.sin(t * math.pi / 32), 4)] for t in range(64)]
    args = {"limit": 2, "collections": collection, "sortby": "-properties.eo:cloud_cover,+id", "fields": "id,-assets", "filter": "eo:cloud_cover < 9",
            "intersects": json.dumps({"type": "Polygon", "coordinates": [ring + ring[:1]]}, separators=(",", ":"))}
    fill = 1990 - len(requests.Request("GET", "http://x/stac/search", params=args).prepare().path_url)
    args["filter"] += " OR id = '" + "x" * (fill - len(" OR id = ''") - 8) + "'"
    page, body, seen = anon.get("/stac/search", params=args), None, []
    while True:
        assert page.status_code == 200, page.text
        seen += [feature["id"] for feature in page.json()["features"]]
        link = links_of(page.json()).get("next")
        if not link:
            break
        assert link["method"] == "POST"
        body = {**body, **link["body"]} if link["merge"] else link["body"]
        page = anon.post(link["href"], json=body)
    assert seen == ["p4", "p3", "p2", "p1", "p0"]
    assert body["limit"] == 2 and body["fields"] == {"include": ["id"], "exclude": ["assets"]} and body["collections"] == [collection]
