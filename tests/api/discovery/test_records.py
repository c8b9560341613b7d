"""OGC API - Records: the catalog of collections, compared with the STAC Collections themselves."""
import uuid

import pytest

from helpers import problem
from helpers_stac import collection_document

CATALOG = "/records/collections/datasets"
ITEMS = CATALOG + "/items"


@pytest.fixture(scope="module")
def made(client):
    """Three collections that differ in all that records are found by. One word is theirs alone."""
    word = "w" + uuid.uuid4().hex[:12]
    documents = {}
    for at, (title, license, box, interval) in enumerate([
        ("Alpine forests", "CC-BY-4.0", [[5, 44, 16, 48]], ["2015-01-01T00:00:00Z", "2018-01-01T00:00:00+01:00"]),
        ("Pacific reefs", "proprietary", [[170, -30, -160, 10]], ["2020-06-01T00:00:00Z", None]),
        ("Two towns", "various", [[0, 40, 20, 60], [2, 48, 3, 49], [13, 52, 14, 53]], [None, "2010-01-01T00:00:00Z"]),
    ]):
        name = f"test-{word}-{at}"
        documents[name] = collection_document(name) | {
            "title": title, "license": license, "description": f"Made for {word}.", "keywords": [word, title.split()[1]],
            "extent": {"spatial": {"bbox": box}, "temporal": {"interval": [interval]}},
            "providers": [{"name": f"Agency {at}", "roles": ["producer"], "url": "https://agency.example/"}],
            "summaries": {"platform": [f"sat-{at}"], "instruments": ["msi"]}, "sci:doi": f"10.5555/{word}.{at}",
            "item_assets": {"red": {"type": "image/tiff"}, "blue": {"type": "image/tiff"}, "meta": {"type": "text/xml"}},
            "updated": f"2024-0{at + 1}-01T00:00:00Z",
            "links": [{"rel": "license", "href": "https://agency.example/terms", "type": "text/html"}]}
        answer = client.post("/stac/collections", json=documents[name])
        assert answer.status_code == 201, answer.text
    yield {"word": word, "names": sorted(documents), "documents": documents}
    for name in documents:
        client.delete("/stac/collections/" + name)


def found(session, made, **params):
    """Which of the three are found, by their numbers."""
    answer = session.get(ITEMS, params={"limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["numberReturned"] == len(page["features"]) <= page["numberMatched"]
    return [made["names"].index(f["id"]) for f in page["features"] if f["id"] in made["names"]]


# ---- the way there ----


def test_from_the_landing_page_to_a_record(anon, made):
    landing = anon.get("/records").json()
    assert anon.get("/records/").json() == landing
    links = {link["rel"]: link["href"] for link in landing["links"]}
    declared = anon.get(links["conformance"]).json()["conformsTo"]
    for name in ("record-core", "record-collection", "record-core-query-parameters", "records-api", "searchable-catalog", "json", "html"):
        assert f"http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/{name}" in declared
    catalogs = anon.get(links["data"]).json()["collections"]
    assert [c["id"] for c in catalogs] == ["datasets"] and catalogs[0]["itemType"] == "record"
    links = {link["rel"]: link["href"] for link in reversed(catalogs[0]["links"])}
    assert anon.get(links["self"]).json() == catalogs[0]
    page = anon.get(links["items"], params={"q": made["word"]})
    assert page.headers["Content-Type"].startswith("application/geo+json")
    for record in page.json()["features"]:
        own = {link["rel"]: link["href"] for link in record["links"]}
        assert anon.get(own["self"]).json() == record
        assert anon.get(own["collection"]).json() == catalogs[0]
        for rel in ("alternate", "items", "search", "http://www.opengis.net/def/rel/ogc/1.0/queryables"):
            assert anon.get(own[rel]).status_code == 200, rel


def test_every_link_of_the_landing_page_answers(anon):
    for link in anon.get("/records").json()["links"]:
        answer = anon.get(link["href"])
        assert answer.status_code == 200 and answer.headers["Content-Type"].split(";")[0] == link["type"].split(";")[0], link


def test_a_record_says_what_the_collection_says(anon, made):
    name = made["names"][0]
    document, record = made["documents"][name], anon.get(f"{ITEMS}/{name}").json()
    assert record["id"] == name and record["type"] == "Feature"
    assert record["time"] == {"interval": ["2015-01-01T00:00:00Z", "2017-12-31T23:00:00Z"]}
    assert record["geometry"] == {"type": "Polygon", "coordinates": [[[5, 44], [16, 44], [16, 48], [5, 48], [5, 44]]]}
    properties = record["properties"]
    assert properties["type"] == "dataset" and properties["license"] == "CC-BY-4.0"
    for member in ("title", "description", "keywords", "updated"):
        assert properties[member] == document[member]
    assert properties["externalIds"] == [{"scheme": "doi", "value": document["sci:doi"]}]
    assert properties["formats"] == [{"mediaType": "image/tiff"}, {"mediaType": "text/xml"}]
    assert properties["contacts"] == [{"organization": "Agency 0", "roles": ["producer"],
                                       "links": [{"rel": "about", "type": "text/html", "href": "https://agency.example/"}]}]
    assert {"rel": "license", "href": "https://agency.example/terms", "type": "text/html"} in record["links"]


def test_open_times_several_boxes_and_the_antimeridian(anon, made):
    reefs, towns = (anon.get(f"{ITEMS}/{name}").json() for name in made["names"][1:])
    assert reefs["time"]["interval"] == ["2020-06-01T00:00:00Z", ".."] and towns["time"]["interval"] == ["..", "2010-01-01T00:00:00Z"]
    assert reefs["properties"]["license"] == towns["properties"]["license"] == "other"
    assert reefs["geometry"]["type"] == "MultiPolygon" and {x for polygon in reefs["geometry"]["coordinates"] for x, _ in polygon[0]} == {170, 180, -180, -160}
    assert [polygon[0][0] for polygon in towns["geometry"]["coordinates"]] == [[2, 48], [13, 52]], "the first box only covers the others"


# ---- finding ----

QUESTIONS = [
    ({}, [0, 1, 2]),
    ({"type": "dataset"}, [0, 1, 2]), ({"type": "service,dataset"}, [0, 1, 2]), ({"type": "service"}, []),
    ({"bbox": "6,45,7,46"}, [0]), ({"bbox": "175,-5,-175,5"}, [1]), ({"bbox": "5,45,5.1,45.1"}, [0]), ({"bbox": "8,50,9,51"}, []), ({"bbox": "13,52,14,53"}, [2]),
    ({"datetime": "2016-01-01T00:00:00Z"}, [0]), ({"datetime": "2022-01-01T00:00:00Z/.."}, [1]), ({"datetime": "../2009-01-01T00:00:00Z"}, [2]),
    ({"datetime": "2012-01-01T00:00:00Z/2013-01-01T00:00:00Z"}, []),
    ({"filter": "title LIKE 'Alp%'"}, [0]), ({"filter": "license = 'CC-BY-4.0' OR CASEI(title) = CASEI('TWO TOWNS')"}, [0, 2]),
    ({"filter": "A_OVERLAPS(platform, ('sat-1','sat-9'))"}, [1]), ({"filter": "S_INTERSECTS(geometry, POINT(6 45))"}, [0]),
    ({"filter": "updated >= TIMESTAMP('2024-02-01T00:00:00Z')"}, [1, 2]), ({"filter": "type = 'dataset' AND title <> 'Two towns'"}, [0, 1]),
    ({"filter": "{\"op\":\"like\",\"args\":[{\"property\":\"title\"},\"%reef%\"]}", "filter-lang": "cql2-json"}, [1]),
    ({"sortby": "title"}, [0, 1, 2]), ({"sortby": "-title"}, [2, 1, 0]), ({"sortby": "+updated"}, [0, 1, 2]), ({"sortby": "-updated,id"}, [2, 1, 0]),
]


@pytest.mark.parametrize("params, expected", QUESTIONS, ids=[str(q) for q, _ in QUESTIONS])
def test_questions(anon, made, params, expected):
    assert found(anon, made, q=made["word"], **params) == expected


def test_words(anon, made):
    word = made["word"]
    assert found(anon, made, q="Alpine forests,Pacific reefs") == [0, 1], "commas: any of the terms"
    assert found(anon, made, q="Alpine forests") == [0] and found(anon, made, q="forests Alpine") == [], "blanks: all, in this order"
    assert found(anon, made, q=f"made for {word}") == [0, 1, 2]


def test_identifiers(anon, made):
    names, word = made["names"], made["word"]
    assert found(anon, made, ids=f"{names[2]},{names[0]}") == [0, 2] and found(anon, made, ids="no-such") == []
    assert found(anon, made, externalIds=f"10.5555/{word}.1") == [1]
    assert found(anon, made, externalIds=f"doi:10.5555/{word}.2,doi:10.5555/{word}.0") == [0, 2]
    assert found(anon, made, externalIds=f"isbn:10.5555/{word}.1") == []
    assert found(anon, made, externalIds="doi", q=word) == [0, 1, 2]


@pytest.mark.parametrize("order", [{}, {"sortby": "-title"}])
def test_pages(anon, made, order):
    answer, ids = anon.get(ITEMS, params={"q": made["word"], "limit": 1, **order}), []
    while True:
        page = answer.json()
        assert page["numberMatched"] == 3 and page["numberReturned"] == 1
        ids.append(page["features"][0]["id"])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        answer = anon.get(following[0])
    assert ids == (list(reversed(made["names"])) if order else made["names"])


def test_queryables_and_sortables(anon, made):
    for kind, members in (("queryables", {"id", "type", "title", "description", "keywords", "license", "geometry", "updated", "externalIds"}),
                          ("sortables", {"id", "title", "type", "updated"})):
        answer = anon.get(f"{CATALOG}/{kind}")
        assert answer.headers["Content-Type"].startswith("application/schema+json")
        schema = answer.json()
        assert schema["type"] == "object" and members <= set(schema["properties"]) and schema["$id"].endswith(f"{CATALOG}/{kind}")
    for name in anon.get(f"{CATALOG}/sortables").json()["properties"]:
        assert len(found(anon, made, q=made["word"], sortby=f"-{name}")) == 3, name
    for name, schema in anon.get(f"{CATALOG}/queryables").json()["properties"].items():
        if schema.get("type") == "string":
            assert anon.get(ITEMS, params={"filter": f"\"{name}\" IS NOT NULL"}).status_code == 200, name


def test_a_browser_is_shown_pages(anon, made):
    """The same documents as HTML, with what was written into them as text only."""
    name = made["names"][1]
    for path in ("/records", "/records/conformance", "/records/collections", CATALOG, f"{ITEMS}?q={made['word']}", f"{ITEMS}/{name}"):
        page = anon.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"), path
        assert "accept" in page.headers["Vary"].lower() and "<script" not in page.text
    assert "Pacific reefs" in page.text and "https://agency.example/terms" in page.text
    listed = anon.get(ITEMS, params={"q": made["word"], "f": "html", "limit": 2}).text
    assert "Alpine forests" in listed and "Two towns" not in listed and "limit=2" in listed.split("button main")[1]
    assert anon.get(f"{ITEMS}/{name}", params={"f": "json"}, headers={"Accept": "text/html"}).json()["id"] == name
    assert anon.get(ITEMS, params={"bbox": "1", "f": "html"}).status_code == 400


# ---- refusals, rights ----


@pytest.mark.parametrize("params, field", [
    ({"bbox": "1,2"}, "bbox"), ({"datetime": "today"}, "datetime"), ({"limit": "0"}, "limit"), ({"limit": "x"}, "limit"), ({"filter": "title ="}, "filter"),
    ({"filter": "colour = 'red'"}, "filter"), ({"filter": "\"record:type\" = 'dataset'"}, "filter"), ({"sortby": "colour"}, "sortby"),
    ({"sortby": "-description"}, "sortby"), ({"colour": "red"}, "colour"), ({"token": "../x"}, "token"), ({"f": "pdf"}, "f"),
    ({"bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/3857", "bbox": "0,0,1,1"}, "bbox-crs"),
])
def test_bad_questions_are_refused(anon, params, field):
    assert problem(anon.get(ITEMS, params=params), 400)["field"] == field


def test_what_is_not_there(anon):
    problem(anon.get(ITEMS + "/no-such"), 404, "no-such-record")
    for path in ("", "/items", "/items/x", "/queryables", "/sortables"):
        problem(anon.get("/records/collections/nothing" + path), 404, "no-such-catalog")


def test_private_collections_are_only_for_those_entitled(scientist, admin, other_user, anon):
    """A person who may write makes a private collection; strangers find neither its record nor its entry."""
    name = "test-" + uuid.uuid4().hex
    answer = scientist.post("/stac/collections", params={"visibility": "private"}, json=collection_document(name) | {"title": "Mine alone"})
    assert answer.status_code == 201, answer.text
    try:
        for session, status in ((scientist, 200), (admin, 200), (other_user, 404), (anon, 404)):
            assert session.get(f"{ITEMS}/{name}").status_code == status
            assert session.get(ITEMS, params={"ids": name}).json()["numberMatched"] == (status == 200)
            for path in ("", "/items", "/description.xml"):
                assert session.get(f"/opensearch/collections/{name}{path}").status_code == status
            text = session.get("/opensearch/collections", params={"uid": name}).text
            assert (f"<dc:identifier>{name}</dc:identifier>" in text) == (status == 200)
    finally:
        scientist.delete("/stac/collections/" + name)
