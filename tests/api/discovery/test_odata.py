"""OData as users of the Copernicus Data Space script it, beside what STAC search finds."""
import uuid
import xml.etree.ElementTree as ElementTree

import pytest
import requests

from helpers import eventually
from helpers_stac import add_many, item_document, search_all
from products import private_product

PRODUCTS = "/odata/v1/Products"
AREA = "OData.CSC.Intersects(area=geography'SRID=4326;POLYGON((7 50,8 50,8 51,7 51,7 50))')"


def attribute(kind, name, comparison):
    return f"Attributes/OData.CSC.{kind}Attribute/any(att:att/Name eq '{name}' and att/OData.CSC.{kind}Attribute/Value {comparison})"


@pytest.fixture
def scenes(client, collection):
    """Forty scenes, one a day from 2022-05-01, every second one in the area, cloud cover 0, 2.5, … 97.5."""
    def scene(n):
        x, y = (7.5, 50.5) if n % 2 == 0 else (-60.0, -3.0)
        box = [x, y, x + 0.1, y + 0.1]
        return item_document(collection, f"S2A_MSIL2A_{n:02}", bbox=box, geometry={"type": "Polygon", "coordinates": [
            [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]], [box[0], box[1]]]]},
            properties={"datetime": f"2022-05-{n + 1:02}T10:00:00Z" if n < 31 else f"2022-06-{n - 30:02}T10:00:00Z", "created": "2022-07-01T00:00:00Z",
                        "eo:cloud_cover": n * 2.5, "sat:orbit_state": "descending" if n % 3 else "ascending", "sat:relative_orbit": n % 5,
                        "platform": "sentinel-2a", "constellation": "sentinel-2", "instruments": ["msi"], "s2:product_type": "S2MSI2A",
                        "grid:code": "MGRS-32UMB", "my:flag": True},
            assets={"archive": {"href": f"https://example.org/{n}.zip", "type": "application/zip", "file:size": 1000 + n,
                                "file:checksum": "1220" + "ab" * 32},
                    "thumbnail": {"href": f"https://example.org/{n}.jpg", "type": "image/jpeg", "roles": ["thumbnail"], "file:size": 10}})
    add_many(client, collection, [scene(n) for n in range(40)])
    return collection


def ask(session, **options):
    answer = session.get(PRODUCTS, params={f"${name}": value for name, value in options.items()})
    assert answer.status_code == 200, answer.text
    assert answer.headers["OData-Version"] == "4.0"
    return answer.json()


def numbers(products):
    return [int(p["Name"].rsplit("_", 1)[1]) for p in products]


def found(session, collection, condition, **options):
    return sorted(numbers(ask(session, filter=f"Collection/Name eq '{collection}' and {condition}", top=1000, **options)["value"]))


def test_a_script_as_documented(anon, scenes):
    """Search as the documentation has it, follow the pages, and find what STAC search finds."""
    query = (f"Collection/Name eq '{scenes}' and {AREA} and {attribute('Double', 'cloudCover', 'le 60.00')} "
             "and ContentDate/Start gt 2022-05-03T00:00:00.000Z and ContentDate/Start lt 2022-06-21T00:00:00.000Z")
    url, params, seen = PRODUCTS, {"$filter": query, "$orderby": "ContentDate/Start desc", "$top": "4", "$count": "True", "$expand": "Attributes"}, []
    while url:
        page = anon.get(url, params=params)
        assert page.status_code == 200, page.text
        body, params = page.json(), None
        seen += body["value"]
        assert body["@odata.count"] == 12
        url = body.get("@odata.nextLink")
    stac = [i["id"] for i in search_all(anon, "/stac/search", {
        "collections": scenes, "bbox": "7,50,8,51", "datetime": "2022-05-03T00:00:00Z/2022-06-21T00:00:00Z",
        "filter": "eo:cloud_cover <= 60", "limit": 5})]
    assert [p["Name"] for p in seen] == stac and len(stac) == 12
    cloud = {a["Name"]: a for a in seen[0]["Attributes"]}["cloudCover"]
    assert cloud == {"@odata.type": "#OData.CSC.DoubleAttribute", "Name": "cloudCover", "Value": numbers(seen)[0] * 2.5, "ValueType": "Double"}


def test_a_product(anon, scenes):
    product = ask(anon, filter=f"Collection/Name eq '{scenes}' and Name eq 'S2A_MSIL2A_07.SAFE'", expand="Assets,Locations")["value"]
    assert len(product) == 1
    product = product[0]
    assert product["Id"] == str(uuid.uuid3(uuid.UUID(bytes=b"urn:nadir:items:"), f"{scenes}/S2A_MSIL2A_07"))
    assert product["ContentLength"] == 1007 and product["Online"] is True and product["@odata.mediaContentType"] == "application/octet-stream"
    assert product["ContentDate"] == {"Start": "2022-05-08T10:00:00.000Z", "End": "2022-05-08T10:00:00.000Z"}
    assert product["PublicationDate"] == "2022-07-01T00:00:00.000Z"
    assert product["Checksum"] == [{"Value": "ab" * 32, "Algorithm": "SHA256", "ChecksumDate": "2022-07-01T00:00:00.000Z"}]
    assert product["Footprint"] == "geography'SRID=4326;POLYGON ((-60 -3, -59.9 -3, -59.9 -2.9, -60 -2.9, -60 -3))'"
    assert product["GeoFootprint"]["type"] == "Polygon" and product["Collection"] == {"Name": scenes}
    assert [a["DownloadLink"] for a in product["Assets"]] == ["https://example.org/7.jpg"]
    for address in (f"{PRODUCTS}({product['Id']})", f"{PRODUCTS}('{product['Id']}')"):
        one = anon.get(address).json()
        assert one.pop("@odata.context").endswith("$metadata#Products/$entity")
        assert one == {k: v for k, v in product.items() if k not in ("Assets", "Locations")}
    attributes = {a["Name"]: a["Value"] for a in anon.get(f"{PRODUCTS}({product['Id']})/Attributes").json()["value"]}
    assert attributes["orbitDirection"] == "DESCENDING" and attributes["tileId"] == "32UMB" and attributes["instrumentShortName"] == "MSI"
    assert attributes["platformSerialIdentifier"] == "A" and attributes["my:flag"] is True and attributes["relativeOrbitNumber"] == 2
    value = anon.get(f"{PRODUCTS}({product['Id']})/$value", allow_redirects=False)
    assert value.status_code == 307 and value.headers["Location"] == "https://example.org/7.zip"
    root = anon.get(f"{PRODUCTS}({product['Id']})/Nodes").json()["result"]
    assert [(n["Name"], n["ChildrenNumber"]) for n in root] == [("S2A_MSIL2A_07", 2)]
    files = anon.get(root[0]["Nodes"]["uri"]).json()["result"]
    assert {(n["Name"], n["ContentLength"]) for n in files} == {("7.zip", 1007), ("7.jpg", 10)}
    for name in ("7.jpg", "'7.jpg'", "thumbnail"): # by the file's name, quoted or not, and by the asset's
        file = anon.get(f"{PRODUCTS}({product['Id']})/Nodes(S2A_MSIL2A_07)/Nodes({name})/$value", allow_redirects=False)
        assert file.status_code == 307 and file.headers["Location"] == "https://example.org/7.jpg"


ALL = set(range(40))


@pytest.mark.parametrize("condition, expected", [
    ("Name eq 'S2A_MSIL2A_03'", {3}),
    ("Name in ('S2A_MSIL2A_03','S2A_MSIL2A_04.SAFE','none')", {3, 4}),
    ("contains(Name,'L2A_1')", set(range(10, 20))),
    ("startswith(Name,'S2A')", ALL),
    ("endswith(Name,'_01')", {1}),
    ("not contains(Name,'L2A_1')", ALL - set(range(10, 20))),
    ("contains(Name,'%')", set()),
    ("Online eq true", ALL),
    ("Online eq false", set()),
    (AREA, {n for n in ALL if n % 2 == 0}),
    (f"not {AREA}", {n for n in ALL if n % 2}),
    ("OData.CSC.Intersects(area=geography'SRID=4326;POINT(7.55 50.55)')", {n for n in ALL if n % 2 == 0}),
    (f"({AREA} or Name eq 'S2A_MSIL2A_03')", {n for n in ALL if n % 2 == 0} | {3}),
    ("ContentDate/Start ge 2022-06-01T00:00:00.000Z", set(range(31, 40))),
    ("ContentDate/Start lt 2022-05-03", {0, 1}),
    ("ContentDate/End eq 2022-05-04T10:00:00Z", {3}),
    ("2022-05-03 gt ContentDate/Start", {0, 1}),
    ("PublicationDate ge 2022-07-01T00:00:00.000Z", ALL),
    ("PublicationDate lt 2022-07-01T00:00:00.000Z", set()),
    (attribute("Double", "cloudCover", "lt 5"), {0, 1}),
    (attribute("Double", "eo:cloud_cover", "lt 5"), {0, 1}),
    ("Attributes/OData.CSC.DoubleAttribute/any(a:a/Name eq 'cloudCover' and a/Value ge 5 and a/Value lt 10)", {2, 3}),
    (attribute("String", "orbitDirection", "eq 'ASCENDING'"), {n for n in ALL if n % 3 == 0}),
    ("not " + attribute("String", "orbitDirection", "eq 'ASCENDING'"), {n for n in ALL if n % 3}),
    ("not " + attribute("String", "noSuchAttribute", "eq 'x'"), ALL),
    (attribute("Integer", "relativeOrbitNumber", "in (1,2)"), {n for n in ALL if n % 5 in (1, 2)}),
    (attribute("String", "tileId", "eq '32UMB'"), ALL),
    (attribute("String", "tileId", "eq '32UMC'"), set()),
    (attribute("String", "productType", "eq 'S2MSI2A'"), ALL),
    (attribute("String", "instrumentShortName", "eq 'MSI'"), ALL),
    (attribute("String", "platformShortName", "eq 'SENTINEL-2'"), ALL),
    (attribute("String", "platformSerialIdentifier", "eq 'B'"), set()),
    (attribute("String", "productType", "eq 5"), set()),
    (attribute("DateTimeOffset", "beginningDateTime", "lt 2022-05-02T00:00:00.000Z"), {0}),
    (attribute("String", "noSuchAttribute", "ne 'x'"), set()),
])
def test_filters(anon, scenes, condition, expected):
    assert found(anon, scenes, condition) == sorted(expected)


def test_ids_and_lists(anon, scenes):
    products = ask(anon, filter=f"Collection/Name eq '{scenes}'", top=5, select="Id,Name")["value"]
    assert all(set(p) - {"@odata.mediaContentType"} == {"Id", "Name"} for p in products)
    chosen = ask(anon, filter=f"Id in ({products[0]['Id']},{products[3]['Id']},{uuid.uuid4()})")["value"]
    assert {p["Id"] for p in chosen} == {products[0]["Id"], products[3]["Id"]}
    listed = anon.post(PRODUCTS + "/OData.CSC.FilterList", json={
        "FilterProducts": [{"Name": products[1]["Name"]}, {"Id": products[2]["Id"]}, {"Name": "none"}]})
    assert listed.status_code == 200, listed.text
    assert {products[1]["Id"], products[2]["Id"]} <= {p["Id"] for p in listed.json()["value"]}
    assert anon.post(PRODUCTS + "/OData.CSC.FilterList", json={"FilterProducts": []}).status_code == 400


def test_order_top_skip_and_count(anon, scenes):
    mine = f"Collection/Name eq '{scenes}'"
    assert numbers(ask(anon, filter=mine, orderby="Name asc", top=3, skip=2)["value"]) == [2, 3, 4]
    assert numbers(ask(anon, filter=mine, orderby="ContentDate/Start asc", top=2)["value"]) == [0, 1]
    assert numbers(ask(anon, filter=mine, orderby="PublicationDate desc,Name desc", top=2)["value"]) == [39, 38]
    assert len(ask(anon, filter=mine)["value"]) == 20
    nothing = ask(anon, filter=mine, top=0, count="true")
    assert nothing["value"] == [] and nothing["@odata.count"] == 40
    assert anon.get(PRODUCTS + "/$count", params={"$filter": mine}).text == "40"
    last = ask(anon, filter=mine, top=20, skip=20)
    assert len(last["value"]) == 20 and "@odata.nextLink" not in last


def test_a_mission_names_its_collections(anon, client, scenes):
    mission = scenes.rsplit("-", 1)[0].upper() if scenes.count("-") > 1 else scenes.upper()
    assert len(ask(anon, filter=f"Collection/Name eq '{mission}'", top=1000)["value"]) >= 20


def test_metadata(anon):
    root = ElementTree.fromstring(anon.get("/odata/v1/$metadata").content)
    space = "{http://docs.oasis-open.org/odata/ns/edm}"
    assert {e.get("Name") for e in root.iter(space + "EntityType")} >= {"Product", "Attribute", "DoubleAttribute"}
    product = next(e for e in root.iter(space + "EntityType") if e.get("Name") == "Product")
    known = {e.get("Name") for e in product if e.tag.endswith("Property")}
    for member in ask(anon, top=1, expand="Attributes,Assets,Locations")["value"]:
        assert {m for m in member if not m.startswith("@")} <= known
    assert anon.get("/odata/v1/").json()["value"] == [{"name": "Products", "kind": "EntitySet", "url": "Products"}]


@pytest.mark.parametrize("options", [
    {"$filter": "Name eq 'x"}, {"$filter": "Name"}, {"$filter": "((((" * 5000}, {"$filter": "not " * 5000 + "Online eq true"}, {"$filter": ""},
    {"$filter": "Name eq 'x'; DELETE FROM item"}, {"$filter": "Collection/Name gt 'x'"}, {"$filter": "Id eq 5"}, {"$filter": "Name eq \u0001"},
    {"$filter": "OData.CSC.Intersects(area=geography'SRID=4326;POLYGON((0 0,1 1))')"}, {"$filter": "exec('x')"},
    {"$filter": "OData.CSC.Intersects(area=geography'SRID=4326;POLYGON((" + "0 0," * 50 + "nan nan))')"},
    {"$filter": "OData.CSC.Intersects(area=geography'SRID=4326;POINT(500 0)')"}, {"$filter": "ContentDate/Start gt 2022-13-01"},
    {"$top": "1001"}, {"$top": "-1"}, {"$top": "x"}, {"$skip": "99999999999999999999"}, {"$skip": "1.5"}, {"$count": "maybe"},
    {"$orderby": "Footprint"}, {"$orderby": "Name sideways"}, {"$orderby": ""}, {"$expand": "Everything"}, {"$select": "Secret"},
    {"$skiptoken": "x"}, {"$format": "xml"}, {"$apply": "groupby((Name))"}])
def test_bad_input_is_refused(anon, options):
    answer = anon.get(PRODUCTS, params=options)
    assert answer.status_code in (400, 414), answer.text
    if answer.status_code == 400:
        assert set(answer.json()["error"]) >= {"code", "message", "target"}


@pytest.mark.parametrize("path, status", [
    (f"{PRODUCTS}(x)", 400), (f"{PRODUCTS}({uuid.uuid4()})", 404), (f"{PRODUCTS}({uuid.uuid4()})/$value", 404), ("/odata/v1/Nothing", 404),
    (f"{PRODUCTS}({uuid.uuid4()})/Nodes(a)/Nodes(b)/$value", 404), (f"{PRODUCTS}({uuid.uuid4()})/Nothing", 404),
    (f"{PRODUCTS}({uuid.uuid4()})/$value/Nodes", 404), (f"{PRODUCTS}({uuid.uuid4()})/Nodes()/Nodes", 404), (f"{PRODUCTS}({uuid.uuid4()})/Nodes/Nodes(a)", 404)])
def test_errors_are_odata(anon, path, status):
    answer = anon.get(path)
    assert answer.status_code == status and answer.json()["error"]["message"]


def test_a_bad_token_is_refused_in_odata(base):
    answer = requests.get(base + PRODUCTS, headers={"Authorization": "Bearer nonsense"}, timeout=30)
    assert answer.status_code == 401 and answer.json()["error"]["code"]


def test_a_private_product_is_its_owners(user, other_user, anon, admin):
    item = private_product(admin, user)["item"]
    query = {"$filter": f"Name eq '{item}'", "$count": "true"}
    eventually(lambda: user.get(PRODUCTS, params=query).json()["value"])
    product = user.get(PRODUCTS, params=query).json()["value"][0]
    assert user.get(f"{PRODUCTS}({product['Id']})").status_code == 200
    for stranger in (other_user, anon):
        page = stranger.get(PRODUCTS, params=query).json()
        assert page["value"] == [] and page["@odata.count"] == 0
        assert stranger.get(PRODUCTS, params={"$filter": f"Id eq {product['Id']}"}).json()["value"] == []
        for tail in ("", "/Attributes", "/$value", "/Nodes"):
            assert stranger.get(f"{PRODUCTS}({product['Id']}){tail}", allow_redirects=False).status_code == 404
