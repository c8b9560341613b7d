"""Collection search, children, and collections that not everybody sees."""
import uuid

import pytest
from helpers import eventually, problem
from helpers_stac import collection_document, item_document


@pytest.fixture(scope="module")
def several(client):
    """Collections told apart by a word of their own in each title."""
    word = "w" + uuid.uuid4().hex
    made = {}
    for name, title, box, interval, keywords, licence in [
        ("alps", "Harvested glaciers", [5, 44, 16, 48], ["1990-01-01T00:00:00Z", "1999-12-31T00:00:00Z"], ["snow"], "CC-BY-4.0"),
        ("fiji", "Récifs de corail", [177, -20, 0, -178, -15, 10], ["2010-01-01T00:00:00Z", None], ["coral"], "CC0-1.0"),
        ("rhine", "Wälder und Felder", [6, 47, 9, 52], ["2000-01-01T00:00:00Z", "2020-01-01T00:00:00Z"], [], "proprietary"),
    ]:
        made[name] = f"{name}-{word}"
        document = {**collection_document(made[name]), "title": f"{title} {word}", "keywords": keywords, "license": licence,
                    "extent": {"spatial": {"bbox": [box]}, "temporal": {"interval": [interval]}},
                    "summaries": {"platform": ["x"]}, "item_assets": {"red": {"type": "image/tiff", "roles": ["data"]}}}
        assert client.post("/stac/collections", json=document).status_code == 201
    yield word, made
    for name in made.values():
        assert client.delete("/stac/collections/" + name).status_code == 204


@pytest.mark.parametrize("arguments, expected", [
    ({}, "alps fiji rhine"), ({"bbox": "7,45,8,46"}, "alps"), ({"bbox": "7,47.5,8,47.6"}, "alps rhine"), ({"bbox": "179,-18,-179,-17"}, "fiji"),
    ({"bbox": "-170,-18,170,-17"}, ""), ({"bbox": "0,-18,1,-17"}, ""), ({"datetime": "1995-01-01T00:00:00Z"}, "alps"),
    ({"datetime": "2019-01-01T00:00:00Z/.."}, "fiji rhine"), ({"sortby": "-title"}, "rhine fiji alps"), ({"sortby": "+license,id"}, "alps fiji rhine"),
    ({"limit": 1}, "alps"), ({"filter": "license = 'CC0-1.0'"}, "fiji"), ({"query": '{"license": {"startsWith": "CC"}}'}, "alps fiji"),
    ({"filter": "id LIKE 'a%' OR keywords A_CONTAINS ('coral')"}, None),
    ({"filter": '{"op": "a_contains", "args": [{"property": "keywords"}, ["coral"]]}'}, "fiji"), ({"filter": "title LIKE 'R%'"}, "fiji"),
])
def test_collections_are_found(anon, several, arguments, expected):
    word, made = several
    answer = anon.get("/stac/collections", params={"ids": ",".join(made.values()), **arguments})
    if expected is None:
        problem(answer, 400)
        return
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert [c["id"].split("-")[0] for c in page["collections"]] == expected.split()
    assert page["numberReturned"] == len(page["collections"]) and page["numberMatched"] == (3 if "limit" in arguments else len(expected.split()))


@pytest.mark.parametrize("words, expected", [("harvest", "alps"), ("récif", "fiji"), ("wald", "rhine"), ("Feld", "rhine"), ("snow,coral", "alps fiji"),
                                              ("harvested glaciers", "alps"), ("glaciers harvested", "")])
def test_free_text_in_three_languages(anon, several, words, expected):
    word, made = several
    page = anon.get("/stac/collections", params={"ids": ",".join(made.values()), "q": words}).json()
    assert [c["id"].split("-")[0] for c in page["collections"]] == expected.split()


@pytest.mark.parametrize("sortby", [None, "title", "-datetime"])
def test_pages(anon, several, sortby):
    word, made = several
    url, params, seen = "/stac/collections", {"ids": ",".join(made.values()), "limit": 1, **({"sortby": sortby} if sortby else {})}, []
    while url:
        page = anon.get(url, params=params).json()
        assert page["numberMatched"] == 3
        seen += [c["id"] for c in page["collections"]]
        url, params = next((link["href"] for link in page["links"] if link["rel"] == "next"), None), None
    assert sorted(seen) == sorted(made.values())


def test_fields_of_collections(anon, several):
    word, made = several
    chosen = anon.get("/stac/collections", params={"ids": made["alps"], "fields": "title,summaries.platform"}).json()["collections"][0]
    assert set(chosen) == {"type", "stac_version", "id", "title", "summaries"}
    whole = anon.get("/stac/collections/" + made["alps"]).json()
    assert whole["item_assets"] == {"red": {"type": "image/tiff", "roles": ["data"]}}


@pytest.mark.parametrize("query", ["limit=0", "bbox=1,2", "datetime=x", "token=%23-1&sortby=id", "token=/", "filter=x%3D%3D", "sortby=", "q=a&fields=-"])
def test_bad_queries_are_told(anon, query):
    problem(anon.get("/stac/collections?" + query), 400)


def test_children_are_what_child_links_point_at(anon, several, base):
    landing = anon.get("/stac").json()
    children = anon.get("/stac/children").json()
    linked = [link["href"] for link in landing["links"] if link["rel"] == "child"]
    assert [link["href"] for link in landing["links"] if link["rel"] == "children"] == [base + "/stac/children"]
    assert {link["href"] for c in children["children"] for link in c["links"] if link["rel"] == "self"} >= {
        base + "/stac/collections/" + name for name in several[1].values()}
    assert len(linked) == len(children["children"])
    some = next(href for href in linked if several[1]["alps"] in href)
    assert anon.get(some).json() in children["children"]


@pytest.fixture
def private(scientist):
    """A private collection of the scientist's with one item."""
    name = "own-" + uuid.uuid4().hex
    answer = scientist.post("/stac/collections", json=collection_document(name))
    assert answer.status_code == 201, answer.text
    answer = scientist.post(f"/stac/collections/{name}/items", json=item_document(name, "x", assets={"red": {"href": "https://example.org/r.tif"}}))
    assert answer.status_code == 201, answer.text
    yield name
    scientist.delete(f"/stac/collections/{name}/items/x")
    assert scientist.delete("/stac/collections/" + name).status_code == 204


def seen_everywhere(session, name):
    """Whether a collection shows, asked at every place where it could."""
    found = {
        "itself": session.get("/stac/collections/" + name).status_code == 200,
        "list": bool(session.get("/stac/collections", params={"ids": name}).json()["collections"]),
        "landing": any(name in link["href"] for link in session.get("/stac").json()["links"] if link["rel"] == "child"),
        "children": any(c["id"] == name for c in session.get("/stac/children").json()["children"]),
        "items": session.get(f"/stac/collections/{name}/items").status_code == 200,
        "item": session.get(f"/stac/collections/{name}/items/x").status_code == 200,
        "search": session.get("/stac/search", params={"collections": name}).json()["numberMatched"] == 1,
    }
    assert len(set(found.values())) == 1, found
    return found["itself"]


def test_a_private_collection_is_its_owners_alone(anon, user, client, scientist, admin, private):
    assert seen_everywhere(scientist, private) and seen_everywhere(admin, private)
    for other in (anon, user, client):
        assert not seen_everywhere(other, private)
    problem(client.put("/stac/collections/" + private, json=collection_document(private)), 404)
    problem(client.post(f"/stac/collections/{private}/items", json=item_document(private, "y")), 404)
    problem(client.delete("/stac/collections/" + private), 404)
    # Its name is taken all the same.
    problem(client.post("/stac/collections", json=collection_document(private)), 409)


def test_a_shared_collection_is_seen_with_all_in_it_but_not_written(scientist, new_user, private):
    friend = new_user("Fay Friend")
    share = eventually(lambda: (a := scientist.post("/sharing/v1/shares", json={"collection": private, "with": friend.email})).status_code == 201 and a).json()
    assert share["item"] is None
    eventually(lambda: seen_everywhere(friend, private))
    eventually(lambda: friend.get(f"/download/v1/items/{private}/x").status_code == 200)
    problem(friend.put("/stac/collections/" + private, json=collection_document(private)), 403)  # no scope
    problem(friend.post("/sharing/v1/shares", json={"collection": private, "with": scientist.email}), 404)
    assert scientist.delete("/sharing/v1/shares/" + share["share"]).status_code == 204
    eventually(lambda: not seen_everywhere(friend, private))
    eventually(lambda: friend.get(f"/download/v1/items/{private}/x").status_code == 404)


def test_scientists_do_not_publish(scientist, demo, collection):
    problem(scientist.post("/stac/collections?visibility=public", json=collection_document("x" + uuid.uuid4().hex)), 403)
    problem(scientist.post(f"/stac/collections/{collection}/items", json=item_document(collection, "mine")), 403)
    problem(scientist.put("/stac/collections/" + collection, json=collection_document(collection)), 403)
    problem(scientist.delete("/stac/collections/{collection}/items/{item}".format(**demo["olinda"])), 403)
    problem(scientist.post(f"/stac/collections/{collection}/bulk_items", json={"items": {"y": item_document(collection, "y")}}), 403)
    problem(scientist.post("/stac/collections?visibility=hidden", json=collection_document("x")), 400)


def test_publishers_may_make_private_ones(admin, anon):
    name = "kept-" + uuid.uuid4().hex
    assert admin.post("/stac/collections?visibility=private", json=collection_document(name)).status_code == 201
    assert anon.get("/stac/collections/" + name).status_code == 404 and admin.get("/stac/collections/" + name).status_code == 200
    assert admin.delete("/stac/collections/" + name).status_code == 204
