"""OGC API - Records Part 1 (20-004r1): the requirements of every class that /records/conformance declares, each test by the clause
that it is about. What a search must find (…-response of the query parameters, sortby, filter) is in test_records.py."""
import re
from html.parser import HTMLParser

import pytest

from helpers import problem
from helpers_stac import collection_document
from test_records import CATALOG, ITEMS, found, made  # noqa: F401

RECORDS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
REL = "http://www.opengis.net/def/rel/ogc/1.0/"
RECORD_PROFILE, CATALOG_PROFILE = ("http://www.opengis.net/def/profile/OGC/0/ogc-" + name for name in ("record", "catalog"))
MOMENT = r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z)?"


def media_type(answer):
    return answer.headers["Content-Type"].split(";")[0]


def with_rel(document, rel):
    return [link for link in document["links"] if link["rel"] == rel]


def items_of(anon, **params):
    answer = anon.get(ITEMS, params={"limit": 1000, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()


# ---- searchable-catalog, searchable-catalog/sorting, searchable-catalog/filtering ----


def test_conformance_declares_what_belongs_together(anon):
    """/req/searchable-catalog/conformance, sorting-conformance, filtering-conformance, common; /req/json and /req/html/conformance."""
    declared = set(anon.get("/records/conformance").json()["conformsTo"])
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in declared
    for name in ("searchable-catalog", "records-api", "record-core", "record-collection", "record-core-query-parameters", "json", "html",
                 "searchable-catalog-sorting", "searchable-catalog/sorting", "sorting",
                 "searchable-catalog-filtering", "searchable-catalog/filtering", "filtering"):
        assert RECORDS + name in declared, name
    for name in ("features-filter", "filter", "queryables"):  # what filtering builds on
        assert f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}" in declared
    for name in ("oas30", "autodiscovery", "crawlable-catalog", "local-resources-catalog", "query-param-profile"):
        assert RECORDS + name not in declared, "declared, but not tested here: " + name


def test_mandatory_properties(anon):
    """/req/searchable-catalog/mandatory-catalog-properties, -record-properties; /req/record-core/mandatory-properties-record;
    /req/record-collection/mandatory-properties-collection."""
    catalog = anon.get(CATALOG).json()
    assert catalog["id"] == "datasets" and catalog["type"] == "Collection" and catalog["links"]
    for record in items_of(anon)["features"]:
        assert isinstance(record["id"], str) and record["id"]
        assert record["properties"]["type"] == "dataset" and record["properties"]["title"]


def test_mandatory_queryables(anon):
    """/req/searchable-catalog/mandatory-queryables, and the way to them (Features Part 3, /req/queryables)."""
    link, = with_rel(anon.get(CATALOG).json(), REL + "queryables")
    answer = anon.get(link["href"])
    assert media_type(answer) == link["type"] == "application/schema+json"
    schema = answer.json()
    assert {"id", "type", "title", "geometry", "time"} <= set(schema["properties"])
    assert schema["$id"] == link["href"] and schema["type"] == "object"


# ---- record-collection ----


def test_catalog(anon):
    """/req/record-collection/itemType, links, links-records; /req/records-api/catalog-response, catalogs-response, records-op;
    /req/json/catalog-content."""
    listed = anon.get("/records/collections").json()["collections"]
    assert [c["itemType"] for c in listed] == ["record"]
    for catalog in listed:
        own = anon.get(f"/records/collections/{catalog['id']}").json()
        assert own == catalog
        link, = with_rel(catalog, "self")
        assert link["type"] == "application/ogc-catalog+json" and anon.get(link["href"]).json() == catalog
        assert {link["type"] for link in with_rel(catalog, "alternate")} >= {"text/html", "application/json"}
        for rel in ("alternate", "items"):
            for link in with_rel(catalog, rel):
                answer = anon.get(link["href"], headers={"Accept": link["type"]})
                assert answer.status_code == 200 and media_type(answer) == link["type"], link
        assert {link["type"] for link in with_rel(catalog, "items")} == {"application/geo+json", "text/html"}
        assert [link["href"] for link in with_rel(catalog, "profile")] == [CATALOG_PROFILE]
        assert all(link["href"] and link["rel"] for link in catalog["links"])
        for place in ("child", "related", "next"):  # one catalog alone
            assert not with_rel(catalog, place)
        assert len(catalog["extent"]["spatial"]["bbox"][0]) == 4 and len(catalog["extent"]["temporal"]["interval"][0]) == 2
        assert all(isinstance(word, str) for word in catalog["keywords"] + catalog["conformsTo"] + catalog["crs"])


@pytest.mark.parametrize("accept, given", [
    (None, "application/ogc-catalog+json"), ("*/*", "application/ogc-catalog+json"), ("application/ogc-catalog+json", "application/ogc-catalog+json"),
    ("application/ogc-catalog+json, text/html;q=0.5", "application/ogc-catalog+json"), ("application/json", "application/json"),
    ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html")])
def test_type_of_a_catalog(anon, accept, given):
    """/req/record-collection/default-mediatype, /req/json/collection-response, catalog-content-profile."""
    answer = anon.get(CATALOG, headers={"Accept": accept})
    assert answer.status_code == 200 and media_type(answer) == given


# ---- record-core, json ----


def test_records_are_what_the_schema_says(anon, made):
    """/req/json/record-content, record-response (recordGeoJSON.yaml); /req/record-core/time-interval, time-zone, time-instant,
    time-instant-interval, contact, templated-link."""
    page = items_of(anon)
    assert page["type"] == "FeatureCollection" and len(page["features"]) >= 3
    for record in page["features"]:
        assert record["type"] == "Feature" and RECORDS + "record-core" in record["conformsTo"]
        geometry, properties = record["geometry"], record["properties"]
        assert geometry is None or geometry["type"] in ("Polygon", "MultiPolygon") and geometry["coordinates"]
        assert set(record["time"]) == {"interval"} and len(record["time"]["interval"]) == 2
        for end in record["time"]["interval"]:
            assert end == ".." or re.fullmatch(MOMENT, end), end
        assert len({len(end) > 10 for end in record["time"]["interval"] if end != ".."}) < 2, "dates and times are not mixed"
        for name in ("title", "description", "license", "rights"):
            assert isinstance(properties.get(name, ""), str), name
        for name in ("created", "updated"):
            assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", properties.get(name, "2000-01-01T00:00:00Z")), name
        assert all(isinstance(word, str) for word in properties.get("keywords", []))
        assert all(contact.get("name") or contact.get("organization") for contact in properties.get("contacts", []))
        for contact in properties.get("contacts", []):
            assert all(link["rel"] == "about" and link["type"] and link["href"] for link in contact.get("links", []))
            assert "logo" not in contact or (contact["logo"]["rel"] == "icon" and contact["logo"]["type"].startswith("image/"))
        assert all(one.get("name") or one.get("mediaType") for one in properties.get("formats", []))
        assert all(one["value"] for one in properties.get("externalIds", []))
        for link in record["links"]:
            assert isinstance(link["href"], str) and isinstance(link["rel"], str) and isinstance(link.get("type", ""), str)
        for link in record.get("linkTemplates", []):
            assert re.search(r"\{\w+\}", link["uriTemplate"])
        assert anon.get(f"{ITEMS}/{record['id']}").json() == record


def test_links_of_a_record(anon, made):
    """/req/record-core/links, default-mediatype; /req/records-api/record-response, record-op; the profile of /req/json/record-content."""
    page = items_of(anon, q=made["word"])
    assert [link["href"] for link in with_rel(page, "profile")] == [RECORD_PROFILE]
    for record in page["features"]:
        assert [link["href"] for link in with_rel(record, "profile")] == [RECORD_PROFILE]
        link, = with_rel(record, "collection")
        assert anon.get(link["href"]).json()["id"] == "datasets"
        link, = with_rel(record, "self")
        for accept in (None, "*/*", "application/geo+json"):
            answer = anon.get(link["href"], headers={"Accept": accept})
            assert media_type(answer) == link["type"] == "application/geo+json" and answer.json() == record
        link, = (link for link in with_rel(record, "alternate") if link["type"] == "text/html")
        answer = anon.get(link["href"])
        assert media_type(answer) == "text/html" and record["properties"]["title"] in answer.text


def test_other_licences_have_a_link(anon, client, made):
    """/req/record-core/license: a name of SPDX, or "other" and links to the texts. Where nobody gave a link nothing is said."""
    for record in items_of(anon)["features"]:
        if record["properties"].get("license") == "other":
            assert with_rel(record, "license"), record["id"]
        assert record["properties"].get("license") not in ("proprietary", "various")
    name = "test-" + made["word"] + "-nolink"
    document = collection_document(name) | {"license": "proprietary", "links": []}
    assert client.post("/stac/collections", json=document).status_code == 201
    try:
        record = anon.get(f"{ITEMS}/{name}").json()
        assert "license" not in record["properties"] and not with_rel(record, "license")
    finally:
        client.delete("/stac/collections/" + name)


# ---- records-api: what it takes over from Features Part 1 ----


def test_page_of_records(anon, made):
    """Features /req/core/fc-links, fc-rel-type, fc-timeStamp, fc-numberMatched, fc-numberReturned; fc-limit-response-1."""
    page = anon.get(ITEMS, params={"q": made["word"], "sortby": "-title", "limit": 2}).json()
    assert (page["numberMatched"], page["numberReturned"], len(page["features"])) == (3, 2, 2)
    assert re.fullmatch(MOMENT, page["timeStamp"])
    link, = with_rel(page, "self")
    assert [f["id"] for f in anon.get(link["href"]).json()["features"]] == [f["id"] for f in page["features"]]
    link, = with_rel(page, "alternate")
    shown = anon.get(link["href"])
    assert link["type"] == "text/html" == media_type(shown)
    assert all(f["properties"]["title"] in shown.text for f in page["features"]) and "Alpine forests" not in shown.text
    assert all(link["type"] for rel in ("self", "alternate", "collection", "next") for link in with_rel(page, rel))
    assert items_of(anon, q=made["word"], limit=100000)["numberReturned"] == 3, "more than the most is no fault"


def test_bbox_of_six_numbers(anon, made):
    """/req/record-core-query-parameters/bbox (Features /req/core/fc-bbox-definition): heights play no part, west may be more than east."""
    word = made["word"]
    assert found(anon, made, q=word, bbox="6,45,-100,7,46,100") == found(anon, made, q=word, bbox="6,45,7,46") == [0]
    assert found(anon, made, q=word, bbox="175,-5,-10,-175,5,10") == [1]
    problem(anon.get(ITEMS, params={"bbox": "6,45,7,46,8"}), 400)


def test_words_whatever_their_case_and_blanks(anon, made):
    """/req/record-core-query-parameters/q-definition E, q-response C: any number of white spaces."""
    word = made["word"]
    assert found(anon, made, q="ALPINE fORESTS") == [0]
    assert found(anon, made, q="Alpine   forests") == found(anon, made, q="Alpine\tforests") == [0]
    assert found(anon, made, q=f"made  for \n {word.upper()}") == [0, 1, 2]


def test_all_conditions_hold_together(anon, made):
    """/req/records-api/query-params, /req/record-filter/response: AND."""
    word, names = made["word"], made["names"]
    assert found(anon, made, q=word, ids=",".join(names[:2]), filter="license = 'CC-BY-4.0'") == [0]
    assert found(anon, made, q=word, ids=names[1], filter="license = 'CC-BY-4.0'") == []
    assert found(anon, made, q=word, type="dataset", bbox="6,45,7,46", datetime="2016-01-01T00:00:00Z", externalIds=f"10.5555/{word}.0") == [0]
    assert found(anon, made, q=word, type="dataset", bbox="6,45,7,46", datetime="2019-01-01T00:00:00Z") == []


def test_filter_languages(anon, made):
    """/req/record-filter/filter-lang-param, filter-param: both languages, text where none is named, no others."""
    text, json = "title LIKE 'Alp%'", '{"op":"like","args":[{"property":"title"},"Alp%"]}'
    assert found(anon, made, q=made["word"], filter=text) == found(anon, made, q=made["word"], filter=text, **{"filter-lang": "cql2-text"}) == [0]
    assert found(anon, made, q=made["word"], filter=json, **{"filter-lang": "cql2-json"}) == [0]
    problem(anon.get(ITEMS, params={"filter": text, "filter-lang": "ecql"}), 400)
    problem(anon.get(ITEMS, params={"filter": text, "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/3857"}), 400)


def test_parameters_are_described(anon):
    """/req/record-core-query-parameters/…-definition, /req/sorting/sortby-param, Features /req/core/fc-limit-definition: as the
    description of the API shows them."""
    described = anon.get("/stac/api.json").json()["paths"]["/records/collections/{catalog}/items"]["get"]["parameters"]
    by_name = {one["name"]: one for one in described if "name" in one}
    for name in ("q", "type", "ids", "externalIds", "sortby"):
        one = by_name[name]
        assert one["in"] == "query" and not one.get("required") and one["explode"] is False and one.get("style", "form") == "form", name
        assert one["schema"]["type"] == "array" and one["schema"]["items"]["type"] == "string", name
    assert by_name["limit"]["schema"] == {"type": "integer", "minimum": 1, "default": 10}


# ---- sorting ----


def test_sortables(anon):
    """/req/sorting/get-sortables-op, get-sortables-success."""
    link, = with_rel(anon.get(CATALOG).json(), REL + "sortables")
    answer = anon.get(link["href"])
    assert answer.status_code == 200 and media_type(answer) == link["type"] == "application/schema+json"
    schema = answer.json()
    assert schema["$schema"] == "https://json-schema.org/draft/2019-09/schema" and schema["$id"] == link["href"]
    assert schema["type"] == "object" and schema["additionalProperties"] is False
    for name, one in schema["properties"].items():
        assert one["type"], name


def test_order_where_none_is_asked_for(anon, made):
    """/req/sorting/defaultSortOrder-definition, sortby-param: ascending unless told."""
    default = anon.get(CATALOG).json()["defaultSortOrder"]
    assert default == [{"field": "id", "direction": "asc"}]
    ids = [f["id"] for f in items_of(anon)["features"]]
    assert ids == sorted(ids) == [f["id"] for f in items_of(anon, sortby="id")["features"]]
    assert found(anon, made, q=made["word"], sortby="title") == found(anon, made, q=made["word"], sortby="+title") == [0, 1, 2]


# ---- html ----


class Page(HTMLParser):
    """The text of a page's body, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.words, self.links, self.body = [], set(), False
        assert text.lstrip().lower().startswith("<!doctype html>")
        self.feed(text)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attributes):
        self.body |= tag == "body"
        if tag == "a":
            self.links.add(dict(attributes).get("href"))

    def handle_data(self, data):
        if self.body:
            self.words.append(data)


def values(node):
    """Every text in a document but links."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("links", "geometry"):
                yield from values(value)
    elif isinstance(node, list):
        for value in node:
            yield from values(value)
    elif isinstance(node, str):
        yield re.sub(r"\s+", " ", node)


@pytest.mark.parametrize("path", ["/records", "/records/conformance", "/records/collections", CATALOG, CATALOG + "/queryables", CATALOG + "/sortables"])
def test_every_resource_as_a_page(anon, path):
    """/req/html/definition, content."""
    document = anon.get(path).json()
    for how in ({"headers": {"Accept": "text/html"}}, {"params": {"f": "html"}}):
        answer = anon.get(path, **how)
        assert answer.status_code == 200 and media_type(answer) == "text/html"
    page = Page(answer.text)
    assert {link["href"] for link in document.get("links", [])} <= page.links
    if path != "/records/collections":
        missing = [text for text in values({k: v for k, v in document.items() if k not in ("$schema", "$id")}) if text not in page.text]
        assert not missing


def test_records_as_pages(anon, made):
    """/req/html/definition, content: all that the record says, all of its links; alone, and in a list."""
    records = items_of(anon, q=made["word"])["features"]
    listed = Page(anon.get(ITEMS, params={"q": made["word"], "f": "html"}).text)
    for record in records:
        for page in (listed, Page(anon.get(f"{ITEMS}/{record['id']}", params={"f": "html"}).text)):
            assert not [text for text in values(record) if text not in page.text]
            assert {link["href"] for link in record["links"]} <= page.links
