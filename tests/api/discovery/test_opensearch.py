"""OpenSearch: description documents, the two steps, Atom and GeoJSON, compared with what STAC search finds for the same question."""
import random
import uuid

import pytest

from helpers_opensearch import ATOM, GEOJSON, NS, PLACEHOLDER, Feed, description, exception, fill, link, template, xml
from helpers_stac import add_many, collection_document, item_document, search_all

COUNT = 60


def square(west, south, size):
    return [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]


def scene(collection, n, rng):
    """Optical and radar scenes along a line from Europe to the antimeridian."""
    west, south = -5 + n * 3, 40 + n % 7
    radar = n % 3 == 0
    properties = {"datetime": f"2021-{n % 12 + 1:02d}-{n % 28 + 1:02d}T10:{n % 60:02d}:00Z", "title": f"Scene {n} of the {'radar' if radar else 'camera'}",
                  "platform": "sentinel-1a" if radar else "sentinel-2b", "constellation": "sentinel-1" if radar else "sentinel-2",
                  "instruments": ["c-sar" if radar else "msi"], "sat:absolute_orbit": 1000 + n, "sat:relative_orbit": n % 5,
                  "sat:orbit_state": "ascending" if n % 2 else "descending", "gsd": 10, "created": f"2022-01-{n % 28 + 1:02d}T00:00:00Z"}
    if radar:
        properties |= {"sar:instrument_mode": "IW", "sar:product_type": "GRD", "sar:polarizations": ["VV", "VH"], "sar:frequency_band": "C"}
    else:
        properties |= {"eo:cloud_cover": rng.randrange(0, 101), "processing:level": "L2A" if n % 2 else "L1C", "product:type": "S2MSI2A"}
    if n % 10 == 4:
        del properties["datetime"]
        properties |= {"datetime": None, "start_datetime": f"2021-03-{n % 28 + 1:02d}T00:00:00Z", "end_datetime": f"2021-04-{n % 28 + 1:02d}T00:00:00Z"}
    geometry = {"type": "Polygon", "coordinates": [square(west, south, 2)]}
    bbox = [west, south, west + 2, south + 2]
    if n == COUNT - 1:
        geometry = {"type": "MultiPolygon", "coordinates": [[square(179, 40, 1)], [square(-180, 40, 1)]]}
        bbox = [179, 40, -179, 41]
    assets = {"B04": {"href": "https://data.example/b04.tif", "type": "image/tiff; application=geotiff", "roles": ["data"], "title": "Red"},
              "thumbnail": {"href": "https://data.example/t.png", "type": "image/png", "roles": ["thumbnail"]}}
    return item_document(collection, f"scene-{n:03d}", geometry=geometry, bbox=bbox, properties=properties, assets=assets)


@pytest.fixture(scope="module")
def catalogue(client):
    """A collection with summaries and COUNT items."""
    name = "test-os-" + uuid.uuid4().hex[:12]
    document = collection_document(name)
    document |= {"title": "Scenes <of> \"two\" & more", "description": "Radar & camera.", "keywords": ["opensearchable" + name[-6:]],
                 "extent": {"spatial": {"bbox": [[-180, 30, 180, 60]]}, "temporal": {"interval": [["2021-01-01T00:00:00Z", None]]}},
                 "summaries": {"platform": ["sentinel-1a", "sentinel-2b"], "eo:cloud_cover": {"minimum": 0, "maximum": 100}, "processing:level": ["L1C", "L2A"]}}
    assert client.post("/stac/collections", json=document).status_code == 201
    rng = random.Random(5)
    add_many(client, name, [scene(name, n, rng) for n in range(COUNT)])
    yield name
    for item in list(search_all(client, "/stac/search", {"collections": name, "limit": 500})):
        client.delete(f"/stac/collections/{name}/items/{item['id']}")
    assert client.delete("/stac/collections/" + name).status_code == 204


def stac_items(session, catalogue, **search):
    body = {"collections": [catalogue], "limit": 1000, **search}
    page = session.post("/stac/search", json=body)
    assert page.status_code == 200, page.text
    return page.json()["features"]


def stac_ids(session, catalogue, **search):
    return [item["id"] for item in stac_items(session, catalogue, **search)]


def items(session, catalogue, **params):
    return Feed(session.get(f"/opensearch/collections/{catalogue}/items", params={"maxRecords": 1000, "format": "atom", **params}))


# ---- the two steps ----


def test_two_steps(anon, catalogue):
    """A client that knows one address finds the collection, reads how to search it and does."""
    first = description(anon, "/opensearch/description.xml")
    found = Feed(anon.get(fill(template(first, "collection", ATOM), searchTerms="opensearchable" + catalogue[-6:])))
    assert found.ids == [catalogue] and found.total == 1
    entry = found.entries[0]
    assert entry.findtext("atom:title", None, NS) == "Scenes <of> \"two\" & more"
    assert entry.findtext("dc:date", None, NS) == "2021-01-01T00:00:00Z/"
    second = xml(anon.get(link(entry, "search")), "application/opensearchdescription+xml")
    results = Feed(anon.get(fill(template(second, "results", ATOM), geo_box="0,40,20,50", time_start="2021-01-01", time_end="2021-06-30",
                                 eo_cloudCover="[0,50]", count=50)))
    expected = stac_ids(anon, catalogue, bbox=[0, 40, 20, 50], datetime="2021-01-01T00:00:00Z/2021-06-30T23:59:59Z",
                        filter={"op": "<=", "args": [{"property": "eo:cloud_cover"}, 50]}, **{"filter-lang": "cql2-json"})
    assert results.ids == expected and results.total == len(expected) > 0


def test_descriptions_say_what_can_be_asked(anon, catalogue):
    document = description(anon, f"/opensearch/collections/{catalogue}/description.xml")
    assert len(document.findtext("os:ShortName", None, NS)) <= 16 and len(document.findtext("os:LongName", None, NS)) <= 48
    assert [url.get("type") for url in document.findall("os:Url", NS)] == ["application/opensearchdescription+xml", ATOM, GEOJSON]
    url = document.findall("os:Url", NS)[1]
    names = {(m.group(1) or "") + m.group(2) for m in PLACEHOLDER.finditer(url.get("template"))}
    assert {"searchTerms", "count", "startIndex", "startPage", "geo:box", "geo:geometry", "geo:relation", "geo:lat", "geo:lon", "geo:radius", "geo:uid",
            "time:start", "time:end", "time:relation", "eo:platform", "eo:cloudCover", "eo:orbitNumber", "eo:orbitDirection", "sru:sortKeys"} <= names
    parameters = {p.get("value"): p for p in url.findall("param:Parameter", NS)}
    assert {value.strip("{}") for value in parameters} == names, "each parameter of the template is described"
    assert [o.get("value") for o in parameters["{eo:platform}"].findall("param:Option", NS)] == ["sentinel-1a", "sentinel-2b"]
    clouds = [item["properties"]["eo:cloud_cover"] for item in stac_items(anon, catalogue) if "eo:cloud_cover" in item["properties"]]
    assert (parameters["{eo:cloudCover}"].get("minInclusive"), parameters["{eo:cloudCover}"].get("maxInclusive")) == (str(min(clouds)), str(max(clouds)))
    assert [o.get("value") for o in parameters["{eo:instrument}"].findall("param:Option", NS)] == ["c-sar", "msi"], "as the items have it"
    assert (parameters["{eo:orbitNumber}"].get("minInclusive"), parameters["{eo:orbitNumber}"].get("maxInclusive")) == ("1000", str(1000 + COUNT - 1))
    wkt = {link.get("href").rsplit("/", 1)[1] for link in parameters["{geo:geometry}"].findall("atom:link", NS) if link.get("rel") == "profile"}
    assert wkt == {"POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON"}  # CEOS-BP-002C
    assert parameters["{time:start}"].get("minInclusive") == "2021-01-01T00:00:00Z"
    options = [o.get("value") for o in parameters["{geo:relation}"].findall("param:Option", NS)]
    assert {"intersects", "contains", "disjoint"} <= set(options)


def test_a_collections_description_by_its_identifier(anon, catalogue):
    """As FedEO's clients ask for it."""
    own = anon.get(f"/opensearch/collections/{catalogue}/description.xml").text
    assert anon.get("/opensearch/description.xml", params={"parentIdentifier": catalogue}).text == own
    exception(anon.get("/opensearch/description.xml", params={"parentIdentifier": "no-such"}), 404, "collection")


EXAMPLES = {"searchTerms": "radar", "count": 5, "startIndex": 2, "startPage": 1, "geo_box": "0,0,10,60", "geo_geometry": "POINT(1 41)", "geo_uid": "scene-001",
            "time_start": "2021-01-01T00:00:00Z", "time_end": "2021-12-31", "sru_sortKeys": "cloudCover,,0", "eo_platform": "Sentinel-1",
            "eo_instrument": "MSI", "eo_sensorType": "OPTICAL", "eo_cloudCover": "[0,50]", "eo_orbitNumber": "{1001,1002}", "eo_creationDate": "[2022-01-01,2022-02-01]"}


@pytest.mark.parametrize("kind", [ATOM, GEOJSON])
def test_every_template_can_be_filled(anon, catalogue, kind):
    """With nothing, and with each parameter alone: by its first option, by an example, or by a text."""
    for path, rel in [("/opensearch/description.xml", "collection"), ("/opensearch/description.xml", "results"),
                      (f"/opensearch/collections/{catalogue}/description.xml", "results")]:
        document = description(anon, path)
        text = template(document, rel, kind)
        url = [u for u in document.findall("os:Url", NS) if u.get("template") == text][0]
        answer = anon.get(fill(text))
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith(kind), answer.text
        options = {p.get("value").strip("{}").replace(":", "_"): [o.get("value") for o in p.findall("param:Option", NS)] for p in url.findall("param:Parameter", NS)}
        for match in PLACEHOLDER.finditer(text):
            name = (match.group(1) or "").replace(":", "_") + match.group(2)
            values = {name: (options.get(name) or [None])[0] or EXAMPLES.get(name, "1")}
            if name.endswith("Date") or name == "eo_availabilityTime":
                values = {name: "2022-01-05"}
            if name in ("geo_lat", "geo_lon", "geo_radius"):
                values = {"geo_lat": 45, "geo_lon": 7, "geo_radius": 100000}
            answer = anon.get(fill(text, **values))
            assert answer.status_code == 200, (name, answer.text)


# ---- the same question, asked of STAC ----

CQL = [
    ({"cloudCover": "[10,40]"}, "eo:cloud_cover >= 10 AND eo:cloud_cover <= 40"),
    ({"cloudCover": "]10,40["}, "eo:cloud_cover > 10 AND eo:cloud_cover < 40"),
    ({"cloudCover": "30]"}, "eo:cloud_cover <= 30"),
    ({"cloudCover": "]70"}, "eo:cloud_cover > 70"),
    ({"orbitNumber": "{1003,1017,9}"}, "sat:absolute_orbit IN (1003,1017,9)"),
    ({"track": "2"}, "sat:relative_orbit = 2"),
    ({"orbitDirection": "ASCENDING"}, "sat:orbit_state = 'ascending'"),
    ({"platform": "Sentinel-2B"}, "platform = 'sentinel-2b'"),
    ({"platform": "SENTINEL-1"}, "constellation = 'sentinel-1'"),
    ({"platform": "{Sentinel-1A,sentinel-9}"}, "platform IN ('sentinel-1a','sentinel-9')"),
    ({"instrument": "MSI"}, "A_OVERLAPS(instruments, ('msi','no other'))"),
    ({"polarisationChannels": "VV"}, "A_OVERLAPS(\"sar:polarizations\", ('VV','HH'))"),
    ({"sensorType": "RADAR"}, "platform = 'sentinel-1a'"),
    ({"sensorType": "OPTICAL"}, "platform = 'sentinel-2b'"),
    ({"sensorMode": "IW"}, "\"sar:instrument_mode\" = 'IW'"),
    ({"productType": "GRD"}, "\"sar:product_type\" = 'GRD'"),
    ({"productType": "s2msi2a", "processingLevel": "L1C"}, "\"processing:level\" = 'L1C'"),
    ({"creationDate": "[2022-01-10,2022-01-12]"}, "created >= TIMESTAMP('2022-01-10T00:00:00Z') AND created <= TIMESTAMP('2022-01-12T23:59:59Z')"),
    ({"creationDate": "2022-01-10"}, "created = TIMESTAMP('2022-01-10T00:00:00Z')"),
    ({"resolution": "10", "cloudCover": "[0,100]"}, "gsd = 10 AND eo:cloud_cover <= 100"),
    ({"geometry": "POLYGON((0 40,30 40,30 44,0 44,0 40))"}, "S_INTERSECTS(geometry, POLYGON((0 40,30 40,30 44,0 44,0 40)))"),
    ({"geometry": "POLYGON((0 40,30 40,30 44,0 44,0 40))", "relation": "disjoint"}, "S_DISJOINT(geometry, POLYGON((0 40,30 40,30 44,0 44,0 40)))"),
    ({"geometry": "POINT(-4 41)", "relation": "contains"}, "S_CONTAINS(geometry, POINT(-4 41))"),
    ({"bbox": "0,39,60,50", "relation": "within"}, "S_WITHIN(geometry, POLYGON((0 39,60 39,60 50,0 50,0 39)))"),
    ({"timeStart": "2021-03-01", "timeEnd": "2021-03-31", "timeRelation": "disjoint"},
     "T_DISJOINT(datetime, INTERVAL('2021-03-01T00:00:00Z','2021-03-31T23:59:59.999999Z'))"),
    ({"timeStart": "2021-03-01", "timeEnd": "2021-05-31", "timeRelation": "during"},
     "T_DURING(datetime, INTERVAL('2021-03-01T00:00:00Z','2021-05-31T23:59:59.999999Z'))"),
    ({"timeStart": "2021-03-20", "timeEnd": "2021-03-25", "timeRelation": "contains"},
     "T_CONTAINS(datetime, INTERVAL('2021-03-20T00:00:00Z','2021-03-25T23:59:59.999999Z'))"),
]


@pytest.mark.parametrize("params, cql", CQL, ids=[str(p) for p, _ in CQL])
def test_finds_what_stac_finds(anon, catalogue, params, cql):
    cql = cql.replace("eo:cloud_cover", '"eo:cloud_cover"').replace("sat:absolute_orbit", '"sat:absolute_orbit"')
    cql = cql.replace("sat:relative_orbit", '"sat:relative_orbit"').replace("sat:orbit_state", '"sat:orbit_state"')
    expected = stac_ids(anon, catalogue, filter=cql, **{"filter-lang": "cql2-text"})
    found = items(anon, catalogue, **params)
    assert found.ids == expected and 0 < found.total == len(expected) < COUNT


def test_times_boxes_words_and_names_as_in_stac(anon, catalogue):
    for params, search in [
        ({"timeStart": "2021-03-10T00:00:00Z", "timeEnd": "2021-05-01T12:00:00Z"}, {"datetime": "2021-03-10T00:00:00Z/2021-05-01T12:00:00Z"}),
        ({"startDate": "2021-11-01"}, {"datetime": "2021-11-01T00:00:00Z/.."}),
        ({"time:end": "2021-02-01T00:00:00+02:00"}, {"datetime": "../2021-01-31T22:00:00Z"}),
        ({"box": "170,30,-170,50"}, {"bbox": [170, 30, -170, 50]}),
        ({"geo:box": "-6,39,10,42"}, {"bbox": [-6, 39, 10, 42]}),
        ({"q": "radar"}, {"q": "radar"}),
        ({"q": "the radar of scenes"}, {"q": "radar"}),
        ({"q": "radar or camera"}, {"q": "radar,camera"}),
        ({"q": '"the radar"'}, {"q": "radar"}),
        ({"searchTerms": "camera", "bbox": "0,30,90,50"}, {"q": "camera", "bbox": [0, 30, 90, 50]}),
        ({"uid": "scene-007,scene-008"}, {"ids": ["scene-007", "scene-008"]}),
    ]:
        found = items(anon, catalogue, **params)
        assert found.ids == stac_ids(anon, catalogue, **search) and found.total > 0, params
    assert items(anon, catalogue, q="radar camera").total == 0, "words are all wanted"
    across = items(anon, catalogue, box="170,30,-170,50").ids
    assert f"scene-{COUNT - 1:03d}" in across and "scene-000" not in across


def test_around_a_point(anon, catalogue):
    # scene-000 lies from 5 W to 3 W and 40 N to 42 N; a degree of longitude at 41 N is about 84 km.
    assert items(anon, catalogue, lat=41, lon=-4).ids == ["scene-000"]
    assert items(anon, catalogue, lat=41, lon=-6.1, radius=80000).ids == []
    assert items(anon, catalogue, lat=41, lon=-6, radius=90000).ids == ["scene-000"]
    assert f"scene-{COUNT - 1:03d}" in items(anon, catalogue, lat=40.5, lon=-178.5, radius=60000).ids


def test_order(anon, catalogue):
    by_clouds = {"sortby": [{"field": "properties.eo:cloud_cover", "direction": "desc"}, {"field": "id", "direction": "asc"}]}
    expected = stac_ids(anon, catalogue, **by_clouds)
    assert items(anon, catalogue, sortKeys="cloudCover,eo,0 identifier,,1").ids == expected
    assert items(anon, catalogue, sortBy="-eo:cloud_cover,id").ids == expected
    assert items(anon, catalogue).ids == stac_ids(anon, catalogue)
    assert items(anon, catalogue, sortKeys="date,,1").ids == stac_ids(anon, catalogue, sortby=[{"field": "datetime", "direction": "asc"}])


# ---- pages ----


@pytest.mark.parametrize("order", [{}, {"sortKeys": "cloudCover,,1"}])
def test_pages_by_index_and_by_next_give_each_item_once(anon, catalogue, order):
    all_ids = items(anon, catalogue, **order).ids
    assert len(set(all_ids)) == COUNT
    path = f"/opensearch/collections/{catalogue}/items"
    by_index = []
    for start in range(1, COUNT + 1, 7):
        page = Feed(anon.get(path, params={"maxRecords": 7, "startIndex": start, **order}))
        assert (page.start, page.per_page, page.total) == (start, 7, COUNT)
        by_index += page.ids
    assert by_index == all_ids
    by_page = sum((Feed(anon.get(path, params={"count": 7, "startPage": n, **order})).ids for n in range(1, 10)), [])
    assert by_page == all_ids
    page, by_next = Feed(anon.get(path, params={"maxRecords": 7, **order})), []
    while True:
        assert page.start == len(by_next) + 1 and page.total == COUNT
        by_next += page.ids
        if not page.link("next"):
            break
        page = Feed(anon.get(page.link("next")))
    assert by_next == all_ids
    assert Feed(anon.get(page.link("first"))).ids == all_ids[:7]
    assert Feed(anon.get(page.link("previous"))).ids == all_ids[49:56]
    assert Feed(anon.get(Feed(anon.get(path, params={"maxRecords": 7, **order})).link("last"))).ids == all_ids[56:]


def test_beyond_the_end_and_only_counting(anon, catalogue):
    beyond = items(anon, catalogue, startIndex=COUNT + 1)
    assert beyond.ids == [] and not beyond.link("next") and beyond.total == COUNT
    nothing = items(anon, catalogue, uid="no-such")
    assert nothing.total == 0 and nothing.link("self") and not any(nothing.link(rel) for rel in ("first", "previous", "next", "last"))  # CEOS-BP-011B
    counted = items(anon, catalogue, maxRecords=0)
    assert counted.ids == [] and counted.total == COUNT and counted.per_page == 0


def test_collections_are_paged_too(anon, catalogue):
    whole = Feed(anon.get("/opensearch/collections", params={"count": 1000}))
    assert catalogue in whole.ids and whole.total == len(whole.ids)
    page, ids = Feed(anon.get("/opensearch/collections", params={"count": 2})), []
    while True:
        ids += page.ids
        if not page.link("next"):
            break
        page = Feed(anon.get(page.link("next")))
    assert set(whole.ids) - set(ids) == set() or len(ids) >= whole.total  # other tests' collections come and go
    assert ids.count(catalogue) == 1


def test_collections_by_place_time_and_summaries(anon, catalogue):
    def found(**params):
        return catalogue in Feed(anon.get("/opensearch/collections", params={"count": 1000, **params})).ids

    assert found(bbox="0,40,10,50") and not found(bbox="0,-50,10,-40")
    assert found(timeStart="2030-01-01") and not found(timeEnd="2020-12-31")
    assert found(platform="Sentinel-2B") and not found(platform="sentinel-3a") and found(processingLevel="{L0,l2a}")
    assert found(uid=catalogue) and not found(q="nothinglikethis")


# ---- formats ----


def test_an_entry_has_what_clients_read(anon, base, catalogue):
    page = items(anon, catalogue, uid="scene-001")
    entry = page.entries[0]
    stac = anon.get(f"/stac/collections/{catalogue}/items/scene-001").json()
    assert entry.findtext("atom:id", None, NS) == f"{base}/opensearch/collections/{catalogue}/items/scene-001"
    assert entry.findtext("dc:date", None, NS) == "2021-02-02T10:01:00Z/2021-02-02T10:01:00Z"
    assert entry.findtext("DIAS:sensingStartDate", None, NS) == "2021-02-02T10:01:00Z"
    ring = stac["geometry"]["coordinates"][0]
    numbers = [float(n) for n in entry.findtext("georss:polygon", None, NS).split()]
    assert numbers == [n for x, y in ring for n in (y, x)], "GeoRSS has latitude first"
    assert "radar" not in entry.findtext("atom:content", None, NS) and entry.findtext("atom:summary", None, NS) == "sentinel-2b, msi, 2021-02-02T10:01:00Z"
    assert entry.findtext("eo:platform", None, NS) == "sentinel-2b" and entry.findtext("eo:instrument", None, NS) == "msi"
    assert float(entry.findtext("eo:cloudCover", None, NS)) == stac["properties"]["eo:cloud_cover"]
    assert entry.findtext("eo:processingLevel", None, NS) == "L2A" and entry.findtext("eo:parentIdentifier", None, NS) == catalogue
    hrefs = {asset["href"] for asset in stac["assets"].values()}
    assert {link(entry, "enclosure"), link(entry, "icon")} == hrefs
    assert link(entry, "via") == f"{base}/stac/collections/{catalogue}/items/scene-001"
    assert catalogue in Feed(anon.get("/opensearch/collections", params={"uid": catalogue})).ids
    for rel in ("self", "alternate", "up"):
        assert anon.get(link(entry, rel)).status_code == 200, rel
    alone = xml(anon.get(link(entry, "self")), ATOM)
    assert alone.tag == "{%s}entry" % NS["atom"] and alone.findtext("dc:identifier", None, NS) == "scene-001"
    wide = items(anon, catalogue, uid=f"scene-{COUNT - 1:03d}").entries[0]
    assert len(wide.findall("georss:where/gml:MultiSurface/gml:surfaceMember", NS)) == 2


def test_geojson_says_the_same(anon, base, catalogue):
    path = f"/opensearch/collections/{catalogue}/items"
    params = {"maxRecords": 9, "cloudCover": "[0,80]"}
    page = anon.get(path, params={**params, "format": "json"})
    assert page.headers["Content-Type"].startswith(GEOJSON)
    page, atom = page.json(), Feed(anon.get(path, params=params))
    assert page["type"] == "FeatureCollection" and [f["properties"]["identifier"] for f in page["features"]] == atom.ids
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (atom.total, 1, 9)
    assert page["queries"]["request"]["cloudCover"] == "[0,80]"
    following = anon.get(page["properties"]["links"]["next"][0]["href"]).json()
    assert [f["properties"]["identifier"] for f in following["features"]] == Feed(anon.get(atom.link("next"))).ids
    feature = page["features"][0]
    stac = anon.get(f"/stac/collections/{catalogue}/items/{feature['properties']['identifier']}").json()
    assert feature["geometry"] == stac["geometry"] and feature["bbox"] == stac["bbox"]
    acquired, made = feature["properties"]["acquisitionInformation"][0], feature["properties"]["productInformation"]
    assert acquired["platform"]["platformShortName"] == "sentinel-2b" and acquired["instrument"] == {"instrumentShortName": "msi", "sensorType": "OPTICAL"}
    assert acquired["acquisitionParameters"]["orbitNumber"] == stac["properties"]["sat:absolute_orbit"]
    assert made["cloudCover"] == stac["properties"]["eo:cloud_cover"] and made["processingLevel"] in ("L1C", "L2A")
    links = feature["properties"]["links"]
    assert links["data"][0]["href"] == stac["assets"]["B04"]["href"] and links["previews"][0]["type"] == "image/png"
    assert anon.get(feature["id"], params={"format": "json"}).json()["properties"]["identifier"] == stac["id"]
    assert anon.get(path, headers={"Accept": "application/geo+json"}).headers["Content-Type"].startswith(GEOJSON)
    assert anon.get(path, headers={"Accept": "*/*"}).headers["Content-Type"].startswith(ATOM)


def test_as_eodag_asks_mundi(anon, catalogue):
    """The requests and the XPaths of EODAG's configuration for Mundi."""
    query = ("timeStart=2021-01-01T00:00:00.000Z&timeEnd=2021-12-31T00:00:00.000Z&geometry=POLYGON ((-6.0000 39.0000, -6.0000 50.0000, 90.0000 50.0000, "
             "90.0000 39.0000, -6.0000 39.0000))&productType=S2MSI2A&processingLevel=L2A&format=atom&relation=intersects&maxRecords=5&startIndex=1")
    page = Feed(anon.get(f"/opensearch/collections/{catalogue}/items?{query}"))
    assert page.total > 5 and len(page.entries) == 5
    for entry in page.entries:
        assert entry.findtext("eo:productType", None, NS) == "S2MSI2A" and entry.findtext("eo:processingLevel", None, NS) == "L2A"
        assert entry.findtext("dc:identifier", None, NS) and entry.findtext("DIAS:sensingStopDate", None, NS) and entry.findtext("georss:polygon", None, NS)
    one = Feed(anon.get(f"/opensearch/collections/{catalogue}/items?uid={page.ids[2]}&format=atom"))
    assert one.ids == [page.ids[2]]


def test_feedparser_reads_it(anon, catalogue):
    feedparser = pytest.importorskip("feedparser")
    feed = feedparser.parse(anon.get(f"/opensearch/collections/{catalogue}/items", params={"count": 3}).text)
    assert not feed.bozo, feed.get("bozo_exception")
    assert len(feed.entries) == 3 and feed.feed.title and all(e.id and e.updated and e.links for e in feed.entries)
    assert feed.feed.opensearch_totalresults == str(COUNT) if "opensearch_totalresults" in feed.feed else True


def test_search_across_collections(anon, catalogue):
    found = Feed(anon.get("/opensearch/search", params={"collection": catalogue, "maxRecords": 1000}))
    assert found.ids == stac_ids(anon, catalogue)
    both = Feed(anon.get("/opensearch/search", params={"uid": "scene-001", "parentIdentifier": f"{{{catalogue},landsat-7}}"}))
    assert both.ids == ["scene-001"]


def test_odd_items_do_not_break_a_page(client, anon, collection):
    """Without a place, with one that GeoRSS cannot hold, with a hole, and with properties of other types than one expects."""
    hole = [square(10, 10, 9), list(reversed(square(12, 12, 2)))]
    points = {"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}
    odd = {"datetime": "2020-01-01T00:00:00Z", "platform": 7, "instruments": "msi", "eo:cloud_cover": "none", "title": ["x"], "created": 5, "gsd": {"a": 1},
           "keywords": {"k": [1]}, "sar:polarizations": [1, None, "VV"], "view:sun_azimuth": [], "description": "]]> & <b>"}
    documents = [item_document(collection, "nowhere", geometry=None), item_document(collection, "points", geometry=points, bbox=[1, 2, 3, 4]),
                 item_document(collection, "hole", geometry={"type": "Polygon", "coordinates": hole}, bbox=[10, 10, 19, 19]),
                 item_document(collection, "odd", properties=odd, assets={"a": {"href": "https://data.example/?a=1&b=\"2\"", "roles": [3, "data"], "title": 9}})]
    del documents[0]["bbox"]
    add_many(client, collection, documents)
    page = items(anon, collection)
    assert sorted(page.ids) == ["hole", "nowhere", "odd", "points"]
    entries = dict(zip(page.ids, page.entries))
    assert entries["points"].findtext("georss:box", None, NS) == "2 1 4 3" and not entries["nowhere"].findall("georss:*", NS)
    assert len(entries["hole"].findall("georss:where/gml:Polygon/gml:interior", NS)) == 1
    assert link(entries["odd"], "enclosure") == "https://data.example/?a=1&b=\"2\"" and entries["odd"].findtext("atom:summary", None, NS) == "]]> & <b>"
    features = {f["properties"]["identifier"]: f for f in anon.get(f"/opensearch/collections/{collection}/items", params={"format": "json"}).json()["features"]}
    assert sorted(features) == sorted(page.ids) and features["nowhere"]["geometry"] is None and features["points"]["geometry"] == points
    assert anon.get(f"/opensearch/collections/{collection}/description.xml").status_code == 200


# ---- refusals, rights ----


@pytest.mark.parametrize("params, locator", [
    ({"bbox": "1,2,3"}, "bbox"), ({"bbox": "0,95,1,96"}, "bbox"), ({"geometry": "POLYGON((0 0,1"}, "geometry"), ({"geometry": "CIRCLE(1 2)"}, "geometry"),
    ({"geometry": "POINT(1 2)", "bbox": "0,0,1,1"}, "geometry"), ({"lat": "95", "lon": "1"}, "lat"), ({"lat": "5"}, "lon"),
    ({"timeStart": "soon"}, "timeStart"), ({"timeStart": "2021-01-02", "timeEnd": "2021-01-01"}, "timeEnd"), ({"relation": "near"}, "relation"),
    ({"maxRecords": "many"}, "maxRecords"), ({"startIndex": "0"}, "startIndex"), ({"cloudCover": "[a,b]"}, "cloudCover"), ({"cloudCover": "{}"}, "cloudCover"),
    ({"sensorType": "SONAR"}, "sensorType"), ({"sortKeys": "colour"}, "sortKeys"), ({"format": "pdf"}, "format"), ({"token": "forged"}, "token"),
    ({"platform": "[a,b]"}, "platform"), ({"orbitNumber": "1' OR '1'='1"}, "orbitNumber"),
])
def test_bad_questions_are_refused(anon, catalogue, params, locator):
    exception(anon.get(f"/opensearch/collections/{catalogue}/items", params=params), 400, locator)
    exception(anon.get("/opensearch/search", params=params), 400, locator)


def test_what_is_not_there(anon, catalogue):
    for path in ("", "/description.xml", "/items"):
        exception(anon.get("/opensearch/collections/no-such" + path), 404, "collection")
    exception(anon.get(f"/opensearch/collections/{catalogue}/items/no-such"), 404, "item")


def test_texts_are_only_texts(anon, catalogue):
    for value in ["' OR '1'='1", "<b>&\"'", "{\"a\",b}", "%", "\\", "\u202e\U0001f6f0"]:
        page = items(anon, catalogue, platform=value)
        assert page.ids == []
        query = page.root.find("os:Query", NS)
        assert query.get("{%s}platform" % NS["eo"]) == value


def test_private_items_are_only_their_owners(scientist, admin, other_user, anon):
    """In results, totals and the values that descriptions list."""
    name, item = "test-" + uuid.uuid4().hex, "secret-" + uuid.uuid4().hex
    assert scientist.post("/stac/collections", params={"visibility": "private"}, json=collection_document(name)).status_code == 201
    document = item_document(name, item, properties={"datetime": "2020-06-01T10:20:30Z", "platform": item, "eo:cloud_cover": 3})
    assert scientist.post(f"/stac/collections/{name}/items", json=document).status_code == 201
    try:
        for session, seen in ((scientist, True), (admin, True), (other_user, False), (anon, False)):
            for params in ({"uid": item}, {"platform": item}, {"collection": name}):
                page = Feed(session.get("/opensearch/search", params=params))
                assert page.ids == [item] * seen and page.total == seen
            assert session.get(f"/opensearch/collections/{name}/items/{item}").status_code == (200 if seen else 404)
            assert session.get(f"/opensearch/collections/{name}/items").status_code == (200 if seen else 404)
            if not seen:
                assert item not in session.get("/opensearch/description.xml").text
    finally:
        scientist.delete(f"/stac/collections/{name}/items/{item}")
        assert scientist.delete(f"/stac/collections/{name}").status_code == 204
