"""The extensions of item search: sort, fields, query, filter, free text; each by GET, by POST and on a collection's items."""
import json

import pytest
from helpers import problem
from helpers_stac import add_many, item_document, search_all

CLOUDS = {"a": 5, "b": 40, "c": 40.5, "d": 90, "e": None}


@pytest.fixture(scope="module")
def five(client, module_collection):
    items = []
    for n, (name, cloud) in enumerate(CLOUDS.items()):
        properties = {"datetime": f"2020-01-0{n + 1}T00:00:00Z", "platform": "sentinel-2a" if n % 2 else "sentinel-2b", "tags": ["x", name],
                      "title": {"a": "Harvested fields", "b": "Récoltes de blé", "c": "Felder der Ernte"}.get(name, "Nothing")}
        if cloud is not None:
            properties["eo:cloud_cover"] = cloud
        items.append(item_document(module_collection, name, properties=properties, assets={"B04.tif": {"href": "x.tif", "roles": ["data"]}}))
    add_many(client, module_collection, items)
    return module_collection


def both(anon, collection, arguments, body=None):
    """The ids that GET, POST and the collection's items answer, which must be the same."""
    body = {name: value for name, value in (body or arguments).items()}
    by_get = anon.get("/stac/search", params={"collections": collection, **arguments})
    by_post = anon.post("/stac/search", json={"collections": [collection], **body})
    of_items = anon.get(f"/stac/collections/{collection}/items", params=arguments)
    answers = []
    for answer in (by_get, by_post, of_items):
        assert answer.status_code == 200, answer.text
        answers.append([f["id"] for f in answer.json()["features"]])
    assert answers[0] == answers[1] == answers[2]
    return "".join(answers[0])


@pytest.mark.parametrize("sortby, expected", [
    ("id", "abcde"), ("-id", "edcba"), ("+properties.datetime", "abcde"), ("-datetime", "edcba"), ("platform,-id", "dbeca"),
    ("-properties.eo:cloud_cover", None), ("eo:cloud_cover", None),
])
def test_sort(anon, five, sortby, expected):
    keys = [{"field": k.lstrip("+-"), "direction": "desc" if k.startswith("-") else "asc"} for k in sortby.split(",")]
    found = both(anon, five, {"sortby": sortby}, {"sortby": keys})
    if expected:
        assert found == expected
    else:
        assert found.replace("e", "") == ("dcba" if sortby.startswith("-") else "abcd") and sorted(found) == list("abcde")


def test_sorted_pages_hold_each_item_once(anon, five):
    for sortby in ("eo:cloud_cover", "-eo:cloud_cover", "platform", "-title,id"):
        whole = [f["id"] for f in anon.get("/stac/search", params={"collections": five, "sortby": sortby}).json()["features"]]
        paged = [f["id"] for f in search_all(anon, "/stac/search", {"collections": five, "sortby": sortby, "limit": 2})]
        assert paged == whole and sorted(paged) == list("abcde")


@pytest.mark.parametrize("query, expected", [
    ({"eo:cloud_cover": {"lt": 41}}, "abc"), ({"eo:cloud_cover": {"gte": 40, "lte": 40}}, "b"), ({"eo:cloud_cover": {"eq": 90}}, "d"),
    ({"platform": {"eq": "sentinel-2a"}}, "bd"), ({"platform": {"startsWith": "sentinel", "endsWith": "b"}}, "ace"),
    ({"title": {"contains": "%"}}, ""), ({"id": {"in": ["a", "e", "z"]}}, "ae"), ({"eo:cloud_cover": {"neq": 5}}, None),
])
def test_query(anon, five, query, expected):
    found = both(anon, five, {"query": json.dumps(query), "sortby": "id"}, {"query": query, "sortby": [{"field": "id"}]})
    assert found == expected if expected is not None else "a" not in found


@pytest.mark.parametrize("text, tree, expected", [
    ("eo:cloud_cover < 41", {"op": "<", "args": [{"property": "eo:cloud_cover"}, 41]}, "abc"),
    ("\"eo:cloud_cover\" IS NULL", {"op": "isNull", "args": [{"property": "eo:cloud_cover"}]}, "e"),
    ("id IN ('a','b') OR id = 'e'", {"op": "or", "args": [{"op": "in", "args": [{"property": "id"}, ["a", "b"]]},
                                                          {"op": "=", "args": [{"property": "id"}, "e"]}]}, "abe"),
    ("S_INTERSECTS(geometry, POINT(7.5 50.5)) AND datetime > TIMESTAMP('2020-01-04T00:00:00Z')",
     {"op": "and", "args": [{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [7.5, 50.5]}]},
                            {"op": ">", "args": [{"property": "datetime"}, {"timestamp": "2020-01-04T00:00:00Z"}]}]}, "e"),
])
def test_filter(anon, five, text, tree, expected):
    assert both(anon, five, {"filter": text, "sortby": "id"}, {"filter": tree, "sortby": [{"field": "id"}]}) == expected
    # Each way of asking takes either language.
    swapped = both(anon, five, {"filter": json.dumps(tree), "filter-lang": "cql2-json", "sortby": "id"},
                   {"filter": text, "filter-lang": "cql2-text", "sortby": [{"field": "id"}],
                    "filter-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"})
    assert swapped == expected


def test_filter_and_query_must_both_hold(anon, five):
    assert both(anon, five, {"filter": "eo:cloud_cover < 41", "query": '{"platform": {"eq": "sentinel-2a"}}'},
                {"filter": {"op": "<", "args": [{"property": "eo:cloud_cover"}, 41]}, "query": {"platform": {"eq": "sentinel-2a"}}}) == "b"


@pytest.mark.parametrize("words, expected", [("harvesting", "a"), ("récolte", "b"), ("Ernten", "c"), ("harvest,ernte", "ac"), ("quinoa", "")])
def test_free_text_in_three_languages(anon, five, words, expected):
    assert both(anon, five, {"q": words, "sortby": "id"}, {"q": words.split(","), "sortby": [{"field": "id"}]}) == expected


NAMES = {"type", "stac_version", "id", "collection"}


@pytest.mark.parametrize("text, tree, top, properties", [
    ("", {}, NAMES | {"geometry", "bbox", "links", "assets", "properties"}, {"datetime"}),
    ("", {"include": None, "exclude": []}, NAMES | {"geometry", "bbox", "links", "assets", "properties"}, {"datetime"}),
    ("geometry", {"include": ["geometry"]}, NAMES | {"geometry"}, None),
    ("+properties.platform,assets", {"include": ["properties.platform", "assets"]}, NAMES | {"properties", "assets"}, {"platform"}),
    ("platform", {"include": ["platform"]}, NAMES | {"properties"}, {"platform"}),
    ("id,-type,-collection", {"include": ["id"], "exclude": ["type", "collection"]}, {"id", "stac_version"}, None),
    ("-geometry,-properties.tags", {"exclude": ["geometry", "properties.tags"]}, NAMES | {"bbox", "links", "assets", "properties"},
     {"datetime", "platform", "title", "eo:cloud_cover"}),
    ("-properties,+properties.platform", {"exclude": ["properties"], "include": ["properties.platform"]}, NAMES | {"properties"}, {"platform"}),
    ("geometry,-geometry", {"include": ["geometry"], "exclude": ["geometry"]}, NAMES | {"geometry"}, None),
])
def test_fields(anon, five, text, tree, top, properties):
    by_get = anon.get("/stac/search", params={"collections": five, "ids": "a", "fields": text}).json()["features"][0]
    by_post = anon.post("/stac/search", json={"collections": [five], "ids": ["a"], "fields": tree}).json()["features"][0]
    assert by_get == by_post and set(by_get) == top
    assert properties is None or set(by_get["properties"]) == properties


def test_fields_of_members_inside_members(anon, five):
    def chosen(fields):
        return anon.get("/stac/search", params={"collections": five, "ids": "a", "fields": fields}).json()["features"][0]

    assert chosen("assets.B04.tif.href")["assets"] == {"B04.tif": {"href": "x.tif"}}
    assert chosen("-assets.B04.tif.href")["assets"] == {"B04.tif": {"roles": ["data"]}}
    assert all(set(link) == {"rel"} for link in chosen("links.rel")["links"])
    assert set(chosen("no.such.member")) == NAMES


def test_an_empty_selection_beside_an_exclusion_takes_from_the_default_set(anon, five):
    item = anon.post("/stac/search", json={"collections": [five], "fields": {"include": [], "exclude": ["geometry"]}}).json()["features"][0]
    assert "geometry" not in item and set(item["properties"]) == {"datetime"} and "assets" in item


def test_pages_keep_fields_filter_and_sort(anon, five):
    body = {"collections": [five], "limit": 2, "fields": {"include": ["id"]}, "filter": {"op": ">", "args": [{"property": "eo:cloud_cover"}, 10]},
            "sortby": [{"field": "eo:cloud_cover", "direction": "desc"}]}
    first = anon.post("/stac/search", json=body).json()
    following = next(link for link in first["links"] if link["rel"] == "next")
    assert following["method"] == "POST" and following["merge"] is True
    second = anon.post("/stac/search", json={**body, **following["body"]}).json()
    assert [f["id"] for f in first["features"] + second["features"]] == ["d", "c", "b"] and first["numberMatched"] == second["numberMatched"] == 3
    back = next(link for link in second["links"] if link["rel"] == "first")
    assert anon.post("/stac/search", json={**body, **following["body"], **back["body"]}).json()["features"] == first["features"]
    assert set(second["features"][0]) == NAMES and not any(link["rel"] == "next" for link in second["links"])


def test_a_token_belongs_to_its_search(anon, five):
    page = anon.get("/stac/search", params={"collections": five, "limit": 1}).json()
    token = next(link for link in page["links"] if link["rel"] == "next")["href"].split("token=")[1].split("&")[0]
    problem(anon.get(f"/stac/search?collections={five}&limit=1&sortby=id&token={token}"), 400)


def test_numbers_matched_are_told_on_every_page(anon, five):
    answer = anon.get("/stac/search", params={"collections": five, "limit": 2})
    while True:
        page = answer.json()
        assert page["numberMatched"] == 5
        following = [link for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        answer = anon.get(following[0]["href"])
        back = next(link for link in answer.json()["links"] if link["rel"] == "first")
        assert "token" not in back["href"] and anon.get(back["href"]).json()["features"][0]["id"] == "e"
